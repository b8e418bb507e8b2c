"""The three clocks of each session: sign-in, access token, role credentials.

AWS never tells when a sign-in ends: the settings may say so ("configured"), we may have seen
one end ("observed"), or it is 8 h after the beginning ("assumed"), which decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from ssohelper.actions import tokens
from ssohelper.core import sign_in_outlook
from ssohelper.core.instants import duration_text
from ssohelper.core.model import AccessToken, CachedCredentials, RoleKey, SsoSession
from ssohelper.core.sign_in_clock import Source, sign_in_end
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import LoginRequired

if TYPE_CHECKING:
    from ssohelper.app import App


State = Literal["valid", "expired", "signed_out"]


class SessionClock(NamedTuple):
    """What is known of one session; instants are epoch seconds."""

    session: SsoSession
    user: str | None
    state: State
    refreshable: bool
    token_expires_at: int | None
    signed_in_at: int | None
    sign_in_ends_at: int | None
    sign_in_ends_source: Source | None
    outlook: Outlook
    token_life_seconds: int | None = None


def session_clock(app: App, session: SsoSession) -> SessionClock:
    """Return the clocks of one session, from this machine's files alone."""
    token, ahead = _token_and_outlook(app, session, warn=app.warn)
    if token is None:
        return SessionClock(session, None, "signed_out", False, None, None, None, None, ahead)
    facts = tokens.facts_of(app, session, token)
    ends_at, source = sign_in_end(facts, _configured_hours(app, session))
    if ahead.reason == "assumed" and ahead.at is not None and ahead.at <= app.now():
        app.warn(
            f'the sign-in of session "{session.name}" may have ended: '
            "8 h have passed, which is AWS's default"
        )
    return SessionClock(
        session=session,
        user=facts.user,
        state="valid" if token.expires_at > app.now() else "expired",
        refreshable=facts.ended_at is None and tokens.is_refreshable(app, token),
        token_expires_at=token.expires_at,
        signed_in_at=facts.signed_in_at,
        sign_in_ends_at=ends_at,
        sign_in_ends_source=source,
        outlook=ahead,
        token_life_seconds=facts.token_life_seconds
        if facts.token_expires_at == token.expires_at
        else None,
    )


def outlook(app: App, session: SsoSession) -> Outlook:
    """Return when the session needs an interactive sign-in, from this machine's files alone."""
    return _token_and_outlook(app, session)[1]


def outlook_of(app: App, session: SsoSession, token: AccessToken | None) -> Outlook:
    """Return when the session needs an interactive sign-in, given the token in its file."""
    facts = app.tokens.load_facts(session.name)
    return sign_in_outlook.outlook(token, facts, _configured_hours(app, session), app.now())


def credentials_of(
    app: App, sessions: Sequence[SsoSession]
) -> list[tuple[RoleKey, CachedCredentials]]:
    """Return the role credentials kept for these sessions that have not ended, by name."""
    names = {session.name for session in sessions}
    return sorted(
        (
            (key, kept)
            for key, kept in app.credentials.list_entries()
            if key.session_name in names and kept.credentials.expires_at > app.aws_now()
        ),
        key=lambda entry: entry[0],
    )


def is_sign_in_needed_within(app: App, session: SsoSession, seconds: int) -> bool:
    """Return whether a new sign-in will be needed within the given time.

    Renews the token when there is no other way to tell; warns when the end is not known.
    Raises: AwsUnreachable when it cannot be told.
    """
    try:
        token = app.tokens.load(session)
        if token is not None and token.expires_at <= app.now():
            token = tokens.ensure_valid_token(app, session, app.deadline())
    except LoginRequired:
        return True
    if token is None:
        return True
    warn_of_unknown_end(app, session, token, seconds)
    return outlook_of(app, session, token).is_needed(app.now(), seconds)


def warn_of_unknown_end(
    app: App, session: SsoSession, token: AccessToken, seconds: int | None = None
) -> None:
    """Warn where the end is not known, so that the sign-in may end before so many seconds.

    `seconds` is None for a job that runs until it is stopped. Silent while AWS's default of 8 h
    leaves that time; after it has passed, silent below an hour: a renewed token lasts that long.
    """
    ahead = outlook_of(app, session, token)
    if ahead.is_known:
        return
    default = ""
    if ahead.reason == "assumed" and ahead.at is not None and ahead.at > app.now():
        left = ahead.at - app.now()
        if seconds is not None and seconds <= left:
            return
        default = f" (by its default {duration_text(left)} are left)"
    elif seconds is not None and seconds <= 3600:
        return
    if seconds is None:
        what = f'when the sign-in to "{session.name}" ends nobody knows, so no notice comes before'
    else:
        what = (
            f'whether the sign-in to "{session.name}" lasts {duration_text(seconds)} nobody knows'
        )
    if tokens.facts_of(app, session, token).signed_in_at is None:
        cure = f"Another tool made it; one with its date: ssohelper login {session.name} --force"
    else:
        setting = f"sessions.{session.name}.session_hours"
        cure = f"If you know how many hours it has: ssohelper config set {setting} HOURS"
    app.warn(f"{what}: AWS does not tell{default}. {cure}")


def _token_and_outlook(
    app: App, session: SsoSession, *, warn: Callable[[str], None] = lambda _message: None
) -> tuple[AccessToken | None, Outlook]:
    try:
        token = app.tokens.load(session)
    except LoginRequired as damaged:
        warn(damaged.message)
        return None, Outlook(None, "damaged")
    return token, outlook_of(app, session, token)


def _configured_hours(app: App, session: SsoSession) -> float | None:
    hours: float | None = app.settings.get("session_hours", session=session.name)
    return hours
