"""Which notice is due at what time, and its text."""

import pytest

from ssohelper.core.clock_text import make_notice
from ssohelper.core.sign_in_outlook import OVER, Outlook, is_same_end

NOW = 4_000_000_000
MINUTE = 60
END = NOW + 100 * MINUTE
AHEAD = Outlook(END, "configured", END + 5 * MINUTE, True)
UNKNOWN = Outlook(None, "unknown", END)
REFUSED = Outlook(NOW - 5, "refused", END, True)


@pytest.mark.parametrize(
    ("left", "next_in", "stage"),
    [
        (100, 39, 0),
        (100, 40, 0),  # the next renewal comes exactly at the threshold, and gives the notice
        (100, 41, 1),
        (100, 85, 1),
        (100, 86, 2),
        (100, 101, 3),
        (60, 0.25, 1),
        (15, 0.25, 2),
        (14, 13, 2),
        (14, 15, 3),
        (0, 60, 3),  # its last token still works
        (-5, 60, OVER),  # its last token has ended too
    ],
)
def test_the_last_renewal_before_a_threshold_gives_the_notice(left, next_in, stage):
    now = int(END - left * MINUTE)
    assert AHEAD.notice_stage(now, int(now + next_in * MINUTE)) == stage


@pytest.mark.parametrize(
    ("ahead", "next_in", "stage"),
    [
        (UNKNOWN, 99 * 3600, 0),
        (Outlook(NOW + 9, "assumed", END), 99 * 3600, 0),
        (Outlook(NOW, "refused", NOW, True), 0, OVER),
        (REFUSED, 0, 1),  # a refusal has a notice, however far the end of the token is
        (REFUSED, 41 * MINUTE, 1),
        (REFUSED, 86 * MINUTE, 2),
    ],
)
def test_other_stages(ahead: Outlook, next_in: int, stage: int) -> None:
    assert ahead.notice_stage(NOW, NOW + next_in) == stage


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
def test_ends_that_differ_by_a_minute_are_the_same(end, asked, same):
    assert is_same_end(end, asked) is same


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
    assert ahead.announced_end(NOW) == expected


@pytest.mark.parametrize(
    ("ahead", "end", "text"),
    [
        (
            AHEAD,
            END,
            'you must sign in to "corp" before 2096-10-02T08:46:40Z (in 1h 40m): '
            "ssohelper login corp",
        ),
        (
            Outlook(NOW - 5, "configured", NOW + 600, True),
            NOW + 600,
            'the sign-in to "corp" has probably ended: you must sign in again before '
            "2096-10-02T07:16:40Z (in 10m): ssohelper login corp",
        ),
        (REFUSED, END, 'the sign-in to "corp" has ended: you must sign in again before '),
        (Outlook(None, "signed out"), None, 'the session "corp" is signed out'),
        (Outlook(None, "damaged"), None, 'the sign-in to "corp" is over'),
        (Outlook(NOW - 9, "configured", NOW - 1, True), NOW - 1, 'the sign-in to "corp" is over'),
    ],
)
def test_the_message_names_session_time_and_command(ahead, end, text):
    found = make_notice("corp", ahead, NOW)
    assert found
    assert (found.session_name, found.end, found.command) == ("corp", end, "ssohelper login corp")
    assert found.message.startswith(text)
    assert make_notice("corp", UNKNOWN, NOW) is None
