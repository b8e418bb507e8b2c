"""Finds the profiles whose credentials are used to assume the role of a profile. Pure.

Only `core.chains` follows source profiles in another way: as the few roles that ssohelper itself
assumes one after another, and also through commands with `--profile`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ssohelper.core.chains import OWN_PREFIX
from ssohelper.core.config_file import ConfigFile, ProfileEntry, assumes_role

# The keys by which a profile names its source profile: for AWS tools, and in process form.
SOURCE_KEYS = ("source_profile", f"{OWN_PREFIX}source_profile")


def list_source_profiles(config: ConfigFile, entry: ProfileEntry) -> list[ProfileEntry]:
    """Return the profiles to which `source_profile` leads, the nearest first; [] if there are none.

    There may be any number of profiles. A source with fixed keys is the last one: AWS tools use
    these keys. In a loop, the list ends before a profile would be repeated. Source: botocore's
    AssumeRoleProvider.
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


def find_profile_that_names_each_source(config: ConfigFile) -> dict[str, str]:
    """Return, by the name of each source profile, a profile with a key that names it.

    Such a profile needs that name in the config, so the source can be neither removed nor renamed.
    """
    return {
        entry.keys[key]: entry.name
        for entry in config.profiles()
        for key in SOURCE_KEYS
        if key in entry.keys
    }


def find_profiles_assumed_through_each_source(config: ConfigFile) -> Mapping[str, Sequence[str]]:
    """Return, by the name of each source profile, the profiles whose role is assumed through it.

    This includes profiles that name the source only through other profiles.
    """
    users: dict[str, list[str]] = {}
    for entry in config.profiles():
        for source in list_source_profiles(config, entry):
            users.setdefault(source.name, []).append(entry.name)
    return users
