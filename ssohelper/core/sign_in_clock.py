"""When a sign-in ends, and how we know. The only place that decides it.

AWS never tells: the settings may say how long sign-ins last ("configured"), we may have seen one
end ("observed"), or it is 8 h after the beginning ("assumed"), which decides nothing.
"""

from typing import Literal, NamedTuple

from ssohelper.core.model import AccessToken, SignInFacts

ASSUMED_SECONDS = 8 * 3600
# AWS's shortest sign-in: what was over before it was ended by somebody.
_SHORTEST_SECONDS = 15 * 60
# Tokens are renewed every hour at the latest: a refusal that comes later was noticed late.
_NOTICED_WITHIN_SECONDS = 2 * 3600

Source = Literal["configured", "observed", "assumed"]
# What a prompt shows: an end that is known, one that is assumed, none that is known, it is over.
PromptKind = Literal["known", "assumed", "open", "ended"]


class PromptClock(NamedTuple):
    """The clock that a prompt shows. `at` is epoch seconds; 0 where no instant is known."""

    at: int
    kind: PromptKind


def is_refreshable(token: AccessToken, now: int) -> bool:
    """Tell whether the token can be renewed without a person, as far as its file says."""
    client = token.client
    return token.refresh_token is not None and client is not None and client.expires_at > now


def facts_of_token(facts: SignInFacts, token: AccessToken) -> SignInFacts:
    """Return what is known of the sign-in that this token is of.

    A token that appeared after a sign-in had ended is of a new one that another tool made: of
    that one we know no beginning, only that it was later, and who was there before.
    """
    if facts.ended_at is None or facts.token_expires_at == token.expires_at:
        return facts
    return SignInFacts(
        observed_hours_seconds=facts.observed_hours_seconds,
        person_since=facts.ended_at,
        earlier_user=facts.user or facts.earlier_user,
        client=facts.client,
        client_issuer=facts.client_issuer,
    )


def sign_in_end(
    facts: SignInFacts, configured_hours: float | None
) -> tuple[int | None, Source | None]:
    """Return when the sign-in of these facts ends (epoch seconds) and how we know."""
    if facts.ended_at is not None:
        return facts.ended_at, "observed"
    began = facts.signed_in_at
    if began is None:
        return None, None
    if configured_hours is not None:
        return began + int(configured_hours * 3600), "configured"
    refreshed_at = facts.refreshed_at or 0
    if facts.observed_hours_seconds and refreshed_at <= began + facts.observed_hours_seconds:
        return began + facts.observed_hours_seconds, "observed"
    # A refresh that succeeded after the assumed end shows that the assumption was wrong.
    if refreshed_at > began + ASSUMED_SECONDS:
        return None, None
    return began + ASSUMED_SECONDS, "assumed"


def length_after_end(facts: SignInFacts, token_life_seconds: int, now: int) -> int | None:
    """Return how long sign-ins last, as far as we know once this one has been refused, now.

    It ended between its last renewal and now. That tells its length when a renewal worked 15 min
    or more after the beginning and 2 h or less before now; else what was known stays. An admin ends
    sign-ins early: two lengths that cannot both be right teach that none is known.
    """
    began, renewed = facts.signed_in_at, facts.refreshed_at
    known = facts.observed_hours_seconds
    if began is None or renewed is None:
        return known
    shortest = min(_SHORTEST_SECONDS, token_life_seconds // 4)
    if renewed - began < shortest or now - renewed > _NOTICED_WITHIN_SECONDS:
        return known
    length = now - began
    if known is None:
        return length
    # Each was noticed at the end or up to 2 h after it: the shorter is nearer to it.
    return min(known, length) if abs(known - length) <= _NOTICED_WITHIN_SECONDS else None


def length_after_renewal(facts: SignInFacts, now: int) -> int | None:
    """Return how long sign-ins last, unless a renewal that works now, after that, disproves it."""
    length, began = facts.observed_hours_seconds, facts.signed_in_at
    return None if length and began and now > began + length else length
