"""A double click is two clicks on one line of one list, though Textual counts more."""

from typing import cast

import pytest
from textual.events import Click

from ssohelper.tui.widgets.clicks import is_double_click


class FakeClick:
    def __init__(self, chain: int) -> None:
        self.chain, self.time = chain, 10.0


@pytest.mark.parametrize(
    ("chain", "last", "is_double"),
    [
        (2, ("a", 9.6), True),
        (1, ("a", 9.6), False),
        (2, ("b", 9.6), False),  # another line was there at the first click
        (2, ("a", 8.9), False),  # the first click was on a dialog
        (2, (None, 0.0), False),
    ],
)
def test_only_a_second_click_on_the_line_is_a_double_click(chain, last, is_double):
    assert is_double_click(cast(Click, FakeClick(chain)), "a", last) is is_double
