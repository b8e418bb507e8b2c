"""Decides when a sign-in ends, and how that is known. No other module decides this.

AWS does not report the end of a sign-in. The user may have set how long sign-ins last
("configured"), or ssohelper may have seen an earlier sign-in end ("observed"). Otherwise the end is
taken to be 8 h after the sign-in ("assumed"); such an end is only shown. core.sign_in_outlook
decides what follows from an end.
"""

from typing import Literal, NamedTuple

from ssohelper.core.model import AccessToken, SignInFacts

ASSUMED_SECONDS = 8 * 3600
# The shortest sign-in that AWS allows. A sign-in that ended sooner was ended by an administrator or
# by a sign-out.
_SHORTEST_SECONDS = 15 * 60
# Tokens are renewed at least hourly while they are used. A refusal that comes more than 2 h after
# the last renewal says little about when the sign-in ended.
_MAX_DELAY_SECONDS = 2 * 3600

Source = Literal["configured", "observed", "assumed"]
# The kinds of ends that a prompt shows: a known end, an assumed end, no end ("open"), or that the
# sign-in has ended.
PromptKind = Literal["known", "assumed", "open", "ended"]


class PromptClock(NamedTuple):
    """The expiry to which a shell prompt counts down, such as the end of the sign-in.

    `at` is epoch seconds, or 0 if no time is known.
    """

    at: int
    kind: PromptKind


def is_refreshable(token: AccessToken, now: int) -> bool:
    """Return whether the token can be renewed without an interactive sign-in."""
    client = token.client
    return token.refresh_token is not None and client is not None and client.expires_at > now


def facts_of_token(facts: SignInFacts, token: AccessToken) -> SignInFacts:
    """Return what is known about the sign-in to which this token belongs.

    If the recorded sign-in has ended and the token is not recorded, another tool has signed in
    since. The beginning and the user of that new sign-in are unknown; how long sign-ins last and
    who was signed in before are still known.
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
    """Return when the recorded sign-in ends (epoch seconds), and the source of that time."""
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


def sign_in_length_after_end(facts: SignInFacts, token_life_seconds: int, now: int) -> int | None:
    """Return how long sign-ins last (seconds), now that AWS has refused to renew this one.

    The sign-in ended between its last renewal and now. This reveals its length if that renewal was
    at least 15 min after the sign-in began and at most 2 h ago; otherwise the known length stays.
    Administrators also end sign-ins early, so two lengths that differ by more than 2 h leave
    the length unknown (None).
    """
    began, renewed = facts.signed_in_at, facts.refreshed_at
    known = facts.observed_hours_seconds
    if began is None or renewed is None:
        return known
    shortest = min(_SHORTEST_SECONDS, token_life_seconds // 4)
    if renewed - began < shortest or now - renewed > _MAX_DELAY_SECONDS:
        return known
    length = now - began
    if known is None:
        return length
    # The end of each sign-in was noticed up to 2 h late, so the shorter of two lengths is more exact.
    return min(known, length) if abs(known - length) <= _MAX_DELAY_SECONDS else None


def sign_in_length_after_renewal(facts: SignInFacts, now: int) -> int | None:
    """Return the known length of sign-ins; None if the present sign-in has already lasted longer."""
    length, began = facts.observed_hours_seconds, facts.signed_in_at
    return None if length and began and now > began + length else length
