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


def signed_in(
    session_name: str,
    how: str,
    token_expires_at: int,
    now: int,
    needed_at: int | None = None,
    user: str | None = None,
) -> str:
    """Return what a sign-in came to; `how` and `user` are a LoginOutcome's.

    `needed_at`: when a person is needed next, where that is known and to be said. It is what a
    long job goes by: the token is renewed, the sign-in takes a person.
    """
    until = f"{to_iso(token_expires_at)} ({duration_text(token_expires_at - now)})"
    ends = f"the access token lasts until {until}"
    if needed_at is not None and needed_at > token_expires_at:
        ends = f"until {to_iso(needed_at)} ({duration_text(needed_at - now)}) nobody is needed"
    who = ""
    if how in ("joined", "signed in"):
        who = f' as "{show(user)}"' if user else " (the person is unknown)"
    return f'{_HOW[how]} "{show(session_name)}"{who}: {ends}'


def signed_out(session_name: str, was_signed_in: bool) -> str:
    """Return what a sign-out came to."""
    words = "signed out of" if was_signed_in else "was not signed in to"
    return f'{words} "{show(session_name)}"'
