"""Finds values in quotes. AWS tools read the quotes as a part of the value.

Source: botocore and the other SDKs read values as they are written, from the first to the last
character that is not blank.
"""

from __future__ import annotations

from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.config_text import REMOVE_QUOTES, is_quoted
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

_KEYS = frozenset(
    (
        *("sso_start_url", "sso_region", "sso_account_id", "sso_role_name", "sso_session"),
        *("granted_sso_start_url", "granted_sso_account_id", "granted_sso_role_name"),
        *("region", "role_arn", "source_profile", "credential_source"),
    )
)


def find_quoted_values(config: ConfigFile, header: str) -> tuple[str, str] | None:
    """Return the message and the fix for the section's values in quotes that name a role."""
    section = config.text.sections.get(header)
    values = section.values() if section is not None else {}
    quoted = [key for key, value in values.items() if key in _KEYS and is_quoted(value)]
    if section is None or not quoted:
        return None
    lines_of_keys = section.lines_of_keys(config.text.lines)
    found = {key: lines_of_keys[key][0] + 1 for key in quoted}
    *first, last = (f'"{key}"' for key in found)
    named = f"{', '.join(first)} and {last}" if first else last
    lines = f"line{'s' if first else ''} {', '.join(map(str, found.values()))}"
    message = f"the value of {named} is in quotes, which AWS tools take as a part of it"
    return message, f"{REMOVE_QUOTES} in {lines} of {show(config.origin, 200)}"


def check_no_quoted_values(config: ConfigFile, entry: ProfileEntry) -> None:
    found = find_quoted_values(config, entry.header)
    if found is not None:
        raise ConfigInvalid(f'profile "{show(entry.name, 80)}": {found[0]}', hint=found[1])
