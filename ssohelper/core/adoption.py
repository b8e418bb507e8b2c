"""Decides which profiles of other tools a session can adopt, and plans their edits.

To adopt a profile is to change the keys that name its role; the profile keeps its name and its
other keys. aws-sso-cli writes all profiles between its two marker lines again, so such a block is
adopted whole or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ssohelper.core import profile_keys
from ssohelper.core.choices import NATIVE, make_value_finder
from ssohelper.core.config_edit import Change, RemoveLines
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Account, Role, SsoSession
from ssohelper.core.partitions import find_partition
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.profile_keys import ProfileChange, Skipped
from ssohelper.core.profile_names import UnnamedRole
from ssohelper.core.profile_origin import (
    NamedRole,
    Origin,
    find_marked_blocks,
    find_profile_origins,
    keys_with_included_profile,
)
from ssohelper.core.sync_request import STAYS_PROCESS, SyncRequest
from ssohelper.core.text import show

OTHER_ROLE_IN_SECTION = "the profile's section in ~/.aws/credentials names another role or program"
_MARKERS_STAY = (
    "not adopted, so aws-sso-cli's two marker lines stay: `aws-sso setup profiles` would write the "
    "adopted profiles again; after it: ssohelper doctor --fix"
)


class AdoptionCandidate(NamedTuple):
    """A profile of another tool. Without `role`, it cannot be adopted, and `reason` says why.

    `session_name` is set if the profile belongs to another session.
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
    """Return the profiles of other tools, by profile name.

    `refused` are the profiles whose section in ~/.aws/credentials names another role. A profile of
    aws-sso-cli names an instance and no portal: the roles that are listed tell which portal the
    instance is.
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
            owner = (
                other if other not in (None, session.name) and config.session_header(other) else ""
            )
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
    """Return, with a reason, all profiles of aws-sso-cli blocks with one that cannot be adopted."""
    named = {origin.name for origin in find_profile_origins(config) if origin.named}
    found: dict[str, str] = {}
    for block in find_marked_blocks(config):
        stuck = [name for name in block.names if name not in named or name in refused]
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
    is_here = named.start_url is not None and is_portal_of(session, named.start_url)
    other = named.session_name
    if owner:
        return f'the profile belongs to the session "{owner}": adopt it with --session {owner}'
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


def wrong_region_text(sso_region: str, portal_region: str) -> str:
    return f"sso_region is {show(sso_region, 40)}, but the profile's portal is in {portal_region}"


# -- the plan --------------------------------------------------------------------------------------


class Adopted(NamedTuple):
    """The part of a plan that adopts profiles; `roles` has the role of each profile name."""

    roles: Mapping[str, Role] = {}
    changes: Sequence[ProfileChange] = ()
    edits: Sequence[Change] = ()
    skipped: Sequence[Skipped] = ()


def plan_adoption(config: ConfigFile, request: SyncRequest) -> Adopted:
    """Return the edits that adopt the profiles of the request.

    aws-sso-cli's marker lines are removed if ssohelper then manages all profiles between them.
    Otherwise aws-sso-cli would write these profiles again, and AWS tools refuse two sections of one
    name.
    """
    if not request.adopt:
        return Adopted()
    listing, listed_roles = request.listing, request.listing.role_set()
    candidates = find_adoption_candidates(config, request.session, listed_roles, request.refused)
    accounts = {one.account.id: one.account for one in listing.accounts}
    find_region = make_value_finder(request.region_rules, request.region)
    includers = _find_includers(config, request.adopt)
    roles: dict[str, Role] = {}
    changes: list[ProfileChange] = []
    edits: list[Change] = []
    skipped: list[Skipped] = []
    for entry in config.profiles():
        found = candidates.get(entry.name)
        if found is None or entry.name not in request.adopt:
            continue
        role, form, note = found.role, None, ""
        account = accounts.get(role.account_id) if role else None
        unnamed = role and UnnamedRole(account or Account(role.account_id, "", ""), role)
        if unnamed is None:
            note = f"not adopted: {found.reason}"
        elif entry.name in includers:
            other = includers[entry.name]
            note = (
                f'not adopted: the profile "{other}" of aws-vault includes its keys; adopt it too'
            )
        else:
            form, note = _choose_form(request, entry.name, unnamed)
        skipped += [Skipped(entry.name, note)] if note else []
        if unnamed is None or form is None:
            continue
        if unnamed.role not in listed_roles and listing.is_complete:
            skipped.append(Skipped(entry.name, "adopted, but its role is not in your list"))
        keys = profile_keys.identity_keys(request.session, unnamed.role, form, request.command)
        # Only aws-vault reads `include_profile`. The included profile may have the region.
        included = keys_with_included_profile(config, entry)
        region = included.get("region") or find_region(unnamed.account)
        edit, change = profile_keys.change_that_adopts_profile(entry, keys, region)
        edits.append(edit)
        changes.append(change)
        roles[entry.name] = unnamed.role
    for block in find_marked_blocks(config):
        left = [name for name in block.names if name not in roles]
        if block.names and not left:
            edits.append(RemoveLines((block.begin, block.end)))
        elif len(left) < len(block.names):
            skipped.append(Skipped(left[0], _MARKERS_STAY))
    return Adopted(roles, changes, edits, skipped)


def _find_includers(config: ConfigFile, adopt: Collection[str]) -> dict[str, str]:
    entries = {entry.name: entry for entry in config.profiles()}
    found: dict[str, str] = {}
    for other in entries.values():
        included = entries.get(other.keys.get("include_profile", ""))
        if included is None or other.managed or other.name in adopt:
            continue
        if any(key.startswith("sso_") and key not in other.keys for key in included.keys):
            found.setdefault(included.name, other.name)
    return found


def _choose_form(request: SyncRequest, name: str, unnamed: UnnamedRole) -> tuple[str | None, str]:
    """Return an adopted profile's form (None if no form would work), and a note.

    SDKs prefer a section of ~/.aws/credentials to the profile's command. botocore prefers the
    native form to both.
    """
    form = request.form_of(unnamed)
    if name not in request.taken_names:
        return form, STAYS_PROCESS if form != request.form else ""
    section = f"[{name}] of ~/.aws/credentials"
    if request.no_native or request.is_guarded(unnamed):
        return None, f"not adopted: SDKs would take the keys in {section}; remove that section"
    return NATIVE, f'adopted in form "sso": some SDKs still take what {section} says'
