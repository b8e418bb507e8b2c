"""What a prompt shows, in at most 40 harmless characters: `payments-prod.ReadOnlyAccess 7h12m`.

| time left | shown |
|---|---|
| 30 min or more | `7h12m` |
| less than 30 min | `=24m=` |
| less than 5 min | `==4m==` |
| none | `==signed out==`, of fixed keys `==expired==` |
| an end that is only assumed | `7h12m?`, past it `=?=`: it may go on |
| nobody knows the end | `ok` |

A guarded role begins with `@@`. The signs are none that a shell's prompt gives a meaning to (`!`
is one in zsh, `%`, `\\`, `$` and backquote are too). `shell/prompt.*` does the same: a test holds
the four beside each other.
"""

import re
from typing import Literal

from ssohelper.core import guard_rules
from ssohelper.core.sign_in_clock import PromptClock

WIDTH = 40
SOON_SECONDS, LATE_SECONDS = 30 * 60, 5 * 60
# Threat: names that a shell, a terminal or a theme would run, obey or measure wrongly.
_HARMFUL = re.compile(r"[^A-Za-z0-9 ._:@/+=,-]")

Level = Literal["fine", "soon", "late"]


def safe(name: str) -> str:
    """Return the name with `?` for every character that is not harmless, at most 40 of them."""
    return shortened(_HARMFUL.sub("?", name[:4096]), WIDTH)


def shortened(text: str, room: int) -> str:
    """Return the text with its middle left out where it is too long: both ends tell what it is."""
    if len(text) <= room:
        return text
    tail = (room - 2) // 2
    return f"{text[: room - 2 - tail]}..{text[len(text) - tail :]}"


def nearest(session: PromptClock | None, role: PromptClock | None, now: int) -> PromptClock | None:
    """Return the clock that matters: a role's, which was not renewed, while it is the first to end.

    A role that still works is told even when the sign-in behind it is over.
    """
    if role is None or role.at <= now:
        return session
    if session and session.kind in ("known", "assumed") and now < session.at <= role.at:
        return session
    return role


def time_text(clock: PromptClock, now: int, *, over: str = "signed out") -> str:
    """Return the time left with the sign for how urgent it is; `over` is what it ends in."""
    if clock.kind == "open":
        return "ok"
    left = clock.at - now
    if clock.kind == "assumed":
        return _signed(f"{_duration(left)}?", left) if left > 0 else "=?="
    if clock.kind == "ended" or left <= 0:
        return f"=={over}=="
    return _signed(_duration(left), left)


def level(clock: PromptClock, now: int) -> Level:
    """Return how urgent it is: the colour says the same as the sign."""
    left = clock.at - now
    if clock.kind == "open":
        return "fine"
    if clock.kind == "ended":
        return "late"
    if clock.kind == "assumed" and left <= 0:
        return "soon"
    return "late" if left < LATE_SECONDS else "soon" if left < SOON_SECONDS else "fine"


def line(label: str, guarded: bool, time: str) -> str:
    """Return the whole: guarded sign, label, time; at most 40 characters."""
    sign = guard_rules.SIGN if guarded else ""
    if not time:
        return sign + shortened(label, WIDTH - len(sign))
    return f"{sign}{shortened(label, WIDTH - 1 - len(sign) - len(time))} {time}"


def _signed(text: str, left: int) -> str:
    sign = "==" if left < LATE_SECONDS else "=" if left < SOON_SECONDS else ""
    return f"{sign}{text}{sign}"


def _duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s"
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    if days:
        return f"{days}d{hours}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
