"""All that is known of one role, with the three clocks counting down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions.clocks import SessionClock, credentials_of, session_clock
from ssohelper.core.instants import duration_text
from ssohelper.core.model import KeptCredentials, RoleKey, SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import show
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.clocks import credentials_line, sign_in_line, token_line
from ssohelper.tui.widgets.lines import Line, LineView, Piece

if TYPE_CHECKING:
    from ssohelper.app import App

_LABEL_WIDTH = 16
_LONGEST_BAR, _BAR_AND_WORDS = 24, 60


class Clocks(NamedTuple):
    """What was last read of this machine's files: each session's clocks, each role's keys' end."""

    sessions: dict[str, SessionClock]
    credentials: dict[RoleKey, KeptCredentials]


def read_clocks(house: App, sessions: Sequence[SsoSession]) -> Clocks:
    """Return the clocks of this moment; asks nobody but this machine's files."""
    return Clocks(
        {session.name: session_clock(house, session) for session in sessions},
        dict(credentials_of(house, sessions)),
    )


class RoleDetail(LineView, can_focus=False):
    """The panel under or beside the list."""

    # Of the screen too: the first paint does not wait for rules that it does not need.
    DEFAULT_CSS = """
    RoleDetail { background: $surface; padding: 0 1; height: 7; }
    AccountsScreen .trouble { height: auto; padding: 1 2; color: $text-error; }
    AccountsScreen .trouble.absence { color: $text-muted; }
    CommandPalette #--input SearchIcon { display: none; }
    AccountsScreen.empty RolePane, AccountsScreen.empty RoleDetail, AccountsScreen.empty Chips { display: none; }
    AccountsScreen.beside #body { layout: horizontal; }
    AccountsScreen.beside RolePane { width: 1fr; }
    AccountsScreen.beside RoleDetail { width: 58; height: 1fr; }
    AccountsScreen.low RoleDetail, AccountsScreen.hidden RoleDetail { display: none; }
    """
    SCOPED_CSS = False

    def show_row(
        self,
        row: RoleRow | None,
        clocks: Clocks | None,
        now: int,
        aws_now: int,
        *,
        guarded: bool,
        dense: bool,
    ) -> None:
        """Show the row as it is now; `dense`: in six lines."""
        if row is None:
            self.set_lines([])
            return
        clocks = clocks or Clocks({}, {})
        width = max(0, min(_LONGEST_BAR, self.size.width - _BAR_AND_WORDS))
        lines = (_few if dense else _many)(row, clocks, now, guarded)
        lines += _clock_lines(row, clocks, now, aws_now, width)
        # Every second: what is there already is not painted again.
        if lines != self.lines:
            self.set_lines(lines, stay=True)


def _many(row: RoleRow, clocks: Clocks, now: int, guarded: bool) -> list[Line]:
    lines: list[Line] = [
        [(show(row.account.name or row.account.id), "strong")],
        [(show(row.role_name), "accent")],
        [("", "")],
        _pair("account id", row.account.id),
        _pair("e-mail", row.account.email or "-"),
        _pair("session", row.session_name),
        *(_pair("" if number else "profiles", name) for number, name in enumerate(_profiles(row))),
        _pair("last use", _last_use(row, now)),
        _pair("duration", _duration(clocks.credentials.get(row.key))),
    ]
    if row.usage.favourite:
        lines.append(_pair("favourite", "★"))
    if guarded:
        lines.append(_pair("guard", "! guard.rules names this role"))
    return [*lines, [("", "")]]


def _few(row: RoleRow, clocks: Clocks, now: int, guarded: bool) -> list[Line]:
    account = row.account
    sign = "! guarded  " if guarded else ""
    duration = _duration(clocks.credentials.get(row.key))
    star = "★ favourite · " if row.usage.favourite else ""
    used = f"{star}last use {_last_use(row, now)} · session duration {duration}"
    return [
        [
            (f"{show(account.name or account.id)} ", "strong"),
            (show(row.role_name), "accent"),
            (f"  {account.id} · {show(account.email)}", "dim"),
        ],
        [(show(f"{row.session_name} · {', '.join(_profiles(row))}"), "")],
        [(sign, "bad"), (used, "dim")],
    ]


def _profiles(row: RoleRow) -> tuple[str, ...]:
    return row.profiles or ("no profile yet",)


def _pair(label: str, value: str) -> Line:
    return [(fitted(f"  {label}", _LABEL_WIDTH), "dim"), (show(value), "")]


def _last_use(row: RoleRow, now: int) -> str:
    at, uses = row.usage.last_used_at, row.usage.uses
    if at is None:
        return "never"
    return f"{duration_text(now - at)} ago, {uses} {'time' if uses == 1 else 'times'}"


def _duration(kept: KeptCredentials | None) -> str:
    """Return how long role credentials last: AWS does not tell before it has issued some."""
    return f"{duration_text(kept.life_seconds)} (observed)" if kept else "not seen yet"


def _clock_lines(row: RoleRow, clocks: Clocks, now: int, aws_now: int, width: int) -> list[Line]:
    clock = clocks.sessions.get(row.session_name)
    lines: list[Line] = []
    if clock is None:
        lines.append(_pair("sign-in", "reading"))
    elif clock.state == "signed_out":
        lines.append(_pair("sign-in", f"signed out; ssohelper login {row.session_name}"))
    else:
        lines += [sign_in_line(clock, now, width), token_line(clock, now, width)]
    kept = clocks.credentials.get(row.key)
    label: Piece = (fitted("  role keys", _LABEL_WIDTH), "dim")
    if kept is None:
        lines.append([label, ("none kept", "dim")])
    else:
        lines.append(credentials_line(label, kept, aws_now, width))
    return lines
