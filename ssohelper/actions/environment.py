"""Makes the environment variables with which a shell or a program uses one role and no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks, sync_choices, tokens
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.core import profile_region, served_role
from ssohelper.core.instants import to_iso
from ssohelper.core.model import Profile, RoleCredentials, Secret
from ssohelper.core.service_hosts import checked_region
from ssohelper.errors import AwsUnreachable, ConfigInvalid, LocalState

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.foreign import ForeignCredentials
    from ssohelper.core.model import SsoSession
    from ssohelper.core.sign_in_outlook import Outlook

_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_ACCOUNT_ID",
)
CONTAINER = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
# SDKs send this variable's value in their user agent, which CloudTrail shows.
APP_ID = "AWS_SDK_UA_APP_ID"
# SDKs or prompts would prefer these variables to ours. Sources: the providers of botocore,
# JavaScript v3, Go v2 and Java v2, and the `aws` segments of starship and powerlevel10k.
CLEARED = (
    *_KEYS,
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",  # botocore reads it before AWS_SESSION_TOKEN
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_CREDENTIAL_FILE",
    *CONTAINER,
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    # set by aws-vault, awsume, awsu, aws-okta, granted and aws-sso-cli
    "AWS_VAULT",
    "AWSUME_PROFILE",
    "AWSUME_EXPIRATION",
    "AWSU_PROFILE",
    "AWS_OKTA_PROFILE",
    "AWS_OKTA_ASSUMED_ROLE",
    "AWS_OKTA_ASSUMED_ROLE_ARN",
    "AWS_OKTA_SESSION_EXPIRATION",
    "GRANTED_SSO",
    "GRANTED_SSO_START_URL",
    "GRANTED_SSO_ROLE_NAME",
    "GRANTED_SSO_REGION",
    "GRANTED_SSO_ACCOUNT_ID",
    "AWS_SSO_PROFILE",
    "AWS_SSO_ACCOUNT_ID",
    "AWS_SSO_ROLE_NAME",
    "AWS_SSO_ROLE_ARN",
    "AWS_SSO_SESSION_EXPIRATION",
    "AWS_SSO_DEFAULT_REGION",
    served_role.VARIABLE,
)
CONFIG_FILE = "AWS_CONFIG_FILE"
# The variables that `use` may change and `clear` restores.
TOUCHED = (*profile_region.VARIABLES, *CLEARED, APP_ID)


class Environment(NamedTuple):
    """Environment variables to set (secrets are wrapped in `Secret`), and those to unset."""

    set: dict[str, str | Secret]
    unset: tuple[str, ...]

    def reveal_variables(self) -> dict[str, str]:
        return {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in self.set.items()
        }

    def environ_with_changes(self, environ: Mapping[str, str]) -> dict[str, str]:
        others = {name: value for name, value in environ.items() if name not in self.unset}
        return {**others, **self.reveal_variables()}


def build_profile_environment(app: App, profile: Profile) -> Environment:
    """Warns if SDKs take other credentials from a section of ~/.aws/credentials."""
    checker = ProfileChecker(app)
    names = {profile.name, *checker.resolver.resolve(profile.name).sources}
    for shadow in filter(None, map(checker.find_shadow, sorted(names))):
        app.warn("; ".join(shadow))
    return name_profile(app, profile.name, choose_region_of_profile(app, profile))


def name_profile(
    app: App, name: str, region: str | None, kept: tuple[str, ...] = ()
) -> Environment:
    """Return variables that name a profile to SDKs. Variables in `kept` are not unset."""
    made = _with_variables({"AWS_PROFILE": name}, region)
    # With an empty AWS_CONFIG_FILE, boto3 and the AWS CLI would find no profile.
    empty = (CONFIG_FILE,) if app.environ.get(CONFIG_FILE) == "" else ()
    unset = (*(each for each in made.unset if each not in kept), *empty)
    return made._replace(unset=unset)


def build_foreign_keys(keys: ForeignCredentials, region: str | None) -> Environment:
    return _with_variables(_key_variables(keys), region)


def build_keys_environment(app: App, profile: Profile, credentials: RoleCredentials) -> Environment:
    """Return variables with the keys, which unset AWS_PROFILE: the JavaScript SDK would prefer it."""
    account = {"AWS_ACCOUNT_ID": profile.shown_role.account_id}
    region = choose_region_of_profile(app, profile)
    return _with_variables({**_key_variables(credentials), **account}, region)


def build_endpoint_environment(
    app: App, profile: Profile, variables: Mapping[str, str]
) -> Environment:
    served = {served_role.VARIABLE: profile.key.text}
    return _with_variables({**variables, **served}, choose_region_of_profile(app, profile))


def choose_region_of_profile(app: App, profile: Profile) -> str:
    """Return the profile's region, or else the region that a new profile of its role would get."""
    return profile.region or sync_choices.region_for_role(app, profile)


def choose_region_for_requests(app: App, profile: Profile, region: str | None = None) -> str:
    """Raises: ConfigInvalid for a region that AWS does not have."""
    chosen = region or choose_region_of_profile(app, profile)
    try:
        return checked_region(chosen)
    except ConfigInvalid:
        entry = app.config.read().profile(profile.name)
        if entry is not None and chosen == profile.region:
            app.config.read().refuse_region(entry)
        raise


def renew_and_load_outlook(app: App, session: SsoSession) -> Outlook:
    """Renew the token if it is due; if that fails, warn and use the old one. Raises: LoginRequired."""
    try:
        token = tokens.ensure_valid_token(app, session, app.clock.deadline())
    except (AwsUnreachable, LocalState) as error:
        app.warn(f"the sign-in could not be renewed: {error.message}")
        seen = tokens.load_token_or_none(app, session)
        return clocks.outlook_of_token(app, session, seen)
    # Another tool may have signed in: then prompts must show the new sign-in.
    clocks.refresh_prompts(app, session)
    return clocks.outlook_of_token(app, session, token)


def _with_variables(variables: Mapping[str, str | Secret], region: str | None) -> Environment:
    found = {**variables, **(dict.fromkeys(profile_region.VARIABLES, region) if region else {})}
    return Environment(found, tuple(name for name in CLEARED if name not in found))


def _key_variables(keys: RoleCredentials | ForeignCredentials) -> dict[str, str | Secret]:
    token = keys.session_token if keys.session_token.reveal() else None
    # The end is in two variables: SDKs read the first, starship and older prompts the second.
    ends_at = to_iso(keys.expires_at) if keys.expires_at is not None else None
    values = (keys.access_key_id, keys.secret_access_key, token, ends_at, ends_at)
    return {name: one for name, one in zip(_KEYS, values, strict=False) if one is not None}
