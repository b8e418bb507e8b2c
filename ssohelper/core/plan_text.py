"""Texts about a plan of `profile sync`, for CLI and TUI: counts, skipped roles, a warning."""

import shlex
from collections.abc import Iterable, Iterator
from typing import Literal

from ssohelper.core.choices import Choices, role_filter
from ssohelper.core.listing import Listing
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import count_text, shortened_name_list, show

_MOST_SKIPPED_LINES = 10
_MOST_SWAPPED = 5
# In a dry run of an undo, before its question, and after the undo.
RestoredVerb = Literal["would be", "will be", "were"]
NOTHING_CHOSEN = "these roles have their profiles already"


def plan_summary_text(plan: Plan, *, done: bool = False) -> str:
    """Return a plan's counts, as `3 profiles to add, 1 to change` or `3 profiles added`."""
    kinds = [
        (len(plan.add), "added" if done else "to add"),
        (len(plan.adopt), "adopted" if done else "to adopt"),
        (len(plan.change) - len(plan.adopt), "changed" if done else "to change"),
        (len(plan.remove), "removed" if done else "to remove"),
    ]
    parts = [f"{number} {kind}" for number, kind in kinds if number]
    if not parts:
        return f"section [sso-session {plan.request.session.name}]" + (
            " written" if done else " to write"
        )
    first, *rest = parts
    number, _, words = first.partition(" ")
    return ", ".join([f"{profile_count_text(int(number))} {words}", *rest])


def profile_count_text(count: int) -> str:
    """Return a count of profiles as text, such as `1 profile` or `2 profiles`."""
    return count_text(count, "profile")


def lines_about_skipped_profiles(plan: Plan) -> Iterator[str]:
    """Yield a line for each role or profile that the plan skips, with the reason.

    After ten such lines, one line counts the rest. The last line counts the stale profiles that
    stay. All lines are safe for a terminal.
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


def lines_to_show_after_profile_sync(plan: Plan, *, is_dry_run: bool = False) -> Iterator[str]:
    """Yield the lines to show after `profile sync`: filters, remembered options, skipped profiles.

    A plan for single roles uses no filter. All lines are safe for a terminal.
    """
    if not plan.request.only_roles:
        for line in (filters_line(plan), remembered_options_line(plan, is_dry_run=is_dry_run)):
            if line is not None:
                yield show(line)
    yield from lines_about_skipped_profiles(plan)


def swapped_names_line(plan: Plan) -> str | None:
    """Return which profiles get a name that another profile has now; None if none does.

    A command that names such a profile then runs in another account. Safe for a terminal.
    """
    renamed = {one.profile: one.after["name"] for one in plan.change if "name" in one.after}
    freed = {*renamed, *plan.remove}
    taken = {old: new for old, new in renamed.items() if new in freed}
    added = [name for name in plan.add if name in freed]
    if not taken and not added:
        return None
    verb = "swapped" if not added and set(taken) == set(taken.values()) else "moved"
    names = [f'"{show(old)}" to "{show(new)}"' for old, new in taken.items()]
    names += [f'"{show(name)}" to a new profile' for name in added]
    return f"names {verb}: {shortened_name_list(names, _MOST_SWAPPED)}; each name then stands for another role"


def do_filters_match_any_role(listing: Listing, choices: Choices) -> bool:
    """Return whether the filters match a listed role; True for an empty list of roles."""
    is_within_filters = role_filter(choices)
    return not listing.roles() or any(
        is_within_filters(listed.account, role_name)
        for listed in listing.accounts
        for role_name in listed.roles
    )


def warning_if_filters_match_no_role(
    listing: Listing, choices: Choices, *, are_new: bool = False
) -> str | None:
    """Return a warning if the filters match no listed role, else None.

    With `are_new`, the user gave the filters just now.
    """
    if do_filters_match_any_role(listing, choices):
        return None
    if are_new:
        return f"no role matches {filter_options(choices)}: these filters are not remembered"
    return f"no role matches {filter_options(choices)} (to match all: --account '*' --role '*')"


def filter_options(choices: Choices) -> str:
    """Return the filters as a user would type them as options; "" if there are none."""
    words = [f"--account {shlex.quote(glob)}" for glob in choices.accounts]
    words += [f"--role {shlex.quote(glob)}" for glob in choices.roles]
    return " ".join(words)


def filters_line(plan: Plan) -> str | None:
    """Return the line with the filters of a `profile sync` and how many roles they leave out.

    None if no filter leaves out a role. Without this line, roles that a forgotten filter leaves out
    would look as if they were not assigned.
    """
    choices = plan.request.choices
    is_within_filters = role_filter(choices)
    left_out = sum(
        not is_within_filters(listed.account, role_name)
        for listed in plan.request.listing.accounts
        for role_name in listed.roles
    )
    if not left_out:
        return None
    roles = count_text(left_out, "role")
    return f"filters: {filter_options(choices)}; {roles} left out (to match all: --account '*' --role '*')"


def remembered_options_line(plan: Plan, *, is_dry_run: bool = False) -> str | None:
    """Return the line with the template, form and region; None if the user gave none of them now.

    Options that the user gives to a dry run are not remembered.
    """
    choices = plan.request.choices
    if choices.given.isdisjoint(("template", "form", "default_region")):
        return None
    words = _other_sync_options(choices)
    return f"{'would be ' if is_dry_run else ''}remembered: {words}" if words else None


def restored_options_line(session_name: str, choices: Choices, verb: RestoredVerb) -> str:
    """Return the line by which `undo` shows that it restores a session's filters and options."""
    words = sync_options(choices) or "there were none before"
    return f'filters and options of session "{session_name}" {verb} restored: {words}'


def sync_options(choices: Choices) -> str:
    """Return the options of `profile sync` that give these choices, as a user types them, or ""."""
    return " ".join(filter(None, (filter_options(choices), _other_sync_options(choices))))


def adopt_options(patterns: Iterable[str]) -> list[str]:
    """Return the option --adopt for each of these patterns, as a user types it."""
    return [f"--adopt {shlex.quote(pattern)}" for pattern in patterns]


def _other_sync_options(choices: Choices) -> str:
    chosen = [
        ("--name-template", choices.template),
        ("--form", choices.form),
        ("--default-region", choices.default_region),
    ]
    return " ".join(f"{option} {shlex.quote(value)}" for option, value in chosen if value)
