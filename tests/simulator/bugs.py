"""Bugs to be planted one at a time: a simulator that does not find them proves nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ssohelper.actions import issuing, renewal, selection, tokens
from ssohelper.broker.core import Broker
from ssohelper.broker.limits import Backoff, Pace
from ssohelper.broker.loop import Loop
from ssohelper.broker.requests import FoundCredentials, Reply
from ssohelper.core import freshness
from ssohelper.core.freshness import Freshness
from ssohelper.core.lineage import Validity
from ssohelper.errors import AnswerLost, AwsUnreachable
from ssohelper.stores import files, token_cache
from ssohelper.stores.files import Reservation
from ssohelper.stores.token_cache import TokenFiles


class Bug(NamedTuple):
    """`plant` takes a function that replaces an attribute of the engine."""

    name: str
    plant: Callable[[Callable[[Any, str, Any], None]], None]


Put = Callable[[Any, str, Any], None]


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant the bug of this name for a while."""
    bug = next(one for one in BUGS if one.name == name)
    before: list[tuple[Any, str, Any]] = []

    def put(owner: Any, attribute: str, value: Any) -> None:
        before.append((owner, attribute, vars(owner)[attribute]))
        setattr(owner, attribute, value)

    bug.plant(put)
    try:
        yield
    finally:
        for owner, attribute, value in before:
            setattr(owner, attribute, value)


def _renew_without_room(put: Put) -> None:
    """AWS is asked first, the space on the disk is reserved afterwards."""
    real = TokenFiles.reserve_space_for_token

    class Later:
        def __init__(self, store: Any, session: Any) -> None:
            self._make: Any = lambda: real(store, session)

        def commit(self, data: bytes) -> None:
            with self._make() as reserved:
                reserved.commit(data)

    @contextlib.contextmanager
    def reserve(self: Any, session: Any) -> Iterator[Any]:
        yield Later(self, session)

    put(TokenFiles, "reserve_space_for_token", reserve)


def _overwrite_foreign(put: Put) -> None:
    """save_renewed_token does not look at what is in the file."""

    def save(self: Any, session: Any, used: Any, fresh: Any, reserved: Reservation) -> Any:
        reserved.commit(
            json.dumps(token_cache.token_document_of({}, session, fresh)).encode("ascii")
        )
        return fresh

    put(TokenFiles, "save_renewed_token", save)


def _resurrect(put: Put) -> None:
    """save_renewed_token takes a missing file for the used token's."""
    real = TokenFiles._read_whole_token
    put(TokenFiles, "_read_whole_token", lambda self, session: real(self, session) or {})


def _ignore_seen_id(put: Put) -> None:
    """renew_token renews whatever is in the file, also what was renewed a moment ago."""
    real = renewal.renew_token
    put(renewal, "renew_token", lambda app, session, seen_id: real(app, session, _Any(seen_id)))


class _Any(str):
    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


def _keep_without_standing(put: Put) -> None:
    """An answer is kept although its sign-in has ended meanwhile."""

    def standing(app: Any, session: Any, cached: Any) -> Any:
        return app.tokens.load(session), Validity.CURRENT

    put(issuing, "_load_token_and_validity", standing)


def _keep_of_any_sign_in(put: Put) -> None:
    """Credentials of an earlier sign-in count as valid while another sign-in's token is stored."""
    put(
        issuing,
        "validity_of_credentials",
        lambda token_id, token, facts: Validity.CURRENT if token else Validity.SIGNED_OUT,
    )


def _send_again(put: Put) -> None:
    """A refresh is sent again, by the same process, when its answer was lost."""
    real = renewal._request_token

    def renew(app: Any, session: Any, token: Any, reserved: Any) -> None:
        try:
            real(app, session, token, reserved)
        except AnswerLost:
            real(app, session, token, reserved)

    put(renewal, "_request_token", renew)


def _renew_without_lock(put: Put) -> None:
    """The token's lock is not taken."""
    put(TokenFiles, "lock_token", lambda self, name, deadline: contextlib.nullcontext())


def _two_calls(put: Put) -> None:
    """A role call counts as ended as soon as another caller asks for the role."""
    real = Broker.handle_request

    def ask(self: Any, caller: Any, now: float) -> None:
        job = self._jobs.get(caller.request.key)
        if job is not None:
            job.is_under_way = False
        real(self, caller, now)

    put(Broker, "handle_request", ask)


def _backoff_never_clears(put: Put) -> None:
    put(Backoff, "clear", lambda self: None)


def _reply_of_another_job(put: Put) -> None:
    """While two jobs run, a caller may get the document of the job that it did not ask for."""
    real = Broker._end_job

    def finish(self: Any, job: Any, reply: Reply) -> None:
        others = [one for one in self._jobs.values() if one is not job and one.callers]
        if others and job.callers and reply.error is None:
            job.callers[0], others[0].callers[0] = others[0].callers[0], job.callers[0]
        real(self, job, reply)

    put(Broker, "_end_job", finish)


