"""Bugs to be planted one at a time: a simulator that does not find them proves nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

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

# Replaces an attribute of the engine.
Put = Callable[[Any, str, Any], None]
BUGS: dict[str, Callable[[Put], None]] = {}


def _bug(name: str) -> Callable[[Callable[[Put], None]], None]:
    return partial(BUGS.__setitem__, name)


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant the bug of this name for a while."""
    before: list[tuple[Any, str, Any]] = []

    def put(owner: Any, attribute: str, value: Any) -> None:
        before.append((owner, attribute, vars(owner)[attribute]))
        setattr(owner, attribute, value)

    BUGS[name](put)
    try:
        yield
    finally:
        for owner, attribute, value in before:
            setattr(owner, attribute, value)


class _Any(str):
    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


_real_read, _real_renew = TokenFiles._read_whole_token, renewal.renew_token
for _name, _what in {
    "save_renewed_token brings back a signed-out session": (
        *(TokenFiles, "_read_whole_token"),
        lambda self, session: _real_read(self, session) or {},
    ),
    "renew_token does not look at seen_id": (
        *(renewal, "renew_token"),
        lambda app, session, seen_id: _real_renew(app, session, _Any(seen_id)),
    ),
    "validity_of_credentials takes every token for the same sign-in": (
        *(issuing, "validity_of_credentials"),
        lambda token_id, token, facts: Validity.CURRENT if token else Validity.SIGNED_OUT,
    ),
    "the token's lock is not taken": (
        *(TokenFiles, "lock_token"),
        lambda self, name, deadline: contextlib.nullcontext(),
    ),
    "the backoff never clears": (Backoff, "clear", lambda self: None),
    "deadlines are ignored": (Broker, "_reply_at_deadlines", lambda self, now: None),
    "expired credentials are served": (
        *(freshness, "freshness_of_credentials"),
        lambda life, left, age: Freshness.SERVE,
    ),
    "no pace": (Pace, "next_call_at", lambda self, now: now),
    # Credentials that were good when a caller asked are handed out later, even after a sign-out.
    "a fallback of before is handed out": (
        *(Broker, "_find_usable_reply"),
        lambda self, caller, error: caller.fallback,
    ),
}.items():
    BUGS[_name] = lambda put, _what=_what: put(*_what)


@_bug("renewal without reserving first")
def _renew_without_room(put: Put) -> None:
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


@_bug("save_renewed_token overwrites a foreign sign-in")
def _overwrite_foreign(put: Put) -> None:
    def save(self: Any, session: Any, used: Any, fresh: Any, reserved: Reservation) -> Any:
        document = json.dumps(token_cache.token_document_of({}, session, fresh))
        reserved.commit(document.encode("ascii"))
        return fresh

    put(TokenFiles, "save_renewed_token", save)


@_bug("an answer is kept whatever became of its sign-in")
def _keep_without_standing(put: Put) -> None:
    def standing(app: Any, session: Any, cached: Any) -> Any:
        return app.tokens.load(session), Validity.CURRENT

    put(issuing, "_load_token_and_validity", standing)


@_bug("a lost refresh is sent again at once")
def _send_again(put: Put) -> None:
    """A refresh is sent again, by the same process, when its answer was lost."""
    real = renewal._request_token

    def renew(app: Any, session: Any, token: Any, reserved: Any) -> None:
        try:
            real(app, session, token, reserved)
        except AnswerLost:
            real(app, session, token, reserved)

    put(renewal, "_request_token", renew)


@_bug("two calls for one role")
def _two_calls(put: Put) -> None:
    """A role call counts as ended as soon as another caller asks for the role."""
    real = Broker.handle_request

    def ask(self: Any, caller: Any, now: float) -> None:
        job = self._jobs.get(caller.request.key)
        if job is not None:
            job.is_under_way = False
        real(self, caller, now)

    put(Broker, "handle_request", ask)


@_bug("a reply goes to another job's caller")
def _reply_of_another_job(put: Put) -> None:
    """While two jobs run, a caller may get the document of the job that it did not ask for."""
    real = Broker._end_job

    def finish(self: Any, job: Any, reply: Reply) -> None:
        others = [one for one in self._jobs.values() if one is not job and one.callers]
        if others and job.callers and reply.error is None:
            job.callers[0], others[0].callers[0] = others[0].callers[0], job.callers[0]
        real(self, job, reply)

    put(Broker, "_end_job", finish)


@_bug("published again without lock and check")
def _publish_without_check(put: Put) -> None:
    """A lost response is published again without a look at the sign-in, and without the lock."""

    def again(app: Any, session: Any, key: Any, cached: Any, *, is_due: bool) -> bool:
        app.clock.sleep(0.2)
        issuing._write_published_response(app, session, key, cached, is_due=is_due)
        return True

    put(issuing, "_try_to_publish", again)


_kept: list[contextlib.ExitStack] = []


@_bug("a reservation is left behind")
def _leave_reservation(put: Put) -> None:
    real = files.reserve_file

    @contextlib.contextmanager
    def reserve(path: Any, size: int) -> Iterator[Reservation]:
        reserved = real(path, size)
        with contextlib.ExitStack() as stack:
            yield stack.enter_context(reserved)
            _kept.append(stack.pop_all())

    put(files, "reserve_file", reserve)


@_bug("a 401 ends the sign-in")
def _rejected_is_final(put: Put) -> None:
    real = Broker._replace_token

    def renew_rejected(self: Any, job: Any, session: Any, error: Any, now: float) -> None:
        job.was_rejected = True
        real(self, job, session, error, now)

    put(Broker, "_replace_token", renew_rejected)


@_bug("the end of a call is not told")
def _lose_wake(put: Put) -> None:
    real = Loop._report_call_end
    count = 0

    def note_role_call_end(self: Any, key: Any, outcome: Any) -> None:
        nonlocal count
        count += 1
        if count % 5:
            real(self, key, outcome)

    put(Loop, "_report_call_end", note_role_call_end)


@_bug("an unreachable AWS counts as a refusal")
def _give_up_early(put: Put) -> None:
    """renewal takes a lost answer for a refusal of AWS's: the person is sent to sign in."""
    real = renewal._request_token

    def renew(app: Any, session: Any, token: Any, reserved: Any) -> None:
        try:
            real(app, session, token, reserved)
        except AwsUnreachable as error:
            raise tokens.sign_in_expired_error(session) from error

    put(renewal, "_request_token", renew)


@_bug("find does not look at the token file")
def _find_after_sign_out(put: Put) -> None:
    real = issuing.find_credentials

    def find(app: Any, key: Any, least_share: float = 0.0) -> FoundCredentials:
        found = real(app, key, least_share)
        cached = app.credentials.load(key, selection.require_session(app, key.session_name))
        is_late = cached and issuing._freshness_of_credentials(app, cached) is Freshness.TOO_LATE
        if found.document or cached is None or is_late:
            return found
        document = issuing.credential_document(cached.credentials, key.account_id)
        return FoundCredentials(document, True)

    put(issuing, "find_credentials", find)
