"""When a sign-in ends, when the next one is needed, and which notice of it is due, to the second."""

import pytest

from ssohelper.core import sign_in_outlook as outlooks
from ssohelper.core.clock_text import make_notice
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SignInFacts
from ssohelper.core.sign_in_outlook import OVER, Outlook, PromptClock, prompt_clock, sign_in_outlook

NOW = 4_000_000_000
MINUTE, HOUR = 60, 3600
EIGHT = 8 * HOUR
END = NOW + 100 * MINUTE
AHEAD = Outlook(END, "configured", END + 5 * MINUTE, True)
UNKNOWN = Outlook(None, "unknown", END)
REFUSED = Outlook(NOW - 5, "refused", END, True)
LOGIN = "ssohelper login corp"
PROBABLY_ENDED = 'the sign-in to "corp" has probably ended: you must sign in again'


def token(left: int, *, refresh: bool = True, client_left: int = 90 * 24 * HOUR) -> AccessToken:
    client = ClientRegistration("c", Secret("s"), NOW + client_left)
    return AccessToken(Secret("t"), NOW + left, Secret("r") if refresh else None, client)


def began(ago: int, **known: int) -> SignInFacts:
    return SignInFacts(signed_in_at=NOW - ago, **known)


def refused(ago: int, token_left: int) -> SignInFacts:
    return began(2 * HOUR)._replace(ended_at=NOW - ago, token_expires_at=NOW + token_left)


@pytest.mark.parametrize(
    ("held", "facts", "hours", "at", "reason", "is_last"),
    [
        # An end that is known, whatever the token has left.
        (token(HOUR), began(HOUR), 8, 7 * HOUR, "configured", False),
        (token(HOUR), began(HOUR, observed_hours_seconds=4 * HOUR), None, 3 * HOUR, "observed", False),
        (token(59 * MINUTE), began(8 * HOUR - 600), 8, 10 * MINUTE, "configured", True),
        (token(10 * MINUTE), began(8 * HOUR - 600), 8, 10 * MINUTE, "configured", True),
        (token(10 * MINUTE - 1), began(8 * HOUR - 600), 8, 10 * MINUTE, "configured", False),
        (token(HOUR), began(9 * HOUR), 8, -HOUR, "configured", True),
        (token(-MINUTE), began(9 * HOUR), 8, -HOUR, "configured", True),
        (token(-2 * HOUR), began(9 * HOUR), 8, -HOUR, "configured", True),
        (token(-MINUTE), began(HOUR), 8, 7 * HOUR, "configured", False),
        # A token that cannot be renewed is the last one.
        (token(HOUR, refresh=False), began(HOUR), None, HOUR, "not renewable", True),
        (token(HOUR, client_left=0), began(HOUR), None, HOUR, "not renewable", True),
        (token(HOUR, client_left=1), began(HOUR), None, 7 * HOUR, "assumed", False),
        (token(HOUR)._replace(client=None), began(HOUR), None, HOUR, "not renewable", True),
        (token(HOUR, refresh=False), began(HOUR), 8, HOUR, "not renewable", True),
        (token(HOUR, refresh=False), began(HOUR), 2, HOUR, "not renewable", True),
        (token(HOUR, refresh=False), began(HOUR), 1.5, 30 * MINUTE, "configured", True),
        (token(-HOUR, refresh=False), SignInFacts(), None, -HOUR, "not renewable", True),
        # AWS has refused to renew it, whatever the settings say.
        (token(HOUR), refused(5, HOUR), 12, -5, "refused", True),
        (token(-5), refused(HOUR, -5), None, -HOUR, "refused", True),
        # Another tool's token, after an end: of that sign-in no beginning is known.
        (token(HOUR), refused(5, 0), 12, None, "unknown", False),
        # No end of the sign-in is known.
        (token(HOUR), SignInFacts(), 12, None, "unknown", False),
        (token(-HOUR), SignInFacts(), None, None, "unknown", False),
        (token(HOUR), began(HOUR), None, 7 * HOUR, "assumed", False),
        (token(HOUR), began(9 * HOUR), None, -HOUR, "assumed", False),
        (token(HOUR), began(9 * HOUR, refreshed_at=NOW), None, None, "unknown", False),
    ],
)  # fmt: skip
def test_which_end_decides_when_a_sign_in_is_needed(held, facts, hours, at, reason, is_last):
    found = sign_in_outlook(held, facts, hours, NOW)
    expected = (None if at is None else NOW + at, reason, held.expires_at, is_last)
    assert tuple(found) == expected


