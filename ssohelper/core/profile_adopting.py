"""Plans how profiles of other tools become managed ones, with unchanged names. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from typing import NamedTuple

from ssohelper.core import adoption, profile_keys, sync_request
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.choices import NATIVE, filter_for_exact_text, make_value_finder
from ssohelper.core.config_edit import Change, RemoveLines
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Account, Role
from ssohelper.core.profile_keys import ProfileChange, Skipped
from ssohelper.core.profile_names import UnnamedRole
from ssohelper.core.profile_origin import keys_with_included_profile
from ssohelper.core.sync_request import STAYS_PROCESS, SyncRequest
from ssohelper.core.text import show


class Adopted(NamedTuple):
    """The part of a plan that adopts profiles: their roles by profile name, and the edits."""

    roles: dict[str, Role]
    changes: tuple[ProfileChange, ...]
    edits: tuple[Change, ...]
    skipped: tuple[Skipped, ...]


NOTHING_ADOPTED = Adopted({}, (), (), ())


def plan_adoption(config: ConfigFile, request: SyncRequest) -> Adopted:
    """Return the edits by which the profiles that the request names become managed ones.

    aws-sso-cli's markers are removed if all profiles between them are then managed: otherwise
    aws-sso-cli would write these profiles a second time, and AWS tools refuse a file with two
    sections of one name.
    """
    if not request.adopt:
        return NOTHING_ADOPTED
    accounts = {listed.account.id: listed.account for listed in request.listing.accounts}
    find_region = make_value_finder(request.region_rules, request.region)
    listed_roles = request.listing.role_set()
    candidates = adoption.find_adoption_candidates(
        config, request.session, listed_roles, request.refused, request.legacy_listings
    )
    includers = _find_unadopted_profiles_that_include(config, request.adopt)
    roles: dict[str, Role] = {}
    changes: list[ProfileChange] = []
    edits: list[Change] = []
    skipped: list[Skipped] = []
    for entry in config.profiles():
        found = candidates.get(entry.name)
        if found is None or entry.name not in request.adopt:
            continue
        role = found.role
        if role is None:
            skipped.append(
                Skipped(entry.name, f"not adopted: {found.reason}{_adopt_command_text(found)}")
            )
            continue
        if entry.name in includers:
            other = includers[entry.name]
            why = f'not adopted: the profile "{other}" of aws-vault includes its keys; adopt it too'
            skipped.append(Skipped(entry.name, why))
            continue
        account = accounts.get(role.account_id, Account(role.account_id, "", ""))
        form, note = _choose_form_and_note(request, entry.name, UnnamedRole(account, role))
        if note:
            skipped.append(Skipped(entry.name, note))
        if form is None:
            continue
        if role not in listed_roles and request.listing.is_complete:
            skipped.append(Skipped(entry.name, "adopted, but its role is not in your list"))
        keys = profile_keys.identity_keys(request.session, role, form, request.command)
        # The region may be in another profile: aws-vault reads `include_profile`, which SDKs do not
        # know.
        region = keys_with_included_profile(config, entry).get("region") or find_region(account)
        edit, change = profile_keys.change_that_adopts_profile(entry, keys, region)
        edits.append(edit)
        changes.append(change)
        roles[entry.name] = role
    for block in adoption.find_fully_managed_blocks(config, roles):
        edits.append(RemoveLines((block.begin, block.end)))
    return Adopted(roles, tuple(changes), tuple(edits), tuple(skipped))


def _adopt_command_text(candidate: AdoptionCandidate) -> str:
    """Return the command that adopts a profile of another session; "" for other profiles."""
    if not candidate.session_name:
        return ""
    pattern = shlex.quote(show(filter_for_exact_text(candidate.name), 80))
    session_name = candidate.session_name
    return f"; adopt it there: ssohelper profile sync --session {session_name} --adopt {pattern}"


def _find_unadopted_profiles_that_include(
    config: ConfigFile, adopt: Collection[str]
) -> dict[str, str]:
    """Return, for each profile in an `include_profile`, an unadopted profile that has this key."""
    entries = {entry.name: entry for entry in config.profiles()}
    found: dict[str, str] = {}
    for other in entries.values():
        included = entries.get(other.keys.get("include_profile", ""))
        if included is None or other.managed or other.name in adopt:
            continue
        if any(key.startswith("sso_") and key not in other.keys for key in included.keys):
            found.setdefault(included.name, other.name)
    return found


def _choose_form_and_note(
    request: SyncRequest, name: str, unnamed: UnnamedRole
) -> tuple[str | None, str | None]:
    """Return the form of an adopted profile, or None if no form would work; and a note, or None.

    SDKs take the keys of a section of ~/.aws/credentials before the command of the profile of the
    same name. botocore takes a profile in native form before both.
    """
    form = sync_request.form_of_profile(request, unnamed)
    if name not in request.taken_names:
        return form, STAYS_PROCESS if form != request.form else None
    section = f"[{name}] of ~/.aws/credentials"
    if request.no_native or sync_request.is_guarded(request, unnamed):
        return None, f"not adopted: SDKs would take the keys in {section}; remove that section"
    return NATIVE, f'adopted in form "sso": some SDKs still take what {section} says'
