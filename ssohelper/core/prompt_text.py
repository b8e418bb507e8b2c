"""Makes the text that a shell prompt shows, such as `payments-prod.ReadOnlyAccess 7h12m`.

| time left | shown |
|---|---|
| 30 min or more | `7h12m` |
| less than 30 min | `=24m=` |
| less than 5 min | `==4m==` |
| none | `==signed out==`, for fixed keys `==expired==` |
| an end that is only assumed | `7h12m?`, then `=?=`, because the sign-in may go on |
| an end that is not known | `ok` |
| a grant for a guarded role | `grant 24m`, in its last 10 min `=grant 9m=` |

The label of a guarded role begins with `@@`. The signs `=`, `?` and `@` have no special meaning in
any shell's prompt. The text is saved as rows. This module and `shell/prompt.*` take the first row
whose instant has not passed, and put the time left into its text.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from ssohelper.core import grants
from ssohelper.core.model import GUARD_SIGN
from ssohelper.core.sign_in_outlook import PromptClock

WIDTH = 40
SOON_SECONDS, LATE_SECONDS = 30 * 60, 5 * 60
# With such a character, a shell could run a name as code, or a theme could measure it wrongly.
_HARMFUL = re.compile(r"[^A-Za-z0-9 ._:@/+=,-]")
# The prompt's shell code accepts numbers of at most 11 digits.
_FOREVER = 99_999_999_999
_LEFT = "left"
# The label's columns beside the usual times (up to `==4m?==`), and beside `==signed out==`.
_USUAL_ROOM, _LEAST_ROOM = WIDTH - 8, WIDTH - 15
# A role's name is shortened to this length before the account's name is shortened.
_LEAST_ROLE = 8
# A shortened name with a hash fits in every prompt, even after `@@`.
_MARKED_ROOM = _LEAST_ROOM - len(GUARD_SIGN)
_DIGITS = range(4, 12)

Level = Literal["", "fine", "soon", "late"]


class PromptRow(NamedTuple):
    """What a prompt shows up to and including the second `last` (epoch seconds).

    The word `left` in `text` stands for the time until `clock.at`.
    """

    last: int
    level: Level
    text: str
    clock: PromptClock | None = None

    @property
    def seconds_to_end(self) -> int:
        return self.clock.at - self.last if self.clock and _LEFT in self.text else 0

    def time_text(self, now: int) -> str:
        if self.clock is None or _LEFT not in self.text:
            return self.text
        return self.text.replace(_LEFT, _prompt_duration(self.clock.at - now))


# For credentials that come from no sign-in that ssohelper knows.
NOTHING_ENDS = (PromptRow(_FOREVER, "", ""),)


def prompt_rows(clock: PromptClock, text_after_end: str = "signed out") -> tuple[PromptRow, ...]:
    """Return what a prompt shows from now on, as rows in order of time."""
    if clock.kind == "open":
        return (PromptRow(_FOREVER, "fine", "ok", clock),)
    last = PromptRow(_FOREVER, "late", f"=={text_after_end}==", clock)
    if clock.kind == "ended":
        return (last,)
    text = _LEFT
    if clock.kind == "assumed":
        text, last = f"{_LEFT}?", PromptRow(_FOREVER, "soon", "=?=", clock)
    return (
        PromptRow(max(0, clock.at - SOON_SECONDS), "fine", text, clock),
        PromptRow(max(0, clock.at - LATE_SECONDS), "soon", f"={text}=", clock),
        PromptRow(max(0, clock.at - 1), "late", f"=={text}==", clock),
        last,
    )


def prompt_rows_with_grant(
    rows: tuple[PromptRow, ...], sign_in: PromptClock, grant_end: int | None
) -> tuple[PromptRow, ...]:
    """Return the rows with a grant's time left, unless the sign-in ends before the grant."""
    if grant_end is None or sign_in.kind == "ended":
        return rows
    if sign_in.kind != "open" and sign_in.at <= grant_end:
        return rows
    clock = PromptClock(grant_end, "known")
    return (
        PromptRow(max(0, grant_end - grants.WARNING_SECONDS), "fine", f"grant {_LEFT}", clock),
        PromptRow(max(0, grant_end - 1), "soon", f"=grant {_LEFT}=", clock),
        *rows,
    )


