"""Plans how profiles of other tools become managed ones, with unchanged names. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from typing import NamedTuple

from ssohelper.core import adoption, profile_keys
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.choices import NATIVE, filter_for_exact_text, make_value_finder
from ssohelper.core.config_edit import Change, RemoveLines
from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.model import Account, Role
from ssohelper.core.profile_keys import ProfileChange, Skipped
from ssohelper.core.profile_names import UnnamedRole
from ssohelper.core.profile_origin import find_marked_blocks, keys_with_included_profile
from ssohelper.core.sync_request import STAYS_PROCESS, SyncRequest
from ssohelper.core.text import show


class Adopted(NamedTuple):
    """The part of a plan that adopts profiles: their roles by profile name, and the edits."""

    roles: dict[str, Role]
    changes: tuple[ProfileChange, ...]
    edits: tuple[Change, ...]
    skipped: tuple[Skipped, ...]


_MARKERS_STAY = (
    "not adopted, so aws-sso-cli's two marker lines stay: `aws-sso setup profiles` would write the "
    "adopted profiles again; after it: ssohelper doctor --fix"
)
NOTHING_ADOPTED = Adopted({}, (), (), ())


def plan_adoption(config: ConfigFile, request: SyncRequest) -> Adopted:
    """Return the edits by which the profiles that the request names become managed ones.

    aws-sso-cli's markers are removed if all profiles between them are then managed: otherwise
    aws-sso-cli would write these profiles a second time, and AWS tools refuse a file with two
    sections of one name.
    """
    if not request.adopt:
        return NOTHING_ADOPTED
    candidates = adoption.find_adoption_candidates(
        config,
        request.session,
        request.listing.role_set(),
        request.refused,
    )
    planner = _AdoptionPlanner(config, request)
    for entry in config.profiles():
        found = candidates.get(entry.name)
        if found is not None and entry.name in request.adopt:
            planner.add_profile(entry, found)
    return planner.make_plan()


class _AdoptionPlanner:
    """Collects the edits of a plan, one profile after the other."""

    def __init__(self, config: ConfigFile, request: SyncRequest) -> None:
        self._config, self._request = config, request
        self._accounts = {one.account.id: one.account for one in request.listing.accounts}
        self._find_region = make_value_finder(request.region_rules, request.region)
        self._listed_roles = request.listing.role_set()
        self._includers = _find_unadopted_profiles_that_include(config, request.adopt)
        self._roles: dict[str, Role] = {}
        self._changes: list[ProfileChange] = []
        self._edits: list[Change] = []
        self._skipped: list[Skipped] = []

    def add_profile(self, entry: ProfileEntry, found: AdoptionCandidate) -> None:
        """Add the edit that adopts the profile, or the reason why it is not adopted."""
        request, role = self._request, found.role
        if role is None:
            self._note(entry, f"not adopted: {found.reason}{_adopt_command_text(found)}")
            return
        if entry.name in self._includers:
            other = self._includers[entry.name]
            why = f'not adopted: the profile "{other}" of aws-vault includes its keys; adopt it too'
            self._note(entry, why)
            return
        account = self._accounts.get(role.account_id, Account(role.account_id, "", ""))
        form, note = _choose_form_and_note(request, entry.name, UnnamedRole(account, role))
        if note:
            self._note(entry, note)
        if form is None:
            return
        if role not in self._listed_roles and request.listing.is_complete:
            self._note(entry, "adopted, but its role is not in your list")
        keys = profile_keys.identity_keys(request.session, role, form, request.command)
        # The region may be in another profile: aws-vault reads `include_profile`, which SDKs do not
        # know.
        included = keys_with_included_profile(self._config, entry)
        region = included.get("region") or self._find_region(account)
        edit, change = profile_keys.change_that_adopts_profile(entry, keys, region)
        self._edits.append(edit)
        self._changes.append(change)
        self._roles[entry.name] = role

    def _note(self, entry: ProfileEntry, note: str) -> None:
        self._skipped.append(Skipped(entry.name, note))

    def make_plan(self) -> Adopted:
        """Return the plan for the profiles so far, which also removes markers of aws-sso-cli."""
        for block in find_marked_blocks(self._config):
            entries = filter(None, map(self._config.profile, block.names))
            left = [one for one in entries if not one.managed and one.name not in self._roles]
            if left and not self._roles.keys().isdisjoint(block.names):
                self._note(left[0], _MARKERS_STAY)
            elif not left and not self._roles.keys().isdisjoint(block.names):
                self._edits.append(RemoveLines((block.begin, block.end)))
        return Adopted(self._roles, tuple(self._changes), tuple(self._edits), tuple(self._skipped))


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
    form = request.form_of(unnamed)
    if name not in request.taken_names:
        return form, STAYS_PROCESS if form != request.form else None
    section = f"[{name}] of ~/.aws/credentials"
    if request.no_native or request.is_guarded(unnamed):
        return None, f"not adopted: SDKs would take the keys in {section}; remove that section"
    return NATIVE, f'adopted in form "sso": some SDKs still take what {section} says'
