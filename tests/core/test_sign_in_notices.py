"""Which notices are due at what time, and their text."""

import pytest

from ssohelper.core.sign_in_notices import (
    GivenNotices,
    find_due_notices,
    make_notice,
    sign_in_end_to_announce,
)
from ssohelper.core.sign_in_outlook import Outlook, Reason

NOW = 4_000_000_000
MINUTE = 60
END = NOW + 100 * MINUTE
AHEAD = Outlook(END, "configured", END + 5 * MINUTE, True)
UNKNOWN = Outlook(None, "unknown", END)


@pytest.mark.parametrize(
    ("left", "next_in", "due"),
    [
        (100, 39, set()),
        (100, 40, set()),  # the next renewal comes exactly at the threshold, and gives the notice
        (100, 41, {"3600"}),
        (100, 85, {"3600"}),
        (100, 86, {"3600", "900"}),
        (100, 101, {"3600", "900", "0"}),
        (60, 0.25, {"3600"}),
        (15, 0.25, {"3600", "900"}),
        (14, 13, {"3600", "900"}),
        (14, 15, {"3600", "900", "0"}),
        (0, 60, {"0"}),  # its last token still works
        (-5, 60, {"over"}),  # its last token has ended too
    ],
)
def test_the_last_renewal_before_a_threshold_gives_the_notice(
    left: float, next_in: float, due: set[str]
) -> None:
    now = int(END - left * MINUTE)
    assert find_due_notices(AHEAD, now, int(now + next_in * MINUTE)) == due


def test_an_unknown_end_has_no_notice() -> None:
    assert find_due_notices(UNKNOWN, NOW, NOW + 99 * 3600) == set()


def test_a_refusal_has_a_notice_however_far_the_end_is() -> None:
    assert find_due_notices(AHEAD, NOW, NOW, is_refused=True) == {"refused"}
    assert find_due_notices(UNKNOWN, NOW, NOW, is_refused=True) == set()


def test_a_sign_in_that_is_over_has_a_notice_whenever_the_next_renewal_comes() -> None:
    assert find_due_notices(Outlook(NOW, "refused", NOW, True), NOW, NOW) == {"over"}


@pytest.mark.parametrize(
    ("end", "asked", "same"),
    [
        (END, END + 60, True),
        (END, END + 61, False),
        (None, None, True),
        (None, END, False),
        (END, None, False),
    ],
)
def test_recorded_notices_count_for_the_same_end_only(
    end: int | None, asked: int | None, same: bool
) -> None:
    assert (GivenNotices(end, frozenset({"900"})).given_notices_of_end(asked) == {"900"}) is same


def test_the_message_names_session_time_and_command() -> None:
    found = make_notice("corp", AHEAD, NOW)
    assert found
    assert found.end == END
    assert found.message == (
        'you must sign in to "corp" before 2096-10-02T08:46:40Z (in 1h 40m): ssohelper login corp'
    )
    assert found.command == "ssohelper login corp"


@pytest.mark.parametrize(
    ("reason", "ended"), [("configured", "has probably ended"), ("refused", "has ended")]
)
def test_after_a_known_end_the_notice_names_the_end_of_the_last_token(
    reason: Reason, ended: str
) -> None:
    found = make_notice("corp", Outlook(NOW - 5, reason, NOW + 600, True), NOW)
    assert found
    assert found.end == NOW + 600
    assert f'the sign-in to "corp" {ended}: you must sign in again before' in found.message
    assert "(in 10m)" in found.message
    assert make_notice("corp", UNKNOWN, NOW) is None


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (Outlook(NOW + 9, "configured", NOW + 600, True), NOW + 9),
        (Outlook(NOW - 9, "configured", NOW + 600, True), NOW - 9),
        (Outlook(NOW - 9, "configured", NOW - 1, True), NOW - 1),
        (Outlook(NOW - 9, "refused", NOW + 600, True), NOW + 600),
        (Outlook(NOW + 9, "assumed", NOW + 600), None),
        (Outlook(None, "signed out"), None),
    ],
)
def test_which_end_notices_count_down_to(ahead: Outlook, expected: int | None) -> None:
    assert sign_in_end_to_announce(ahead, NOW) == expected


def test_after_a_refusal_notices_count_down_to_the_end_of_the_token() -> None:
    refused = Outlook(NOW - 5, "refused", END, True)
    assert find_due_notices(refused, NOW, NOW, is_refused=True) == {"refused"}
    assert find_due_notices(refused, NOW, END - 59 * MINUTE) == {"3600"}
    found = make_notice("corp", refused, NOW)
    assert found
    assert found.end == END


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (Outlook(None, "signed out"), 'the session "corp" is signed out'),
        (Outlook(None, "damaged"), 'the sign-in to "corp" is over'),
        (Outlook(NOW - 9, "configured", NOW - 1, True), 'the sign-in to "corp" is over'),
    ],
)
def test_a_sign_in_that_is_over_has_a_notice_of_its_own(ahead: Outlook, text: str) -> None:
    assert find_due_notices(ahead, NOW, NOW) == {"over"}
    found = make_notice("corp", ahead, NOW)
    assert found
    assert found.message.startswith(text)
