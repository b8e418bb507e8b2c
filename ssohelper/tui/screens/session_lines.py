"""What the Sessions screen shows about one session besides its clocks: name, user and roles."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from ssohelper.actions.clocks import SessionClock
from ssohelper.core.clock_text import has_ended_text, time_left_text
from ssohelper.core.model import SsoSession
from ssohelper.core.text import broken_into_lines, show
from ssohelper.tui.list_states import ListStates
from ssohelper.tui.running_sign_ins import RunningSignIn
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.clock_lines import FurtherRegion, Snapshot, credentials_line, region_text
from ssohelper.tui.widgets.lines import Line

_LABEL_WIDTH = 16
_ROLE_WIDTH, _LEAST_NAME, _LEAST_BAR = 20, 8, 4
_ID_WIDTH = 12
# The states of a session: the sign, the word and the style of each.
SESSION_STATES = {
    "valid": ("●", "signed in", "good"),
    "expired": ("◐", "expired", "warn"),
    "signed_out": ("○", "signed out", "dim"),
    # The state of a session whose access token is still valid, but which AWS will not renew again.
    "ended": ("◐", "ended", "warn"),
    "signing_in": ("◌", "signing in", "accent"),
}


class SessionKey(NamedTuple):
    """Identifies a session's line by name and portal. An unusable session has only `name`."""

    name: str
    start_url: str = ""
    region: str = ""


def key_of_session_line(snapshot: Snapshot, line: int) -> SessionKey:
    if line >= len(snapshot.clocks):
        return SessionKey(snapshot.broken[line - len(snapshot.clocks)][0])
    session = snapshot.clocks[line].session
    return SessionKey(session.name, session.start_url, session.region)


def session_row(clock: SessionClock, state_name: str, what: str, width: int) -> Line:
    """Return a session's line in the list; `state_name` is a key of SESSION_STATES."""
    sign, state, style = SESSION_STATES[state_name]
    name_width = _name_width(width)
    # The state is narrower on a screen of 40 columns, so that "10:00 left" fits whole.
    state_width, user_width = 12 if width > 40 else 11, 18 if width >= 90 else 0
    left = width - name_width - state_width - user_width - 5
    return [
        (f"  {sign} ", style),
        (fitted(clock.session.name, name_width) + " ", "strong"),
        (fitted(state, state_width), style),
        (fitted(clock.user or "", user_width), ""),
        (fitted(what, left).rstrip(), "dim"),
    ]


def unusable_session_row(name: str, message: str, width: int) -> Line:
    return [("  ✗ ", "bad"), (fitted(name, _name_width(width)) + " ", ""), (show(message), "bad")]


