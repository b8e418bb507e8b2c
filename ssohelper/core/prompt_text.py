"""What a prompt shows, in at most 40 harmless characters: `payments-prod.ReadOnlyAccess 7h12m`.

| time left | shown |
|---|---|
| 30 min or more | `7h12m` |
| less than 30 min | `=24m=` |
| less than 5 min | `==4m==` |
| none | `==signed out==`, of fixed keys `==expired==` |
| an end that is only assumed | `7h12m?`, after it `=?=`: the sign-in may go on |
| an end that is not known | `ok` |

The label of a guarded role begins with `@@`. No sign has a meaning in a shell's prompt (`!` has one
in zsh; `%`, `\\`, `$` and backquote have too).

`rows` is the only place that decides this. A row says what is shown until an instant. This module
and `shell/prompt.*` take the first row that is not over, and put the time left into it.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from ssohelper.core import guard_rules
from ssohelper.core.sign_in_clock import PromptClock

WIDTH = 40
SOON_SECONDS, LATE_SECONDS = 30 * 60, 5 * 60
# Threat: names that a shell, a terminal or a theme would run, obey or measure wrongly.
_HARMFUL = re.compile(r"[^A-Za-z0-9 ._:@/+=,-]")
# 11 digits: a shell takes no longer number.
_FOREVER = 99_999_999_999
# The word in a row's text that the time left replaces.
_LEFT = "left"
# Room for a label beside the usual times, up to `==4m?==`, and beside the longest, `==signed out==`.
_USUAL_ROOM, _LEAST_ROOM = WIDTH - 8, WIDTH - 15

# "": nothing ends.
Level = Literal["", "fine", "soon", "late"]


class Row(NamedTuple):
    """What is shown up to and including the second `last`. `left` in the text: the time to `ends_at`.

    Instants are epoch seconds. `clock` is what the row was made from; None where nothing ends.
    """

    last: int
    level: Level
    text: str
    clock: PromptClock | None = None

    @property
    def seconds_more(self) -> int:
        """Return the seconds from `last` to the end that is counted down to; 0 without one."""
        return self.clock.at - self.last if self.clock and _LEFT in self.text else 0

    def time_text(self, now: int) -> str:
        """Return the text with the time left in it."""
        if self.clock is None or _LEFT not in self.text:
            return self.text
        return self.text.replace(_LEFT, _duration(self.clock.at - now))


# For a profile whose credentials do not come from a sign-in that we know.
NOTHING_ENDS = (Row(_FOREVER, "", ""),)


def rows(
    session: PromptClock, role_ends_at: int | None = None, *, over: str = "signed out"
) -> tuple[Row, ...]:
    """Return what a prompt shows from now on, the first end first.

    `role_ends_at`: the end of credentials whose renewal has failed. It counts until it has passed,
    also after the end of the sign-in. `over`: the word for the end.
    """
    *live, last = _rows_of(session, over)
    if role_ends_at is None:
        return (*live, last)
    of_role = _rows_of(PromptClock(role_ends_at, "known"), over)[:-1]
    if session.kind in ("known", "assumed") and session.at <= role_ends_at:
        return (*live, *of_role, last)
    return (*of_role, *live, last)


def row_at(rows: Sequence[Row], now: int) -> Row:
    """Return the row that is shown now."""
    return next(row for row in rows if now <= row.last)


def to_line(rows: Sequence[Row]) -> str:
    """Return the rows as the shells read them: `LAST|MORE|LEVEL|TEXT`, joined by `|`.

    MORE: the seconds from LAST to the end that `left` counts down to. Shells read the line at each
    prompt, and bash takes 30 ns for each character.
    """
    return "|".join(f"{row.last}|{row.seconds_more}|{row.level}|{row.text}" for row in rows)


def safe(name: str) -> str:
    """Return the name with `?` for every character that is not harmless, at most 40 of them."""
    return shortened(_HARMFUL.sub("?", name[:4096]), WIDTH)


def label(name: str, *, guarded: bool) -> str:
    """Return the harmless name, with the sign of a guarded role where it is one."""
    text = safe(name)
    if guarded:
        return guard_rules.SIGN + text
    # A name must not look like that of a guarded role.
    return "?" + text[1:] if text.startswith(guard_rules.SIGN) else text


def fitted_labels(label: str, rows: Sequence[Row]) -> tuple[str, str]:
    """Return the label as it is shown, and the one that is shown where the first does not fit."""
    if rows == NOTHING_ENDS:
        return shortened(label, WIDTH), shortened(label, WIDTH)
    return shortened(label, _USUAL_ROOM), shortened(label, _LEAST_ROOM)


def shortened(text: str, room: int) -> str:
    """Return the text with its middle left out where it is too long: both ends tell what it is."""
    if len(text) <= room:
        return text
    tail = (room - 2) // 2
    return f"{text[: room - 2 - tail]}..{text[len(text) - tail :]}"


def line(label: str, rows: Sequence[Row], now: int) -> str:
    """Return what is shown now: label and time, at most 40 characters."""
    time = row_at(rows, now).time_text(now)
    usual, shorter = fitted_labels(label, rows)
    if not time:
        return usual
    return f"{usual if len(usual) + len(time) < WIDTH else shorter} {time}"


def _rows_of(clock: PromptClock, over: str) -> tuple[Row, ...]:
    if clock.kind == "open":
        return (Row(_FOREVER, "fine", "ok", clock),)
    last = Row(_FOREVER, "late", f"=={over}==", clock)
    if clock.kind == "ended":
        return (last,)
    text = _LEFT
    if clock.kind == "assumed":
        text, last = f"{_LEFT}?", Row(_FOREVER, "soon", "=?=", clock)
    return (
        Row(max(0, clock.at - SOON_SECONDS), "fine", text, clock),
        Row(max(0, clock.at - LATE_SECONDS), "soon", f"={text}=", clock),
        Row(max(0, clock.at - 1), "late", f"=={text}==", clock),
        last,
    )


def _duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s"
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    if days:
        return f"{days}d{hours}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
