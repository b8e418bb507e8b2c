"""Renews a session's token with one request that is never repeated.

A refresh token works only once, so it is sent only where the new token can be saved: by a separate
process, which no caller's end, deadline or signal can interrupt.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from ssohelper.actions import clocks, regions, tokens
from ssohelper.core import lineage, sign_in_outlook
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import AccessToken, SignInFacts, SsoSession
from ssohelper.errors import (
    AnswerLost,
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    LocalState,
    LoginRequired,
    RegistrationRejected,
)
from ssohelper.fastpath.own_process import delay_signals

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.stores.files import Reservation

_log = logging.getLogger(__name__)

# How long to wait for AWS's answer; the AWS CLI waits for 60 s too.
ANSWER_SECONDS = 60.0
# Another process's renewal ends within its own 60 s.
LOCK_SECONDS = 75.0
_LOCK_TRIES = 3
_STATE_LOCK_SECONDS = 5.0
# Another tool may have renewed the token, and write it in a moment.
_REREAD_SECONDS = 3.0
_REREAD_PAUSE_SECONDS = 0.1


def renew_token(app: App, session: SsoSession, seen_id: str) -> None:
    """Renew the session's token `seen_id`. Do nothing if the file has a newer valid token.

    Records the end of the sign-in. Raises: LoginRequired, AwsUnreachable, AnswerLost, LocalState.
    """
    for _ in range(_LOCK_TRIES):
        with app.tokens.lock_token(session, app.clock.deadline(LOCK_SECONDS)) as is_held:
            token = app.tokens.load(session)
            if token is None:
                raise tokens.signed_out_error(session)
            if token.id != seen_id and tokens.is_token_unexpired(app, token):
                return
            if not tokens.is_token_refreshable(app, token):
                # Callers want an unexpired token renewed only if AWS has rejected it.
                if tokens.is_token_unexpired(app, token):
                    _record_sign_in_end(app, session, token)
                raise tokens.sign_in_expired_error(session)
            # Space is reserved first: the refresh token works once, so the new token must be saved.
            with app.tokens.reserve_space_for_token(session) as reserved, delay_signals():
                if is_held:
                    _request_token(app, session, token, reserved)
                    return
        # The disk was full for the lock file, but has space now. Without the lock, another renewal
        # may be running.
    raise LocalState(
        f'the token of "{session.sign_in_name}" cannot be renewed: the disk is full or read-only '
        "from time to time"
    )


def _request_token(
    app: App, session: SsoSession, token: AccessToken, reserved_space: Reservation
) -> None:
    _log.info('renewing the token of "%s"', session.sign_in_name)
    value = token.refresh_token.reveal() if token.refresh_token else ""
    sent_id = hashlib.sha256(value.encode()).hexdigest()[:16]
    was_lost = app.tokens.load_facts(session.sign_in_name).sent_id == sent_id
    oidc = app.aws.oidc(session)
    _record_sent_id(app, session, sent_id)
    try:
        fresh, life_seconds = oidc.refresh_token(token, app.clock.deadline(ANSWER_SECONDS))
    except LoginRequired as refusal:
        if _wait_for_foreign_token(app, session, token):
            return
        error = tokens.sign_in_expired_error(session)
        if was_lost and not isinstance(refusal, RegistrationRejected):
            error = LoginRequired(
                f'the sign-in to "{session.name}" was lost: AWS renewed it, but its answer never '
                "arrived (a renewal was killed, or the network failed)",
                hint=error.hint,
            )
        _record_sign_in_end(app, session, token)
        raise error from refusal
    except (AnswerLost, BadAnswer):
        raise  # `sent_id` stays recorded: a refusal next time then means that this answer was lost
    except (AwsUnreachable, ConfigInvalid):
        _record_sent_id(app, session, None)
        raise
    # The token is saved at once, even without the lock: this process has the only copy.
    with _hold_state_lock(app, session):
        stamp = None if session.is_further else app.take_session_stamp(session)
        saved = app.tokens.save_renewed_token(session, token, fresh, reserved_space)
        if saved.value != fresh.value:
            _log.info('another tool signed in to "%s" meanwhile', session.name)
            return
        known = app.tokens.load_facts(session.sign_in_name)
        facts = sign_in_outlook.facts_of_token(known, token)._replace(
            refreshed_at=app.clock.now(),
            ended_at=None,
            token_expires_at=fresh.expires_at,
            token_life_seconds=life_seconds,
            token_ids=lineage.token_ids_after_renewal(known, token, fresh),
            issuer=oidc.issuer,
            sent_id=None,
        )
        length = sign_in_outlook.length_after_renewal(facts, app.clock.now())
        _save_sign_in_facts(app, session, facts._replace(observed_hours_seconds=length))
        if stamp is None:
            return
        with suppress(LocalState, OSError):
            regions.keep_further_sign_ins(app, session, token, fresh)
        # The new token is recorded, so that published responses stay valid for the launcher.
        with suppress(LocalState, OSError):
            stamp.renew_token_stamp()
    clocks.refresh_prompts(app, session)


def _wait_for_foreign_token(app: App, session: SsoSession, used: AccessToken) -> bool:
    """Wait up to 3 s for the token that another tool got with the same refresh token."""
    patience = Deadline(_REREAD_SECONDS, app.clock.monotonic)
    while True:
        found = app.tokens.load(session)
        if found is None:
            return False
        if found.value != used.value and tokens.is_token_unexpired(app, found):
            _log.info('another tool has renewed the token of "%s"', session.sign_in_name)
            clocks.refresh_prompts(app, session)
            return True
        if patience.seconds_left() < _REREAD_PAUSE_SECONDS:
            return False
        app.clock.sleep(_REREAD_PAUSE_SECONDS)


def _record_sent_id(app: App, session: SsoSession, sent_id: str | None) -> None:
    with _hold_state_lock(app, session):
        facts = app.tokens.load_facts(session.sign_in_name)
        if facts.sent_id != sent_id:
            _save_sign_in_facts(app, session, facts._replace(sent_id=sent_id))


def _record_sign_in_end(app: App, session: SsoSession, token: AccessToken) -> None:
    _record_sent_id(app, session, None)
    with _hold_state_lock(app, session):
        facts, present = clocks.facts_of_token(app, session, token), app.tokens.load(session)
        # After a sign-in or sign-out meanwhile, the recorded facts belong to another token.
        if facts.ended_at is not None or present is None or present.id != token.id:
            return
        now, life = app.clock.now(), tokens.load_token_life_seconds(app, session, token)
        ended = facts._replace(
            ended_at=now,
            observed_hours_seconds=sign_in_outlook.length_after_end(facts, life, now),
            token_expires_at=token.expires_at,
            token_life_seconds=None,
        )
        _save_sign_in_facts(app, session, ended)
    clocks.refresh_prompts(app, session)


@contextmanager
def _hold_state_lock(app: App, session: SsoSession) -> Iterator[None]:
    """Go on without the lock if a stopped process (Ctrl-Z) holds it."""
    with ExitStack() as stack:
        with suppress(LocalState):
            limit = app.clock.deadline(_STATE_LOCK_SECONDS)
            stack.enter_context(app.tokens.lock_state(session.sign_in_name, limit))
        yield


def _save_sign_in_facts(app: App, session: SsoSession, facts: SignInFacts) -> None:
    """With a full disk the renewal still succeeds."""
    with suppress(LocalState, OSError):
        app.tokens.save_facts(session.sign_in_name, facts)