def test_without_a_token_a_sign_in_is_needed_now():
    found = sign_in_outlook(None, began(HOUR), 8, NOW)
    assert found == Outlook(None, "signed out")
    assert found.is_sign_in_needed(NOW)
    assert found.is_over(NOW)
    assert Outlook(None, "damaged").is_over(NOW)


@pytest.mark.parametrize(
    ("at", "reason", "within", "is_needed"),
    [
        (0, "configured", 0, True),
        (1, "configured", 0, False),
        (1, "configured", 1, False),
        (1, "observed", 2, True),
        (1, "not renewable", 2, True),
        (-1, "refused", 0, True),
        (-1, "assumed", 10 * HOUR, False),
        (None, "unknown", 10 * HOUR, False),
    ],
)
def test_a_sign_in_is_needed_within_a_time_where_its_end_is_known(at, reason, within, is_needed):
    ahead = Outlook(None if at is None else NOW + at, reason, NOW + HOUR)
    assert ahead.is_sign_in_needed(NOW, within) is is_needed


@pytest.mark.parametrize(
    ("at", "token_left", "is_over"), [(0, 0, True), (0, 1, False), (-5, -1, True), (1, 0, False)]
)
def test_a_sign_in_is_over_when_its_last_token_has_ended(at, token_left, is_over):
    assert Outlook(NOW + at, "configured", NOW + token_left).is_over(NOW) is is_over


@pytest.mark.parametrize(
    ("ahead", "is_offered"),
    [
        (Outlook(None, "signed out"), True),
        (Outlook(None, "damaged"), True),
        (Outlook(NOW - 1, "refused", NOW + HOUR, True), True),
        (Outlook(NOW - 1, "refused", NOW - 1, True), True),
        (Outlook(NOW, "not renewable", NOW, True), True),
        (Outlook(NOW + 1, "not renewable", NOW + 1, True), False),
        (Outlook(NOW - 1, "configured", NOW, True), True),
        # The token still works, and a renewal would show that this end is wrong.
        (Outlook(NOW - 1, "configured", NOW + 1, True), False),
        (Outlook(NOW - 1, "observed", NOW + 1, True), False),
        # AWS renews the token.
        (Outlook(NOW + 1, "configured", NOW - 1), False),
        (Outlook(NOW - 1, "assumed", NOW - 1), False),
        (Outlook(None, "unknown", NOW - 1), False),
    ],
)
def test_a_sign_in_is_offered_once_it_is_over_or_aws_has_refused(ahead, is_offered):
    assert ahead.should_offer_sign_in(NOW) is is_offered


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (Outlook(None, "signed out"), (0, "ended")),
        (Outlook(None, "damaged"), (0, "ended")),
        (Outlook(NOW - 5, "refused", NOW + HOUR, True), (NOW - 5, "ended")),
        (Outlook(NOW + 5, "configured", NOW + HOUR, True), (NOW + 5, "known")),
        (Outlook(NOW + 5, "observed", NOW + HOUR), (NOW + 5, "known")),
        (Outlook(NOW + 5, "not renewable", NOW + 5, True), (NOW + 5, "known")),
        (Outlook(NOW + 5, "assumed", NOW + HOUR), (NOW + 5, "assumed")),
        (Outlook(None, "unknown", NOW + HOUR), (0, "open")),
    ],
)
def test_what_a_prompt_counts_down_to(ahead, expected):
    assert prompt_clock(ahead) == PromptClock(*expected)


