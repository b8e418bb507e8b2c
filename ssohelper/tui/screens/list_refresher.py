"""Refreshes the saved lists of roles in the background, one refresh at a time for each session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions.roles import KnownRoles
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.errors import LoginRequired, SsoHelperError
from ssohelper.tui.list_states import Problem, Watcher
from ssohelper.tui.screens.progress import list_roles

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp
    from ssohelper.tui.widgets.clock_lines import Clocks

# A shown list of roles that is older than this is refreshed in the background.
_OLD_SECONDS = 10 * 60
# After a refresh that could not connect to AWS, the next one follows after this time.
_OFFLINE_SECONDS = 60


class ListRefresher:
    """Refreshes the saved lists of roles.

    It calls `progressed` during a refresh and `refreshed` after one, in the UI thread.
    """

    def __init__(
        self,
        app: DialogApp,
        progressed: Callable[[], None],
        refreshed: Callable[[], None],
    ) -> None:
        self._app = app
        self._progressed = progressed
        self._refreshed = refreshed
        # For each session that is being refreshed: for how many of its accounts AWS has answered,
        # such as "3/20".
        self._progress: dict[str, str] = {}
        self._asked_at: dict[str, int] = {}
        # The sessions that the user's latest refresh left out, because they need a sign-in.
        self._signed_out: list[str] = []
        app.signed_in.subscribe(app, self._refresh_after_sign_in)

    @property
    def progress_text(self) -> str:
        """Return which sessions are being refreshed, and how far: "corp 3/20", or "" if none."""
        return ", ".join(f"{name} {text}".strip() for name, text in self._progress.items())

    def _refresh_after_sign_in(self, session_name: str) -> None:
        if self._app.list_states.last_failure(session_name) is not None:
            self._asked_at.pop(session_name, None)
        self._refreshed()

    def refresh_old_lists(self, known: KnownRoles) -> None:
        """Refresh the lists that are missing or older than 10 minutes.

        After a failure, the next refresh follows after 10 minutes, or one if AWS could not be
        reached.
        """
        states, now = self._app.list_states, self._app.services.clock.now()
        for session in known.sessions:
            failure = states.last_failure(session.name)
            is_offline = failure is not None and failure.problem is Problem.OFFLINE
            wait = _OFFLINE_SECONDS if is_offline else _OLD_SECONDS
            listed_at, asked_at = (at.get(session.name) for at in (known.listed_at, self._asked_at))
            is_young = listed_at is not None and 0 <= now - listed_at < _OLD_SECONDS
            if (failure or not is_young) and (asked_at is None or not 0 <= now - asked_at < wait):
                self.refresh_list(session, by_user=False)

    def refresh_old_lists_again(self, known: KnownRoles) -> None:
        """Refresh the old lists while the screen stays open, except where a sign-in is needed."""
        failures = map(self._app.list_states.last_failure, (one.name for one in known.sessions))
        asked = [
            session
            for session, failure in zip(known.sessions, failures, strict=True)
            if failure is None or failure.problem is not Problem.SIGN_IN
        ]
        self.refresh_old_lists(KnownRoles(known.rows, known.listed_at, asked))

    def refresh_after_user_change(self, known: KnownRoles, clocks: Clocks) -> None:
        """Refresh each list that is older than the first sign-in of the present user."""
        for session in known.sessions:
            name = session.name
            at = max(known.listed_at.get(name, 0), self._asked_at.get(name, 0))
            since = clocks.same_user_since.get(name)
            if since is not None and at < since <= self._app.services.clock.now():
                self.refresh_list(session, by_user=False)

    def refresh_lists(self, sessions: Sequence[SsoSession]) -> None:
        for session in sessions:
            self.refresh_list(session, by_user=True)

    def refresh_list(self, session: SsoSession, *, by_user: bool) -> None:
        """Ask AWS for the session's roles, unless that is running already.

        Only for the user a message says that it succeeded or needs a sign-in. Other errors are
        shown, but not again after a refresh that has failed the same way.
        """
        if session.name in self._progress:
            return
        if not self._progress:
            self._signed_out = []
        app = self._app
        self._asked_at[session.name] = app.services.clock.now()

        def show_progress(done: int, of: int) -> None:
            self._set_progress(session.name, f"{done}/{of}")

        def end_refresh(_listing: Listing) -> None:
            self._set_progress(session.name, None)
            self._refreshed()
            app.list_refreshed.publish(session.name)
            if by_user:
                command = f"ssohelper list --refresh --session {session.name}"
                app.show_done(f'refreshed the list of roles of "{session.name}"', command)

        def report_failure(error: SsoHelperError, is_new: bool) -> None:
            self._set_progress(session.name, None)
            if not isinstance(error, LoginRequired):
                if is_new or by_user:
                    app.show_error(error)
                return
            # The time of this refresh is forgotten, so that the roles are listed at once after the
            # next sign-in. The clocks show the user that a sign-in is needed.
            self._asked_at.pop(session.name, None)
            if by_user:
                self._signed_out.append(session.name)
                app.show_error(self._signed_out_error(error))

        self._set_progress(session.name, "")
        list_roles(app, session, Watcher(show_progress, end_refresh, report_failure))

    def _signed_out_error(self, last: LoginRequired) -> LoginRequired:
        if len(self._signed_out) == 1:
            return last
        names = ", ".join(f'"{name}"' for name in self._signed_out)
        return LoginRequired(f"not refreshed, because not signed in: {names}", hint=last.hint)

    def _set_progress(self, session_name: str, text: str | None) -> None:
        if text is None:
            self._progress.pop(session_name, None)
        else:
            self._progress[session_name] = text
        self._progressed()
        self._app.messages_changed.publish(None)
