"""Summarizes a big plan of `profile sync` as a few lines of counts, in place of a diff. Pure."""

from collections import Counter, defaultdict

from ssohelper.core import plan_kinds
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import count_text, show

# The most changes of a plan that is shown as a diff. A bigger plan is shown as a summary, because
# its diff would not fit on a screen.
_MOST_IN_A_DIFF = 40
# The most lines of each list in a plan's summary, and of all lists: the summary has under 24 lines.
_MOST_SETS, _MOST_KINDS, _MOST_ROLE_LINES, _MOST_LINES = 5, 3, 16, 22
# The least width of the summary's lines: on a terminal that reports one column, they would
# otherwise show nothing.
_LEAST_WIDTH = 20
_INDENT = "    "


def is_big_plan(plan: Plan) -> bool:
    """Return whether the plan has more changes than a person reads in a diff."""
    return len(plan.add) + len(plan.change) + len(plan.remove) > _MOST_IN_A_DIFF


def summary_lines(plan: Plan, width: int) -> list[str]:
    """Return the plan's summary by role, account and kind of change, at most `width` columns wide.

    The counts by role take as many lines as they need; roles that do not fit are counted together.
    Accounts that get the same roles share a line, which names the first few. At most 22 lines, all
    safe for a terminal; a `width` below 20 counts as 20.
    """
    width = max(width, _LEAST_WIDTH)
    lines = _lines_of_accounts_with_same_roles(plan)
    lines += _lines_of_counts_by_kind("to change", plan_kinds.count_profiles_by_change(plan))
    lines += _lines_of_profile_names("to remove", plan.remove)
    lines = [_cut_line(show(line), width) for line in lines]
    if not plan.add:
        return lines
    accounts = {role.account_id for role in plan.add_roles}
    title = f"to add: {profile_count_text(len(plan.add))} in {count_text(len(accounts), 'account')}"
    most = min(_MOST_ROLE_LINES, _MOST_LINES - 1 - len(lines))
    return [_cut_line(title, width), *_lines_of_counts_by_role(plan, width, most), *lines]


def _lines_of_counts_by_role(plan: Plan, width: int, most_lines: int) -> list[str]:
    """Return how many profiles each role gets, in at most `most_lines` lines; no count is cut."""
    by_role = Counter(role.name for role in plan.add_roles).most_common()
    counts = [number for _name, number in by_role]
    room = width - len(_INDENT)
    items = [f"{_cut_line(show(name), room - len(f' {n},'))} {n}" for name, n in by_role]
    # An item takes at least three columns of the terminal, so no more items than these can fit.
    for shown in range(min(len(items), most_lines * width // 3), -1, -1):
        left = len(items) - shown
        rest = [f"{left} others {sum(counts[shown:])}"] if left else []
        lines = _wrapped_list("  by role: ", items[:shown] + rest, width)
        if len(lines) <= most_lines:
            break
    return lines


def _wrapped_list(title: str, items: list[str], width: int) -> list[str]:
    """Return the title and the items, with commas, in lines that break only between two items."""
    lines = [title + items[0]]
    if len(lines[0]) >= width:
        lines = [title.rstrip(), _INDENT + items[0]]
    for item in items[1:]:
        if len(lines[-1]) + len(f", {item},") <= width:
            lines[-1] += f", {item}"
        else:
            lines[-1] += ","
            lines.append(_INDENT + item)
    return lines


def _lines_of_accounts_with_same_roles(plan: Plan) -> list[str]:
    """Return lines that say which accounts get profiles for the same roles."""
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
        lines.append("    " + ", ".join(names.get(one) or one for one in accounts))
    if len(sets) > _MOST_SETS:
        rest = sum(len(accounts) for _roles, accounts in sets[_MOST_SETS:])
        lines.append(f"  {count_text(rest, 'account')} with other roles")
    return lines


def _lines_of_counts_by_kind(title: str, counts: Counter[str]) -> list[str]:
    counted = counts.most_common()
    if not counted:
        return []
    lines = [f"{title}: {profile_count_text(counts.total())}"]
    lines += [f"  {number} {kind}" for kind, number in counted[:_MOST_KINDS]]
    if len(counted) > _MOST_KINDS:
        lines.append(f"  and {sum(number for _kind, number in counted[_MOST_KINDS:])} others")
    return lines


def _lines_of_profile_names(title: str, names: tuple[str, ...]) -> list[str]:
    return [f"{title}: {profile_count_text(len(names))}", f"  {', '.join(names)}"] if names else []


def _cut_line(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 2]} …"
