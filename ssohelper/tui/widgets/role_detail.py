"""A panel that shows all about one role, with three clocks that count down."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len

from ssohelper.core.clock_text import ago_text
from ssohelper.core.grants import Grant
from ssohelper.core.instants import duration_text
from ssohelper.core.model import GUARD_SIGN, CachedCredentials
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shown_roles import Heading
from ssohelper.core.text import broken_into_lines, count_text, show
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.clock_lines import Clocks, credentials_line, sign_in_line, token_line
from ssohelper.tui.widgets.lines import Line, LineView, Piece

_LABEL_WIDTH = 16
# The length of a clock's longest bar, and the columns beside a bar: for the label and the time left,
# and in the dense panel also for the source of that time.
_LONGEST_BAR, _BAR_AND_LEFT, _BAR_AND_WORDS = 24, 36, 60
_NOT_OURS = "not from ssohelper: SDKs get these credentials, nothing is cached"
_ONE_LINE = 1000  # a width that no text reaches, because the dense panel does not wrap texts


class RoleDetail(LineView, can_focus=False):
    # This CSS also has those rules of the Accounts screen that its first paint does not need.
    DEFAULT_CSS = """
    RoleDetail { background: $surface; padding: 0 1; height: 7; overflow-x: hidden; }
    AccountsScreen .error { height: auto; padding: 1 2; color: $text-error; }
    AccountsScreen .error.empty-list { color: $text-muted; text-style: $muted-text-style; }
    AccountsScreen.empty RolePane, AccountsScreen.empty RoleDetail, AccountsScreen.empty FilterBar { display: none; }
    AccountsScreen.beside #body { layout: horizontal; }
    AccountsScreen.beside RolePane { width: 1fr; }
    AccountsScreen.beside RoleDetail { width: 58; height: 1fr; }
    AccountsScreen.low RoleDetail, AccountsScreen.hidden RoleDetail { display: none; }
    """
    SCOPED_CSS = False

    def __init__(self) -> None:
        super().__init__()
        self._drawn: Callable[[int], list[Line]] = lambda _width: []

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
        """Show the row's role with its clocks at `now`. With `dense`, use six lines only."""
        known = clocks or Clocks({}, {}, {})

        def draw_clocks(width: int) -> list[Line]:
            if row is None:
                return []
            if row.provider:
                return _other_profile_lines(row, width)
            lines = (_dense_lines if dense else _full_lines)(row, known, now, guarded, width)
            return lines + _clock_lines(row, known, now, aws_now, width, dense)

        self._drawn = draw_clocks
        self._redraw()

    def show_heading(self, heading: Heading, clocks: Clocks | None, aws_now: int) -> None:
        live = [
            row.key
            for row in heading.rows
            if clocks is not None
            and row.key in clocks.credentials
            and clocks.credentials[row.key].credentials.expires_at > aws_now
        ]
        self._drawn = lambda width: _heading_lines(heading, len(live), width)
        self._redraw()

    def _redraw(self) -> None:
        lines = self._drawn(self.size.width)
        # This runs every second. Lines that have not changed are not painted again.
        if lines != self.lines:
            self.set_lines(lines, stay=True)

    def on_resize(self) -> None:
        self._redraw()


def _full_lines(row: RoleRow, clocks: Clocks, now: int, guarded: bool, width: int) -> list[Line]:
    pairs = [
        ("account id", row.account.id),
        ("e-mail", row.account.email or "-"),
        ("session", row.session_name),
        *(
            ("" if number else "profiles", name)
            for number, name in enumerate(_profiles_or_dash(row))
        ),
        ("last use", _last_use_text(row, now)),
        ("duration", _session_duration_text(clocks.credentials.get(row.key))),
    ]
    if row.usage.favourite:
        pairs.append(("favourite", "★"))
    if guarded:
        grant = _grant_left_text(clocks.grants.get(row.key), now)
        text = f"granted {grant}" if grant else "guard.rules names this role"
        pairs.append(("guard", f"{GUARD_SIGN} {text}"))
    return [
        *(
            [(part, "strong")]
            for part in _broken_text_lines(row.account.name or row.account.id, width)
        ),
        *([(part, "accent")] for part in _broken_text_lines(row.role_name, width)),
        [],
        *(line for label, value in pairs for line in _label_lines(label, value, width)),
        [],
    ]


def _heading_lines(heading: Heading, live_count: int, width: int) -> list[Line]:
    row = heading.row
    if row.provider:
        return [
            [(show(row.account.name), "strong")],
            *_label_lines("profiles", str(heading.role_count), width),
            *_label_lines("credentials", _NOT_OURS, width),
        ]
    pairs = [
        ("account id", row.account.id),
        ("e-mail", row.account.email or "-"),
        ("session", row.session_name),
        ("roles", str(heading.role_count)),
        ("live keys", str(live_count or "none")),
    ]
    return [
        *(
            [(part, "strong")]
            for part in _broken_text_lines(row.account.name or row.account.id, width)
        ),
        *(line for label, value in pairs for line in _label_lines(label, value, width)),
    ]


