"""Asks the regions of a session's instance one after another, until one answers.

A session without further portals has one region, and is asked as ever. A further portal counts only
if it was signed in together with the session's own sign-in, which other tools can end or replace.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ssohelper.actions import selection, tokens
from ssohelper.broker.requests import TokenState
from ssohelper.core import region_order
from ssohelper.core.further_portals import (
    REFUSED,
    compare_portal_urls,
    parse_portals,
    session_at_portal,
)
from ssohelper.core.lineage import Validity, validity_of
from ssohelper.core.model import AccessToken, SsoSession
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    LocalState,
    Refused,
    RoleNotAssigned,
    SsoHelperError,
    Superseded,
    Throttled,
    TokenRejected,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline

_T = TypeVar("_T")


class Try(NamedTuple):
    """A portal to ask, and the part of the usual time that it gets; None: all that is left."""

    session: SsoSession
    share: float | None

    def limit(self, app: App, seconds: float, deadline: Deadline) -> Deadline:
        """Return the deadline of a request that may take `seconds` if another portal follows."""
        if self.share is None:
            return deadline
        return app.clock.deadline(min(seconds * self.share, deadline.seconds_left()))


def list_further(app: App, session: SsoSession) -> list[SsoSession]:
    """Return the session at each of its further portals, as the settings name them.

    One that cannot be of the session's instance is left out, with a warning. So are all of them if
    the settings cannot be read, which other code reports.
    """
    try:
        texts = app.settings.get("regions", session=session.name)
    except SsoHelperError:
        return []
    found = []
    for portal in parse_portals(texts) if texts else ():
        if portal.region == session.region:
            continue  # a company's own start URL leads to this region now
        claim = compare_portal_urls(session.aws_url, portal.start_url)
        if claim in REFUSED:
            app.warn(
                f"sessions.{session.name}.regions: {portal.start_url} {claim.value}; "
                "it is not asked"
            )
            continue
        found.append(session_at_portal(session, portal))
    return found


def check_setting(app: App, session_name: str, texts: list[str] | tuple[str, ...]) -> None:
    """Refuse a value of sessions.NAME.regions that names another instance. Raises: ConfigInvalid."""
    session = app.config.read().sso_session(session_name)
    for portal in parse_portals(texts):
        if session is None:
            continue
        claim = compare_portal_urls(session.aws_url, portal.start_url)
        if claim in REFUSED:
            raise ConfigInvalid(f'{portal.start_url} {claim.value}: not that of "{session_name}"')
        if portal.region == session.region:
            raise ConfigInvalid(f'{portal.region} is the region of "{session_name}" itself')


def require_session(app: App, sign_in_name: str) -> SsoSession:
    """Return the session with this `SsoSession.sign_in_name`. Raises: ConfigInvalid."""
    name, _, region = sign_in_name.partition("@")
    session = selection.require_session(app, name)
    if not region:
        return session
    # A portal that the settings no longer name has a token until the session is signed out.
    for further in (*list_further(app, session), *app.tokens.list_further(session)):
        if further.region == region:
            return further
    raise ConfigInvalid(f'"{name}" has no portal in {region}')


def is_signed_in(app: App, session: SsoSession, further: SsoSession) -> bool:
    """Return whether the further portal is signed in, by the session's present sign-in."""
    token = _peek(app, further)
    if token is None or not tokens.is_alive(app, token):
        return False
    facts = app.tokens.load_facts(further.sign_in_name)
    if facts.ended_at is not None or facts.of_token_id is None:
        return False
    own = app.tokens.load_facts(session.name)
    return validity_of(facts.of_token_id, _peek(app, session), own) is Validity.CURRENT


def plan_tries(app: App, session: SsoSession) -> list[Try]:
    """Return the portals to ask, in this order. The session's own is always among them."""
    portals = {one.region: one for one in _list_signed_in(app, session)}
    if len(portals) == 1:
        return [Try(session, None)]
    failures = app.region_failures.load(session.name)
    found = region_order.plan_tries(list(portals), failures, app.clock.now())
    return [Try(portals[one.region], one.share) for one in found]


def find_next(app: App, session: SsoSession) -> SsoSession:
    """Return the session at the portal that is asked next."""
    return plan_tries(app, session)[0].session


def find_answering(app: App, session: SsoSession) -> str:
    """Return the region that answers for this session, as far as is known."""
    names = [one.region for one in _list_signed_in(app, session)]
    if len(names) == 1:
        return session.region
    failures = app.region_failures.load(session.name)
    return region_order.find_answering_region(names, failures, app.clock.now())


