"""Lists the accounts and roles of a session, from the saved listing or from AWS.

If a listing is interrupted, AWS's answers so far are saved in a separate file, from which the next
listing continues. Until it is complete, `list` and `profile sync` use the last complete one.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ssohelper.actions import tokens
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import AccessToken, Account, SsoSession
from ssohelper.core.text import shortened_name_list
from ssohelper.errors import (
    AnotherUsersHome,
    AwsUnreachable,
    LocalState,
    LockNotObtained,
    NoConnection,
    RoleNotAssigned,
    SsoHelperError,
    Throttled,
    TokenRejected,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.portal import Portal

_T = TypeVar("_T")

# Called in the listing's thread with the number of accounts whose roles are listed, and of all
# accounts.
Progress = Callable[[int, int], None]

LISTING_IS_OLD_SECONDS = 24 * 3600
# Eight threads reach 20 requests a second if each answer takes 400 ms or less.
_THREADS = 8
# After this many failed requests the listing stops, because AWS or the network must be down.
_MOST_FAILURES = 5
# How often (seconds) AWS's answers so far are saved. A killed listing loses no more than this.
_SAVE_EVERY_SECONDS = 2.0
_MOST_NAMES_IN_A_WARNING = 20


# -- the saved listing ----------------------------------------------------------------------------


def fetch_listing(
    app: App,
    session: SsoSession,
    *,
    refresh: bool = False,
    of_this_sign_in: bool = False,
    from_scratch: bool = False,
    progress: Progress | None = None,
) -> Listing:
    """Return the saved listing if it is less than a day old, else ask AWS for a complete one.

    `of_this_sign_in`: no listing from an earlier sign-in. `from_scratch`: continues no interrupted
    listing, because the caller removes profiles of missing roles. Raises: LoginRequired;
    RoleNotAssigned if AWS refuses to list the accounts; AwsUnreachable, after saving the answers so
    far.
    """
    found = saved = load_listing(app, session)
    if (
        found is None
        or refresh
        or from_scratch
        or not is_listing_recent(app, session, found, of_this_sign_in=of_this_sign_in)
    ):
        found = _ListingRefresh(app, session, saved, progress).run(from_scratch=from_scratch)
    refused = [f'"{a.account.name}" ({a.account.id})' for a in found.accounts if a.refused]
    if refused:
        names = shortened_name_list(refused, _MOST_NAMES_IN_A_WARNING)
        app.warn(f"AWS refuses to list the roles of {names}; the roles of the last list are shown")
    return found


def load_listing(app: App, session: SsoSession) -> Listing | None:
    """Return the last complete listing from the session's present portal, however old."""
    found = app.directory.load(session.name)
    return found if found is not None and found.is_of_portal_of(session) else None


def is_listing_recent(
    app: App, session: SsoSession, found: Listing, *, of_this_sign_in: bool
) -> bool:
    is_recent = 0 <= app.clock.now() - found.listed_at < LISTING_IS_OLD_SECONDS
    return is_recent and not (of_this_sign_in and precedes_sign_in(app, session, found))


def precedes_sign_in(app: App, session: SsoSession, found: Listing) -> bool:
    """Return whether the listing may be another user's. False while signed out."""
    since = tokens.load_user_since(app, session)
    return since is not None and found.listed_at < since <= app.clock.now()


def forget_earlier_listing(app: App, session: SsoSession) -> None:
    saved = load_listing(app, session)
    if saved is not None and precedes_sign_in(app, session, saved):
        app.directory.forget(session.name)


def start_refresh_process(app: App, session: SsoSession) -> None:
    """Does nothing if such a process runs already, or cannot start."""
    with suppress(LocalState, OSError):
        with app.directory.lock_listing(session.name, app.clock.deadline(0.0)):
            pass
        app.start_listing_process(session.name)


def refresh_in_background(app: App, session: SsoSession) -> None:
    """Does nothing if another process is refreshing the listing."""
    with (
        suppress(LockNotObtained),
        app.directory.lock_listing(session.name, app.clock.deadline(0.0)),
    ):
        fetch_listing(app, session, of_this_sign_in=True)


# -- listing accounts and roles -------------------------------------------------------------------


