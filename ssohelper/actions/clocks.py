"""The three clocks of each session: sign-in, access token, role credentials.

AWS never tells when a sign-in ends: the settings may say so ("configured"), we may have seen
one end ("observed"), or it is 8 h after the beginning ("assumed"), which decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from ssohelper.actions import tokens
from ssohelper.core import sign_in_clock
from ssohelper.core.instants import duration_text
from ssohelper.core.model import AccessToken, KeptCredentials, RoleKey, SignInFacts, SsoSession
from ssohelper.core.sign_in_clock import Source
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
    token_life_seconds: int | None = None


def session_clock(app: App, session: SsoSession) -> SessionClock:
    """Return the clocks of one session. Asks nobody but the files of this machine."""
    try:
        token = app.tokens.load(session)
    except LoginRequired as damaged:
        app.warn(damaged.message)
        token = None
    if token is None:
        return SessionClock(session, None, "signed_out", False, None, None, None, None)
    facts = tokens.facts_of(app, session, token)
    ends_at, source = sign_in_end(app, session, facts)
    _warn_of_assumed_end(app, session, ends_at, source)
    return SessionClock(
        session=session,
        user=facts.user,
        state="valid" if token.expires_at > app.now() else "expired",
        refreshable=facts.ended_at is None and tokens.is_refreshable(app, token),
        token_expires_at=token.expires_at,
        signed_in_at=facts.signed_in_at,
        sign_in_ends_at=ends_at,
        sign_in_ends_source=source,
        token_life_seconds=facts.token_life_seconds
        if facts.token_expires_at == token.expires_at
        else None,
    )


def credentials_of(
    app: App, sessions: Sequence[SsoSession]
) -> list[tuple[RoleKey, KeptCredentials]]:
    """Return the role credentials kept for these sessions that have not ended, by name."""
    names = {session.name for session in sessions}
    return sorted(
        (
            (key, kept)
            for key, kept in app.credentials.entries()
            if key.session_name in names and kept.credentials.expires_at > app.aws_now()
        ),
        key=lambda entry: entry[0],
    )


def sign_in_end(
    app: App, session: SsoSession, facts: SignInFacts
) -> tuple[int | None, Source | None]:
    """Return when the sign-in of these facts ends (epoch seconds) and how we know."""
    return sign_in_clock.sign_in_end(facts, _configured_hours(app, session))


def person_needed_at(app: App, session: SsoSession, token: AccessToken) -> int | None:
    """Return when a person is needed next; None when that is not known. An assumed end is not."""
    facts, hours = app.tokens.facts(session.name), _configured_hours(app, session)
    clock = sign_in_clock.prompt_clock(token, facts, hours, app.now())
    if clock.kind == "ended":
        return token.expires_at
    return clock.at if clock.kind == "known" else None


def person_needed_within(app: App, session: SsoSession, seconds: int) -> bool:
    """Tell whether a person must sign in within the time; renews the token if that must be known.

    Raises: AwsUnreachable when it cannot be known.
    """
    try:
        token = app.tokens.load(session)
        if token is None:
            return True
        if token.expires_at <= app.now():
            token = tokens.valid_token(app, session, app.deadline())
    except LoginRequired:
        return True
    needed_at = person_needed_at(app, session, token)
    if needed_at is None:
        warn_of_unknown_end(app, session, token, seconds)
    return needed_at is not None and needed_at - app.now() < seconds


def warn_of_unknown_end(
    app: App, session: SsoSession, token: AccessToken, seconds: int | None = None
) -> None:
    """Warn who asks whether a sign-in lasts so long, or who runs on, where its end is not known.

    Silent below an hour once AWS's default has passed: a renewed token lasts that long by itself.
    """
    facts = tokens.facts_of(app, session, token)
    ends_at, source = sign_in_end(app, session, facts)
    default = ""
    if source == "assumed" and ends_at is not None and ends_at > app.now():
        left = ends_at - app.now()
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
    if facts.signed_in_at is None:
        cure = f"Another tool made it; one with its date: ssohelper login {session.name} --force"
    else:
        setting = f"sessions.{session.name}.session_hours"
        cure = f"If you know how many hours it has: ssohelper config set {setting} HOURS"
    app.warn(f"{what}: AWS does not tell{default}. {cure}")


def _configured_hours(app: App, session: SsoSession) -> float | None:
    hours: float | None = app.settings.get("session_hours", session=session.name)
    return hours


def _warn_of_assumed_end(
    app: App, session: SsoSession, ends_at: int | None, source: Source | None
) -> None:
    if source == "assumed" and ends_at is not None and ends_at <= app.now():
        app.warn(
            f'the sign-in of session "{session.name}" may have ended: '
            "8 h have passed, which is AWS's default"
        )
