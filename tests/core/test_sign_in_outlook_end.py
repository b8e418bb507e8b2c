"""When a sign-in ends: which source has precedence, and what happens at each boundary."""

import pytest

from ssohelper.core import sign_in_outlook
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SignInFacts

BEGAN = 1_800_000_000
HOUR = 3600
EIGHT = 8 * HOUR


def token(expires_at=BEGAN + HOUR, refresh="r", client_until=BEGAN + 90 * 24 * HOUR) -> AccessToken:
    client = None if client_until is None else ClientRegistration("c", Secret("s"), client_until)
    return AccessToken(Secret("t"), expires_at, Secret(refresh) if refresh else None, client)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, True),
        ({"refresh": None}, False),
        ({"client_until": None}, False),
        ({"client_until": BEGAN}, False),
        ({"client_until": BEGAN + 1}, True),
    ],
)
def test_a_token_is_renewable_with_a_refresh_token_and_a_valid_client(said, expected):
    assert sign_in_outlook.is_refreshable(token(**said), BEGAN) is expected


@pytest.mark.parametrize(
    ("ended_at", "of_token", "are_kept"),
    [
        (None, BEGAN + HOUR, True),
        (None, BEGAN + 2 * HOUR, True),
        (BEGAN + 100, BEGAN + HOUR, True),
        (BEGAN + 100, BEGAN + 2 * HOUR, False),  # another tool has signed in after this sign-in
        (BEGAN + 100, None, False),
    ],
)
def test_of_another_tools_sign_in_only_the_usual_length_is_known(ended_at, of_token, are_kept):
    facts = SignInFacts(BEGAN, ended_at, EIGHT, BEGAN + 50, "ana", of_token, HOUR)
    expected_facts = SignInFacts(
        observed_hours_seconds=EIGHT, person_since=ended_at, earlier_user="ana"
    )
    expected = facts if are_kept else expected_facts
    assert sign_in_outlook.facts_of_token(facts, token()) == expected


@pytest.mark.parametrize(
    ("facts", "hours", "expected"),
    [
        # (signed in, ended, observed length, refreshed), the configured hours
        ((BEGAN, None, None, None), None, (BEGAN + EIGHT, "assumed")),
        ((None, None, None, None), None, (None, None)),
        ((None, None, 4 * HOUR, None), 12, (None, None)),
        ((None, BEGAN + 7, None, None), 12, (BEGAN + 7, "observed")),
        ((BEGAN, BEGAN + 7, 4 * HOUR, None), 12, (BEGAN + 7, "observed")),
        ((BEGAN, None, 4 * HOUR, None), 12, (BEGAN + 12 * HOUR, "configured")),
        ((BEGAN, None, 4 * HOUR, None), 1.5, (BEGAN + 5400, "configured")),
        ((BEGAN, None, 4 * HOUR, None), None, (BEGAN + 4 * HOUR, "observed")),
        ((BEGAN, None, 4 * HOUR, BEGAN + 4 * HOUR), None, (BEGAN + 4 * HOUR, "observed")),
        # A renewal that succeeded after that end disproves it.
        ((BEGAN, None, 4 * HOUR, BEGAN + 4 * HOUR + 1), None, (BEGAN + EIGHT, "assumed")),
        ((BEGAN, None, None, BEGAN + EIGHT), None, (BEGAN + EIGHT, "assumed")),
        ((BEGAN, None, None, BEGAN + EIGHT + 1), None, (None, None)),
        ((BEGAN, None, None, BEGAN + EIGHT + 1), 12, (BEGAN + 12 * HOUR, "configured")),
    ],
)
def test_the_end_of_a_sign_in_and_how_it_is_known(facts, hours, expected):
    assert sign_in_outlook.sign_in_end(SignInFacts(*facts), hours) == expected


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
        signed_in_at=None if began is None else BEGAN - began,
        refreshed_at=None if renewed is None else BEGAN - renewed,
        observed_hours_seconds=known,
    )
    assert sign_in_outlook.length_after_end(facts, token_life, BEGAN) == expected


@pytest.mark.parametrize(
    ("began", "known", "after", "expected"),
    [
        (BEGAN, EIGHT, EIGHT, EIGHT),
        (BEGAN, EIGHT, EIGHT + 1, None),
        (None, EIGHT, EIGHT + 1, EIGHT),
        (BEGAN, None, EIGHT + 1, None),
    ],
)
def test_a_renewal_after_the_known_length_disproves_it(began, known, after, expected):
    facts = SignInFacts(signed_in_at=began, observed_hours_seconds=known)
    assert sign_in_outlook.length_after_renewal(facts, BEGAN + after) == expected
