"""Reads when sign-ins, access tokens and role credentials expire, and draws these three clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from ssohelper.actions import clocks, directory, prompt, regions, selection, tokens
from ssohelper.actions.clocks import SessionClock
from ssohelper.actions.prompt import PromptStatus
from ssohelper.core.clock_text import time_left_text, urgency_of_time_left
from ssohelper.core.instants import short_duration_text
from ssohelper.core.listing import ListedAccount
from ssohelper.core.model import CachedCredentials, RoleKey, SsoSession
from ssohelper.core.text import show
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.lines import Line, Piece

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.grants import Grant

_LABEL_WIDTH = 16
# SDKs renew credentials from 15 minutes before their end on.
_URGENT_SECONDS = 15 * 60
_SOURCES = {
    "configured": "from your settings",
    "observed": "as observed before",
    "assumed": "assumed: AWS default 8 h",
    "refused": "AWS refused a new token",
    "not renewable": "the token cannot be renewed",
}


class Clocks(NamedTuple):
    """When each sign-in, token and role's credentials expire, as last read from files.

    `same_user_since` says since when (epoch seconds) the same user signs in to each session, and
    `shell` which profile is in use.
    """

    sessions: dict[str, SessionClock]
    credentials: dict[RoleKey, CachedCredentials]
    same_user_since: dict[str, int | None]
    grants: dict[RoleKey, Grant] = {}  # noqa: RUF012 (never changed)
    shell: PromptStatus = PromptStatus("")

    def find_sign_in_to_show(self, now: int) -> SessionClock | None:
        """Return the sign-in that has ended or ends first; if there is none, a session without one.

        An assumed end that has passed says nothing: AWS may still keep such a sign-in.
        """

        def end(clock: SessionClock) -> float:
            if clock.outlook.is_sign_in_needed(now):
                return 0
            at = clock.outlook.at
            return at if at is not None and at > now else float("inf")

        found = self.sessions.values()
        return min(
            [one for one in found if one.state != "signed_out"] or found, key=end, default=None
        )


def read_expiry_clocks(services: App) -> Clocks:
    sessions = services.config.read().sso_sessions()
    return Clocks(
        {session.name: clocks.load_session_clock(services, session) for session in sessions},
        dict(clocks.load_cached_credentials(services, sessions)),
        {session.name: tokens.load_user_since(services, session) for session in sessions},
        {grant.key: grant for grant in services.grants.list_in_force()},
        prompt.read_prompt_status(services),
    )


def is_sign_in_urgent(clock: SessionClock, now: int) -> bool:
    return clock.outlook.is_sign_in_needed(now, _URGENT_SECONDS)


def sign_in_text(clocks: Clocks, now: int, key: str, name_cells: int) -> tuple[str, bool]:
    """Return the time left of the sign-in that ends first, and whether it is urgent.

    Such as `corp ▲ 7h +3` for this and three more sign-ins, `corp ▲ 7h?` if AWS's default of 8 h is
    assumed, and `corp ▲ 8m: space n` with the key that signs in.
    """
    clock = clocks.find_sign_in_to_show(now)
    if clock is None:
        return "", False
    outlook, name = clock.outlook, clock.session.name
    is_urgent, at = is_sign_in_urgent(clock, now), outlook.at
    left = short_duration_text(at - now) if at is not None and at > now else ""
    if clock.state == "signed_out":
        left = "signed out"
    elif outlook.is_sign_in_needed(now):
        left = "ended"
    elif not outlook.is_end_known:
        left = "ok" if at is None else f"{left}?"
    others = sum(one.state != "signed_out" for one in clocks.sessions.values()) - 1
    more = f" +{others}" if others > 0 else ""
    shown_name = fitted(name, min(cell_len(name), name_cells))
    return f"{shown_name} ▲ {left}{more}{f': {key}' if is_urgent else ''}", is_urgent


def shell_role_texts(clocks: Clocks, now: int, aws_now: int) -> tuple[Sequence[str], str]:
    """Return this shell's role in three lengths, and the time left of its credentials."""
    shell, profile, time = clocks.shell, clocks.shell.profile, ""
    if not shell.label:
        return ("this shell: no role", "no role", ""), ""
    name = short_name = shell.label
    if shell.has_fixed_keys and (clock := shell.row(now).clock) is not None:
        time = f" ●{short_duration_text(clock.at - now)}" if clock.at > now else " expired"
    elif profile is not None and (cached := clocks.credentials.get(profile.key)) is not None:
        left = cached.credentials.expires_at - aws_now
        time = f" ●{short_duration_text(left)}" if left > 0 else ""
    if profile is not None:
        role = profile.shown_role
        name, short_name = f"{shell.account_name or role.account_id}/{role.name}", role.name
    return (f"this shell: {show(name)}", show(name), show(short_name)), time


