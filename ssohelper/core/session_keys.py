"""Finds keys of an [sso-session] section for which botocore refuses the session's profiles.

botocore and the AWS CLI add all keys of the section to a profile with `sso_session`, and stop if
the profile has another value for one of these keys, even `region`. Source: botocore 1.43,
`SSOProvider._resolve_sso_session_reference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ssohelper.core.config_edit import AddSection, Change, EditSection
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.text import show

_OF_SESSIONS = ("sso_start_url", "sso_region", "sso_registration_scopes")


class SessionKey(NamedTuple):
    """A key in a session's section. `line` is the key's line number in the config, from 0."""

    session_name: str
    name: str
    line: int

    @property
    def difference_text(self) -> str:
        """Return the message that a profile has another value of this key, without the values."""
        return (
            f'"{show(self.name, 60)}" is in [sso-session {show(self.session_name, 64)}] with another '
            "value than in the profile"
        )

    @property
    def fix_text(self) -> str:
        if self.name in _OF_SESSIONS:
            return f'remove "{self.name}" from the profile, which takes it from its session'
        return f"remove line {self.line + 1} of the config, which is not for sessions"


def keys_of_session(config: ConfigFile, session_name: str) -> dict[str, str]:
    """Return the keys of the session's section and of [DEFAULT]; {} if there is no such section."""
    header = config.session_header(session_name)
    if header is None:
        return {}
    return {**config.text.defaults.values(), **config.text.sections[header].values()}


def find_differing_key(config: ConfigFile, keys: Mapping[str, str]) -> SessionKey | None:
    """Return the session's first key that has another value in a profile with these keys."""
    session_name = keys.get("sso_session", "")
    for name, value in keys_of_session(config, session_name).items():
        if keys.get(name, value) != value:
            header = config.session_header(session_name)
            section = config.text.sections[header] if header else config.text.defaults
            section = section if name in section.values() else config.text.defaults
            return SessionKey(session_name, name, section.lines_of_keys(config.text.lines)[name][0])
    return None


def refuse_differing_profiles(config: ConfigFile, changes: Iterable[Change]) -> None:
    """Check that after these changes botocore does not refuse a profile for its session's keys.

    Raises: ConfigInvalid, with the line of the session's key, if botocore refuses one.
    """
    defaults = config.text.defaults.values()
    for change in changes:
        if isinstance(change, AddSection):
            before, after = {}, dict(change.keys)
        elif isinstance(change, EditSection):
            before = {**defaults, **config.text.sections[change.header].values()}
            kept = {key: value for key, value in before.items() if key not in change.drop}
            after = kept | dict(change.assign)
        else:
            continue
        differing = find_differing_key(config, {**defaults, **after})
        if differing is not None and find_differing_key(config, before) is None:
            config.text.refuse_line(
                differing.line,
                f"boto3 and the AWS CLI would refuse [{show(change.header, 80)}] without "
                f"ssohelper's helper: {differing.difference_text}",
                hint=f"{differing.fix_text}; until then nothing is written",
            )
