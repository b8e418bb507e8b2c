"""Lists the accounts and roles of a session, from the saved listing or from AWS.

If a listing is interrupted, AWS's answers so far are saved in a separate file, from which the next
listing continues. Until that listing is complete, `list` and `profile sync` use the last complete
listing.
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

# A progress callback. It gets two numbers: the accounts whose roles are listed so far, and all
# accounts. It runs in the thread that runs the listing.
Progress = Callable[[int, int], None]

LISTING_IS_OLD_SECONDS = 24 * 3600
# `Portal` sends at most 20 requests a second. Eight threads reach that rate if each answer takes
# 400 ms or less.
_THREADS = 8
# After this many failed requests the listing stops, because AWS or the network must be down.
_MOST_FAILURES = 5
# How often (seconds) AWS's answers so far are saved. A killed listing loses no more than this.
_SAVE_EVERY_SECONDS = 2.0
_MOST_NAMES_IN_A_WARNING = 20


# -- reading and refreshing the saved listing of accounts and roles ----------------------------


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

    With `refresh`, AWS is asked in any case; with `of_this_sign_in`, AWS is asked also if the saved
    listing began before the present sign-in. With `from_scratch`, AWS is asked for the roles of
    every account, and an interrupted listing is not continued: the caller is about to remove
    profiles of missing roles. Raises: LoginRequired (4); RoleNotAssigned (5) if AWS refuses to list
    the accounts; AwsUnreachable (6) if AWS did not answer for some accounts; the roles of the
    others are saved.
    """
    found = saved = load_listing(app, session)
    if (
        found is None
        or refresh
        or from_scratch
        or not is_listing_recent(app, session, found, of_this_sign_in=of_this_sign_in)
    ):
        found = _ListingRefresh(app, session, saved, progress, from_scratch=from_scratch).run()
    _warn_of_refused_accounts(app, found)
    return found


def load_listing(app: App, session: SsoSession) -> Listing | None:
    """Return the session's last complete listing of the present portal, however old, or None."""
    return _listing_of_present_portal(app.directory.load(session.name), session)


def is_listing_recent(
    app: App, session: SsoSession, found: Listing, *, of_this_sign_in: bool
) -> bool:
    """Return whether the listing began less than a day ago, and in this sign-in if required."""
    if not 0 <= app.clock.now() - found.listed_at < LISTING_IS_OLD_SECONDS:
        return False
    return not (of_this_sign_in and is_listing_of_earlier_sign_in(app, session, found))


def is_listing_of_earlier_sign_in(app: App, session: SsoSession, found: Listing) -> bool:
    """Return whether a sign-in came after the listing began, so the listing may be another user's.

    The portal does not say which user signed in; only STS does, for a role's keys
    (actions.identity).
    Returns False while the session is signed out, because no newer listing can be fetched then.
    """
    since = tokens.load_user_since(app, session)
    return since is not None and found.listed_at < since <= app.clock.now()


def forget_earlier_listing(app: App, session: SsoSession) -> None:
    """Delete a saved listing that is older than the present sign-in: it may be another user's."""
    saved = load_listing(app, session)
    if saved is not None and is_listing_of_earlier_sign_in(app, session, saved):
        app.directory.forget(session.name)


def start_listing_refresh_process(app: App, session: SsoSession) -> None:
    """Start a process that refreshes the listing, unless one runs. Ignores a failure to start."""
    with suppress(LocalState, OSError):
        with app.directory.lock_listing(session.name, app.clock.deadline(0.0)):
            pass
        app.start_listing_process(session.name)


def refresh_listing_in_this_process(app: App, session: SsoSession) -> None:
    """Refresh the saved listing in this background process, unless another one is doing so."""
    with (
        suppress(LockNotObtained),
        app.directory.lock_listing(session.name, app.clock.deadline(0.0)),
    ):
        fetch_listing(app, session, of_this_sign_in=True)


def _listing_of_present_portal(found: Listing | None, session: SsoSession) -> Listing | None:
    return found if found is not None and found.is_of_portal_of(session) else None


