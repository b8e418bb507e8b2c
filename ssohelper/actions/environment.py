"""The variables that make a shell or a program use one role, and those that would win over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks, tokens
from ssohelper.core.endpoints import checked_region
from ssohelper.core.instants import to_iso
from ssohelper.core.model import Profile, RoleCredentials, Secret
from ssohelper.errors import AwsUnreachable, ConfigInvalid, LocalState

if TYPE_CHECKING:
    from ssohelper.app import App
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
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
# What an SDK or a prompt would take before, or in place of, what we set. Sources: the providers of
# botocore, JavaScript v3, Go v2, Java v2; starship's and powerlevel10k's `aws` segments.
CLEARED = (
    *_KEYS,
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",  # botocore reads it before AWS_SESSION_TOKEN
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_CREDENTIAL_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    # marks of aws-vault, awsume, awsu, aws-okta, granted, aws-sso-cli
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
)
# All that `use` may change, and that `clear` therefore puts back.
TOUCHED = (*_REGIONS, *CLEARED)


class Environment(NamedTuple):
    """Variables to set (secrets wrapped) and to unset."""

    set: dict[str, str | Secret]
    unset: tuple[str, ...]

    def revealed(self) -> dict[str, str]:
        """Return what is set, secrets open: for the line that prints or runs."""
        return {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in self.set.items()
        }

    def for_child(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a program that is to see this one and nothing that wins."""
        kept = {name: value for name, value in environ.items() if name not in self.unset}
        return {**kept, **self.revealed()}


def build_profile_environment(app: App, profile: Profile) -> Environment:
    """Return what points at a profile of the config: SDKs renew by themselves, no secret.

    A section of the same name in the credentials file is a warning: SDKs take keys there first.
    """
    if profile.name in app.config.read_credentials_names():
        app.warn(
            f'"{app.aws_credentials_file}" has a section "{profile.name}" too: '
            "keys in it win over the profile"
        )
    return _environment({"AWS_PROFILE": profile.name, **_regions(app, profile)})


def build_keys_environment(app: App, profile: Profile, credentials: RoleCredentials) -> Environment:
    """Return fixed keys with their end. No profile: JavaScript's SDK would take it before them."""
    ends_at = to_iso(credentials.expires_at)
    return _environment(
        {
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            # botocore and JavaScript go by the first, starship and older prompts by the second.
            "AWS_CREDENTIAL_EXPIRATION": ends_at,
            "AWS_SESSION_EXPIRATION": ends_at,
            "AWS_ACCOUNT_ID": profile.role.account_id,
            **_regions(app, profile),
        }
    )


def build_endpoint_environment(
    app: App, profile: Profile, variables: Mapping[str, str]
) -> Environment:
    """Return what leads to an endpoint of ours, and takes away what SDKs would take before it."""
    return _environment({**variables, **_regions(app, profile)})


def choose_region(app: App, profile: Profile) -> str:
    """Return the profile's region, else the one that new profiles of its session would get."""
    if profile.region:
        return profile.region
    chosen = app.choices.load(profile.session.name).default_region
    region: str = chosen or app.settings.get("default_region") or profile.session.region
    return region


def choose_endpoint_region(app: App, profile: Profile, region: str | None = None) -> str:
    """Return the region of which an endpoint of AWS is asked: the one that was said, or as above.

    Raises: ConfigInvalid for one that AWS does not have; the profile's own with file and line.
    """
    chosen = region or choose_region(app, profile)
    try:
        return checked_region(chosen)
    except ConfigInvalid:
        entry = app.config.read().profile(profile.name)
        if entry is not None and chosen == profile.region:
            app.config.read().refuse_region(entry)
        raise


def ensure_sign_in(app: App, session: SsoSession) -> Outlook:
    """Renew the token where it is due; return how long the sign-in lasts.

    Where AWS or our own files prevent the renewal: a warning, and what the token file says.
    Raises: LoginRequired.
    """
    try:
        token = tokens.valid_token(app, session, app.deadline())
    except (AwsUnreachable, LocalState) as error:
        app.warn(f"the sign-in could not be renewed: {error.message}")
        return clocks.outlook_of(app, session, tokens.seen(app, session))
    return clocks.outlook_of(app, session, token)


def _environment(variables: dict[str, str | Secret]) -> Environment:
    return Environment(variables, tuple(name for name in CLEARED if name not in variables))


def _regions(app: App, profile: Profile) -> dict[str, str]:
    return dict.fromkeys(_REGIONS, choose_region(app, profile))
