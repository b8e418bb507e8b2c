"""Finds the portals of a session: where its start URL leads, and which region to ask next.

An instance of Identity Center may have portals in further regions, which are asked in turn until
one answers. A further portal's sign-in must belong to the session's present sign-in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ssohelper.actions import selection, tokens
from ssohelper.broker.requests import TokenState
from ssohelper.core.further_portals import (
    SAME_INSTANCE,
    compare_portal_urls,
    find_refusal,
    parse_further_portals,
)
from ssohelper.core.lineage import Validity, validity_of_credentials
from ssohelper.core.model import AccessToken, SsoSession
from ssohelper.core.portal_address import PortalAddress
from ssohelper.core.session_keys import keys_of_session
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
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline

_T = TypeVar("_T")

# Time limits of a call and a renewal while another region can be asked: two expired tokens and one
# region without an answer fit into 18 s. A renewal includes the start of a process.
CALL_SECONDS, RENEWAL_SECONDS = 4.0, 5.0
# After one region answered in place of others, it is asked first for this long.
_FIRST_SECONDS = 300


# -- the portal of a company's own start URL ------------------------------------------------------


def resolve_portal_of_session(
    app: App, session: SsoSession, confirm: Callable[[str, str], bool]
) -> SsoSession:
    """Return the session with the portal and region to which a company's start URL leads now.

    Raises: ConfigInvalid if the URL leads to no portal, or to a portal that the user must confirm;
    AwsUnreachable.
    """
    if not is_company_url(session.start_url):
        return session
    found = app.aws.find_portal_url(session.start_url)
    region = region_of_start_url(found)
    moved = session._replace(portal_url=found, region=region or session.region)
    known = app.aws.portal_addresses.load(session.name)
    if known is None or not is_same_portal(known.start_url, session.start_url):
        if region not in (None, session.region):
            app.warn(f"{session.start_url} leads to {region}, not to {session.region}")
        return moved
    earlier = known.portal_url
    if is_same_portal(earlier, found):
        return moved
    if compare_portal_urls(earlier, found) in SAME_INSTANCE:
        before = region_of_start_url(earlier)
        if before != region:
            app.warn(
                f"{show(session.start_url)} now leads to {region} (last time: {before}), for the "
                "same instance of Identity Center"
            )
    elif not confirm(earlier, found):
        raise ConfigInvalid(
            f"the start URL {session.start_url} now leads to {found}, not to {earlier}; "
            "nothing was sent to the new portal",
            hint="ask your administrator whether the portal has moved, then sign in on a terminal: "
            f"ssohelper login {session.name}",
        )
    return moved


def save_portal_address(app: App, session: SsoSession) -> None:
    """Raises: LocalState."""
    if session.portal_url is None or not is_company_url(session.start_url):
        return
    address = PortalAddress(
        session.start_url,
        session.portal_url,
        keys_of_session(app.config.read(), session.name).get("sso_region") or session.region,
        region_of_start_url(session.portal_url),
    )
    app.aws.portal_addresses.save(session.name, address)


# -- further portals -------------------------------------------------------------------------------


def list_further_portals(app: App, session: SsoSession) -> list[SsoSession]:
    """Return a copy of the session for each further portal in the settings, [] if unreadable.

    Warns of a portal that cannot belong to the same Identity Center.
    """
    try:
        texts = app.settings.get("regions", session=session.name)
    except SsoHelperError:
        return []
    found = []
    for portal in parse_further_portals(texts):
        why = find_refusal(session, portal)
        if not why:
            further = session._replace(portal_url=None, is_further=True)
            found.append(further._replace(**portal._asdict()))
        # otherwise the session's own portal has moved to this region
        elif portal.region != session.region:
            what = f"{portal.start_url} {why}; this portal is not used"
            app.warn(f"sessions.{session.name}.regions: {what}")
    return found


def check_regions_setting(app: App, session_name: str, texts: Sequence[str]) -> None:
    """Raises: ConfigInvalid."""
    session, portals = app.config.read().sso_session(session_name), parse_further_portals(texts)
    for portal in portals:
        why = find_refusal(session, portal) if session is not None else ""
        if why:
            raise ConfigInvalid(f"{portal.start_url} {why}")


def require_sign_in_session(app: App, sign_in_name: str) -> SsoSession:
    """Return the session, in the config or of a recorded sign-in. Raises: ConfigInvalid."""
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
    """Return whether the portal may be asked: its sign-in belongs to the session's present one."""
    with suppress(SsoHelperError):
        app.company_policy.check_portal(further)
        token = tokens.load_token_or_none(app, further)
        facts = app.tokens.load_facts(further.sign_in_name)
        if token is None or facts.ended_at is not None or facts.of_token_id is None:
            return False
        own, present = app.tokens.load_facts(session.name), tokens.load_token_or_none(app, session)
        is_current = validity_of_credentials(facts.of_token_id, present, own) is Validity.CURRENT
        return is_current and (
            tokens.is_token_unexpired(app, token) or tokens.is_token_refreshable(app, token)
        )
    return False


