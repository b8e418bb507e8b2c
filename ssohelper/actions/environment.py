"""Makes the environment variables with which a shell or a program uses one role and no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks, default_regions, prompt_notes, tokens
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
# The variables that tell SDKs where to get the credentials of a container's role.
CONTAINER = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
# SDKs send the value of this variable in their user agent, which CloudTrail shows. For a guarded
# role it is the grant's reason.
APP_ID = "AWS_SDK_UA_APP_ID"
# Variables that we unset if we do not set them: an SDK or a prompt would prefer them to ours.
# Sources: the credential providers of botocore, JavaScript v3, Go v2 and Java v2, and the `aws`
# segments of starship and powerlevel10k.
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
    # variables that aws-vault, awsume, awsu, aws-okta, granted and aws-sso-cli set in a shell
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
# All variables that `ssohelper use` may change and `ssohelper clear` restores.
TOUCHED = (*profile_region.VARIABLES, *CLEARED, APP_ID)


class Environment(NamedTuple):
    """Environment variables to set (secrets are wrapped in `Secret`), and those to unset."""

    set: dict[str, str | Secret]
    unset: tuple[str, ...]

    def reveal_variables(self) -> dict[str, str]:
        """Return the variables to set, secrets unwrapped. Call this only where they are used."""
        return {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in self.set.items()
        }

    def environ_with_changes(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return `environ` with these changes, as the environment of a program that we start."""
        others = {name: value for name, value in environ.items() if name not in self.unset}
        return {**others, **self.reveal_variables()}


def build_profile_environment(app: App, profile: Profile) -> Environment:
    """Return variables, such as AWS_PROFILE, that name the profile to SDKs; none is a secret.

    SDKs then get and renew the profile's credentials. Warns if SDKs take other credentials because
    ~/.aws/credentials has a section for this profile or one of its source profiles.
    """
    checker = ProfileChecker(app, app.config.read())
    names = {profile.name, *checker.resolver.resolve(profile.name).sources}
    for shadow in filter(None, map(checker.find_shadow, sorted(names))):
        app.warn("; ".join(shadow))
    return _unset_empty_config_variable(
        app,
        _environment_with_variables(
            {"AWS_PROFILE": profile.name, **_region_variables_of_profile(app, profile)}
        ),
    )


def _unset_empty_config_variable(app: App, made: Environment) -> Environment:
    """Unset an empty AWS_CONFIG_FILE too: with it, boto3 and the AWS CLI would find no profile."""
    is_empty = app.environ.get(CONFIG_FILE) == ""
    return made._replace(unset=(*made.unset, CONFIG_FILE)) if is_empty else made


def build_environment_naming_profile(
    app: App, name: str, region: str | None, kept: tuple[str, ...] = ()
) -> Environment:
    """Return variables that name a profile whose credentials another tool gives to SDKs.

    `kept` are variables that stay set, because the tool that gives the credentials reads them.
    """
    made = _environment_with_variables({"AWS_PROFILE": name, **_region_variables(region)})
    made = made._replace(unset=tuple(each for each in made.unset if each not in kept))
    return _unset_empty_config_variable(app, made)


def build_foreign_environment(keys: ForeignCredentials, region: str | None) -> Environment:
    """Return variables with the keys of a profile whose credentials another tool gave."""
    variables = _access_key_variables(
        keys.access_key_id,
        keys.secret_access_key,
        keys.session_token if keys.is_temporary else None,
        keys.expires_at,
    )
    return _environment_with_variables({**variables, **_region_variables(region)})


def build_keys_environment(app: App, profile: Profile, credentials: RoleCredentials) -> Environment:
    """Return variables with the role's keys, without AWS_PROFILE: the JavaScript SDK prefers it."""
    return _environment_with_variables(
        {
            **_access_key_variables(*credentials),
            "AWS_ACCOUNT_ID": profile.shown_role.account_id,
            **_region_variables_of_profile(app, profile),
        }
    )


def build_endpoint_environment(
    app: App, profile: Profile, variables: Mapping[str, str]
) -> Environment:
    """Return the variables for using our endpoint: the endpoint's `variables`, role and region."""
    served = {served_role.VARIABLE: profile.key.text}
    return _environment_with_variables(
        {**variables, **served, **_region_variables_of_profile(app, profile)}
    )


def choose_region_of_profile(app: App, profile: Profile) -> str:
    """Return the profile's region, or else the region that a new profile of its role would get."""
    return profile.region or default_regions.region_for_new_profile_of_role(app, profile)


def choose_region_for_requests(app: App, profile: Profile, region: str | None = None) -> str:
    """Return the region whose AWS hosts are used: `region` if given, else the profile's.

    Raises: ConfigInvalid for a region that AWS does not have, with file and line if it is the
    profile's own.
    """
    chosen = region or choose_region_of_profile(app, profile)
    try:
        return checked_region(chosen)
    except ConfigInvalid:
        entry = app.config.read().profile(profile.name)
        if entry is not None and chosen == profile.region:
            app.config.read().refuse_region(entry)
        raise


def renew_and_load_outlook(app: App, session: SsoSession) -> Outlook:
    """Renew the token if it is due; return when an interactive sign-in will be needed.

    If the renewal fails because of AWS or of our own files, warns and uses the old token.
    Raises: LoginRequired.
    """
    try:
        token = tokens.ensure_valid_token(app, session, app.clock.deadline())
    except (AwsUnreachable, LocalState) as error:
        app.warn(f"the sign-in could not be renewed: {error.message}")
        seen = tokens.load_token_or_none(app, session)
        return clocks.outlook_of_token(app, session, seen)
    # Another tool may have signed in. Shell prompts show that only after this update.
    prompt_notes.refresh_prompts(app, session)
    return clocks.outlook_of_token(app, session, token)


def _environment_with_variables(variables: dict[str, str | Secret]) -> Environment:
    return Environment(variables, tuple(name for name in CLEARED if name not in variables))


def _access_key_variables(
    access_key_id: str, secret_access_key: Secret, token: Secret | None, expires_at: int | None
) -> dict[str, str | Secret]:
    variables: dict[str, str | Secret] = {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret_access_key,
    }
    if token is not None:
        variables["AWS_SESSION_TOKEN"] = token
    if expires_at is not None:
        # botocore and the JavaScript SDK read the first of these two variables; starship and older
        # prompts read the second.
        ends_at = to_iso(expires_at)
        variables.update(AWS_CREDENTIAL_EXPIRATION=ends_at, AWS_SESSION_EXPIRATION=ends_at)
    return variables


def _region_variables(region: str | None) -> dict[str, str]:
    return dict.fromkeys(profile_region.VARIABLES, region) if region else {}


def _region_variables_of_profile(app: App, profile: Profile) -> dict[str, str]:
    return _region_variables(choose_region_of_profile(app, profile))
