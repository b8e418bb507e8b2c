"""The three clocks as lines: a bar, what is left, and how sure that is."""

from ssohelper.actions.clocks import SessionClock
from ssohelper.core.clock_text import time_left
from ssohelper.core.model import CachedCredentials
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.lines import Line, Piece

# Below these a person should style: SDKs renew at 15 min, and a notice comes at 60.
_SOON_SECONDS, _NOW_SECONDS = 3600, 15 * 60
_LABEL_WIDTH = 16
_SOURCES = {
    "configured": "as the settings say",
    "observed": "as it was seen to end",
    "assumed": "assumed: AWS's usual 8 h",
    "refused": "AWS refused to renew it",
    "not renewable": "its token cannot be renewed",
}


def sign_in_line(clock: SessionClock, now: int, width: int) -> Line:
    """Return the first clock: how long a person need not sign in again."""
    at, reason = clock.outlook.at, clock.outlook.reason
    if at is None:
        return _line("sign-in", [("-  AWS does not tell when it ends", "dim")])
    began = clock.signed_in_at
    whole = at - began if began is not None else None
    # An assumed end is shown and decides nothing.
    style = "dim" if reason == "assumed" else _style_of(at - now)
    return _line("sign-in", _bar_and_time(at, now, whole, style, width), f"  ({_SOURCES[reason]})")


def token_line(clock: SessionClock, now: int, width: int) -> Line:
    """Return the second clock: the access token, which may renew by itself."""
    at = clock.token_expires_at
    if at is None:
        return _line("access token", [("-", "dim")])
    style = "good" if clock.refreshable else _style_of(at - now)
    note = "  renewed automatically" if clock.refreshable else ""
    whole = clock.token_life_seconds
    return _line("access token", _bar_and_time(at, now, whole, style, width), note)


def credentials_line(label: Piece, kept: CachedCredentials, now: int, width: int) -> Line:
    """Return the third clock, of one role; `now` is AWS's time."""
    at = kept.credentials.expires_at
    return [label, *_bar_and_time(at, now, kept.life_seconds, _style_of(at - now), width)]


def bar(left: int, whole: int, width: int, style: str) -> list[Piece]:
    """Return what is left of the whole, thick, and what is gone, thin: seen without colours."""
    full = max(0, min(width, round(width * left / whole))) if whole > 0 else 0
    return [("━" * full, style), ("╌" * (width - full), "dim")]


def _bar_and_time(at: int, now: int, whole: int | None, style: str, width: int) -> list[Piece]:
    if not whole or width <= 0:
        return [(time_left(at, now), style)]
    return [*bar(at - now, whole, width, style), (f"  {time_left(at, now)}", style)]


def _line(label: str, pieces: list[Piece], note: str = "") -> Line:
    return [(fitted(f"  {label}", _LABEL_WIDTH), "dim"), *pieces, (note, "dim")]


def _style_of(left: int) -> str:
    if left <= _NOW_SECONDS:
        return "bad"
    return "warn" if left <= _SOON_SECONDS else "good"
