"""The portals of a session: where its start URL leads, and which region is asked for an answer.

An instance of Identity Center may have portals in further regions, which are asked in turn until
one answers. A further portal is asked only if it was signed in together with the session's present
sign-in, which other tools can end or replace.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ssohelper.actions import selection, tokens
from ssohelper.broker.requests import TokenState
from ssohelper.core.further_portals import (
    REFUSED,
    SAME_INSTANCE,
    compare_portal_urls,
    parse_further_portals,
    session_at_portal,
)
from ssohelper.core.lineage import Validity, validity_of_credentials
from ssohelper.core.model import AccessToken, SsoSession
from ssohelper.core.portal_address import PortalAddress
from ssohelper.core.start_url import is_company_url, is_same_portal, region_of_start_url
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    Refused,
    RoleNotAssigned,
    SsoHelperError,
    Superseded,
    TokenRejected,
)

if TYPE_CHECKING:
    from ssohelper.actions.login_flows import LoginUi
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline

_T = TypeVar("_T")

# How long a region may take to answer while another one can be asked: two expired tokens and one
# region without an answer fit into 18 s. A renewal includes the start of a process.
CALL_SECONDS, RENEWAL_SECONDS = 4.0, 5.0
# The region that answered is asked first for so long. Then the ones before it get a short try, so
# that a call ends within 2 s. After half an hour without a request all is as at the beginning.
_FIRST_SECONDS, _SHORT_TRY, _REMEMBERED_SECONDS = 60, 0.3, 1800


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


# -- the portal to which a company's own start URL leads -------------------------------------------


def resolve_portal_of_session(app: App, session: SsoSession, ui: LoginUi) -> SsoSession:
    """Return the session with the portal and region to which its start URL leads now.

    For a start URL on AWS's own hosts no request is sent. If the start URL leads to another portal
    than at the last sign-in, the user must confirm it; without a terminal that is an error.
    Raises: ConfigInvalid if the URL leads to no portal, or to another one that the user did not
    confirm; AwsUnreachable.
    """
    if not is_company_url(session.start_url):
        return session
    found = app.aws.find_portal_url(session.start_url)
    region = region_of_start_url(found)
    known = app.aws.portal_addresses.load(session.name)
    if known is not None and is_same_portal(known.start_url, session.start_url):
        _check_portal_change(app, session, ui, known.portal_url, found)
    elif region not in (None, session.region):
        app.warn(f"{session.start_url} leads to {region}, not to {session.region}")
    return session._replace(portal_url=found, region=region or session.region)


def _check_portal_change(
    app: App, session: SsoSession, ui: LoginUi, earlier: str, found: str
) -> None:
    if is_same_portal(earlier, found):
        return
    if compare_portal_urls(earlier, found) in SAME_INSTANCE:
        before, now = region_of_start_url(earlier), region_of_start_url(found)
        if before != now:
            app.warn(
                f"{show(session.start_url)} now leads to {now} (last time: {before}), for the same "
                "instance of Identity Center"
            )
    elif not ui.confirm_other_portal(earlier, found):
        raise ConfigInvalid(
            f"the start URL {session.start_url} now leads to {found}, not to {earlier}; "
            "nothing was sent to the new portal",
            hint="ask your administrator whether the portal has moved, then sign in on a terminal: "
            f"ssohelper login {session.name}",
        )


def save_portal_address(app: App, session: SsoSession) -> None:
    """Record to which portal the session's start URL led at this sign-in. Raises: LocalState."""
    if session.portal_url is None or not is_company_url(session.start_url):
        return
    address = PortalAddress(
        session.start_url,
        session.portal_url,
        app.config.read_configured_region(session.name) or session.region,
        region_of_start_url(session.portal_url),
    )
    app.aws.portal_addresses.save(session.name, address)


# -- further portals -------------------------------------------------------------------------------


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


def require_sign_in_session(app: App, sign_in_name: str) -> SsoSession:
    """Return the session with this `SsoSession.sign_in_name`. Raises: ConfigInvalid.

    If the config lacks the session, returns the session of a sign-in of ours that is recorded:
    `setup` and `logout` renew that token too.
    """
    name, _, region = sign_in_name.partition("@")
    is_defined = app.config.read().session_header(name) is not None
    recorded = None if is_defined else selection.find_unlisted_session(app, name)
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


def is_further_signed_in(app: App, session: SsoSession, further: SsoSession) -> bool:
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
    """Return the portals to ask, in order. The session's own portal is always among them.

    The only rule: the portal that answered instead of earlier ones is asked first, for a minute.
    """
    portals = _list_askable_portals(app, session)
    answering, until = _find_answering_portal(app, session, portals)
    if app.clock.now() < until:
        order = [portals[answering], *portals[:answering], *portals[answering + 1 :]]
        shares = [1.0] * len(portals)
    else:
        order = portals
        shares = [_SHORT_TRY if place < answering else 1.0 for place in range(len(portals))]
    return [*map(PortalToAsk, order[:-1], shares), PortalToAsk(order[-1], None)]


