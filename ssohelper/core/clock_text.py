"""Clocks and sign-ins in words, the same at every front door."""

from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.text import show

_HOW = {
    "kept": "already signed in to",
    "renewed": "sign-in renewed for",
    "joined": "signed in by the other login to",
    "signed in": "signed in to",
}


def left(at: int, now: int) -> str:
    """Return `2h 13m left` or `ended 5m ago`."""
    return f"{duration_text(at - now)} left" if at > now else f"ended {duration_text(now - at)} ago"


def signed_in(session_name: str, how: str, token_expires_at: int, now: int) -> str:
    """Return what a sign-in came to; `how` is a LoginOutcome's."""
    until, rest = to_iso(token_expires_at), duration_text(token_expires_at - now)
    name = show(session_name)
    return f'{_HOW[how]} "{name}": the access token lasts until {until} ({rest})'


def signed_out(session_name: str, was_signed_in: bool) -> str:
    words = "signed out of" if was_signed_in else "was not signed in to"
    return f'{words} "{show(session_name)}"'
