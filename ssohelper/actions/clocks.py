"""Finds out when each session's sign-in, access token and role credentials end.

The input of `core.sign_in_outlook` comes from the token file, the recorded facts of the sign-in
(`SignInFacts`) and the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from ssohelper.actions import regions, tokens
from ssohelper.core import sign_in_outlook
from ssohelper.core.instants import duration_text
from ssohelper.core.model import AccessToken, CachedCredentials, RoleKey, SsoSession
from ssohelper.core.sign_in_clock import Source, sign_in_end
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import ConfigInvalid, LoginRequired

if TYPE_CHECKING:
    from ssohelper.app import App


State = Literal["valid", "expired", "signed_out"]


class SessionClock(NamedTuple):
    """When one session's sign-in and token end. Times are epoch seconds, or None if unknown.

    `state` is the state of the access token. `sign_in_ends_at` is the end of the sign-in, as
    `status --json` reports it. `answering_region` is the last known region of the Identity Center
    instance that answers requests. `outlook` says when a new sign-in is needed; it takes into
    account whether the token can be renewed.
    """

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
    answering_region: str | None = None


class UnusableSession(NamedTuple):
    """A session in the config that no command can use, and why.

    `start_url` and `region` are the texts in the config, or None if missing. `hint` says what the
    user can do, or is "".
    """

    name: str
    start_url: str | None
    region: str | None
    reason: str
    hint: str = ""


def list_unusable_sessions(app: App) -> list[UnusableSession]:
    """Return the sessions in the config that cannot be used, in the order of the file."""
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


def load_session_clock(app: App, session: SsoSession) -> SessionClock:
    """Return when one session's sign-in, token and credentials end. Sends no request.

    Warns if the token file is damaged, or if the assumed end of the sign-in has passed.
    """
    token, outlook = _load_token_and_outlook(app, session, warn=app.warn)
    if token is None:
        return SessionClock(session, None, "signed_out", False, None, None, None, None, outlook)
    facts = tokens.load_sign_in_facts_of_token(app, session, token)
    ends_at, source = sign_in_end(facts, _configured_sign_in_hours(app, session))
    if outlook.reason == "assumed" and outlook.at is not None and outlook.at <= app.clock.now():
        app.warn(
            f'the sign-in of session "{session.name}" may have ended: '
            "AWS's default length of 8 h has passed"
        )
    return SessionClock(
        session=session,
        user=facts.user,
        state="valid" if token.expires_at > app.clock.now() else "expired",
        refreshable=facts.ended_at is None and tokens.is_token_refreshable(app, token),
        token_expires_at=token.expires_at,
        signed_in_at=facts.signed_in_at,
        sign_in_ends_at=ends_at,
        sign_in_ends_source=source,
        outlook=outlook,
        token_life_seconds=facts.token_life_seconds
        if facts.token_expires_at == token.expires_at
        else None,
        answering_region=regions.find_answering_region(app, session),
    )


def load_sign_in_outlook(app: App, session: SsoSession) -> Outlook:
    """Return when the session needs an interactive sign-in. Sends no request."""
    return _load_token_and_outlook(app, session)[1]


def load_sign_in_outlook_of_token(
    app: App, session: SsoSession, token: AccessToken | None
) -> Outlook:
    """Return when the session needs an interactive sign-in, if `token` is its access token."""
    facts = app.tokens.load_facts(session.name)
    return sign_in_outlook.sign_in_outlook(
        token, facts, _configured_sign_in_hours(app, session), app.clock.now()
    )


def find_reason_to_offer_sign_in(
    app: App, session: SsoSession, token: AccessToken | None
) -> LoginRequired | None:
    """Return the error with which the session's roles would fail without a new sign-in, or None.

    The caller then offers a sign-in. `token` is the session's access token. AWS is not asked.
    """
    outlook = load_sign_in_outlook_of_token(app, session, token)
    if not outlook.should_offer_sign_in(app.clock.now()):
        return None
    return tokens.sign_in_expired_error(session) if token else tokens.signed_out_error(session)


def load_cached_credentials(
    app: App, sessions: Sequence[SsoSession]
) -> list[tuple[RoleKey, CachedCredentials]]:
    """Return the unexpired cached credentials of these sessions' roles, sorted by role."""
    names = {session.name for session in sessions}
    return sorted(
        (
            (key, cached)
            for key, cached in app.credentials.list_cached_credentials()
            if key.session_name in names and cached.credentials.expires_at > app.clock.aws_now()
        ),
        key=lambda entry: entry[0],
    )


def is_sign_in_needed_within(app: App, session: SsoSession, seconds: int) -> bool:
    """Return whether a new sign-in will be needed within the given time.

    An expired token is renewed first: AWS refuses the renewal if the sign-in has ended. Warns if
    the end of the sign-in is unknown. Raises: AwsUnreachable if the renewal failed.
    """
    try:
        token = app.tokens.load(session)
        if token is not None and token.expires_at <= app.clock.now():
            token = tokens.ensure_valid_token(app, session, app.clock.deadline())
    except LoginRequired:
        return True
    if token is None:
        return True
    warn_of_unknown_sign_in_end(app, session, token, seconds)
    return load_sign_in_outlook_of_token(app, session, token).is_sign_in_needed(
        app.clock.now(), seconds
    )


def warn_of_unknown_sign_in_end(
    app: App, session: SsoSession, token: AccessToken, seconds: int | None = None
) -> None:
    """Warn that the sign-in may end within `seconds`, if its end is not known.

    `seconds` is None for a job that runs until it is stopped. Does not warn if AWS's default length
    of 8 h leaves more time than `seconds`. Once the 8 h have passed, does not warn if `seconds` is
    an hour or less, because a renewed token lasts an hour.
    """
    outlook = load_sign_in_outlook_of_token(app, session, token)
    if outlook.is_end_known:
        return
    default = ""
    if outlook.reason == "assumed" and outlook.at is not None and outlook.at > app.clock.now():
        left = outlook.at - app.clock.now()
        if seconds is not None and seconds <= left:
            return
        default = f" ({duration_text(left)} left if sign-ins last 8h, AWS's default)"
    elif seconds is not None and seconds <= 3600:
        return
    when = "at any time" if seconds is None else f"within {duration_text(seconds)}"
    if tokens.load_sign_in_facts_of_token(app, session, token).signed_in_at is None:
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
    app: App, session: SsoSession, *, warn: Callable[[str], None] = lambda _message: None
) -> tuple[AccessToken | None, Outlook]:
    try:
        token = app.tokens.load(session)
    except LoginRequired as damaged:
        warn(damaged.message)
        return None, Outlook(None, "damaged")
    return token, load_sign_in_outlook_of_token(app, session, token)


def _configured_sign_in_hours(app: App, session: SsoSession) -> float | None:
    hours: float | None = app.settings.get("session_hours", session=session.name)
    return hours