def _other_profile_lines(row: RoleRow, width: int) -> list[Line]:
    return [
        *([(part, "accent")] for part in _broken_text_lines(row.role_name, width)),
        *_label_lines("credentials", f"from {row.provider}", width),
        *_label_lines("", _NOT_OURS, width),
    ]


def _dense_lines(row: RoleRow, clocks: Clocks, now: int, guarded: bool, width: int) -> list[Line]:
    account, role_name = row.account, show(row.role_name)
    name = show(account.name or account.id)
    name_width = max(_LABEL_WIDTH, width - cell_len(role_name) - 1)  # the role's name is never cut
    grant = _grant_left_text(clocks.grants.get(row.key), now)
    sign = f"{GUARD_SIGN} {f'granted {grant}' if grant else 'guarded'} · " if guarded else ""
    duration = _session_duration_text(clocks.credentials.get(row.key))
    star = "★ favourite · " if row.usage.favourite else ""
    used = f"{star}last use {_last_use_text(row, now)} · session duration {duration}"
    name = f"{_fitted_if_wider(name, name_width)} "
    address = f"  {account.id} · {show(account.email)}"
    left = max(0, width - cell_len(name) - cell_len(role_name))
    profiles = show(f"{row.session_name} · {', '.join(_profiles_or_dash(row))}")
    return [
        [(name, "strong"), (role_name, "accent"), (_fitted_if_wider(address, left), "dim")],
        [(_fitted_if_wider(profiles, width), "")],
        [(sign, "bad"), (_fitted_if_wider(used, max(0, width - cell_len(sign))), "dim")],
    ]


def _fitted_if_wider(text: str, width: int) -> str:
    return fitted(text, width) if cell_len(text) > width else text


def _grant_left_text(grant: Grant | None, now: int) -> str:
    """Return how long the grant still lasts, and why it was given, or "" if it has ended."""
    if grant is None or grant.ends_at <= now:
        return ""
    return f"for {duration_text(grant.ends_at - now)} more: {show(grant.reason)}"


def _profiles_or_dash(row: RoleRow) -> tuple[str, ...]:
    return row.profiles or ("no profile yet",)


def _label_lines(label: str, value: str, width: int) -> list[Line]:
    parts = _broken_text_lines(value, width - _LABEL_WIDTH)
    labels = [label, *[""] * (len(parts) - 1)]
    return [
        [(fitted(f"  {label}", _LABEL_WIDTH), "dim"), (part, "")]
        for label, part in zip(labels, parts, strict=True)
    ]


def _broken_text_lines(text: str, width: int) -> list[str]:
    return list(broken_into_lines(show(text), max(_LABEL_WIDTH, width)))


def _last_use_text(row: RoleRow, now: int) -> str:
    at, uses = row.usage.last_used_at, row.usage.uses
    if at is None:
        return "never"
    return f"{ago_text(now - at)}, {count_text(uses, 'time')}"


def _session_duration_text(cached: CachedCredentials | None) -> str:
    return f"{duration_text(cached.life_seconds)} (observed)" if cached else "not seen yet"


def _clock_lines(
    row: RoleRow, clocks: Clocks, now: int, aws_now: int, columns: int, dense: bool
) -> list[Line]:
    width = max(0, min(_LONGEST_BAR, columns - (_BAR_AND_WORDS if dense else _BAR_AND_LEFT)))
    clock = clocks.sessions.get(row.session_name)
    lines: list[Line] = []
    if clock is None:
        lines += _label_lines("sign-in", "reading", columns)
    elif clock.state == "signed_out":
        text = f"signed out; sign in with: ssohelper login {row.session_name}"
        lines += _label_lines("sign-in", text, _ONE_LINE if dense else columns)
    else:
        for line in (sign_in_line(clock, now, width), token_line(clock, now, width)):
            lines += [line] if dense else _wrap_note(line, columns)
    cached = clocks.credentials.get(row.key)
    label: Piece = (fitted("  role keys", _LABEL_WIDTH), "dim")
    if cached is None:
        lines.append([label, ("none cached", "dim")])
    else:
        lines.append(credentials_line(label, cached, aws_now, width))
    return lines


def _wrap_note(line: Line, columns: int) -> list[Line]:
    """Return the line of a clock. If it is too long, the note at its end is on a second line."""
    if sum(cell_len(text) for text, _ in line) <= columns:
        return [line]
    *rest, (note, style) = line
    return [rest, [(" " * _LABEL_WIDTH + note.strip(), style)]]
