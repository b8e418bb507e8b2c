"""Makes the texts about a plan of `profile sync`: counts by kind of change, a summary, notes."""

import shlex
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ssohelper.core.choices import Choices, count_left_out, do_filters_match
from ssohelper.core.profile_keys import ProfileChange
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import count_text, shortened_name_list, show

ADOPT = "adopt, with the name that it has"
TO_ADOPT = "to adopt"
NOTHING_CHOSEN = "these roles have their profiles already"
ALL_ROLES = "to match all: --account '*' --role '*'"
# The verb in a dry run of an undo, before the undo's question, and after the undo.
RestoredVerb = Literal["would be", "will be", "were"]

_PROCESS = "credential_process"
_TO_CHANGE, _OTHER = "to change: ", "how it gets credentials"
_DONE = {"to add": "added", TO_ADOPT: "adopted", "to remove": "removed"}
_MOST_KINDS = 3
_MOST_SKIPPED_LINES = 10
_MOST_SWAPPED = 5
# A plan with more changes is shown as a summary, because its diff would not fit on a screen.
_MOST_IN_A_DIFF = 40
# The most lines of each list in a summary, and of the whole summary.
_MOST_SETS, _MOST_ROLE_LINES, _MOST_LINES = 5, 16, 22
# Some terminals report a width of one column.
_LEAST_WIDTH = 20
_INDENT = "    "


# -- the changes, by kind --------------------------------------------------------------------------


class Group(NamedTuple):
    """The profiles that a plan changes in the same way. `sign` is "+", "~" or "-"."""

    sign: str
    what: str
    names: tuple[str, ...]


def kind_of_change(plan: Plan, change: ProfileChange) -> str:
    if change.profile in plan.adopt:
        return ADOPT
    before, after = change.before, change.after
    kinds = {
        "form": (_PROCESS in before) != (_PROCESS in after),
        "program path": _PROCESS in before and _PROCESS in after,
        "region": "region" in after,
        "name": "name" in after,
    }
    return ", ".join(kind for kind, is_changed in kinds.items() if is_changed) or _OTHER


def group_changes(plan: Plan) -> list[Group]:
    names: dict[str, list[str]] = {}
    for change in plan.change:
        names.setdefault(kind_of_change(plan, change), []).append(change.profile)
    adopted = tuple(names.pop(ADOPT, ()))
    found = [Group("+", "to add", plan.add), Group("~", TO_ADOPT, adopted)]
    for kind in sorted(names, key=lambda kind: -len(names[kind])):
        found.append(Group("~", f"{_TO_CHANGE}{kind}", tuple(names[kind])))
    found.append(Group("-", "to remove", plan.remove))
    return [group for group in found if group.names]


def plan_counts_text(plan: Plan, *, done: bool = False, noun: str = "profile") -> str:
    """Return a plan's counts: `3 profiles to add, 1 to change: region`, or `3 profiles added`."""
    counts, kinds = Counter[str](), 0
    for group in group_changes(plan):
        what = _DONE.get(group.what, "changed") if done else group.what
        kinds += what.startswith(_TO_CHANGE)
        if kinds > _MOST_KINDS and group.sign == "~":
            what = "to change otherwise"
        counts[what] += len(group.names)
    if not counts and not plan.changes:
        return "nothing to change"
    if not counts:
        section = f"section [sso-session {plan.request.session.name}]"
        return f"{section} {'written' if done else 'to write'}"
    (first, number), *rest = counts.items()
    start = f"{count_text(number, noun) if noun else number} {first}"
    return ", ".join([start, *(f"{number} {what}" for what, number in rest)])


def profile_count_text(count: int) -> str:
    return count_text(count, "profile")


# -- the summary of a big plan ---------------------------------------------------------------------


def is_big_plan(plan: Plan) -> bool:
    return len(plan.add) + len(plan.change) + len(plan.remove) > _MOST_IN_A_DIFF


def summary_lines(plan: Plan, width: int) -> list[str]:
    """Return the plan's summary by role, account and kind of change: at most 22 safe lines.

    Roles that do not fit are counted together; accounts that get the same roles share a line.
    """
    width = max(width, _LEAST_WIDTH)
    lines = _lines_of_accounts(plan)
    groups = group_changes(plan)
    changed = [group for group in groups if group.sign == "~"]
    if changed:
        lines.append(f"to change: {profile_count_text(len(plan.change))}")
        for group in changed[:_MOST_KINDS]:
            lines.append(f"  {len(group.names)} {group.what.removeprefix(_TO_CHANGE)}")
        others = sum(len(group.names) for group in changed[_MOST_KINDS:])
        lines += [f"  and {others} others"] if others else []
    if plan.remove:
        lines.append(f"to remove: {profile_count_text(len(plan.remove))}")
        lines.append(f"  {', '.join(plan.remove)}")
    lines = [_cut_line(show(line), width) for line in lines]
    if not plan.add:
        return lines
    accounts = {role.account_id for role in plan.add_roles}
    title = f"to add: {profile_count_text(len(plan.add))} in {count_text(len(accounts), 'account')}"
    most = min(_MOST_ROLE_LINES, _MOST_LINES - 2 - len(lines))
    return [_cut_line(title, width), "  by role:", *_lines_of_roles(plan, width, most), *lines]


