"""Groups the changes in a plan of `profile sync` by kind, such as "program path" or "region". Pure.

No other module decides of which kind a change is.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ssohelper.core import process_command
from ssohelper.core.profile_keys import ProfileChange
from ssohelper.core.profile_plan import Plan

# The kinds of changes to a profile, in the order in which they are named if there are several.
_KINDS = ("form", "program path", "session", "role", "region", "name")
FORM, PROGRAM, SESSION, ROLE, REGION, NAME = _KINDS
ADOPT = "adopt, with the name that it has"
TO_ADOPT = "to adopt"
_OTHER = "how it gets credentials"
_TO_CHANGE = "to change"
_PROCESS = "credential_process"
_SESSION_KEYS = frozenset({"sso_session", "sso_start_url", "sso_region", "sso_registration_scopes"})
_ROLE_KEYS = frozenset({"sso_account_id", "sso_role_name"})
# The options of `ssohelper credential-process` that name the role.
_ROLE_OPTIONS = ("--account-id", "--role-name")
# The most kinds of change that the line with a plan's counts names.
_MOST_KINDS = 3


class Group(NamedTuple):
    """The profiles that a plan of `profile sync` changes in the same way.

    `sign` is "+", "~" or "-"; `what` is a text such as "to change: region"; `names` are the names
    of these profiles.
    """

    sign: str
    what: str
    names: tuple[str, ...]


def kind_of_change(plan: Plan, change: ProfileChange) -> str:
    """Return the kinds of change to a profile, as a text: "program path", or "region, name"."""
    if change.profile in plan.adopt:
        return ADOPT
    found = set(_kinds_of_change(change))
    return ", ".join(kind for kind in _KINDS if kind in found) or _OTHER


def _kinds_of_change(change: ProfileChange) -> Iterator[str]:
    before, after = change.before, change.after
    keys = {*before, *after}
    if "name" in keys:
        yield NAME
    if "region" in keys:
        yield REGION
    if (_PROCESS in before) != (_PROCESS in after):
        yield FORM
        return
    if _PROCESS in keys:
        yield from _kinds_of_change_in_command(before[_PROCESS], after[_PROCESS])
    if keys & _SESSION_KEYS:
        yield SESSION
    if keys & _ROLE_KEYS:
        yield ROLE


def _kinds_of_change_in_command(before: str, after: str) -> Iterator[str]:
    old, new = (
        process_command.ssohelper_options(before),
        process_command.ssohelper_options(after),
    )
    if old is None or new is None:
        yield PROGRAM
        return
    is_other_session = old.get("--session") != new.get("--session")
    is_other_role = any(old.get(name) != new.get(name) for name in _ROLE_OPTIONS)
    if is_other_session:
        yield SESSION
    if is_other_role:
        yield ROLE
    if not (is_other_session or is_other_role) or before.split(" -")[0] != after.split(" -")[0]:
        yield PROGRAM


def group_profiles_by_change(plan: Plan) -> list[Group]:
    """Return the profiles that a plan adds, changes and removes, by kind; no group is empty.

    The kinds of change are in order of their counts, the adopted profiles first.
    """
    names: dict[str, list[str]] = {}
    for change in plan.change:
        names.setdefault(kind_of_change(plan, change), []).append(change.profile)
    adopted = tuple(names.pop(ADOPT, ()))
    found = [Group("+", "to add", plan.add), Group("~", TO_ADOPT, adopted)]
    for kind in sorted(names, key=lambda kind: -len(names[kind])):
        found.append(Group("~", f"{_TO_CHANGE}: {kind}", tuple(names[kind])))
    found.append(Group("-", "to remove", plan.remove))
    return [group for group in found if group.names]


def counts_line_of_plan(plan: Plan) -> str:
    """Return a plan's counts by kind: `17 to add, 598 to change: program path, 1 to remove`."""
    parts = group_profiles_by_change(plan)
    if not parts:
        name = plan.request.session.name
        return f"section [sso-session {name}] to write" if plan.changes else "nothing to change"
    changed = [group for group in parts if group.what.startswith(_TO_CHANGE)]
    rest = changed[_MOST_KINDS:]
    number = sum(len(group.names) for group in rest)
    return ", ".join(
        f"{number} to change otherwise" if group in rest else f"{len(group.names)} {group.what}"
        for group in parts
        if group not in rest[1:]
    )


def count_profiles_by_change(plan: Plan) -> Counter[str]:
    """Return how many profiles change in each way; for a region, with old and new value."""
    counted = Counter[str]()
    for change in plan.change:
        kind = kind_of_change(plan, change)
        if kind == REGION:
            kind = f"region {change.before.get('region', 'none')} to {change.after['region']}"
        counted[kind] += 1
    return counted