class _ListingRefresh:
    """Asks AWS for the accounts; then eight threads, which use no store, ask for their roles."""

    def __init__(
        self, app: App, session: SsoSession, saved: Listing | None, progress: Progress | None
    ) -> None:
        self._app = app
        self._session = session
        self._earlier = {a.account.id: a for a in saved.accounts} if saved else {}
        self._progress = progress or (lambda _answered, _all: None)
        app.company_policy.check_portal(session)
        self._portal: Portal = app.aws.portal(session)
        self._token = _SharedToken(app, session)
        self._begun_at = app.clock.now()
        self._accounts: dict[str, ListedAccount] = {}
        self._failures: list[SsoHelperError] = []
        self._stop = threading.Event()

    def run(self, *, from_scratch: bool) -> Listing:
        accounts = self._token.ask(lambda token: list(self._portal.list_accounts(token)))
        # `setup` reports a wrong clock when it ends, so no warning is given here.
        self._app.clock.learn_aws_time(self._portal.answered_at(), may_warn=False)
        accounts.sort(key=lambda account: (account.name.casefold(), account.id))
        self._accounts = {a.id: ListedAccount(a, (), False, answered=False) for a in accounts}
        if not from_scratch:
            self._continue_unfinished()
        to_ask = self._unanswered()
        self._progress(len(self._accounts) - len(to_ask), len(self._accounts))
        try:
            self._ask_for_roles(to_ask)
        finally:
            self._stop.set()
            if self._unanswered():
                self._save(is_complete=False)
        if self._failures:
            raise self._incomplete_error()
        return self._save(is_complete=True)

    def _unanswered(self) -> list[ListedAccount]:
        return [listed for listed in self._accounts.values() if not listed.answered]

    def _continue_unfinished(self) -> None:
        unfinished = self._app.directory.load_unfinished_listing(self._session.name)
        if (
            unfinished is None
            or not unfinished.is_of_portal_of(self._session)
            or not is_listing_recent(self._app, self._session, unfinished, of_this_sign_in=True)
        ):
            return
        self._begun_at = unfinished.listed_at
        for listed in unfinished.accounts:
            now = self._accounts.get(listed.account.id)
            if now is not None and listed.answered:
                self._accounts[now.account.id] = listed._replace(account=now.account)

    def _ask_for_roles(self, to_ask: list[ListedAccount]) -> None:
        waiting: queue.SimpleQueue[Account] = queue.SimpleQueue()
        for listed in to_ask:
            waiting.put(listed.account)
        answers: queue.SimpleQueue[ListedAccount | BaseException] = queue.SimpleQueue()
        for number in range(min(_THREADS, len(to_ask))):
            # Daemon threads, so that Ctrl-C need not wait for eight answers.
            threading.Thread(
                target=self._ask_in_thread,
                args=(waiting, answers),
                daemon=True,
                name=f"listing-{number}",
            ).start()
        save_at = self._app.clock.monotonic() + _SAVE_EVERY_SECONDS
        answered = len(self._accounts) - len(to_ask)
        for _ in to_ask:
            answer = answers.get()
            if isinstance(answer, ListedAccount):
                self._accounts[answer.account.id] = answer
                answered += 1
                self._progress(answered, len(self._accounts))
            elif isinstance(answer, SsoHelperError):
                self._failures.append(answer)
                is_lasting = not isinstance(answer, AwsUnreachable) or isinstance(answer, Throttled)
                if is_lasting or len(self._failures) >= _MOST_FAILURES:
                    return
            else:
                raise answer
            if self._app.clock.monotonic() >= save_at:
                self._save(is_complete=False)
                save_at = self._app.clock.monotonic() + _SAVE_EVERY_SECONDS

    def _ask_in_thread(
        self,
        waiting: queue.SimpleQueue[Account],
        answers: queue.SimpleQueue[ListedAccount | BaseException],
    ) -> None:
        with suppress(queue.Empty):
            while not self._stop.is_set():
                account = waiting.get_nowait()
                try:
                    answers.put(self._list_roles(account))
                except BaseException as error:
                    answers.put(error)

    def _list_roles(self, account: Account) -> ListedAccount:
        """Return the account's roles; if AWS refuses the account, its roles in the saved listing."""
        try:
            names = self._token.ask(lambda token: self._portal.list_roles(token, account.id))
        except RoleNotAssigned:
            earlier = self._earlier.get(account.id)
            return ListedAccount(account, earlier.roles if earlier else (), refused=True)
        return ListedAccount(account, tuple(sorted(names)))

    def _save(self, *, is_complete: bool) -> Listing:
        session, store = self._session, self._app.directory
        accounts = tuple(self._accounts.values())
        listing = Listing(session.start_url, session.region, self._begun_at, accounts)
        try:
            with suppress(AnotherUsersHome):
                (store.save if is_complete else store.save_unfinished_listing)(
                    session.name, listing
                )
        except (LocalState, OSError) as error:
            self._app.warn(f"the listed accounts could not be saved: {error}")
        if is_complete:
            # Published responses go, because a guard rule may match an account by its new name.
            with suppress(SsoHelperError, OSError):
                if self._app.vault.policy.rules:
                    self._app.credentials.delete_session_responses(session.name)
        return listing

    def _incomplete_error(self) -> SsoHelperError:
        for error in self._failures:
            if not isinstance(error, AwsUnreachable):
                return error
        first = self._failures[0]
        kind = NoConnection if isinstance(first, NoConnection) else AwsUnreachable
        return kind(
            f"{len(self._unanswered())} of {len(self._accounts)} accounts are not listed yet: "
            f"{first.message}",
            hint="the accounts listed so far are saved; continue with: "
            f"ssohelper list --refresh --session {self._session.name}",
        )


class _SharedToken:
    """The token of all threads. After a 401, one thread renews it, once."""

    def __init__(self, app: App, session: SsoSession) -> None:
        self._app, self._session = app, session
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._renewed = False

    def ask(self, ask: Callable[[AccessToken], _T]) -> _T:
        deadline = self._app.clock.deadline()
        with self._lock:
            if self._token is None:
                self._token = tokens.ensure_valid_token(self._app, self._session, deadline)
            token = self._token
        try:
            return ask(token)
        except TokenRejected:
            with self._lock:
                if self._token.value == token.value:
                    if self._renewed:
                        raise
                    self._renewed = True
                    deadline = self._app.clock.deadline()
                    self._token = tokens.renew_token(self._app, self._session, token, deadline)
                token = self._token
        return ask(token)
