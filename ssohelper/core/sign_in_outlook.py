"""Decides when a session next needs an interactive sign-in. No other module decides this.

| what is known | an interactive sign-in is needed |
|---|---|
| the session has no token | now |
| AWS has refused to renew the token | since that refusal |
| when the sign-in ends ("configured" or "observed") | at that end |
| the token cannot be renewed | at its end, or at the sign-in's end if that is earlier |
| only an assumed end, or none | at no known time: an assumed end is only shown |

A token that ends later than its sign-in works until its own end, but cannot be renewed again.
`status`, `login`, `prompt`, `use`, `exec`, `serve`, `doctor`, the notices and the full screen all
show what this module decides. Enter in the full screen and commands on a terminal offer a sign-in
before they use a role, once AWS has refused or the last token has expired.
"""

from typing import Literal, NamedTuple

from ssohelper.core.model import AccessToken, SignInFacts
from ssohelper.core.sign_in_clock import PromptClock, facts_of_token, is_refreshable, sign_in_end

Reason = Literal[
    "signed out",
    "damaged",  # the token file is half written
    "refused",  # AWS has refused to renew the token
    "configured",
    "observed",
    "not renewable",
    "assumed",
    "unknown",
]


class Outlook(NamedTuple):
    """When an interactive sign-in is needed, and why. Times are epoch seconds.

    `at` is the end of the sign-in or token that `reason` names, or None for "signed out", "damaged"
    and "unknown". `token_expires_at` is when the present token expires, or None if there is no
    token. `is_last_token` means that the present token cannot be renewed again.
    """

    at: int | None
    reason: Reason
    token_expires_at: int | None = None
    is_last_token: bool = False

    @property
    def is_end_known(self) -> bool:
        """Return whether it is known when an interactive sign-in is needed."""
        return self.reason not in ("assumed", "unknown")

    @property
    def is_end_predicted(self) -> bool:
        """Return whether `at` follows from a length of sign-ins, and not from AWS or the token."""
        return self.reason in ("configured", "observed", "assumed")

    @property
    def sign_in_needed_at(self) -> int | None:
        """Return when an interactive sign-in is needed; None if unknown or if there is no token."""
        return self.at if self.is_end_known else None

    def is_sign_in_needed(self, now: int, within_seconds: int = 0) -> bool:
        """Return whether an interactive sign-in is needed now, or in less than the given time."""
        if self.reason in ("signed out", "damaged"):
            return True
        at = self.sign_in_needed_at
        return at is not None and (at <= now or at - now < within_seconds)

    def should_offer_sign_in(self, now: int) -> bool:
        """Return whether a sign-in is offered before a role is used.

        A sign-in is offered once AWS has refused to renew the token, even if the token file has a
        later expiry. At an end that only ssohelper expects, a sign-in is offered once the present
        token has expired too.
        """
        return self.reason == "refused" or self.is_over(now)

    def is_over(self, now: int) -> bool:
        """Return whether an interactive sign-in is needed now and the present token has expired."""
        if not self.is_sign_in_needed(now):
            return False
        return self.token_expires_at is None or self.token_expires_at <= now


def sign_in_outlook(
    token: AccessToken | None, facts: SignInFacts, configured_hours: float | None, now: int
) -> Outlook:
    """Return the outlook of a session whose token file holds `token`.

    `facts` is what ssohelper has recorded about the session's sign-in. `configured_hours` is the
    setting `session_hours`.
    """
    if token is None:
        return Outlook(None, "signed out")
    facts = facts_of_token(facts, token)
    if facts.ended_at is not None:
        return Outlook(facts.ended_at, "refused", token.expires_at, is_last_token=True)
    ends_at, source = sign_in_end(facts, configured_hours)
    known_end = ends_at if source in ("configured", "observed") else None
    if not is_refreshable(token, now) and (known_end is None or token.expires_at <= known_end):
        return Outlook(token.expires_at, "not renewable", token.expires_at, is_last_token=True)
    if ends_at is None or source is None:
        return Outlook(None, "unknown", token.expires_at)
    is_last = known_end is not None and known_end <= max(now, token.expires_at)
    return Outlook(ends_at, source, token.expires_at, is_last)


def prompt_clock(outlook: Outlook) -> PromptClock:
    """Return the expiry of the sign-in to which a shell prompt counts down, and how it is known."""
    if outlook.reason in ("signed out", "damaged", "refused"):
        return PromptClock(outlook.at or 0, "ended")
    if outlook.at is None:
        return PromptClock(0, "open")
    return PromptClock(outlook.at, "known" if outlook.is_end_known else "assumed")