@pytest.mark.parametrize(
    ("ended_at", "of_token", "are_kept"),
    [
        (None, NOW + HOUR, True),
        (None, NOW + 2 * HOUR, True),
        (NOW + 100, NOW + HOUR, True),
        (NOW + 100, NOW + 2 * HOUR, False),  # another tool has signed in after this sign-in
        (NOW + 100, None, False),
    ],
)
def test_of_another_tools_sign_in_only_the_usual_length_is_known(ended_at, of_token, are_kept):
    facts = SignInFacts(NOW, ended_at, EIGHT, NOW + 50, "ana", of_token, HOUR)
    of_another = SignInFacts(
        observed_hours_seconds=EIGHT, person_since=ended_at, earlier_user="ana"
    )
    assert outlooks.facts_of_token(facts, token(HOUR)) == (facts if are_kept else of_another)


@pytest.mark.parametrize(
    ("facts", "hours", "expected"),
    [
        # (signed in, ended, observed length, refreshed), the configured hours
        ((NOW, None, None, None), None, (NOW + EIGHT, "assumed")),
        ((None, None, None, None), None, (None, None)),
        ((None, None, 4 * HOUR, None), 12, (None, None)),
        ((None, NOW + 7, None, None), 12, (NOW + 7, "observed")),
        ((NOW, NOW + 7, 4 * HOUR, None), 12, (NOW + 7, "observed")),
        ((NOW, None, 4 * HOUR, None), 12, (NOW + 12 * HOUR, "configured")),
        ((NOW, None, 4 * HOUR, None), 1.5, (NOW + 5400, "configured")),
        ((NOW, None, 4 * HOUR, None), None, (NOW + 4 * HOUR, "observed")),
        ((NOW, None, 4 * HOUR, NOW + 4 * HOUR), None, (NOW + 4 * HOUR, "observed")),
        # A renewal that succeeded after that end disproves it.
        ((NOW, None, 4 * HOUR, NOW + 4 * HOUR + 1), None, (NOW + EIGHT, "assumed")),
        ((NOW, None, None, NOW + EIGHT), None, (NOW + EIGHT, "assumed")),
        ((NOW, None, None, NOW + EIGHT + 1), None, (None, None)),
        ((NOW, None, None, NOW + EIGHT + 1), 12, (NOW + 12 * HOUR, "configured")),
    ],
)
def test_the_end_of_a_sign_in_and_how_it_is_known(facts, hours, expected):
    assert outlooks.sign_in_end(SignInFacts(*facts), hours) == expected


@pytest.mark.parametrize(
    ("began", "renewed", "known", "token_life", "expected"),
    [
        # Seconds before the refusal: the beginning of the sign-in, and its last renewal.
        (EIGHT, HOUR, None, HOUR, EIGHT),
        (EIGHT, 2 * HOUR, None, HOUR, EIGHT),
        (EIGHT, 2 * HOUR + 1, None, HOUR, None),
        (EIGHT, 2 * HOUR + 1, 4 * HOUR, HOUR, 4 * HOUR),
        (None, HOUR, 4 * HOUR, HOUR, 4 * HOUR),
        (EIGHT, None, 4 * HOUR, HOUR, 4 * HOUR),
        (None, None, None, HOUR, None),
        (1000, 100, None, HOUR, 1000),  # renewed after 900 s, the minimum
        (1000, 101, None, HOUR, None),
        (1000, 100, None, 2 * HOUR, 1000),  # 900 s for a token that lives longer, too
        (1000, 101, None, 2 * HOUR, None),
        (1000, 850, None, 600, 1000),  # of a shorter token's lifetime a quarter suffices
        (1000, 851, None, 600, None),
        # Ends are noticed late, so the shorter length counts. If they differ too much, neither does.
        (EIGHT, HOUR, EIGHT, HOUR, EIGHT),
        (EIGHT, HOUR, EIGHT + 2 * HOUR, HOUR, EIGHT),
        (EIGHT, HOUR, EIGHT - 2 * HOUR, HOUR, EIGHT - 2 * HOUR),
        (EIGHT, HOUR, EIGHT + 2 * HOUR + 1, HOUR, None),
        (EIGHT, HOUR, EIGHT - 2 * HOUR - 1, HOUR, None),
    ],
)
def test_the_length_that_a_refusal_shows(began, renewed, known, token_life, expected):
    facts = SignInFacts(
        signed_in_at=None if began is None else NOW - began,
        refreshed_at=None if renewed is None else NOW - renewed,
        observed_hours_seconds=known,
    )
    assert outlooks.length_after_end(facts, token_life, NOW) == expected


