"""The view of a role list: which accounts are folded, and ticks."""

import pytest

from ssohelper.core.role_tree import AccountKey, RoleListView, next_line_to_tick


def test_an_account_that_is_listed_later_is_folded_like_most_others() -> None:
    new, old = AccountKey("corp", "9"), AccountKey("corp", "1")
    view = RoleListView().with_all_folded(folded=True).with_fold(old, folded=False)
    assert (view.is_folded(new), view.is_folded(old)) == (True, False)
    assert view.with_fold(old, folded=True) == RoleListView().with_all_folded(folded=True)
    assert not view.with_all_folded(folded=False).is_folded(new)
    assert not view.with_all_folded(folded=True).with_all_folded(folded=False).exceptions
    folded = RoleListView().with_fold(old, folded=True)
    assert not folded.with_all_folded(folded=False).is_folded(old)


@pytest.mark.parametrize(
    ("line", "step", "to"),
    [(0, 1, 3), (1, 1, 2), (2, 1, 4), (4, 1, 4), (4, -1, 2), (1, -1, 1), (3, -1, 0), (0, -1, 0)],
)
def test_after_a_tick_the_cursor_goes_on_to_a_line_of_the_same_kind(line, step, to):
    lines = [~0, 0, 1, ~2, 2]  # two accounts, of two roles and of one
    assert next_line_to_tick(lines, line, step) == to
    assert next_line_to_tick([], 0, step) == 0
