"""Signs in and out at a session's further portals: those of its instance in other regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.actions import regions, sign_in_user, tokens
from ssohelper.core import lineage
from ssohelper.core.model import AccessToken, IssuedToken, SignInFacts, SsoSession
from ssohelper.core.text import show
from ssohelper.errors import (
    Interrupted,
    SsoHelperError,
    Superseded,
    UsageProblem,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssohelper.actions.login_ui import LoginUi
    from ssohelper.app import App

    GetToken = Callable[[SsoSession], IssuedToken]

_RENEWAL_SECONDS = 8.0


def find_further_portals_without_sign_in(app: App, session: SsoSession) -> list[SsoSession]:
    """Return the further portals that are not signed in together with the session."""
    return [
        further
        for further in regions.list_further_portals(app, session)
        if not regions.is_further_portal_signed_in(app, session, further)
    ]


def sign_in_at_further_portals(
    app: App, session: SsoSession, ui: LoginUi, get_token: GetToken
) -> None:
    """Sign in at each further portal without a sign-in, one after another.

    `get_token` gets a token of one portal by an interactive sign-in. A failed sign-in is a warning,
    because the session's own sign-in works without it. Raises: UsageProblem if another user signed
    in there than in the session's own region; the new sign-in is then ended and not saved.
    """
    for further in find_further_portals_without_sign_in(app, session):
        ui.report_further_region(further.region)
        try:
            app.company_policy.check_portal(further)
            _sign_in_at_further_portal(app, session, further, get_token)
        except (UsageProblem, Superseded):
            raise
        except Interrupted:
            app.warn(f"{_not_signed_in_text(session, further)}: cancelled")
            return
        except SsoHelperError as error:
            app.warn(f"{_not_signed_in_text(session, further)}: {error.message}")


def warn_of_further_portals_without_sign_in(app: App, session: SsoSession) -> None:
    """Warn of further portals without a sign-in, and say how to sign in at them."""
    for further in find_further_portals_without_sign_in(app, session):
        app.warn(
            f"{_not_signed_in_text(session, further)}; sign in there too with: "
            f"ssohelper login {session.name} --force"
        )


def forget_further_sign_ins(app: App, session: SsoSession) -> None:
    """Remove the sign-ins at further portals from this machine. The caller holds the state lock."""
    for further in app.tokens.list_further_portal_sessions(session):
        app.tokens.forget(further)
        # The sign-in at this further portal has ended, so nothing is recorded about it any more.
        app.tokens.save_facts(further.sign_in_name, SignInFacts())
    app.region_failures.save(session.name, {})


def revoke_further_sign_ins(app: App, session: SsoSession) -> SsoHelperError | None:
    """End the sign-ins at further portals at AWS.

    Sign-ins at portals that the settings no longer name are ended too. Returns the first error, if
    ending a sign-in failed.
    """
    failure: SsoHelperError | None = None
    for further in app.tokens.list_further_portal_sessions(session):
        _token, error = tokens.revoke_sign_in(app, further, _RENEWAL_SECONDS)
        failure = failure or error
    return failure


def _sign_in_at_further_portal(
    app: App, session: SsoSession, further: SsoSession, get_token: GetToken
) -> None:
    app.tokens.prepare_sign_in(further)
    own_token = app.tokens.load(session)
    if own_token is None:
        raise tokens.signed_out_error(session)
    token, life_seconds = get_token(further)
    user = sign_in_user.find_signed_in_user(app, further, token)
    own_user = app.tokens.load_facts(session.name).user
    if sign_in_user.is_another_user(user, own_user):
        sign_in_user.end_unsaved_sign_in(app, further, token)
        raise UsageProblem(
            f'"{show(user or "")}" signed in to "{session.name}" in {further.region}, and '
            f'"{show(own_user or "")}" in {session.region}: the sign-in in {further.region} was '
            "discarded",
            hint="sign out of the access portal in the browser, then: "
            f"ssohelper login {session.name} --force",
        )
    _save_further_sign_in(app, session, further, own_token, token, life_seconds, user)


def _save_further_sign_in(
    app: App,
    session: SsoSession,
    further: SsoSession,
    own_token: AccessToken,
    token: AccessToken,
    life_seconds: int,
    user: str | None,
) -> None:
    """Save the token of a further portal. Raises: Superseded if the session's own token changed."""
    with app.tokens.lock_state(session.name, app.clock.deadline()):
        present, own = app.tokens.load(session), app.tokens.load_facts(session.name)
        if (
            lineage.validity_of_credentials(own_token.id, present, own)
            is not lineage.Validity.CURRENT
        ):
            sign_in_user.end_unsaved_sign_in(app, further, token)
            raise Superseded(f'the sign-in to "{session.name}" changed meanwhile')
        with app.tokens.lock_state(further.sign_in_name, app.clock.deadline()):
            known = app.tokens.load_facts(further.sign_in_name)
            before = SignInFacts(
                client=known.client,
                client_issuer=known.client_issuer,
                of_token_id=present.id if present else own_token.id,
            )
            app.tokens.save(further, token)
            facts = tokens.facts_of_new_sign_in(app, further, before, token, life_seconds, user)
            app.tokens.save_facts(further.sign_in_name, facts)


def _not_signed_in_text(session: SsoSession, further: SsoSession) -> str:
    return f'"{session.name}" is not signed in in {further.region}'
