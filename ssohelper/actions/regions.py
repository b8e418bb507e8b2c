"""Asks the regions of a session's Identity Center instance in turn, until one answers.

A session without further portals has one region. A further portal is asked only if it was signed in
together with the session's present sign-in, which other tools can end or replace.
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
    parse_further_portals,
    session_at_portal,
)
from ssohelper.core.lineage import Validity, validity_of_credentials
from ssohelper.core.model import AccessToken, SsoSession
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
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


class PortalToAsk(NamedTuple):
    """A portal to which a request is sent, and the share of a request's usual time for it.

    `share` is from 0 to 1; None means all the time that is left.
    """

    session: SsoSession
    share: float | None

    def limit_deadline(self, app: App, seconds: float, deadline: Deadline) -> Deadline:
        """Return the deadline of a request to this portal that usually gets `seconds`."""
        if self.share is None:
            return deadline
        return app.clock.deadline(min(seconds * self.share, deadline.seconds_left()))


def list_further_portals(app: App, session: SsoSession) -> list[SsoSession]:
    """Return a copy of the session for each of its further portals that the settings name.

    A portal that cannot be of the session's Identity Center instance is left out, with a warning.
    Returns [] if the settings cannot be read, which other code reports.
    """
    try:
        texts = app.settings.get("regions", session=session.name)
    except SsoHelperError:
        return []
    found = []
    for portal in parse_further_portals(texts) if texts else ():
        if portal.region == session.region:
            continue  # the session's own portal has moved to this region
        claim = compare_portal_urls(session.aws_url, portal.start_url)
        if claim in REFUSED:
            app.warn(
                f"sessions.{session.name}.regions: {portal.start_url} {claim.value}; "
                "this portal is not used"
            )
            continue
        found.append(session_at_portal(session, portal))
    return found


def check_regions_setting(app: App, session_name: str, texts: list[str] | tuple[str, ...]) -> None:
    """Raise ConfigInvalid if this value of sessions.NAME.regions is wrong for the session."""
    session = app.config.read().sso_session(session_name)
    for portal in parse_further_portals(texts):
        if session is None:
            continue
        claim = compare_portal_urls(session.aws_url, portal.start_url)
        if claim in REFUSED:
            raise ConfigInvalid(
                f'{portal.start_url} {claim.value}, compared with the session "{session_name}"'
            )
        if portal.region == session.region:
            raise ConfigInvalid(
                f'{portal.region} is the region of the session "{session_name}" itself'
            )


def require_session_of_sign_in(app: App, sign_in_name: str) -> SsoSession:
    """Return the session with this `SsoSession.sign_in_name`. Raises: ConfigInvalid.

    If the config lacks the session, returns the session of a sign-in of ours that is recorded:
    `setup` and `logout` renew that token too.
    """
    name, _, region = sign_in_name.partition("@")
    is_defined = app.config.read().session_header(name) is not None
    recorded = None if is_defined else selection.find_session_not_in_config(app, name)
    session = recorded or selection.require_session(app, name)
    if not region:
        return session
    # A portal that the settings no longer name keeps its token until the session is signed out.
    for further in (
        *list_further_portals(app, session),
        *app.tokens.list_further_portal_sessions(session),
    ):
        if further.region == region:
            return further
    raise ConfigInvalid(f'the session "{name}" has no portal in {region}')


def is_further_portal_signed_in(app: App, session: SsoSession, further: SsoSession) -> bool:
    """Return whether the further portal's sign-in belongs to the session's present sign-in."""
    token = _load_token_or_none(app, further)
    if token is None or not (
        tokens.is_token_unexpired(app, token) or tokens.is_token_refreshable(app, token)
    ):
        return False
    facts = app.tokens.load_facts(further.sign_in_name)
    if facts.ended_at is not None or facts.of_token_id is None:
        return False
    own = app.tokens.load_facts(session.name)
    return (
        validity_of_credentials(facts.of_token_id, _load_token_or_none(app, session), own)
        is Validity.CURRENT
    )


def plan_portals_to_ask(app: App, session: SsoSession) -> list[PortalToAsk]:
    """Return the portals to ask, in order. The session's own portal is always among them."""
    portals = {one.region: one for one in _list_askable_portals(app, session)}
    if len(portals) == 1:
        return [PortalToAsk(session, None)]
    failures = app.region_failures.load(session.name)
    found = region_order.plan_region_tries(list(portals), failures, app.clock.now())
    return [PortalToAsk(portals[one.region], one.share) for one in found]


def find_next_portal_to_ask(app: App, session: SsoSession) -> SsoSession:
    """Return the session at that one of its portals to which the next request will go."""
    return plan_portals_to_ask(app, session)[0].session


def find_answering_region(app: App, session: SsoSession) -> str:
    """Return the region that answers requests for this session, judged by recorded failures."""
    names = [one.region for one in _list_askable_portals(app, session)]
    if len(names) == 1:
        return session.region
    failures = app.region_failures.load(session.name)
    return region_order.find_answering_region(names, failures, app.clock.now())


