"""Computes when each session's sign-in, access token and role credentials end: the three clocks.

Also writes these times into the files that shell prompts read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

from ssohelper.core import prompt_text, sign_in_outlook
from ssohelper.core.instants import duration_text
from ssohelper.core.model import AccessToken, CachedCredentials, RoleKey, SignInFacts, SsoSession
from ssohelper.core.sign_in_outlook import Outlook, PromptClock, Source
from ssohelper.errors import ConfigInvalid, LoginRequired, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

_log = logging.getLogger(__name__)
# We write again if another process signed in or out while we wrote.
_MOST_ATTEMPTS = 3


class SessionClock(NamedTuple):
    """When one session's sign-in and token end. Times are epoch seconds, or None if unknown.

    `state` is the state of the token. `answering_region` is the region that answers now.
    """

    session: SsoSession
    outlook: Outlook
    state: Literal["valid", "expired", "signed_out"] = "signed_out"
    user: str | None = None
    refreshable: bool = False
    token_expires_at: int | None = None
    token_life_seconds: int | None = None
    signed_in_at: int | None = None
    sign_in_ends_at: int | None = None
    sign_in_ends_source: Source | None = None
    answering_region: str | None = None


class UnusableSession(NamedTuple):
    """A session in the config that no command can use, and why."""

    name: str
    start_url: str | None
    region: str | None
    reason: str
    hint: str = ""


def list_unusable_sessions(app: App) -> list[UnusableSession]:
    config, found = app.config.read(), []
    for name in config.session_names():
        try:
            config.sso_session(name)
        except ConfigInvalid as error:
            keys = config.text.sections[config.session_header(name) or ""].values()
            url, region = keys.get("sso_start_url"), keys.get("sso_region")
            found.append(
                UnusableSession(name, url or None, region or None, error.message, error.hint or "")
            )
    return found


def load_session_clock(
    app: App, session: SsoSession, answering_region: str | None = None
) -> SessionClock:
    """Warns if the token file is damaged, or if the assumed end of the sign-in has passed."""
    token, outlook = _load_token_and_outlook(app, session, app.warn)
    if token is None:
        return SessionClock(session, outlook)
    facts, now = facts_of_token(app, session, token), app.clock.now()
    if outlook.reason == "assumed" and outlook.at is not None and outlook.at <= now:
        app.warn(
            f'the sign-in of session "{session.name}" may have ended: '
            "AWS's default length of 8 h has passed"
        )
    return SessionClock(
        session,
        outlook,
        "valid" if token.expires_at > now else "expired",
        facts.user,
        facts.ended_at is None and sign_in_outlook.is_refreshable(token, now),
        token.expires_at,
        facts.token_life_seconds if facts.token_expires_at == token.expires_at else None,
        facts.signed_in_at,
        *sign_in_outlook.sign_in_end(
            facts, app.settings.get("session_hours", session=session.name)
        ),
        answering_region,
    )


def load_outlook(app: App, session: SsoSession) -> Outlook:
    return _load_token_and_outlook(app, session)[1]


def outlook_of_token(app: App, session: SsoSession, token: AccessToken | None) -> Outlook:
    hours = app.settings.get("session_hours", session=session.name)
    return sign_in_outlook.sign_in_outlook(
        token, app.tokens.load_facts(session.name), hours, app.clock.now()
    )


def facts_of_token(app: App, session: SsoSession, token: AccessToken) -> SignInFacts:
    return sign_in_outlook.facts_of_token(app.tokens.load_facts(session.sign_in_name), token)


def load_cached_credentials(
    app: App, sessions: Sequence[SsoSession]
) -> list[tuple[RoleKey, CachedCredentials]]:
    names, now = {session.name for session in sessions}, app.clock.aws_now()
    found = [
        (key, cached)
        for key, cached in app.credentials.list_cached_credentials()
        if key.session_name in names and cached.credentials.expires_at > now
    ]
    return sorted(found, key=lambda entry: entry[0])


def warn_of_unknown_end(
    app: App, session: SsoSession, token: AccessToken, seconds: int | None = None
) -> None:
    """Warn if AWS does not tell when the sign-in ends, and it may end within `seconds`.

    `seconds` is None for a job without end. Does not warn if AWS's default of 8 h leaves more time.
    Once the 8 h have passed, does not warn for an hour or less: a renewed token lasts an hour.
    """
    outlook = outlook_of_token(app, session, token)
    if outlook.is_end_known:
        return
    left, default = (outlook.at or 0) - app.clock.now(), ""
    if left > 0:
        default = f" ({duration_text(left)} left if sign-ins last 8h, AWS's default)"
    if seconds is not None and seconds <= (left if left > 0 else 3600):
        return
    when = "at any time" if seconds is None else f"within {duration_text(seconds)}"
    if facts_of_token(app, session, token).signed_in_at is None:
        command = f"ssohelper login {session.name} --force"
        cure = f"Another tool signed in, at an unknown time; sign in again with: {command}"
    else:
        command = f"ssohelper config set sessions.{session.name}.session_hours HOURS"
        cure = f"If you know how long sign-ins last: {command}"
    app.warn(
        f'the sign-in to "{session.name}" may end {when}: AWS does not report its length'
        f"{default}. {cure}"
    )


def _load_token_and_outlook(
    app: App, session: SsoSession, warn: Callable[[str], None] = lambda _message: None
) -> tuple[AccessToken | None, Outlook]:
    try:
        token = app.tokens.load(session)
    except LoginRequired as damaged:
        warn(damaged.message)
        return None, Outlook(None, "damaged")
    return token, outlook_of_token(app, session, token)


def refresh_prompts(app: App, session: SsoSession) -> None:
    """Write the session's present sign-in into the files of its roles' prompts. Never fails."""
    if session.is_further:  # prompts do not show sign-ins in further regions
        return
    with _log_failure(session.name):
        state, written = app.prompt_state, None
        state.remove_grant_files()
        keys = state.list_roles(session.name)
        for _ in range(_MOST_ATTEMPTS if keys else 0):
            clock = read_prompt_clock(app, session)
            if clock == written:
                return
            rows = prompt_text.prompt_rows_to_line(prompt_text.prompt_rows(clock))
            for key in keys:
                state.write(key, rows)
            written = clock


def forget_prompts(app: App, key: RoleKey | None = None) -> None:
    """Make prompts of the role, or of all roles, run ssohelper again when they are next shown."""
    with _log_failure(key.session_name if key else "every session"):
        app.prompt_state.remove(key)


def read_prompt_clock(app: App, session: SsoSession) -> PromptClock:
    token = app.tokens.load_token_for_display(session)
    return sign_in_outlook.prompt_clock(outlook_of_token(app, session, token))


@contextmanager
def _log_failure(session_name: str) -> Iterator[None]:
    try:
        yield
    except (SsoHelperError, OSError) as error:
        _log.info('the prompt files of session "%s" could not be updated: %s', session_name, error)
