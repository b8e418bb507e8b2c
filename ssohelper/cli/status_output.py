"""Prints what the command status found: as tables, or as JSON."""

import contextlib
import sys
from typing import Any, NamedTuple

from ssohelper.actions import clocks, foreign_profiles, missing_sessions
from ssohelper.app import App
from ssohelper.cli import colors, output
from ssohelper.cli.table import Cell
from ssohelper.core import clock_text
from ssohelper.core.instants import to_iso
from ssohelper.core.model import CachedCredentials, RoleKey, SsoSession
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError


class Status(NamedTuple):
    """The clocks of sessions, the sessions that cannot be used, and cached role credentials.

    `unlisted` are those sessions with a clock that are not in the config.
    """

    seen: list[clocks.SessionClock]
    unlisted: list[SsoSession]
    unusable: list[clocks.UnusableSession]
    credentials: list[tuple[RoleKey, CachedCredentials]]


# The keys of a session in the JSON that are fields of its clock. Those of an unusable session are
# null.
_CLOCK_KEYS = (
    "user",
    "refreshable",
    "token_expires_at",
    "signed_in_at",
    "sign_in_ends_at",
    "sign_in_ends_source",
    "answering_region",
)


def print_status_json(app: App, status: Status) -> None:
    sessions = [
        {
            **_session_json(clock.session, clock.state),
            **{key: _json_value(key, getattr(clock, key)) for key in _CLOCK_KEYS},
            "in_config": clock.session not in status.unlisted,
        }
        for clock in status.seen
    ]
    for one in status.unusable:
        empty = {**dict.fromkeys(_CLOCK_KEYS), "refreshable": False, "in_config": True}
        sessions.append({**_session_json(one, "unusable"), **empty, "reason": one.reason})
    data = {
        "storage": app.storage.apply_setting(),
        "sessions": sessions,
        "credentials": [
            {
                "session": key.session_name,
                "account_id": key.account_id,
                "role_name": key.role_name,
                **({"chain": key.text} if key.chain else {}),
                "expires_at": to_iso(cached.credentials.expires_at),
                "session_duration_seconds": cached.life_seconds,
            }
            for key, cached in status.credentials
        ],
    }
    output.print_json(data, app.warnings)


def _session_json(one: SsoSession | clocks.UnusableSession, state: str) -> dict[str, Any]:
    named = {"name": one.name, "start_url": one.start_url, "region": one.region}
    return {**named, "state": state, "reason": None}


def _json_value(key: str, value: Any) -> Any:
    return to_iso(value) if key.endswith("_at") and value is not None else value


def print_status_tables(app: App, status: Status) -> None:
    _print_clocks(app, status)
    with contextlib.suppress(SsoHelperError):
        found = foreign_profiles.find_foreign_profile(app, None)
        if found is not None:
            output.say(found.description)
    if app.storage.apply_setting() == "keyring":
        output.say("sign-ins are encrypted, with a key in the keyring")


def _print_clocks(app: App, status: Status) -> None:
    seen, unlisted, unusable, credentials = status
    now = app.clock.now()
    if not seen and not unusable:
        missing = missing_sessions.list_missing_sessions(app)
        for one in missing:
            output.say(missing_sessions.describe_missing_session(one))
        if not missing:
            output.say("there is no sso-session yet; onboard with: ssohelper setup START_URL")
        return
    rows = [_clock_row(clock, now, in_config=clock.session not in unlisted) for clock in seen]
    for session in unusable:
        rows.append([session.name, "-", colors.state_cell("unusable"), "-", session.reason])
    output.print_rows(["session", "user", "state", "access token", "sign-in"], rows)
    if credentials:
        if sys.stdout.isatty():
            output.echo()
        output.print_rows(
            ["session", "account", "role", "role credentials"],
            [
                [
                    key.session_name,
                    key.account_id,
                    show(key.role_label),
                    _time_left_cell(cached.credentials.expires_at, app.clock.aws_now()),
                ]
                for key, cached in credentials
            ],
        )


def _clock_row(clock: clocks.SessionClock, now: int, *, in_config: bool) -> list[str | Cell]:
    lasts: str | Cell = "-"
    if clock.token_expires_at is not None:
        lasts = _time_left_cell(clock.token_expires_at, now)
        if clock.refreshable:  # the expiry of a renewable token does not matter
            lasts = f"{lasts.text}, renewed automatically"
    ends: str | Cell = clock_text.sign_in_end_text(clock.outlook, now)
    # If the end of the sign-in is only assumed, its cell has no colour.
    if clock.outlook.at is not None and clock.outlook.reason != "assumed":
        ends = colors.time_cell(str(ends), clock.outlook.at - now)
    state = text = clock.state.replace("_", " ")
    if clock.answering_region not in (None, clock.session.region):
        text += f", {clock.answering_region} answers"
    if not in_config:
        text += f", {clock_text.NOT_IN_CONFIG}"
    return [clock.session.name, clock.user or "-", colors.state_cell(state, text), lasts, ends]


def _time_left_cell(at: int, now: int) -> Cell:
    return colors.time_cell(clock_text.time_left_text(at, now), at - now)
