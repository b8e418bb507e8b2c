"""Texts about time left and sign-ins, shared by the command line and the full screen."""

import time
from typing import Literal, NamedTuple

from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.text import show

DESKTOP = "desktop"

# For each LoginOutcome.how.
_RESULTS = {
    "kept": 'already signed in to "{session}"',
    "renewed": 'access token renewed for "{session}"',
    "joined": 'another login command signed in to "{session}"',
    "signed in": 'signed in to "{session}"',
}

# A notice is shown when 60 minutes are left; SDKs renew at 15 minutes.
_WARN_SECONDS, _BAD_SECONDS = 3600, 15 * 60

NOT_IN_CONFIG = "not in the config"
CLEAR_SIGN_IN = "another tool's sign-in in clear, beside those in the keyring"


def still_signed_in_text(session_name: str) -> str:
    return (
        f'you are still signed in to "{show(session_name)}", which is not in the config; '
        f"sign out with: ssohelper logout {session_name}"
    )


def time_left_text(ends_at: int, now: int) -> str:
    """Return `2h 13m left`, `ended 5m ago` or `ended just now`."""
    left = ends_at - now
    return f"{duration_text(left)} left" if left > 0 else f"ended {ago_text(-left)}"


def ago_text(seconds: int, *, units: int = 2) -> str:
    """Return `just now` or `3d 4h ago`."""
    if seconds < 60:
        return "just now"
    return f"{' '.join(duration_text(seconds).split()[:units])} ago"


def urgency_of_time_left(seconds_left: int) -> Literal["good", "warn", "bad"]:
    if seconds_left <= _BAD_SECONDS:
        return "bad"
    return "warn" if seconds_left <= _WARN_SECONDS else "good"


def has_ended_text(outlook: Outlook) -> str:
    return "has probably ended" if outlook.is_end_predicted else "has ended"


def sign_in_end_text(outlook: Outlook, now: int) -> str:
    """Return a sign-in's time left and its source: `2h 13m left (configured)`, or `-`."""
    if outlook.at is None:
        return "-"
    how = "observed" if outlook.reason == "refused" else outlook.reason
    probably = "probably " if outlook.is_end_predicted and outlook.at <= now else ""
    return f"{probably}{time_left_text(outlook.at, now)} ({how})"


def sign_in_left_text(outlook: Outlook, now: int) -> str:
    """Return a text such as `2h 13m of the sign-in left`."""
    token_left = (outlook.token_expires_at or now) - now
    if outlook.is_sign_in_needed(now):
        token_text = f"; its access token lasts {duration_text(token_left)} more"
        return f"the sign-in {has_ended_text(outlook)}" + (token_text if token_left > 0 else "")
    if outlook.is_end_known and outlook.at is not None:
        return f"{duration_text(outlook.at - now)} of the sign-in left"
    if token_left <= 0 or (outlook.at is not None and outlook.at <= now):
        return "the sign-in may have ended"
    if outlook.at is None:
        return f"the access token lasts {duration_text(token_left)} and is renewed automatically"
    return f"about {duration_text(outlook.at - now)} of the sign-in left (assumed)"


def login_result_text(
    session_name: str,
    how: str,
    outlook: Outlook,
    now: int,
    user: str | None = None,
    next_step: str = "",
) -> str:
    """Return the message after a login; `how` and `user` come from its LoginOutcome."""
    as_user = ""
    if how in ("joined", "signed in"):
        as_user = f' as "{show(user)}"' if user else " (the user is unknown)"
    if next_step:
        return f'signed in: {show(next_step)} ("{show(session_name)}"{as_user})'
    result = _RESULTS[how].format(session=show(session_name))
    return f"{result}{as_user}: {_signed_in_until_text(outlook, now)}"


def _signed_in_until_text(outlook: Outlook, now: int) -> str:
    """Return a sentence with the sign-in's end in local time. It explains an "assumed" end."""
    if outlook.sign_in_needed_at:
        return f"signed in until {local_time_text(outlook.sign_in_needed_at, now)}"
    if outlook.at is not None and outlook.at > now:
        at = local_time_text(outlook.at, now)
        return f"signed in until about {at} (assumed: AWS's default of 8 h; it does not say)"
    return "AWS does not say how long the sign-in lasts"


def local_time_text(at: int, now: int) -> str:
    """Return a time such as `18:20`, after the date if this is not today."""
    local = time.localtime(at)
    is_today = local[:3] == time.localtime(now)[:3]
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", local)


def logout_result_text(session_name: str, was_signed_in: bool) -> str:
    name = f'"{show(session_name)}"'
    return f"signed out of {name}" if was_signed_in else f"was not signed in to {name}"


class Notice(NamedTuple):
    """A message that a new sign-in is needed from `end` on; the user types `command` to sign in."""

    session_name: str
    end: int | None
    message: str
    command: str


def make_notice(session_name: str, outlook: Outlook, now: int) -> Notice | None:
    name = show(session_name)
    command, end = f"ssohelper login {name}", outlook.announced_end(now)
    if outlook.reason == "signed out":  # a sign-out also removes the role credentials
        text = f'the session "{name}" is signed out: requests fail; sign in with: {command}'
    elif outlook.is_over(now):
        text = (
            f'the sign-in to "{name}" is over: role credentials work until they expire, '
            f"then requests fail; sign in with: {command}"
        )
    elif end is None:
        return None
    else:
        what = f'you must sign in to "{name}"'
        if outlook.is_sign_in_needed(now):  # the present token still works until it expires
            end = outlook.token_expires_at or now
            what = f'the sign-in to "{name}" {has_ended_text(outlook)}: you must sign in again'
        text = f"{what} before {to_iso(end)} (in {duration_text(end - now)}): {command}"
    return Notice(session_name, end, text, command)