def ask_regions_in_turn(app: App, session: SsoSession, ask: Callable[[PortalToAsk], _T]) -> _T:
    """Return what `ask` returns for the first portal that answers.

    Raises: the errors of `ask`. If no portal answers, raises the error of the first portal.
    """
    first: AwsUnreachable | None = None
    tries = plan_portals_to_ask(app, session)
    for one in tries:
        try:
            found = ask(one)
        except AwsUnreachable as error:
            if len(tries) > 1:
                _record_failed_region(app, one.session, error)
            first = first or error
        except (TokenRejected, RoleNotAssigned):
            _record_answering_region(app, one.session)
            raise
        except (Refused, Superseded):
            raise
        except SsoHelperError:
            # The sign-in at a further portal has ended, or its token cannot be read or saved. This
            # error is ignored: only the answer of the session's own portal counts.
            if not one.session.is_further:
                raise
        else:
            _record_answering_region(app, one.session)
            return found
    assert first is not None
    raise first


def renew_token_in_any_region(
    app: App,
    session: SsoSession,
    seen_id: str,
    run_renewal: Callable[[SsoSession, str, float | None], SsoHelperError | None],
) -> None:
    """Renew the token `seen_id`; if its region does not answer, get another region's token.

    `run_renewal` renews a token. It gets the token's session and id, and how many seconds to wait
    for the outcome (None: the usual time); the renewal itself goes on after that. Raises: the
    errors of `run_renewal`.
    """

    def renew_token_of_portal(portal_to_ask: PortalToAsk) -> None:
        wanted, token = seen_id, app.tokens.load(portal_to_ask.session)
        if token is not None and token.id != seen_id:
            if tokens.load_token_state(app, portal_to_ask.session, token) is TokenState.GOOD:
                return  # this region has another token, which is valid
            wanted = token.id
        seconds = (
            None
            if portal_to_ask.share is None
            else portal_to_ask.share * region_order.RENEWAL_SECONDS
        )
        error = run_renewal(portal_to_ask.session, wanted, seconds)
        if error is not None:
            raise error

    if list_further_portals(app, session):
        ask_regions_in_turn(app, session, renew_token_of_portal)
    elif (error := run_renewal(session, seen_id, None)) is not None:
        raise error


def renew_token(app: App, session: SsoSession, seen_id: str, deadline: Deadline) -> None:
    """Renew the token `seen_id`, or get another region's valid token, before the deadline.

    Raises: LoginRequired if an interactive sign-in is needed, AwsUnreachable, LocalState.
    """

    def renew(portal: SsoSession, token_id: str, seconds: float | None) -> SsoHelperError | None:
        token = app.tokens.load(portal)
        if token is None or token.id != token_id:
            return None
        limit = (
            deadline.seconds_left() if seconds is None else min(seconds, deadline.seconds_left())
        )
        tokens.renew_token(app, portal, token, app.clock.deadline(limit))
        return None

    renew_token_in_any_region(app, session, seen_id, renew)


def load_due_token_id(app: App, session: SsoSession, own: AccessToken | None) -> str | None:
    """Return the id of the token for the next request if half of the token's lifetime is over.

    `own` is the session's own token. Returns None if the token is not due or cannot be renewed.
    """
    portal = find_next_portal_to_ask(app, session)
    token = _load_token_or_none(app, portal) if portal.is_further else own
    due_at = tokens.load_token_renewal_time(app, portal)
    is_due = due_at is not None and app.clock.now() >= due_at
    return token.id if token is not None and is_due else None


def record_renewed_token_for_further_sign_ins(
    app: App, session: SsoSession, used: AccessToken, fresh: AccessToken
) -> None:
    """Record that the sign-ins at further portals belong to the session's renewed token `fresh`.

    Without this record they would seem to belong to another sign-in, because only the session's
    last token ids are recorded. `used` is the token that was renewed. The caller holds the
    session's state lock.
    """
    for further in app.tokens.list_further_portal_sessions(session):
        facts = app.tokens.load_facts(further.sign_in_name)
        own = app.tokens.load_facts(session.name)
        if facts.of_token_id in own.token_ids and used.id in own.token_ids:
            app.tokens.save_facts(further.sign_in_name, facts._replace(of_token_id=fresh.id))


def _list_askable_portals(app: App, session: SsoSession) -> list[SsoSession]:
    """Return the session, then a copy for each further portal to which we may send requests."""
    return [
        session,
        *(one for one in list_further_portals(app, session) if _may_ask_portal(app, session, one)),
    ]


def _may_ask_portal(app: App, session: SsoSession, further: SsoSession) -> bool:
    try:
        app.company_policy.check_portal(further)
        return is_further_portal_signed_in(app, session, further)
    except SsoHelperError:
        return False


def _load_token_or_none(app: App, session: SsoSession) -> AccessToken | None:
    with suppress(SsoHelperError):
        return app.tokens.load_token_for_display(session)
    return None


def _record_failed_region(app: App, session: SsoSession, error: AwsUnreachable) -> None:
    failures = app.region_failures.load(session.name)
    failures[session.region] = region_order.region_failure_after(
        failures.get(session.region), app.clock.now(), is_throttled=isinstance(error, Throttled)
    )
    app.region_failures.save(session.name, failures)


def _record_answering_region(app: App, session: SsoSession) -> None:
    failures = app.region_failures.load(session.name)
    if failures.pop(session.region, None) is not None:
        app.region_failures.save(session.name, failures)
