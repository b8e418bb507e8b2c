"""Decides whether AWS tools know a region for a profile. Pure. No other module decides this."""

from __future__ import annotations

from collections.abc import Mapping

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
