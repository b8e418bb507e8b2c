"""Decides whether AWS tools find a region for a profile. No other module decides this."""

from __future__ import annotations

from collections.abc import Mapping

from ssohelper.core import served_role
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.service_hosts import is_region

# The only variable with a region that botocore reads.
OF_BOTOCORE = "AWS_DEFAULT_REGION"
# The variables that give SDKs their region.
VARIABLES = ("AWS_REGION", OF_BOTOCORE)

# `use --keys` and `exec` set all of these variables.
_SET_WITH_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_ACCOUNT_ID", "AWS_SESSION_EXPIRATION")


def find_region_variables(environ: Mapping[str, str]) -> list[str]:
    return [name for name in VARIABLES if environ.get(name)]


def lacks_region(keys: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    return not keys.get("region") and not find_region_variables(environ)


def propose_region(config: ConfigFile, environ: Mapping[str, str], otherwise: str) -> str:
    """Return the region of `[default]`, else the environment's, else `otherwise`.

    In a shell that `use` or `exec` switched to a role, the environment's region is that role's.
    """
    default = config.profile("default")
    known = [default.keys.get("region", "").strip()] if default else []
    if not _is_switched_to_role(config, environ):
        known += [environ.get(name, "") for name in VARIABLES]
    return next(filter(is_region, known), otherwise)


def _is_switched_to_role(config: ConfigFile, environ: Mapping[str, str]) -> bool:
    profile = config.profile(environ.get("AWS_PROFILE", ""))
    return (
        (profile is not None and profile.managed)
        or served_role.VARIABLE in environ
        or all(environ.get(name) for name in _SET_WITH_KEYS)
    )