def _warn_of_refused_accounts(app: App, found: Listing) -> None:
    refused = [f'"{a.account.name}" ({a.account.id})' for a in found.accounts if a.refused]
    if refused:
        names = shortened_name_list(refused, _MOST_NAMES_IN_A_WARNING)
        app.warn(f"AWS refuses to list the roles of {names}; the roles of the last list are shown")


# -- getting a new listing of accounts and roles from AWS --------------------------------------


class _ListingRefresh:
    """One new listing: asks AWS for the accounts, then in eight threads for the roles of each.

    Only the thread that calls `run` uses the stores. The eight threads ask AWS and queue answers.
    """

    def __init__(
        self,
        app: App,
        session: SsoSession,
        saved: Listing | None,
        progress: Progress | None,
        *,
        from_scratch: bool = False,
    ) -> None:
        self._app = app
        self._session = session
        self._earlier = {a.account.id: a for a in saved.accounts} if saved else {}
        self._from_scratch = from_scratch
        self._progress = progress or (lambda _answered, _all: None)
        app.company_policy.check_portal(session)
        self._portal: Portal = app.aws.portal(session)
        self._token = _SharedToken(app, session)
        self._begun_at = app.clock.now()
        self._accounts: dict[str, ListedAccount] = {}
        self._failures: list[SsoHelperError] = []
        self._stop = threading.Event()

    def run(self) -> Listing:
        """Get, save and return the listing. Raises an error after saving the answers so far."""
        self._ask_for_accounts()
        if not self._from_scratch:
            self._continue_unfinished_listing()
        to_ask = [listed for listed in self._accounts.values() if not listed.answered]
        self._progress(len(self._accounts) - len(to_ask), len(self._accounts))
        try:
            self._ask_for_roles_of_accounts(to_ask)
        finally:
            self._stop.set()
            if not all(listed.answered for listed in self._accounts.values()):
                self._save_unfinished_listing()
        if self._failures:
            raise self._make_error_of_incomplete_listing()
        return self._save_complete_listing()

    def _ask_for_accounts(self) -> None:
        accounts = self._token.ask_with_token(lambda token: list(self._portal.list_accounts(token)))
        # `setup` reports a wrong clock when it ends, so a warning here would be a second one.
        self._app.clock.learn_aws_time(self._portal.answered_at(), may_warn=False)
        accounts.sort(key=lambda account: (account.name.casefold(), account.id))
        self._accounts = {a.id: ListedAccount(a, (), False, answered=False) for a in accounts}

    def _continue_unfinished_listing(self) -> None:
        """Take over the roles of a listing that was interrupted less than a day ago."""
        unfinished = _listing_of_present_portal(
            self._app.directory.load_unfinished_listing(self._session.name), self._session
        )
        if unfinished is None or not is_listing_recent(
            self._app, self._session, unfinished, of_this_sign_in=True
        ):
            return
        self._begun_at = unfinished.listed_at
        for listed in unfinished.accounts:
            now = self._accounts.get(listed.account.id)
            if now is not None and listed.answered:
                self._accounts[now.account.id] = listed._replace(account=now.account)

    def _ask_for_roles_of_accounts(self, to_ask: list[ListedAccount]) -> None:
        waiting: queue.SimpleQueue[Account] = queue.SimpleQueue()
        for listed in to_ask:
            waiting.put(listed.account)
        answers: queue.SimpleQueue[ListedAccount | BaseException] = queue.SimpleQueue()
        for number in range(min(_THREADS, len(to_ask))):
            # Daemon threads, so that Ctrl-C need not wait for eight answers.
            threading.Thread(
                target=self._ask_for_roles_in_thread,
                args=(waiting, answers),
                daemon=True,
                name=f"listing-{number}",
            ).start()
        save_at = self._app.clock.monotonic() + _SAVE_EVERY_SECONDS
        for done in range(len(to_ask)):
            answer = answers.get()
            if isinstance(answer, ListedAccount):
                self._accounts[answer.account.id] = answer
                answered = len(self._accounts) - len(to_ask) + done + 1 - len(self._failures)
                self._progress(answered, len(self._accounts))
            elif isinstance(answer, SsoHelperError):
                self._failures.append(answer)
                if self._must_stop_after_error(answer):
                    return
            else:
                raise answer
            if self._app.clock.monotonic() >= save_at:
                self._save_unfinished_listing()
                save_at = self._app.clock.monotonic() + _SAVE_EVERY_SECONDS

    def _ask_for_roles_in_thread(
        self,
        waiting: queue.SimpleQueue[Account],
        answers: queue.SimpleQueue[ListedAccount | BaseException],
    ) -> None:
        while not self._stop.is_set():
            try:
                account = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                answers.put(self._ask_for_roles_of_account(account))
            except BaseException as error:
                answers.put(error)

    def _ask_for_roles_of_account(self, account: Account) -> ListedAccount:
        """Return the account's roles from AWS; if AWS refuses, those in the saved listing."""
        try:
            names = self._token.ask_with_token(
                lambda token: self._portal.list_roles(token, account.id)
            )
        except RoleNotAssigned:
            earlier = self._earlier.get(account.id)
            return ListedAccount(account, earlier.roles if earlier else (), refused=True)
        return ListedAccount(account, tuple(sorted(names)))

    def _must_stop_after_error(self, error: SsoHelperError) -> bool:
        """Return whether the listing must stop after this error.

        It must stop if a sign-in is needed, if AWS throttles, or after several failures.
        """
        return (
            not isinstance(error, AwsUnreachable)
            or isinstance(error, Throttled)
            or len(self._failures) >= _MOST_FAILURES
        )

    # -- saving AWS's answers, complete or not ----------------------------------------------

    def _listing_so_far(self) -> Listing:
        accounts = tuple(self._accounts.values())
        return Listing(self._session.start_url, self._session.region, self._begun_at, accounts)

    def _save(self, save: Callable[[str, Listing], None], listing: Listing) -> None:
        """Save the answers so far. If that fails, only warn: the next listing asks AWS again."""
        try:
            with suppress(AnotherUsersHome):
                save(self._session.name, listing)
        except (LocalState, OSError) as error:
            self._app.warn(f"the listed accounts could not be saved: {error}")

    def _save_unfinished_listing(self) -> None:
        self._save(self._app.directory.save_unfinished_listing, self._listing_so_far())

    def _save_complete_listing(self) -> Listing:
        listing = self._listing_so_far()
        self._save(self._app.directory.save, listing)
        self._delete_published_responses_of_session()
        return listing

    def _delete_published_responses_of_session(self) -> None:
        """Delete the published responses: a guard rule may match an account by its new name."""
        with suppress(SsoHelperError, OSError):
            if self._app.vault.policy.rules:
                self._app.credentials.delete_session_responses(self._session.name)

    def _make_error_of_incomplete_listing(self) -> SsoHelperError:
        """Return the first error that is not AwsUnreachable, else one with a count of accounts."""
        for error in self._failures:
            if not isinstance(error, AwsUnreachable):
                return error
        missing = sum(not listed.answered for listed in self._accounts.values())
        first = self._failures[0]
        kind = NoConnection if isinstance(first, NoConnection) else AwsUnreachable
        return kind(
            f"{missing} of {len(self._accounts)} accounts are not listed yet: {first.message}",
            hint="the accounts listed so far are saved; continue with: "
            f"ssohelper list --refresh --session {self._session.name}",
        )


class _SharedToken:
    """The access token that all threads use. After a 401, one thread renews it, once."""

    def __init__(self, app: App, session: SsoSession) -> None:
        self._app = app
        self._session = session
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._renewed = False

    def ask_with_token(self, ask: Callable[[AccessToken], _T]) -> _T:
        """Call `ask` with the token. After a 401, renew the token and call `ask` once more."""
        token = self._load_token()
        try:
            return ask(token)
        except TokenRejected as rejected:
            token = self._renew_rejected_token(token, rejected)
        return ask(token)

    def _load_token(self) -> AccessToken:
        with self._lock:
            if self._token is None:
                self._token = tokens.ensure_valid_token(
                    self._app, self._session, self._app.clock.deadline()
                )
            return self._token

    def _renew_rejected_token(self, token: AccessToken, rejected: TokenRejected) -> AccessToken:
        with self._lock:
            if self._token is not None and self._token.value != token.value:
                return self._token
            if self._renewed:
                raise rejected
            self._renewed = True
            self._token = tokens.renew_token(
                self._app, self._session, token, self._app.clock.deadline()
            )
            return self._token