def prompt_row_at(rows: Sequence[PromptRow], now: int) -> PromptRow:
    return next(row for row in rows if now <= row.last)


def prompt_rows_to_line(rows: Sequence[PromptRow]) -> str:
    """Return `LAST|MORE|LEVEL|TEXT` of each row, joined by `|`; MORE is `seconds_to_end`.

    It is short because shells read it at each prompt: bash takes 30 ns per character.
    """
    return "|".join(f"{row.last}|{row.seconds_to_end}|{row.level}|{row.text}" for row in rows)


def safe_prompt_name(name: str) -> str:
    return shortened_label(_replace_harmful_characters(name), WIDTH)


def prompt_label(name: str, *, guarded: bool) -> str:
    text = _replace_harmful_characters(name)
    if guarded:
        return GUARD_SIGN + text
    # Only the label of a guarded role may begin with `@@`.
    return "?" + text[1:] if text.startswith(GUARD_SIGN) else text


def usual_and_short_label(label: str, rows: Sequence[PromptRow]) -> tuple[str, str]:
    if rows == NOTHING_ENDS:
        return shortened_label(label, WIDTH), shortened_label(label, WIDTH)
    return shortened_label(label, _USUAL_ROOM), shortened_label(label, _LEAST_ROOM)


def shortened_label(text: str, most_characters: int) -> str:
    """Return the text in at most `most_characters` characters.

    In ACCOUNT.ROLE, the role's name is shortened first, because the account matters more. The
    middle of a name is left out, since its two ends identify it.
    """
    if len(text) <= most_characters:
        return text
    at = max(map(text.rfind, "./:")) + 1
    account, role = text[:at], text[at:]
    role = _without_middle(role, max(_LEAST_ROLE, most_characters - len(account)))
    sign = account[-1:]
    return _without_middle(account[:-1], most_characters - len(sign + role)) + sign + role


def may_look_alike(name: str) -> bool:
    return len(name) > _LEAST_ROOM or prompt_label(name, guarded=False) != name or ".." in name


def distinct_prompt_name(name: str, others: Iterable[str]) -> str:
    """Return the name; a short form with a hash if a prompt would show it like one of `others`.

    The hash depends on the name alone, so it stays the same when other profiles change.
    """
    if not may_look_alike(name):
        return name
    forms, names = _shown_forms_of_name(name), set(others)
    alike = [other for other in names if other != name and forms & _shown_forms_of_name(other)]
    if not alike:
        return name
    taken = names | {_short_name_with_hash(other, digits) for other in alike for digits in _DIGITS}
    marked = [_short_name_with_hash(name, digits) for digits in _DIGITS]
    return next((one for one in marked if one not in taken), marked[-1])


def _shown_forms_of_name(name: str) -> set[str]:
    labels = (prompt_label(name, guarded=False), prompt_label(name, guarded=True))
    rooms = (WIDTH, _USUAL_ROOM, _LEAST_ROOM)
    return {shortened_label(text, room) for text in labels for room in rooms}


def _replace_harmful_characters(name: str) -> str:
    return _HARMFUL.sub("?", name[:4096])


def _short_name_with_hash(name: str, digits: int) -> str:
    from hashlib import sha256  # OpenSSL takes 2 ms

    mark = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:digits]
    return f"{shortened_label(prompt_label(name, guarded=False), _MARKED_ROOM - 1 - digits)}+{mark}"


def _without_middle(text: str, most_characters: int) -> str:
    if len(text) <= most_characters:
        return text
    tail = (most_characters - 2) // 2
    return f"{text[: most_characters - 2 - tail]}..{text[len(text) - tail :]}"


def prompt_line(label: str, rows: Sequence[PromptRow], now: int) -> str:
    time = prompt_row_at(rows, now).time_text(now)
    usual, shorter = usual_and_short_label(label, rows)
    if not time:
        return usual
    return f"{usual if len(usual) + len(time) < WIDTH else shorter} {time}"


def _prompt_duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s"
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    if days:
        return f"{days}d{hours}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
