"""Decides which profiles of other tools a session can adopt, and which only as a group. Pure.

To adopt a profile makes it a managed one: ssohelper changes the keys that name the profile's role,
and keeps its name and its other keys. aws-sso-cli writes all profiles between its two marker lines
again, so such a block is adopted whole or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import is_quoted
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.partitions import find_partition
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.profile_origin import (
    NamedRole,
    Origin,
    find_marked_blocks,
    find_profile_origins,
)
from ssohelper.core.text import show

OTHER_ROLE_IN_SECTION = "the profile's section in ~/.aws/credentials names another role or program"


class AdoptionCandidate(NamedTuple):
    """A profile of another tool that a session might adopt.

    `role` is the session's role that the profile names. If the profile cannot be adopted, `role` is
    None, and `reason` says why. `session_name` is the other session to which the profile belongs,
    "" if there is none.
    """

    origin: Origin
    role: Role | None
    reason: str = ""
    session_name: str = ""

    @property
    def name(self) -> str:
        return self.origin.name


def find_adoption_candidates(
    config: ConfigFile,
    session: SsoSession,
    listed_roles: Collection[Role],
    refused: Collection[str] = frozenset(),
) -> dict[str, AdoptionCandidate]:
    """Return, by name, the profiles of other tools, and whether this session can adopt each of them.

    `refused` are the profiles whose section in ~/.aws/credentials names another role. A profile of
    aws-sso-cli names no portal: it belongs to the session if its own role is listed, or the role of
    another profile that names the same instance.
    """
    origins, stuck = find_profile_origins(config), find_stuck_profiles(config, refused)
    instances = {
        origin.named.instance
        for origin in origins
        if origin.named and origin.named.instance and origin.named.role in listed_roles
    }
    found = {}
    for origin in origins:
        named, reason, owner = origin.named, origin.why, ""
        if named is not None:
            other = named.session_name
            is_other = other is not None and other != session.name
            owner = other if other and is_other and config.session_header(other) else ""
            reason = _reason_not_to_adopt(session, named, listed_roles, instances, owner)
        if origin.name in refused:
            reason = OTHER_ROLE_IN_SECTION
        reason = reason or stuck.get(origin.name, "")
        role = named.role if named is not None and not reason else None
        found[origin.name] = AdoptionCandidate(origin, role, reason, owner)
    return found


def find_stuck_profiles(
    config: ConfigFile, refused: Collection[str] = frozenset()
) -> dict[str, str]:
    """Return the profiles in aws-sso-cli blocks that have an unadoptable profile, with a reason.

    If such a profile were adopted, aws-sso-cli's marker lines around it could never be removed.
    """
    named = {origin.name for origin in find_profile_origins(config) if origin.named}
    named.difference_update(refused)
    found: dict[str, str] = {}
    for block in find_marked_blocks(config):
        entries = filter(None, map(config.profile, block.names))
        stuck = [one.name for one in entries if not one.managed and one.name not in named]
        if stuck:
            reason = f'aws-sso-cli writes it together with "{stuck[0]}", which cannot be adopted'
            found |= dict.fromkeys(block.names, reason)
    return found


def _reason_not_to_adopt(
    session: SsoSession,
    named: NamedRole,
    listed_roles: Collection[Role],
    instances: Collection[str | None],
    owner: str,
) -> str:
    """Return why this session cannot adopt a profile that names this role; "" if it can.

    `owner` is the other session to which the profile belongs, or "".
    """
    is_here = named.start_url is not None and is_portal_of(session, named.start_url)
    other = named.session_name
    if owner:
        return f'the profile belongs to the session "{owner}"'
    if other == session.name or is_here:
        return ""
    partition = find_partition(session.region)
    # aws-sso-cli itself writes "aws" into the ARNs of every partition.
    if partition is not None and named.partition not in ("aws", partition.name):
        return f'its role is in the partition "{named.partition}", not in "{partition.name}"'
    if named.start_url is not None:
        return f"the profile belongs to another portal: {named.start_url}"
    if other is not None:
        return f'the profile names the sso-session "{other}", which does not exist'
    if named.role in listed_roles or (named.instance and named.instance in instances):
        return ""
    return (
        f'the profile names no portal, and its role is not listed for the session "{session.name}"'
    )


def find_correct_sso_region(
    keys: Mapping[str, str], sessions: Iterable[tuple[SsoSession, Sequence[str]]]
) -> str | None:
    """Return the region of the profile's portal if the profile's `sso_region` is wrong, else None.

    `sessions` are the known sessions, each with the regions of its portal. Returns None for a
    portal without a session, whose region is not known, and for a profile with an sso-session.
    """
    url, region = keys.get("sso_start_url"), keys.get("sso_region")
    if not url or not region or is_quoted(region) or "sso_session" in keys:
        return None
    same = [(one, regions) for one, regions in sessions if is_portal_of(one, url)]
    if not same or any(region in regions for _, regions in same):
        return None
    return same[0][0].region


def wrong_region_text(sso_region: str, portal_region: str) -> str:
    return f"sso_region is {show(sso_region, 40)}, but the profile's portal is in {portal_region}"