def find_next_portal(app: App, session: SsoSession) -> SsoSession:
    """Return the session at that one of its portals to which the next request will go."""
    return plan_portals_to_ask(app, session)[0].session


def find_answering_region(app: App, session: SsoSession) -> str:
    """Return the region that answered the session's last request."""
    portals = _list_askable_portals(app, session)
    return portals[_find_answering_portal(app, session, portals)[0]].region


def _find_answering_portal(
    app: App, session: SsoSession, portals: list[SsoSession]
) -> tuple[int, int]:
    """Return which portal answered last, and until when (epoch seconds) it is asked first."""
    found = app.answering_regions.load(session.name) if len(portals) > 1 else None
    regions = [one.region for one in portals]
    if found is None or found[0] not in regions:
        return 0, 0
    region, until = found
    if not -_FIRST_SECONDS <= app.clock.now() - until <= _REMEMBERED_SECONDS:
        return 0, 0
    return regions.index(region), until


def ask_regions_in_turn(app: App, session: SsoSession, ask: Callable[[PortalToAsk], _T]) -> _T:
    """Return what `ask` returns for the first portal that answers.

    Raises: the errors of `ask`. If no portal answers, raises the error of the first portal.
    """
    failure: AwsUnreachable | None = None
    for one in plan_portals_to_ask(app, session):
        try:
            found = ask(one)
        except AwsUnreachable as error:
            failure = failure or error
        except (TokenRejected, RoleNotAssigned):
            _record_answer(app, session, one.session, has_failed=failure is not None)
            raise
        except (Refused, Superseded):
            raise
        except SsoHelperError:
            # The sign-in at a further portal has ended, or its token cannot be read or saved. This
            # error is ignored: only the answer of the session's own portal counts.
            if not one.session.is_further:
                raise
        else:
            _record_answer(app, session, one.session, has_failed=failure is not None)
            return found
    assert failure is not None
    raise failure


def _record_answer(
    app: App, session: SsoSession, answered: SsoSession, *, has_failed: bool
) -> None:
    if not answered.is_further:
        if app.answering_regions.load(session.name) is not None:
            app.answering_regions.forget(session.name)
    elif has_failed:
        until = app.clock.now() + _FIRST_SECONDS
        app.answering_regions.save(session.name, answered.region, until)


def renew_token(app: App, session: SsoSession, seen_id: str, deadline: Deadline) -> None:
    """Renew the token `seen_id` in a process; if its region does not answer, another region's.

    Raises: the errors of `actions.renewal`.
    """
    has_further = bool(list_further_portals(app, session))

    def renew_at(portal_to_ask: PortalToAsk) -> None:
        portal, token_id = portal_to_ask.session, seen_id
        token = app.tokens.load(portal) if has_further else None
        if token is not None and token.id != seen_id:
            if tokens.load_token_state(app, portal, token) is TokenState.GOOD:
                return  # this region has another token, which is valid
            token_id = token.id

        def prepare_portal_call() -> None:
            # The portal's imports take 20 ms. They are done here, while the renewal process
            # starts, so that the role call after the renewal starts sooner.
            with suppress(SsoHelperError):  # the call for credentials reports this error too
                app.aws.portal(portal).prepare_first_call()

        error = app.renewals.renew_token(
            portal.sign_in_name,
            token_id,
            portal_to_ask.limit_deadline(app, RENEWAL_SECONDS, deadline),
            meanwhile=prepare_portal_call,
        )
        if error is not None:
            raise error

    ask_regions_in_turn(app, session, renew_at)


def load_due_token_id(app: App, session: SsoSession, own: AccessToken | None) -> str | None:
    """Return the id of the token for the next request if half of the token's lifetime is over.

    `own` is the session's own token. Returns None if the token is not due or cannot be renewed.
    """
    portal = find_next_portal(app, session)
    token = _load_token_or_none(app, portal) if portal.is_further else own
    due_at = tokens.load_token_renewal_time(app, portal)
    is_due = due_at is not None and app.clock.now() >= due_at
    return token.id if token is not None and is_due else None


def keep_further_sign_ins(
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
        return is_further_signed_in(app, session, further)
    except SsoHelperError:
        return False


def _load_token_or_none(app: App, session: SsoSession) -> AccessToken | None:
    with suppress(SsoHelperError):
        return app.tokens.load_token_for_display(session)
    return None
