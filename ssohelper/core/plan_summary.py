"""A big plan of `profile sync` as a few lines: counts by role and by account in place of a diff. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from ssohelper.core.plan_text import profile_count
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import show

# A plan of so many changes is shown as a summary: its diff would not fit on a screen.
_MOST_IN_A_DIFF = 40
# The most lines of each list; with all lists the summary stays below 24 lines.
_MOST_SETS, _MOST_KINDS = 5, 3


def is_big(plan: Plan) -> bool:
    """Return whether the plan has more changes than a person reads in a diff."""
    return len(plan.add) + len(plan.change) + len(plan.remove) > _MOST_IN_A_DIFF


def summary_lines(plan: Plan, width: int) -> list[str]:
    """Return the plan by role, by account and by kind of change, in lines of at most `width`.

    Accounts that get the same roles share a line, with their first names. At most 22 lines, all
    safe for a terminal.
    """
    lines = _added_lines(plan)
    lines += _kinds("to change", (_kind_of(plan, number) for number in range(len(plan.change))))
    lines += _names("to remove", plan.remove)
    return [_cut(show(line), width) for line in lines]


def _added_lines(plan: Plan) -> list[str]:
    if not plan.add:
        return []
    roles_by_account: dict[str, list[str]] = defaultdict(list)
    for role in plan.add_roles:
        roles_by_account[role.account_id].append(role.name)
    accounts_by_set: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for account_id, roles in roles_by_account.items():
        accounts_by_set[tuple(sorted(roles))].append(account_id)
    names = {one.account.id: one.account.name for one in plan.request.listing.accounts}
    sets = sorted(accounts_by_set.items(), key=lambda item: (-len(item[1]), item[0]))
    lines = [f"to add: {profile_count(len(plan.add))} in {_accounts(len(roles_by_account))}"]
    by_role = Counter(role.name for role in plan.add_roles).most_common()
    lines.append("  by role: " + ", ".join(f"{name} {number}" for name, number in by_role))
    for role_set, accounts in sets[:_MOST_SETS]:
        lines.append(f"  {_accounts(len(accounts))} with {', '.join(role_set)}")
        lines.append("    " + ", ".join(names.get(one) or one for one in accounts))
    if len(sets) > _MOST_SETS:
        rest = sum(len(accounts) for _roles, accounts in sets[_MOST_SETS:])
        lines.append(f"  {_accounts(rest)} with other roles")
    return lines


def _kind_of(plan: Plan, number: int) -> str:
    """Return what a change does, without the profile's own values."""
    change = plan.change[number]
    if change.profile in plan.adopt:
        return "adopt, with the name that it has"
    if "name" in change.after:
        return "rename"
    if set(change.after) == {"region"}:
        return f"region {change.before.get('region', 'none')} to {change.after['region']}"
    return "how it gets credentials"


def _kinds(title: str, kinds: Iterable[str]) -> list[str]:
    counted = Counter(kinds).most_common()
    if not counted:
        return []
    lines = [f"{title}: {profile_count(sum(number for _kind, number in counted))}"]
    lines += [f"  {number} {kind}" for kind, number in counted[:_MOST_KINDS]]
    if len(counted) > _MOST_KINDS:
        lines.append(f"  and {sum(number for _kind, number in counted[_MOST_KINDS:])} others")
    return lines


def _names(title: str, names: tuple[str, ...]) -> list[str]:
    return [f"{title}: {profile_count(len(names))}", f"  {', '.join(names)}"] if names else []


def _accounts(number: int) -> str:
    return "1 account" if number == 1 else f"{number} accounts"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 2]} …"
