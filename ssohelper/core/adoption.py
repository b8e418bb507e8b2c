"""Decides which profiles of other tools a session can adopt, and which only as a group. Pure.

To adopt a profile makes it a managed one: ssohelper changes the keys that name the profile's role,
and keeps its name and its other keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ssohelper.core.config_file import LEGACY_FORM, ConfigFile, ProfileEntry, TargetRole
from ssohelper.core.config_text import is_quoted
from ssohelper.core.listing import Listing
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.partitions import find_partition
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.profile_origin import (
    AwsSsoCliBlock,
    NamedRole,
    Origin,
    find_aws_sso_cli_blocks,
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
        """Return the profile's name."""
        return self.origin.name


def find_adoption_candidates(
    config: ConfigFile,
    session: SsoSession,
    listed_roles: Collection[Role],
    refused_profiles: Collection[str] = frozenset(),
    saved_listings: Mapping[str, Listing] = MappingProxyType({}),
) -> dict[str, AdoptionCandidate]:
    """Return, by name, the profiles of other tools, and whether this session can adopt each of them.

    `listed_roles` are the roles that AWS lists for the session. `refused_profiles` are the profiles
    whose section in ~/.aws/credentials names another role. `saved_listings` are the saved lists of
    roles of other sessions, by session name: a legacy profile can be adopted only by the session
    whose sign-in it uses, unless that session lacks its role. A profile of aws-sso-cli names no
    portal: it belongs to the session if its own role is listed, or the role of another profile that
    names the same instance.
    """
    serving = find_other_sessions_of_legacy_profiles(config, session)
    origins = find_profile_origins(config)
    instances = {
        origin.named.instance
        for origin in origins
        if origin.named and origin.named.instance and origin.named.role in listed_roles
    }
    found = {}
    for origin in origins:
        named = origin.named
        reason, owner = origin.why, ""
        if named is not None:
            owner = _find_other_session_of_profile(config, session, named)
            if origin.name in serving:
                listing = saved_listings.get(serving[origin.name].name)
                if listing is None or not listing.lacks_role(named.role):
                    owner = serving[origin.name].name
            reason = _reason_not_to_adopt(session, named, listed_roles, instances, owner)
        if origin.name in refused_profiles:
            reason = OTHER_ROLE_IN_SECTION
        role = named.role if named is not None and not reason else None
        found[origin.name] = AdoptionCandidate(origin, role, reason, owner)
    for name, reason in find_unadoptable_profiles_of_aws_sso_cli(config, refused_profiles).items():
        if name in found:
            found[name] = found[name]._replace(role=None, reason=found[name].reason or reason)
    return found


def find_unadoptable_profiles_of_aws_sso_cli(
    config: ConfigFile, refused_profiles: Collection[str] = frozenset()
) -> dict[str, str]:
    """Return the profiles in aws-sso-cli blocks that have an unadoptable profile, with a reason.

    If such a profile were adopted, aws-sso-cli's marker lines around it could never be removed.
    `refused_profiles` are further profiles that cannot be adopted, though they name a role.
    """
    named = {origin.name for origin in find_profile_origins(config) if origin.named}
    named.difference_update(refused_profiles)
    found: dict[str, str] = {}
    for block in find_aws_sso_cli_blocks(config):
        entries = filter(None, map(config.profile, block.names))
        stuck = [one.name for one in entries if not one.managed and one.name not in named]
        if stuck:
            reason = f'aws-sso-cli writes it together with "{stuck[0]}", which cannot be adopted'
            found |= dict.fromkeys(block.names, reason)
    return found


def _find_other_session_of_profile(
    config: ConfigFile, session: SsoSession, named: NamedRole
) -> str:
    """Return another session of the config to which the profile belongs; "" if there is none."""
    other = named.session_name
    return other if other and other != session.name and other in config.session_names() else ""


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


def find_legacy_urls(config: ConfigFile, session: SsoSession) -> list[str]:
    """Return each spelling of the portal's URL in legacy profiles that use the session's sign-in."""
    entries = find_legacy_profiles_served_by(config, session)
    return list(dict.fromkeys(entry.keys["sso_start_url"] for entry in entries))


def find_legacy_profiles(config: ConfigFile, session: SsoSession) -> list[ProfileEntry]:
    """Return the profiles that name the session's portal by its start URL, without sso-session."""
    return [
        entry
        for entry in config.profiles()
        if "sso_start_url" in entry.keys
        and "sso_session" not in entry.keys
        and is_portal_of(session, entry.keys["sso_start_url"])
    ]


def find_legacy_profiles_served_by(config: ConfigFile, session: SsoSession) -> list[ProfileEntry]:
    """Return the legacy profiles that use the session's sign-in."""
    others = find_other_sessions_of_legacy_profiles(config, session)
    return [one for one in find_legacy_profiles(config, session) if one.name not in others]


def find_other_sessions_of_legacy_profiles(
    config: ConfigFile, session: SsoSession
) -> dict[str, SsoSession]:
    """Return, by legacy profile of this portal, the other session whose sign-in the profile uses.

    Leaves out the legacy profiles that use the sign-in of `session` itself.
    """
    found = {}
    for entry in find_legacy_profiles(config, session):
        target = TargetRole(None, None, Role("", ""), LEGACY_FORM, entry.keys["sso_start_url"])
        serving = config.sessions_of_target(target, session)
        if serving and serving[0].name != session.name:
            found[entry.name] = serving[0]
    return found


def find_partly_adopted_blocks(
    config: ConfigFile, candidates: Mapping[str, AdoptionCandidate], adopt: Collection[str]
) -> list[tuple[AwsSsoCliBlock, list[str]]]:
    """Return the blocks of aws-sso-cli of which `adopt` has some profiles, but not all.

    Each block comes with its other profiles that could be adopted. If only some profiles of a
    block were adopted, the next run of aws-sso-cli would write all of them again.
    """
    torn = []
    for block in find_aws_sso_cli_blocks(config):
        able = [name for name in block.names if name in candidates and candidates[name].role]
        left = [name for name in able if name not in adopt]
        if left and len(left) < len(able):
            torn.append((block, left))
    return torn


def find_fully_managed_blocks(
    config: ConfigFile, adopted: Collection[str]
) -> Iterable[AwsSsoCliBlock]:
    """Yield the blocks of aws-sso-cli in which every profile is managed once `adopted` are.

    Leaves out blocks without a profile of `adopted`. The caller removes the markers of the blocks
    that this yields.
    """
    for block in find_aws_sso_cli_blocks(config):
        entries = [config.profile(name) for name in block.names]
        if any(name in adopted for name in block.names) and all(
            entry is not None and (entry.managed or entry.name in adopted) for entry in entries
        ):
            yield block


def find_unadopted_profiles_in_blocks(
    config: ConfigFile, adopted: Collection[str]
) -> Iterator[list[str]]:
    """Yield the profiles outside `adopted` of each aws-sso-cli block that is adopted in part.

    Such a block keeps aws-sso-cli's marker lines.
    """
    whole = set(find_fully_managed_blocks(config, adopted))
    for block in find_aws_sso_cli_blocks(config):
        if block not in whole and any(name in adopted for name in block.names):
            yield [name for name in block.names if name not in adopted]


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
    """Return the message that a profile's `sso_region` is not the region of the profile's portal."""
    return f"sso_region is {show(sso_region, 40)}, but the profile's portal is in {portal_region}"
