"""What the Sessions screen shows about one session besides its clocks: name, user and roles."""

from __future__ import annotations

from ssohelper.actions.clocks import SessionClock
from ssohelper.core.model import SsoSession
from ssohelper.core.text import broken_into_lines, show
from ssohelper.tui.list_states import ListStates
from ssohelper.tui.running_sign_ins import RunningSignIn
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.clocks import Snapshot, credentials_line, region_text
from ssohelper.tui.widgets.lines import Line

_LABEL_WIDTH = 16


def session_lines(clock: SessionClock, states: ListStates, now: int, width: int) -> list[Line]:
    """Return the session's name, address and user, and why its list of roles is old, if it is."""
    session = clock.session
    rows = [("session", session.name), ("start URL", session.start_url)]
    rows += [("region", region_text(clock)), ("signed in", clock.user or "")]
    lines: list[Line] = [
        [_label(label), (fitted(text, width - _LABEL_WIDTH).rstrip(), "strong" if at == 0 else "")]
        for at, (label, text) in enumerate(rows)
        if text
    ]
    state, failure = states.describe(session.name, now), states.failure(session.name)
    if state and failure is not None:
        lines.append([_label("role list"), (state, "warn")])
        text_width = max(8, width - _LABEL_WIDTH)
        lines += [
            [_label(""), (text, "dim")]
            for text in broken_into_lines(show(failure.message), text_width)
        ]
    return lines


def running_text(sign_in: RunningSignIn) -> str:
    """Return how long a sign-in that runs still waits, or what it waits for."""
    if sign_in.question is not None:
        return "asks something"
    if sign_in.failure is not None:
        return "failed"
    return sign_in.time_left or sign_in.page.waits_for


def _label(text: str) -> tuple[str, str]:
    return fitted(f"  {text}", _LABEL_WIDTH), "dim"


def role_lines(snapshot: Snapshot, session: SsoSession, aws_now: int, width: int) -> list[Line]:
    """Return the session's cached role credentials, with bars of the time left."""
    mine = [
        (key, found)
        for key, found in snapshot.credentials
        if key.session_name == session.name and found.credentials.expires_at > aws_now
    ]
    if not mine:
        return [[("  role credentials  ", "dim"), ("none cached", "dim")]]
    # The account's id, the role and the time take 53 columns. The account's name and the bar share
    # the rest.
    name_width = max(8, min(28, (width - 53) * 2 // 3))
    bar = max(4, min(24, width - 53 - name_width))
    lines: list[Line] = [[("  role credentials", "dim")]]
    for key, found in mine:
        name = snapshot.account_names.get(key.account_id) or ""
        label = f"    {fitted(name, name_width)} {key.account_id}  {fitted(key.role_label, 20)} "
        lines.append(credentials_line((label, ""), found, aws_now, bar))
    return lines
