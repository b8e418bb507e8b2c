"""Decides when a sign-in ends, when a new sign-in is needed, and which notice is due.

No other module decides this. AWS does not report when a sign-in ends. The user may have set how
long sign-ins last ("configured"), or ssohelper has seen an earlier sign-in end ("observed").
Otherwise 8 h are "assumed"; an assumed end is only shown.

| what is known | an interactive sign-in is needed |
|---|---|
| the session has no token | now |
| AWS has refused to renew the token | since that refusal |
| when the sign-in ends ("configured" or "observed") | at that end |
| the token cannot be renewed | at its end, or at the sign-in's end if that is earlier |
| only an assumed end, or none | at no known time |

A token that expires after its sign-in ends still works until it expires, but cannot be renewed.
"""

from typing import Literal, NamedTuple

from ssohelper.core.model import AccessToken, SignInFacts

ASSUMED_SECONDS = 8 * 3600
# AWS's shortest sign-in: a shorter one was ended by an administrator or a sign-out.
_SHORTEST_SECONDS = 15 * 60
# Tokens in use are renewed at least hourly: a refusal later than this after the last renewal says
# little about the end.
_MAX_DELAY_SECONDS = 2 * 3600
# The stages of notices are 1, 2 and 3; OVER is the stage when the last token has expired too.
_NOTICE_SECONDS_BEFORE = (3600, 900, 0)
OVER = 4
# Ends this close count as equal, since several files hold whole seconds.
_SAME_END_SECONDS = 60

Source = Literal["configured", "observed", "assumed"]
Reason = Literal[
    "signed out",
    "damaged",
    "refused",  # AWS has refused to renew the token
    "configured",
    "observed",
    "not renewable",
    "assumed",
    "unknown",
]
PromptKind = Literal["known", "assumed", "open", "ended"]


class PromptClock(NamedTuple):
    """The end to which a shell prompt counts down (epoch seconds; 0 if unknown)."""

    at: int
    kind: PromptKind


class Outlook(NamedTuple):
    """`at` is the end that `reason` names. Times are epoch seconds.

    `is_last_token`: the present token cannot be renewed again.
    """

    at: int | None
    reason: Reason
    token_expires_at: int | None = None
    is_last_token: bool = False

    @property
    def is_end_known(self) -> bool:
        return self.reason not in ("assumed", "unknown")

    @property
    def is_end_predicted(self) -> bool:
        return self.reason in ("configured", "observed", "assumed")

    @property
    def sign_in_needed_at(self) -> int | None:
        return self.at if self.is_end_known else None

    def is_sign_in_needed(self, now: int, within_seconds: int = 0) -> bool:
        if self.reason in ("signed out", "damaged"):
            return True
        at = self.sign_in_needed_at
        return at is not None and (at <= now or at - now < within_seconds)

    def should_offer_sign_in(self, now: int) -> bool:
        """Return whether AWS refused to renew, or the expected end passed and the token expired."""
        return self.reason == "refused" or self.is_over(now)

    def is_over(self, now: int) -> bool:
        return self.is_sign_in_needed(now) and (self.token_expires_at or 0) <= now

    def announced_end(self, now: int) -> int | None:
        """After a refusal this is the token's end, because the token still works."""
        if self.reason == "refused" or self.is_over(now):
            return self.token_expires_at
        return self.sign_in_needed_at

    def notice_stage(self, now: int, next_at: int) -> int:
        """Return the stage of the notice that is due (0: none) if the next renewal is at `next_at`.

        A process gives a notice at its last renewal before the notice's time; after a refusal, at
        once.
        """
        end = self.announced_end(now)
        if self.is_over(now):
            return OVER
        if end is None:
            return 0
        due = sum(end <= now or next_at > end - before for before in _NOTICE_SECONDS_BEFORE)
        return max(due, int(self.reason == "refused"))


def is_same_end(one: int | None, other: int | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME_END_SECONDS


def sign_in_outlook(
    token: AccessToken | None, facts: SignInFacts, configured_hours: float | None, now: int
) -> Outlook:
    if token is None:
        return Outlook(None, "signed out")
    facts = facts_of_token(facts, token)
    if facts.ended_at is not None:
        return Outlook(facts.ended_at, "refused", token.expires_at, is_last_token=True)
    ends_at, source = sign_in_end(facts, configured_hours)
    known_end = ends_at if source in ("configured", "observed") else None
    if not is_refreshable(token, now) and (known_end is None or token.expires_at <= known_end):
        return Outlook(token.expires_at, "not renewable", token.expires_at, is_last_token=True)
    is_last = known_end is not None and known_end <= max(now, token.expires_at)
    return Outlook(ends_at, source or "unknown", token.expires_at, is_last)


def prompt_clock(outlook: Outlook) -> PromptClock:
    if outlook.reason in ("signed out", "damaged", "refused"):
        return PromptClock(outlook.at or 0, "ended")
    if outlook.at is None:
        return PromptClock(0, "open")
    return PromptClock(outlook.at, "known" if outlook.is_end_known else "assumed")


def is_refreshable(token: AccessToken, now: int) -> bool:
    client = token.client
    return token.refresh_token is not None and client is not None and client.expires_at > now


def facts_of_token(facts: SignInFacts, token: AccessToken) -> SignInFacts:
    """Return the facts that hold for this token: few if another tool has signed in since."""
    if facts.ended_at is None or facts.token_expires_at == token.expires_at:
        return facts
    return facts.of_next_sign_in(facts.ended_at)


def sign_in_end(
    facts: SignInFacts, configured_hours: float | None
) -> tuple[int | None, Source | None]:
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
    # A refresh that succeeded after the assumed end disproves the assumption.
    if refreshed_at > began + ASSUMED_SECONDS:
        return None, None
    return began + ASSUMED_SECONDS, "assumed"


def length_after_end(facts: SignInFacts, token_life_seconds: int, now: int) -> int | None:
    """Return how long sign-ins last (seconds), now that AWS has refused to renew this one.

    The sign-in ended between its last renewal and now. That gives its length if that renewal was at
    least 15 min after the sign-in began and at most 2 h ago. Administrators end sign-ins early, so
    the length is unknown if two lengths differ by more than 2 h.
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
    # Both ends were noticed up to 2 h late, so the shorter length is more exact.
    return min(known, length) if abs(known - length) <= _MAX_DELAY_SECONDS else None


def length_after_renewal(facts: SignInFacts, now: int) -> int | None:
    length, began = facts.observed_hours_seconds, facts.signed_in_at
    return None if length and began and now > began + length else length