def _publish_without_check(put: Put) -> None:
    """A lost response is published again without a look at the sign-in, and without the lock."""

    def again(app: Any, session: Any, key: Any, cached: Any, *, is_due: bool) -> bool:
        app.clock.sleep(0.2)
        issuing._write_published_response(app, session, key, cached, is_due=is_due)
        return True

    put(issuing, "_try_to_publish", again)


def _no_deadline(put: Put) -> None:
    put(Broker, "_reply_at_deadlines", lambda self, now: None)


def _serve_expired(put: Put) -> None:
    """Cached credentials count as good even after their expiry."""
    put(freshness, "freshness_of_credentials", lambda life, left, age: Freshness.SERVE)


def _no_pace(put: Put) -> None:
    put(Pace, "next_call_at", lambda self, now: now)


def _keep_old_fallback(put: Put) -> None:
    """Credentials that were good when a caller asked are handed out later, even after a sign-out."""
    put(Broker, "_find_usable_reply", lambda self, caller, error: caller.fallback)


_kept: list[contextlib.ExitStack] = []


def _leave_reservation(put: Put) -> None:
    """The space that was reserved for a token is not given back."""
    real = files.reserve_file

    @contextlib.contextmanager
    def reserve(path: Any, size: int) -> Iterator[Reservation]:
        reserved = real(path, size)
        with contextlib.ExitStack() as stack:
            yield stack.enter_context(reserved)
            _kept.append(stack.pop_all())

    put(files, "reserve_file", reserve)


def _rejected_is_final(put: Put) -> None:
    """A 401 ends the sign-in: the token is not renewed, although it could be."""
    real = Broker._replace_token

    def renew_rejected(self: Any, job: Any, session: Any, error: Any, now: float) -> None:
        job.was_rejected = True
        real(self, job, session, error, now)

    put(Broker, "_replace_token", renew_rejected)


def _lose_wake(put: Put) -> None:
    """The end of a call is not told to the loop."""
    real = Loop._report_call_end
    count = 0

    def note_role_call_end(self: Any, key: Any, outcome: Any) -> None:
        nonlocal count
        count += 1
        if count % 5:
            real(self, key, outcome)

    put(Loop, "_report_call_end", note_role_call_end)


def _give_up_early(put: Put) -> None:
    """renewal takes a lost answer for a refusal of AWS's: the person is sent to sign in."""
    real = renewal._request_token

    def renew(app: Any, session: Any, token: Any, reserved: Any) -> None:
        try:
            real(app, session, token, reserved)
        except AwsUnreachable as error:
            raise tokens.sign_in_expired_error(session) from error

    put(renewal, "_request_token", renew)


def _find_after_sign_out(put: Put) -> None:
    """find looks at the credentials alone, not at the token file."""
    real = issuing.find_credentials

    def find(app: Any, key: Any, least_share: float = 0.0) -> FoundCredentials:
        found = real(app, key, least_share)
        if found.document:
            return found
        session = selection.require_session(app, key.session_name)
        cached = app.credentials.load(key, session)
        if cached is None or issuing._freshness_of_credentials(app, cached) is Freshness.TOO_LATE:
            return found
        return FoundCredentials(
            issuing.credential_document(cached.credentials, key.account_id), True
        )

    put(issuing, "find_credentials", find)


BUGS = (
    Bug("renewal without reserving first", _renew_without_room),
    Bug("save_renewed_token overwrites a foreign sign-in", _overwrite_foreign),
    Bug("save_renewed_token brings back a signed-out session", _resurrect),
    Bug("renew_token does not look at seen_id", _ignore_seen_id),
    Bug("an answer is kept whatever became of its sign-in", _keep_without_standing),
    Bug("validity_of_credentials takes every token for the same sign-in", _keep_of_any_sign_in),
    Bug("a lost refresh is sent again at once", _send_again),
    Bug("the token's lock is not taken", _renew_without_lock),
    Bug("two calls for one role", _two_calls),
    Bug("the backoff never clears", _backoff_never_clears),
    Bug("a reply goes to another job's caller", _reply_of_another_job),
    Bug("published again without lock and check", _publish_without_check),
    Bug("deadlines are ignored", _no_deadline),
    Bug("expired credentials are served", _serve_expired),
    Bug("no pace", _no_pace),
    Bug("a fallback of before is handed out", _keep_old_fallback),
    Bug("a reservation is left behind", _leave_reservation),
    Bug("a 401 ends the sign-in", _rejected_is_final),
    Bug("the end of a call is not told", _lose_wake),
    Bug("an unreachable AWS counts as a refusal", _give_up_early),
    Bug("find does not look at the token file", _find_after_sign_out),
)