def _name_width(width: int) -> int:
    # On a screen of 40 columns, "23h 59m left" fits whole beside the session's name.
    return max(4, min(34, width // 3, width - 28))


def session_lines(
    clock: SessionClock,
    further: Sequence[FurtherRegion],
    states: ListStates,
    now: int,
    width: int,
    key: str,
) -> list[Line]:
    """Return lines with the session's name, address, regions and user, and why its list is old.

    `key` signs in to all regions again.
    """
    session = clock.session
    rows = [("session", session.name), ("start URL", session.start_url)]
    lines: list[Line] = [
        [
            _label_and_style(label),
            (fitted(text, width - _LABEL_WIDTH).rstrip(), "strong" if at == 0 else ""),
        ]
        for at, (label, text) in enumerate([*rows, ("region", region_text(clock))])
    ]
    for region in further:
        lines += _further_region_lines(region, width, key if clock.state != "signed_out" else "")
    if clock.user:
        lines.append(
            [_label_and_style("signed in"), (fitted(clock.user, width - _LABEL_WIDTH).rstrip(), "")]
        )
    state, failure = states.text_of_list(session.name, now), states.last_failure(session.name)
    if state and failure is not None:
        lines.append([_label_and_style("role list"), (state, "warn")])
        lines += _labelled_lines("", failure.message, width, "dim")
    return lines


def _further_region_lines(region: FurtherRegion, width: int, key: str) -> list[Line]:
    state, style = "not signed in", "warn" if key else "dim"
    if region.is_signed_in:
        state, style = "signed in", ""
    elif key:
        state += f", {key} signs in again"
    return _labelled_lines("further", f"{region.region}: {state}", width, style)


def _labelled_lines(label: str, text: str, width: int, style: str) -> list[Line]:
    parts = broken_into_lines(show(text), max(8, width - _LABEL_WIDTH))
    return [
        [_label_and_style(label if at == 0 else ""), (part, style)] for at, part in enumerate(parts)
    ]


def running_sign_in_text(sign_in: RunningSignIn) -> str:
    """Return how long a running sign-in still waits for the user, or what it waits for."""
    if sign_in.question is not None:
        return "asks something"
    if sign_in.failure is not None:
        return "failed"
    return sign_in.time_left or sign_in.page.waits_for


def unusable_session_lines(name: str, message: str, width: int) -> list[Line]:
    wrapped = textwrap.wrap(show(message), max(20, width - 2)) or [""]
    return [[], [(f"  {show(name)}", "strong")], *([(f"  {part}", "bad")] for part in wrapped)]


def sign_in_hint_lines(clock: SessionClock, key: str) -> list[Line]:
    """Return lines with what has happened to the sign-in, and the key and command that sign in."""
    ended = f"The sign-in {has_ended_text(clock.outlook)}."
    what = "You are signed out." if clock.state == "signed_out" else ended
    return [
        [(f"  {what} ", ""), (f"Press {key}", "accent"), (" to sign in, or type:", "")],
        [(f"  $ {show(f'ssohelper login {clock.session.name}')}", "accent")],
    ]


def _label_and_style(text: str) -> tuple[str, str]:
    return fitted(f"  {text}", _LABEL_WIDTH), "dim"


def cached_role_lines(
    snapshot: Snapshot, session: SsoSession, aws_now: int, width: int
) -> list[Line]:
    """Return a line for each role of the session with cached credentials, with the time left."""
    mine = [
        (key, found)
        for key, found in snapshot.credentials
        if key.session_name == session.name and found.credentials.expires_at > aws_now
    ]
    if not mine:
        return [[("  role credentials  ", "dim"), ("none cached", "dim")]]
    times = [time_left_text(found.credentials.expires_at, aws_now) for _, found in mine]
    names = Counter(snapshot.account_names.get(id_) for id_ in {key.account_id for key, _ in mine})
    is_id_needed = None in names or max(names.values()) > 1
    columns = _role_columns(
        width - max(map(cell_len, times)),
        _ID_WIDTH if is_id_needed else _LEAST_NAME,
        max(cell_len(show(key.role_label)) for key, _ in mine),
    )
    lines: list[Line] = [[("  role credentials", "dim")]]
    for key, found in mine:
        name = snapshot.account_names.get(key.account_id) or ""
        if not columns.has_id and (not name or names[name] > 1):
            name = key.account_id
        id_ = f"{key.account_id}  " if columns.has_id else ""
        account, role = fitted(name, columns.name), fitted(key.role_label, columns.role)
        label = f"{columns.indent}{account} {id_}{role}{' ' if columns.bar else '  '}"
        lines.append(credentials_line((label, ""), found, aws_now, columns.bar))
    return lines


class _RoleColumns(NamedTuple):
    indent: str
    name: int
    has_id: bool
    role: int
    bar: int


def _role_columns(width: int, least_name: int, longest_role: int) -> _RoleColumns:
    """Return the widths of the columns before the time, which together have this width.

    With too little room, the account's id is left out first, then the bar. Then the account's name
    is shortened, to no less than `least_name`, and last the role's.
    """
    id_width = _ID_WIDTH + len("  ")
    # One blank follows the name, one precedes the bar, and two follow the bar.
    rest = width - len("    ") - 1 - _ROLE_WIDTH - 3
    if rest >= _LEAST_NAME + id_width + _LEAST_BAR:
        name = max(_LEAST_NAME, min(28, (rest - id_width) * 2 // 3))
        return _RoleColumns("    ", name, True, _ROLE_WIDTH, min(24, rest - id_width - name))
    role = min(_ROLE_WIDTH, longest_role)
    rest = width - len("    ") - 1 - role - 3
    if rest >= _ID_WIDTH + _LEAST_BAR:
        name = min(28, rest - _LEAST_BAR)
        return _RoleColumns("    ", name, False, role, min(24, rest - name))
    rest = width - len("  ") - 1 - 2
    role = max(1, min(role, rest - least_name))
    return _RoleColumns("  ", max(1, min(28, rest - role)), False, role, 0)


def summary_of_clock(clock: SessionClock, now: int, *, has_ended: bool, sign_in_key: str) -> str:
    """Return in a few words how long a sign-in lasts, or what to do: `press s to sign in`."""
    if clock.state == "signed_out":
        return f"press {sign_in_key} to sign in"
    if has_ended:
        return "sign in again"
    if clock.state == "expired":
        return "renewed automatically"
    at = clock.outlook.at
    if at is not None and at <= now:
        return "may have ended"
    return time_left_text(at, now) if at is not None else ""