class FurtherRegion(NamedTuple):
    region: str
    is_signed_in: bool


class Snapshot(NamedTuple):
    """What the Sessions screen shows.

    `unlisted` have a sign-in but are not in the config; `broken` cannot be used: name and message.
    """

    clocks: tuple[SessionClock, ...]
    credentials: tuple[tuple[RoleKey, CachedCredentials], ...]
    account_names: dict[str, str]
    broken: tuple[tuple[str, str], ...]
    unlisted: frozenset[SsoSession] = frozenset()
    further: Mapping[str, Sequence[FurtherRegion]] = {}

    @property
    def sessions_in_config(self) -> tuple[SsoSession, ...]:
        sessions = (clock.session for clock in self.clocks)
        return tuple(session for session in sessions if session not in self.unlisted)


def read_snapshot(services: App) -> Snapshot:
    """Return what the Sessions screen shows, from files on this machine. Asks AWS nothing."""
    # Like `session list`, the screen also shows sign-ins whose sessions are not in the config.
    unlisted = selection.find_unlisted_sessions(services)
    sessions = [*services.config.read().sso_sessions(), *unlisted]
    broken = [(one.name, one.reason) for one in clocks.list_unusable_sessions(services)]
    credentials = tuple(clocks.load_cached_credentials(services, sessions))
    with_credentials = {key.session_name for key, _ in credentials}
    names = {
        listed.account.id: listed.account.name
        for session in sessions
        if session.name in with_credentials
        for listed in _load_listed_accounts(services, session)
    }
    session_clocks = tuple(
        clocks.load_session_clock(
            services, one, regions.list_portals_to_ask(services, one)[0].region
        )
        for one in sessions
    )
    further = {session.name: _load_further_regions(services, session) for session in sessions}
    return Snapshot(session_clocks, credentials, names, tuple(broken), frozenset(unlisted), further)


def _load_further_regions(services: App, session: SsoSession) -> list[FurtherRegion]:
    return [
        FurtherRegion(further.region, regions.is_further_signed_in(services, session, further))
        for further in regions.list_further_portals(services, session)
    ]


def _load_listed_accounts(services: App, session: SsoSession) -> tuple[ListedAccount, ...]:
    found = directory.load_listing(services, session)
    return found.accounts if found else ()


def sign_in_line(clock: SessionClock, now: int, width: int) -> Line:
    """Return the line of the first clock; `width` is the bar's width."""
    at, reason = clock.outlook.at, clock.outlook.reason
    if at is None:
        return _clock_line("sign-in", [("-  AWS does not report a sign-in's end", "dim")])
    began = clock.signed_in_at
    whole = at - began if began is not None else None
    # An assumed end of a sign-in is shown dim: nothing in the program depends on this time.
    style = "dim" if reason == "assumed" else urgency_of_time_left(at - now)
    return _clock_line(
        "sign-in", _bar_and_time(at, now, whole, style, width), f"  ({_SOURCES[reason]})"
    )


def region_text(clock: SessionClock) -> str:
    """Return the session's region, and the region whose portal answers instead, if another does."""
    own, answering = clock.session.region, clock.answering_region
    return own if answering in (None, own) else f"{own}; {answering} answers now"


def token_line(clock: SessionClock, now: int, width: int) -> Line:
    """Return the second clock's line: how long the access token lasts, and whether it is renewed."""
    at = clock.token_expires_at
    if at is None:
        return _clock_line("access token", [("-", "dim")])
    style = "good" if clock.refreshable else urgency_of_time_left(at - now)
    note = "  renewed automatically" if clock.refreshable else ""
    whole = clock.token_life_seconds
    return _clock_line("access token", _bar_and_time(at, now, whole, style, width), note)


def credentials_line(label: Piece, cached: CachedCredentials, now: int, width: int) -> Line:
    """Return the line of the third clock: how long role credentials last. `now` is AWS's time."""
    at = cached.credentials.expires_at
    return [
        label,
        *_bar_and_time(at, now, cached.life_seconds, urgency_of_time_left(at - now), width),
    ]


def time_left_bar(left: int, whole: int, width: int, style: str) -> list[Piece]:
    """Return a bar that is thick for the time left and thin for the rest, to be read without
    colour.
    """
    full = max(0, min(width, round(width * left / whole))) if whole > 0 else 0
    return [("━" * full, style), ("╌" * (width - full), "dim")]


def _bar_and_time(at: int, now: int, whole: int | None, style: str, width: int) -> list[Piece]:
    if not whole or width <= 0:
        return [(time_left_text(at, now), style)]
    return [*time_left_bar(at - now, whole, width, style), (f"  {time_left_text(at, now)}", style)]


def _clock_line(label: str, pieces: list[Piece], note: str = "") -> Line:
    return [(fitted(f"  {label}", _LABEL_WIDTH), "dim"), *pieces, (note, "dim")]
