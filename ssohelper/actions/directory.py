"""The accounts and roles of a session: the saved list at once, or a new one from AWS.

A listing that was interrupted is kept apart and continued by the next; until it is complete the
saved one stays what it is, for `list` and for `profile sync` alike.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ssohelper.actions import tokens
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import AccessToken, Account, SsoSession
from ssohelper.core.search import Span, search
from ssohelper.errors import (
    AnotherUsersHome,
    AwsUnreachable,
    LocalState,
    LockNotObtained,
    RoleNotAssigned,
    SsoHelperError,
    Throttled,
    TokenRejected,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.portal import Portal

_T = TypeVar("_T")

# (accounts answered, accounts there are); called from the thread that listed.
Progress = Callable[[int, int], None]

LIST_IS_OLD_SECONDS = 24 * 3600
# Behind the portal's own pacing of 20 requests/s: eight hide a latency of up to 400 ms.
_THREADS = 8
# After so many failed accounts the rest is not tried: AWS or the network is down.
_MOST_FAILURES = 5
# A killed refresh loses at most this much of its work.
_SAVE_EVERY_SECONDS = 2.0
_MOST_NAMES_IN_A_WARNING = 20


class Row(NamedTuple):
    """A role of a listing as it is shown, with the spans of it that a query matched.

    The spans' fields are 0 account name, 1 account id, 2 role name, 3 the account's address.
    """

    account: Account
    role_name: str
    spans: tuple[Span, ...] = ()


# -- the listing -------------------------------------------------------------------------------


def listing(
    app: App,
    session: SsoSession,
    *,
    refresh: bool = False,
    of_this_sign_in: bool = False,
    anew: bool = False,
    progress: Progress | None = None,
) -> Listing:
    """Return the saved listing when it is younger than a day, else a complete new one.

    With `of_this_sign_in` one from before the present sign-in is not good enough either. With
    `anew` every account is asked for now: what is not in the listing is about to be removed.
    Raises: LoginRequired (4), RoleNotAssigned (5: the list itself is refused), AwsUnreachable (6:
    something did not answer; what did is kept for the next try, what was saved stays).
    """
    found = saved = saved_listing(app, session)
    if (
        found is None
        or refresh
        or anew
        or not is_good(app, session, found, of_this_sign_in=of_this_sign_in)
    ):
        found = _Refresh(app, session, saved, progress, anew=anew).run()
    _warn_of_refused(app, found)
    return found


def saved_listing(app: App, session: SsoSession) -> Listing | None:
    """Return the last complete listing of this session at this portal, however old."""
    return _of_portal(app.directory.load(session.name), session)


def is_good(app: App, session: SsoSession, found: Listing, *, of_this_sign_in: bool) -> bool:
    """Tell whether this one was begun less than a day ago and, if asked for, in this sign-in."""
    if not 0 <= app.now() - found.listed_at < LIST_IS_OLD_SECONDS:
        return False
    return not (of_this_sign_in and is_of_earlier_sign_in(app, session, found))


def is_of_earlier_sign_in(app: App, session: SsoSession, found: Listing) -> bool:
    """Tell whether somebody has signed in since it was begun, who may be another person.

    AWS tells no client who has signed in: only STS does, with a role's keys (actions.identity).
    False while nobody is signed in: there is nobody else's list to be had.
    """
    since = tokens.person_since(app, session)
    return since is not None and found.listed_at < since <= app.now()


def forget_earlier(app: App, session: SsoSession) -> None:
    """Forget the saved list of another person, who was signed in before."""
    saved = saved_listing(app, session)
    if saved is not None and is_of_earlier_sign_in(app, session, saved):
        app.directory.forget(session.name)


def refresh_behind(app: App, session: SsoSession) -> None:
    """List anew in a process of its own, unless one does so already. Worth no failure."""
    with suppress(LocalState, OSError):
        with app.directory.lock_listing(session.name, app.deadline(0.0)):
            pass
        app.start_listing(session.name)


def refreshed_behind(app: App, session: SsoSession) -> None:
    """Be that process: list anew, unless another one does so already, or has done it."""
    with suppress(LockNotObtained), app.directory.lock_listing(session.name, app.deadline(0.0)):
        listing(app, session, of_this_sign_in=True)


def rows(found: Listing, query: Iterable[str] = ()) -> list[Row]:
    """Return the roles in which every term of the query is found, best first."""
    all_rows = [Row(listed.account, role) for listed in found.accounts for role in listed.roles]
    texts = [(r.account.name, r.account.id, r.role_name, r.account.email) for r in all_rows]
    return [all_rows[match.row]._replace(spans=match.spans) for match in search(query, texts)]


def account_rows(found: Listing, query: Iterable[str] = ()) -> list[ListedAccount]:
    """Return the accounts in which every term of the query is found, best first."""
    texts = [(a.account.name, a.account.id, a.account.email) for a in found.accounts]
    return [found.accounts[match.row] for match in search(query, texts)]


def _of_portal(found: Listing | None, session: SsoSession) -> Listing | None:
    return found if found is not None and found.is_of(session) else None


def _warn_of_refused(app: App, found: Listing) -> None:
    refused = [f'"{a.account.name}" ({a.account.id})' for a in found.accounts if a.refused]
    if refused:
        more = len(refused) - _MOST_NAMES_IN_A_WARNING
        names = ", ".join(refused[:_MOST_NAMES_IN_A_WARNING]) + (f" and {more} more" * (more > 0))
        app.warn(f"AWS refuses to list the roles of {names}; what was known of them is kept")


# -- a refresh ---------------------------------------------------------------------------------


class _Refresh:
    """One refresh: lists the accounts, then asks for each one's roles in eight threads.

    Only the thread that runs it touches the stores; the others ask AWS and hand answers over.
    """

    def __init__(
        self,
        app: App,
        session: SsoSession,
        saved: Listing | None,
        progress: Progress | None,
        *,
        anew: bool = False,
    ) -> None:
        self._app = app
        self._session = session
        self._earlier = {a.account.id: a for a in saved.accounts} if saved else {}
        self._anew = anew
        self._progress = progress or (lambda _answered, _all: None)
        self._portal: Portal = app.portal(session)
        self._token = _Token(app, session)
        self._begun_at = app.now()
        self._accounts: dict[str, ListedAccount] = {}
        self._failures: list[SsoHelperError] = []
        self._stop = threading.Event()

    def run(self) -> Listing:
        """Return the complete listing, saved. Raises: the first failure, once all is kept."""
        self._list_accounts()
        if not self._anew:
            self._continue_unfinished()
        to_ask = [listed for listed in self._accounts.values() if not listed.answered]
        self._progress(len(self._accounts) - len(to_ask), len(self._accounts))
        try:
            self._ask_for_roles(to_ask)
        finally:
            self._stop.set()
            if not all(listed.answered for listed in self._accounts.values()):
                self._keep_unfinished()
        if self._failures:
            raise self._failure()
        return self._save()

    def _list_accounts(self) -> None:
        accounts = self._token.used(lambda token: list(self._portal.accounts(token)))
        accounts.sort(key=lambda account: (account.name.casefold(), account.id))
        self._accounts = {a.id: ListedAccount(a, (), False, answered=False) for a in accounts}

    def _continue_unfinished(self) -> None:
        """Take over the answers of a listing that was interrupted less than a day ago."""
        unfinished = _of_portal(
            self._app.directory.load_unfinished(self._session.name), self._session
        )
        if unfinished is None or not is_good(
            self._app, self._session, unfinished, of_this_sign_in=True
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
            # Daemons: Ctrl-C must not wait for eight answers.
            threading.Thread(
                target=self._work, args=(waiting, answers), daemon=True, name=f"listing-{number}"
            ).start()
        save_at = self._app.monotonic() + _SAVE_EVERY_SECONDS
        for done in range(len(to_ask)):
            answer = answers.get()
            if isinstance(answer, ListedAccount):
                self._accounts[answer.account.id] = answer
                answered = len(self._accounts) - len(to_ask) + done + 1 - len(self._failures)
                self._progress(answered, len(self._accounts))
            elif isinstance(answer, SsoHelperError):
                self._failures.append(answer)
                if self._is_hopeless(answer):
                    return
            else:
                raise answer
            if self._app.monotonic() >= save_at:
                self._keep_unfinished()
                save_at = self._app.monotonic() + _SAVE_EVERY_SECONDS

    def _work(
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
                answers.put(self._listed(account))
            except BaseException as error:
                answers.put(error)

    def _listed(self, account: Account) -> ListedAccount:
        """Return the account with its roles; with its earlier ones when AWS refuses it."""
        try:
            names = self._token.used(lambda token: self._portal.roles(token, account.id))
        except RoleNotAssigned:
            earlier = self._earlier.get(account.id)
            return ListedAccount(account, earlier.roles if earlier else (), refused=True)
        return ListedAccount(account, tuple(sorted(names)))

    def _is_hopeless(self, error: SsoHelperError) -> bool:
        """Tell whether the rest need not be tried: no sign-in, throttled, or failing anyway."""
        return (
            not isinstance(error, AwsUnreachable)
            or isinstance(error, Throttled)
            or len(self._failures) >= _MOST_FAILURES
        )

    # -- keeping it --------------------------------------------------------------------------

    def _so_far(self) -> Listing:
        accounts = tuple(self._accounts.values())
        return Listing(self._session.start_url, self._session.region, self._begun_at, accounts)

    def _keep_unfinished(self) -> None:
        """Keep the answers so far; a full disk costs the next refresh time, not this one."""
        try:
            with suppress(AnotherUsersHome):
                self._app.directory.save_unfinished(self._session.name, self._so_far())
        except (LocalState, OSError) as trouble:
            self._app.warn(f"what was listed so far could not be kept: {trouble}")

    def _save(self) -> Listing:
        whole = self._so_far()
        with suppress(AnotherUsersHome):
            self._app.directory.save(self._session.name, whole)
            self._app.directory.remove_unfinished(self._session.name)
        return whole

    def _failure(self) -> SsoHelperError:
        """Return what to raise: a needed sign-in before all else, else how much is missing."""
        for error in self._failures:
            if not isinstance(error, AwsUnreachable):
                return error
        missing = sum(not listed.answered for listed in self._accounts.values())
        first = self._failures[0]
        return AwsUnreachable(
            f"{missing} of {len(self._accounts)} accounts are not listed yet: {first.message}",
            hint="what has answered is kept; go on with: "
            f"ssohelper list --refresh --session {self._session.name}",
        )


class _Token:
    """The session's access token for several threads; a 401 renews it once for all of them."""

    def __init__(self, app: App, session: SsoSession) -> None:
        self._app = app
        self._session = session
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._renewed = False

    def used(self, ask: Callable[[AccessToken], _T]) -> _T:
        """Return what `ask` returns, asked again with a renewed token after a 401."""
        token = self._current()
        try:
            return ask(token)
        except TokenRejected as rejected:
            token = self._renewal_of(token, rejected)
        return ask(token)

    def _current(self) -> AccessToken:
        with self._lock:
            if self._token is None:
                self._token = tokens.valid_token(self._app, self._session, self._app.deadline())
            return self._token

    def _renewal_of(self, token: AccessToken, rejected: TokenRejected) -> AccessToken:
        with self._lock:
            if self._token is not None and self._token.value != token.value:
                return self._token
            if self._renewed:
                raise rejected
            self._renewed = True
            self._token = tokens.renew_token(self._app, self._session, token, self._app.deadline())
            return self._token
