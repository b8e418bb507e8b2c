"""The only module that chooses AWS's hosts: dual-stack (IPv4 and IPv6), FIPS or neither.

The first source with a value wins: a start URL on a dual-stack host (for dual stack); then
AWS_USE_DUALSTACK_ENDPOINT and AWS_USE_FIPS_ENDPOINT; the keys of a native profile; the settings
sessions.NAME.dualstack and .fips; the keys of [default]. The keys of other profiles do not count,
since a `credential_process` line does not name its profile.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from ssohelper.core.partitions import is_dual_stack_host
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

DUAL_STACK_VARIABLE, FIPS_VARIABLE = "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT"
KEYS_BY_VARIABLE = {
    DUAL_STACK_VARIABLE: "use_dualstack_endpoint",
    FIPS_VARIABLE: "use_fips_endpoint",
}
_WORDS = {"true": True, "false": False}


class HostVariant(NamedTuple):
    dual_stack: bool = False
    fips: bool = False


DEFAULT_VARIANT = HostVariant()


def choose_host_variant(
    environ: Mapping[str, str],
    setting: Callable[[str], bool | None],
    default_keys: Mapping[str, str],
) -> HostVariant:
    """Raises: ConfigInvalid for a value other than true and false."""

    def is_on(variable: str, chosen: bool | None) -> bool:
        key = KEYS_BY_VARIABLE[variable]
        if environ.get(variable):
            return _parse_boolean(variable, environ[variable])
        if chosen is None and default_keys.get(key):
            return _parse_boolean(f"{key} of [default]", default_keys[key])
        return bool(chosen)

    return HostVariant(
        is_on(DUAL_STACK_VARIABLE, setting("dualstack")), is_on(FIPS_VARIABLE, setting("fips"))
    )


def host_variant_of_portal(asked: HostVariant, portal_url: str) -> HostVariant:
    host = urlsplit(portal_url).hostname or ""
    return asked._replace(dual_stack=True) if is_dual_stack_host(host) else asked


def _parse_boolean(name: str, text: str) -> bool:
    # botocore takes any other word for "false": a user who wrote 1 would believe that FIPS is on.
    found = _WORDS.get(text.strip().lower())
    if found is None:
        raise ConfigInvalid(f'{name} must be true or false, not "{show(text, 60)}"')
    return found
