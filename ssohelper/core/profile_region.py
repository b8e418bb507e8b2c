"""Decides whether AWS tools know a region for a profile. Pure. No other module decides this."""

from __future__ import annotations

from collections.abc import Mapping

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.service_hosts import is_region

# The only variable with a region that botocore reads.
OF_BOTOCORE = "AWS_DEFAULT_REGION"
# The variables that give SDKs their region.
VARIABLES = ("AWS_REGION", OF_BOTOCORE)


def has_own_region(keys: Mapping[str, str]) -> bool:
    """Return whether a profile with these keys has a region. That of `[default]` does not count."""
    return bool(keys.get("region"))


def find_region_variables(environ: Mapping[str, str]) -> list[str]:
    """Return the variables that give this shell's programs a region where a profile has none."""
    return [name for name in VARIABLES if environ.get(name)]


def lacks_region(keys: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Return whether AWS tools know no region for a profile with these keys in this shell."""
    return not has_own_region(keys) and not find_region_variables(environ)


def propose_region(config: ConfigFile, environ: Mapping[str, str], otherwise: str) -> str:
    """Return the region of the profile `[default]`, else the environment's, else `otherwise`."""
    default = config.profile("default")
    known = [default.keys.get("region", "").strip()] if default else []
    known += [environ.get(name, "") for name in VARIABLES]
    return next(filter(is_region, known), otherwise)