@pytest.mark.parametrize(
    ("began", "known", "after", "expected"),
    [
        (NOW, EIGHT, EIGHT, EIGHT),
        (NOW, EIGHT, EIGHT + 1, None),
        (None, EIGHT, EIGHT + 1, EIGHT),
        (NOW, None, EIGHT + 1, None),
    ],
)
def test_a_renewal_after_the_known_length_disproves_it(began, known, after, expected):
    facts = SignInFacts(signed_in_at=began, observed_hours_seconds=known)
    assert outlooks.length_after_renewal(facts, NOW + after) == expected


@pytest.mark.parametrize(
    ("ahead", "left", "next_in", "stage"),
    [
        (AHEAD, 100, 39, 0),
        (
            AHEAD,
            100,
            40,
            0,
        ),  # the next renewal comes exactly at the threshold, and gives the notice
        (AHEAD, 100, 41, 1),
        (AHEAD, 100, 85, 1),
        (AHEAD, 100, 86, 2),
        (AHEAD, 100, 101, 3),
        (AHEAD, 60, 0.25, 1),
        (AHEAD, 15, 0.25, 2),
        (AHEAD, 14, 13, 2),
        (AHEAD, 14, 15, 3),
        (AHEAD, 0, 60, 3),  # its last token still works
        (AHEAD, -5, 60, OVER),  # its last token has ended too
        (UNKNOWN, 100, 6000, 0),
        (Outlook(NOW + 9, "assumed", END), 100, 6000, 0),
        (Outlook(NOW, "refused", NOW, True), 100, 0, OVER),
        (REFUSED, 100, 0, 1),  # a refusal has a notice, however far the end of the token is
        (REFUSED, 100, 41, 1),
        (REFUSED, 100, 86, 2),
    ],
)
def test_the_last_renewal_before_a_threshold_gives_the_notice(ahead, left, next_in, stage):
    now = int(END - left * MINUTE)
    assert ahead.notice_stage(now, int(now + next_in * MINUTE)) == stage


@pytest.mark.parametrize(
    ("end", "asked", "same"),
    [(END, END + 60, True), (END, END + 61, False), (None, None, True), (None, END, False)],
)
def test_ends_that_differ_by_a_minute_are_the_same(end, asked, same):
    assert outlooks.is_same_end(end, asked) is outlooks.is_same_end(asked, end) is same


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
def test_which_end_notices_count_down_to(ahead, expected):
    assert ahead.announced_end(NOW) == expected


@pytest.mark.parametrize(
    ("ahead", "end", "text"),
    [
        (
            AHEAD,
            END,
            f'you must sign in to "corp" before 2096-10-02T08:46:40Z (in 1h 40m): {LOGIN}',
        ),
        (
            Outlook(NOW - 5, "configured", NOW + 600, True),
            NOW + 600,
            f"{PROBABLY_ENDED} before 2096-10-02T07:16:40Z (in 10m): {LOGIN}",
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
    assert (found.session_name, found.end, found.command) == ("corp", end, LOGIN)
    assert found.message.startswith(text)
    assert make_notice("corp", UNKNOWN, NOW) is None
