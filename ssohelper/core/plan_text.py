"""A plan in words, the same at every front door: how many, what was left alone, and why."""

from collections.abc import Iterator

from ssohelper.core.choices import Choices
from ssohelper.core.listing import Listing
from ssohelper.core.profile_plan import Plan, glob_filter
from ssohelper.core.text import show

_SHOWN_SKIPS = 10


def summary(plan: Plan, *, done: bool = False) -> str:
    """Return `3 profiles to add, 1 to change`, or with `done` what it is afterwards."""
    kinds = [
        (len(plan.add), "added" if done else "to add"),
        (len(plan.change), "changed" if done else "to change"),
        (len(plan.remove), "removed" if done else "to remove"),
    ]
    parts = [f"{number} {kind}" for number, kind in kinds if number]
    if not parts:
        return f'the session "{plan.request.session.name}"' + (" written" if done else " to write")
    first, *rest = parts
    number, _, words = first.partition(" ")
    return ", ".join([f"{profile_count(int(number))} {words}", *rest])


def profile_count(number: int) -> str:
    """Return `1 profile` or `2 profiles`."""
    return "1 profile" if number == 1 else f"{number} profiles"


def skipped_lines(plan: Plan) -> Iterator[str]:
    """Return a line for each of what was left alone, and why; safe for a terminal."""
    for skipped in plan.skipped[:_SHOWN_SKIPS]:
        yield f'skipped "{show(skipped.name)}": {show(skipped.reason)}'
    if len(plan.skipped) > _SHOWN_SKIPS:
        yield f"and {len(plan.skipped) - _SHOWN_SKIPS} more: see --dry-run --json"
    left = len(plan.stale) - len(plan.remove)
    if left:
        names = "whose role is gone; remove with: ssohelper profile sync --prune"
        yield f"{profile_count(left)} left {names}"


def no_match_warning(listing: Listing, choices: Choices) -> str | None:
    """Return a warning when the filters, said now or remembered, leave no role."""
    of_account, of_role = glob_filter(choices.accounts), glob_filter(choices.roles)
    left = any(
        of_account(listed.account.id, listed.account.name) and any(map(of_role, listed.roles))
        for listed in listing.accounts
    )
    if left or not listing.roles():
        return None
    said = [f"--account {glob}" for glob in choices.accounts]
    said += [f"--role {glob}" for glob in choices.roles]
    return f"no role matches {' '.join(said)} (to end filters: --account '*' --role '*')"