def _lines_of_roles(plan: Plan, width: int, most_lines: int) -> list[str]:
    by_role = Counter(role.name for role in plan.add_roles).most_common()
    room = width - len(_INDENT)
    # A line may break only between items, so the blanks within an item are written as "\0".
    items = [f"{_cut_line(show(name), room - len(f' {n},'))}\0{n}" for name, n in by_role]
    items = [item.replace(" ", "\0") for item in items]
    text = ", ".join(items)
    lines = textwrap.wrap(text, room, break_on_hyphens=False, break_long_words=False)
    if len(lines) > most_lines:
        shown = sum(len(line.split(", ")) for line in lines[: most_lines - 1])
        others = sum(number for _, number in by_role[shown:])
        lines[most_lines - 1 :] = [f"{len(items) - shown} others {others}"]
    return [_INDENT + line.replace("\0", " ") for line in lines]


def _lines_of_accounts(plan: Plan) -> list[str]:
    roles_by_account: dict[str, list[str]] = defaultdict(list)
    for role in plan.add_roles:
        roles_by_account[role.account_id].append(role.name)
    accounts_by_set: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for account_id, roles in roles_by_account.items():
        accounts_by_set[tuple(sorted(roles))].append(account_id)
    names = {one.account.id: one.account.name for one in plan.request.listing.accounts}
    sets = sorted(accounts_by_set.items(), key=lambda item: (-len(item[1]), item[0]))
    lines = []
    for role_set, accounts in sets[:_MOST_SETS]:
        lines.append(f"  {count_text(len(accounts), 'account')} with {', '.join(role_set)}")
        lines.append(_INDENT + ", ".join(names.get(one) or one for one in accounts))
    if len(sets) > _MOST_SETS:
        rest = sum(len(accounts) for _roles, accounts in sets[_MOST_SETS:])
        lines.append(f"  {count_text(rest, 'account')} with other roles")
    return lines


def _cut_line(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 2]} …"


# -- the notes beside a plan -----------------------------------------------------------------------


def skipped_lines(plan: Plan) -> Iterator[str]:
    """Yield an escaped line for each of the first ten skipped names, then the number of others.

    The last line counts the stale profiles that stay.
    """
    for skipped in plan.skipped[:_MOST_SKIPPED_LINES]:
        what = "note on" if skipped.name in plan.adopt else "skipped"
        yield f'{what} "{show(skipped.name)}": {show(skipped.reason)}'
    if len(plan.skipped) > _MOST_SKIPPED_LINES:
        yield (
            f"and {len(plan.skipped) - _MOST_SKIPPED_LINES} more skipped: "
            "list them with: ssohelper profile sync --dry-run --json"
        )
    left = len(set(plan.stale) - set(plan.remove))
    if left:
        count = profile_count_text(left)
        yield f"{count} left whose role is gone; remove with: ssohelper profile sync --prune"


def lines_after_sync(plan: Plan, *, is_dry_run: bool = False) -> Iterator[str]:
    """Yield the filters that leave out roles, the options given now, and the skipped profiles.

    Otherwise roles that a forgotten filter leaves out would look unassigned. All lines are escaped.
    """
    choices = plan.request.choices
    if not plan.request.only_roles:
        if left_out := count_left_out(plan.request.listing, choices):
            filters = show(filter_options(choices))
            yield f"filters: {filters}; {count_text(left_out, 'role')} left out ({ALL_ROLES})"
        is_given = not choices.given.isdisjoint(("template", "form", "default_region"))
        if is_given and (words := _other_options(choices)):
            yield show(f"{'would be ' if is_dry_run else ''}remembered: {words}")
    yield from skipped_lines(plan)


def swapped_names_lines(plan: Plan) -> Iterator[str]:
    """Yield an escaped line if profiles get names that other profiles have now.

    A command that names such a profile then runs in another account.
    """
    renamed = {one.profile: one.after["name"] for one in plan.change if "name" in one.after}
    freed = {*renamed, *plan.remove}
    taken = {old: new for old, new in renamed.items() if new in freed}
    added = [name for name in plan.add if name in freed]
    verb = "swapped" if not added and set(taken) == set(taken.values()) else "moved"
    names = [f'"{show(old)}" to "{show(new)}"' for old, new in taken.items()]
    names += [f'"{show(name)}" to a new profile' for name in added]
    if names:
        shown = shortened_name_list(names, _MOST_SWAPPED)
        yield f"names {verb}: {shown}; each name then stands for another role"


# -- filters and options ---------------------------------------------------------------------------


def filters_warning(plan: Plan) -> str | None:
    request = plan.request
    if do_filters_match(request.listing, request.choices):
        return None
    end = ": these filters are not remembered" if request.has_new_filters else f" ({ALL_ROLES})"
    return f"no role matches {filter_options(request.choices)}{end}"


def filter_options(choices: Choices) -> str:
    words = [f"--account {shlex.quote(glob)}" for glob in choices.accounts]
    words += [f"--role {shlex.quote(glob)}" for glob in choices.roles]
    return " ".join(words)


def sync_options(choices: Choices) -> str:
    """Return the options of `profile sync` that give these choices, or ""."""
    return " ".join(filter(None, (filter_options(choices), _other_options(choices))))


def _other_options(choices: Choices) -> str:
    chosen = [
        ("--name-template", choices.template),
        ("--form", choices.form),
        ("--default-region", choices.default_region),
    ]
    return " ".join(f"{option} {shlex.quote(value)}" for option, value in chosen if value)


def restored_options_line(session_name: str, choices: Choices, verb: RestoredVerb) -> str:
    words = sync_options(choices) or "there were none before"
    return f'filters and options of session "{session_name}" {verb} restored: {words}'
