"""What Sessions says of a sign-in that runs."""

from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.errors import LoginRequired
from ssohelper.tui.screens.sessions import running_sign_in_text


@pytest.mark.parametrize(
    ("question", "failure", "time_left", "shown"),
    [
        (None, None, "9m 58s", "9m 58s"),
        (None, None, "", "the browser"),
        (None, LoginRequired("denied"), "9m 58s", "failed"),
        # A question is answered first: the sign-in goes on after it.
        ("another user?", LoginRequired("denied"), "9m 58s", "asks something"),
    ],
)
def test_what_the_user_has_to_do_comes_before_the_time_that_is_left(
    question: str | None, failure: LoginRequired | None, time_left: str, shown: str
) -> None:
    sign_in: Any = SimpleNamespace(
        question=question,
        failure=failure,
        time_left=time_left,
        page=SimpleNamespace(waits_for="the browser"),
    )
    assert running_sign_in_text(sign_in) == shown