def list_portals_to_ask(app: App, session: SsoSession) -> list[SsoSession]:
    """Return the session's own portal and further portals; the one that answered last comes first."""
    further = list_further_portals(app, session)
    portals = [session, *(one for one in further if is_further_signed_in(app, session, one))]
    found = app.answering_regions.load(session.name) if len(portals) > 1 else None
    if found is not None and 0 < found[1] - app.clock.now() <= _FIRST_SECONDS:
        portals.sort(key=lambda one: one.region != found[0])
    return portals


def ask_regions_in_turn(
    app: App,
    session: SsoSession,
    seconds: float,
    deadline: Deadline,
    ask: Callable[[SsoSession, Deadline], _T],
) -> _T:
    """Return what `ask` returns for the first portal that answers, each within `seconds`.

    The last portal gets all the time that is left. Raises: the first portal's error if none answers.
    """
    failure: AwsUnreachable | None = None
    portals = list_portals_to_ask(app, session)
    for portal in portals:
        is_last = portal is portals[-1]
        left = deadline.seconds_left()
        limit = deadline if is_last else app.clock.deadline(min(seconds, left))
        try:
            found = ask(portal, limit)
        except AwsUnreachable as error:
            failure = failure or error
        except (TokenRejected, RoleNotAssigned):
            _record_answer(app, session, portal, has_failed=failure is not None)
            raise
        except (Refused, Superseded):
            raise
        except SsoHelperError:
            # If a further portal's sign-in has ended, or its token cannot be read or saved, the
            # next portal is asked.
            if not portal.is_further:
                raise
        else:
            _record_answer(app, session, portal, has_failed=failure is not None)
            return found
    assert failure is not None
    raise failure


def _record_answer(
    app: App, session: SsoSession, answered: SsoSession, *, has_failed: bool
) -> None:
    if not answered.is_further:
        app.answering_regions.forget(session.name)
    elif has_failed:
        until = app.clock.now() + _FIRST_SECONDS
        app.answering_regions.save(session.name, answered.region, until)


def renew_token(app: App, session: SsoSession, seen_id: str, deadline: Deadline) -> None:
    """Renew the token `seen_id` or, if its region does not answer, another region's."""
    has_further = bool(list_further_portals(app, session))

    def renew_at(portal: SsoSession, limit: Deadline) -> None:
        token_id = seen_id
        token = app.tokens.load(portal) if has_further else None
        if token is not None and token.id != seen_id:
            if tokens.load_token_state(app, portal, token) is TokenState.GOOD:
                return  # this region has another token, which is valid
            token_id = token.id

        def prepare_portal_call() -> None:
            # The imports take 20 ms: they run while the renewal process starts.
            with suppress(SsoHelperError):  # the call for credentials reports this error too
                app.aws.portal(portal).prepare_first_call()

        error = app.renewals.renew_token(
            portal.sign_in_name, token_id, limit, meanwhile=prepare_portal_call
        )
        if error is not None:
            raise error

    ask_regions_in_turn(app, session, RENEWAL_SECONDS, deadline, renew_at)


def load_due_token_id(app: App, session: SsoSession, own: AccessToken | None) -> str | None:
    """Return the id of the token that the next request will use, if half of its lifetime is over.

    `own` is the session's own token.
    """
    portal = list_portals_to_ask(app, session)[0]
    token = tokens.load_token_or_none(app, portal) if portal.is_further else own
    due_at = tokens.load_token_renewal_time(app, portal)
    is_due = due_at is not None and app.clock.now() >= due_at
    return token.id if token is not None and is_due else None


def keep_further_sign_ins(
    app: App, session: SsoSession, used: AccessToken, fresh: AccessToken
) -> None:
    """Record that the further sign-ins belong to `fresh`, the result of renewing `used`.

    The facts keep only the last token ids. The caller holds the session's state lock.
    """
    for further in app.tokens.list_further_portal_sessions(session):
        facts = app.tokens.load_facts(further.sign_in_name)
        own = app.tokens.load_facts(session.name)
        if facts.of_token_id in own.token_ids and used.id in own.token_ids:
            app.tokens.save_facts(further.sign_in_name, facts._replace(of_token_id=fresh.id))
