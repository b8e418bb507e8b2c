"""Finds the profiles whose credentials AWS tools use to assume the role of a profile. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ssohelper.core.config_file import ConfigFile, ProfileEntry, assumes_role
from ssohelper.core.text import show


def list_source_profiles(config: ConfigFile, entry: ProfileEntry) -> list[ProfileEntry]:
    """Return the profiles to which `source_profile` leads, the nearest first; [] if there are none.

    A source with fixed keys is the last one: AWS tools use these keys. A loop ends at its beginning.
    Source: botocore's AssumeRoleProvider.
    """
    found: list[ProfileEntry] = []
    seen = {entry.name}
    while assumes_role(entry.keys):
        following = config.profile(entry.keys.get("source_profile", ""))
        if following is None or following.name in seen:
            break
        seen.add(following.name)
        found.append(following)
        if "aws_access_key_id" in following.keys:
            break
        entry = following
    return found


def find_profiles_on_each_source(config: ConfigFile) -> Mapping[str, Sequence[str]]:
    """Return, by the name of each source, the profiles whose role is assumed through it."""
    users: dict[str, list[str]] = {}
    for entry in config.profiles():
        for source in list_source_profiles(config, entry):
            users.setdefault(source.name, []).append(entry.name)
    return users


def unusable_source_text(source: str, trouble: str, *, users: int = 1) -> str:
    """Return why the roles of so many profiles cannot be assumed: their `source` has this trouble."""
    whose = "its" if users == 1 else "their"
    return f'{whose} source profile "{show(source, 80)}": {trouble}'
