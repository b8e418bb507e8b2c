"""When an interactive sign-in is needed: which end counts, and where each second falls."""

import pytest

from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SignInFacts
from ssohelper.core.sign_in_outlook import Outlook, PromptClock, prompt_clock, sign_in_outlook

NOW = 1_800_000_000
MINUTE, HOUR = 60, 3600


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


def test_without_a_token_a_sign_in_is_needed_now() -> None:
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
    ahead = Outlook(None if at is None else NOW + at, reason, NOW + HOUR)  # type: ignore[arg-type]
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
def test_what_a_prompt_counts_down_to(ahead: Outlook, expected: tuple[int, str]) -> None:
    assert prompt_clock(ahead) == PromptClock(*expected)  # type: ignore[arg-type]