def ask_in_turn(app: App, session: SsoSession, ask: Callable[[Try], _T]) -> _T:
    """Return what `ask` returns for the first portal that answers.

    Raises: what `ask` raises. If no portal answers, that is the error of the first one.
    """
    first: AwsUnreachable | None = None
    tries = plan_tries(app, session)
    for one in tries:
        try:
            found = ask(one)
        except AwsUnreachable as error:
            if len(tries) > 1:
                _note_failure(app, one.session, error)
            first = first or error
        except (TokenRejected, RoleNotAssigned):
            _note_answer(app, one.session)
            raise
        except (Refused, Superseded):
            raise
        except SsoHelperError:
            # The sign-in at a further portal ended, or its token cannot be read or saved: what the
            # session's own portal says counts.
            if not one.session.is_further:
                raise
        else:
            _note_answer(app, one.session)
            return found
    assert first is not None
    raise first


def renew(
    app: App,
    session: SsoSession,
    seen_id: str,
    run: Callable[[SsoSession, str, float | None], SsoHelperError | None],
) -> None:
    """Renew the token `seen_id`, or get a good token of another region if this one does not answer.

    `run` renews a token, and gets its session, its id and how many seconds to wait for the outcome
    (None: the usual time); the renewal itself goes on. Raises: the errors of `run`.
    """

    def renew_one(one: Try) -> None:
        wanted, token = seen_id, app.tokens.load(one.session)
        if token is not None and token.id != seen_id:
            if tokens.load_state(app, one.session, token) is TokenState.GOOD:
                return  # of another region than the token that was seen
            wanted = token.id
        seconds = None if one.share is None else one.share * region_order.RENEWAL_SECONDS
        error = run(one.session, wanted, seconds)
        if error is not None:
            raise error

    if list_further(app, session):
        ask_in_turn(app, session, renew_one)
    elif (error := run(session, seen_id, None)) is not None:
        raise error


def renew_token(app: App, session: SsoSession, seen_id: str, deadline: Deadline) -> None:
    """Renew the token `seen_id`, or get a good one of another region, before the deadline.

    Raises: LoginRequired if an interactive sign-in is needed, AwsUnreachable, LocalState.
    """

    def run(portal: SsoSession, token_id: str, seconds: float | None) -> SsoHelperError | None:
        token = app.tokens.load(portal)
        if token is None or token.id != token_id:
            return None
        limit = (
            deadline.seconds_left() if seconds is None else min(seconds, deadline.seconds_left())
        )
        tokens.renew_token(app, portal, token, app.clock.deadline(limit))
        return None

    renew(app, session, seen_id, run)


def load_due_token_id(app: App, session: SsoSession, own: AccessToken | None) -> str | None:
    """Return the id of the token that is asked with next, if half of its lifetime is over.

    `own` is the session's own token. Returns None too for a token that cannot be renewed.
    """
    portal = find_next(app, session)
    token = _peek(app, portal) if portal.is_further else own
    due_at = tokens.load_renewal_due_at(app, portal)
    is_due = due_at is not None and app.clock.now() >= due_at
    return token.id if token is not None and is_due else None


def follow_renewal(app: App, session: SsoSession, used: AccessToken, fresh: AccessToken) -> None:
    """Let the sign-ins at further portals belong to the session's renewed token too.

    The session's facts list its last tokens only, which a long sign-in outlives. `used` is the token
    that was renewed. The caller holds the session's state lock.
    """
    for further in app.tokens.list_further(session):
        facts = app.tokens.load_facts(further.sign_in_name)
        own = app.tokens.load_facts(session.name)
        if facts.of_token_id in own.token_ids and used.id in own.token_ids:
            app.tokens.save_facts(further.sign_in_name, facts._replace(of_token_id=fresh.id))


def _list_signed_in(app: App, session: SsoSession) -> list[SsoSession]:
    """Return the session at its own portal, and at each further one that may be asked."""
    return [session, *(one for one in list_further(app, session) if _may_ask(app, session, one))]


def _may_ask(app: App, session: SsoSession, further: SsoSession) -> bool:
    try:
        app.company_policy.check_portal(further)
        return is_signed_in(app, session, further)
    except SsoHelperError:
        return False


def _peek(app: App, session: SsoSession) -> AccessToken | None:
    with suppress(SsoHelperError):
        return app.tokens.peek(session)
    return None


def _note_failure(app: App, session: SsoSession, error: AwsUnreachable) -> None:
    failures = app.region_failures.load(session.name)
    failures[session.region] = region_order.failure_after(
        failures.get(session.region), app.clock.now(), is_throttled=isinstance(error, Throttled)
    )
    with suppress(LocalState, OSError):  # then the next call finds out again
        app.region_failures.save(session.name, failures)


def _note_answer(app: App, session: SsoSession) -> None:
    failures = app.region_failures.load(session.name)
    if failures.pop(session.region, None) is not None:
        with suppress(LocalState, OSError):
            app.region_failures.save(session.name, failures)
