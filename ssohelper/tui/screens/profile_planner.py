"""Reads the profiles and plans the sync in the background, with the options that the user chose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.core.model import SsoSession
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background, profile_rows
from ssohelper.tui.one_time_timers import call_after
from ssohelper.tui.profile_rows import ProfileRows
from ssohelper.tui.screens.proposal import (
    NO_OPTIONS,
    CurrentProfiles,
    Options,
    Proposal,
    Wish,
    plan_from_saved_list,
    read_current_profiles,
)

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp

# The sync is planned again when the user has not typed for this many seconds.
_TYPED_SECONDS = 0.15


class Found(NamedTuple):
    """What the Profiles screen shows. `error` is why the sync could not be planned."""

    current: CurrentProfiles
    wish: Wish | None
    proposal: Proposal
    rows: ProfileRows
    error: SsoHelperError | None = None


class Planner:
    """Keeps the options that the user chose for the sync, and plans the sync with these options.

    `found` is the result of the latest request.
    """

    def __init__(
        self,
        screen: Screen[Any],
        app: DialogApp,
        show: Callable[[Found], None],
        show_config_error: Callable[[SsoHelperError], None],
        session_is_gone: Callable[[str], None],
    ) -> None:
        """Make a planner that calls `show` with its result, or `show_config_error` with an error.

        `session_is_gone` is called with the session's name if the config no longer has it. The next
        plan is then for the config's first session.
        """
        self._screen, self._app = screen, app
        self._show_found, self._show_config_error = show, show_config_error
        self._session_is_gone = session_is_gone
        # What the screen shows. None before there is a plan for the session to sync.
        self.found: Found | None = None
        # The name of the session to sync. Not its position, which may change with the config.
        self.session_name: str | None = None
        # The options that the user has chosen for the sync of that session.
        self.options = NO_OPTIONS
        self._current: CurrentProfiles | None = None
        self._typing: asyncio.TimerHandle | None = None
        # Whether the config must be read again, whether the sync must be planned again, and whether
        # the worker that does this is running.
        self._must_read = self._must_plan = self._is_working = False

    @property
    def is_planned_as_chosen(self) -> bool:
        """Return whether `found` was planned with the options that the user has chosen by now."""
        is_working = self._is_working or self._typing is not None
        return self.found is not None and self.found.error is None and not is_working

    @property
    def session(self) -> SsoSession | None:
        return self.found.wish.session if self.found and self.found.wish else None

    @property
    def has_several_sessions(self) -> bool:
        return self._current is not None and len(self._current.sessions) > 1

    @property
    def wish(self) -> Wish | None:
        return Wish(self.session, self.options) if self.session else None

    def change_options(self, options: Options) -> None:
        self.options = options
        self.plan_sync()

    def show_next_session(self) -> None:
        """Plan the sync of the next session, without the options chosen for the present session."""
        names = [session.name for session in self._current.sessions] if self._current else []
        if names:
            at = names.index(self.session_name) if self.session_name in names else -1
            self._choose_session(names[(at + 1) % len(names)])
            self.plan_sync()

    def forget_options_of(self, session: SsoSession) -> None:
        """Forget the options that were chosen for this session, because they are saved now."""
        if session.name == self.session_name:
            self.options = NO_OPTIONS

    def _choose_session(self, name: str | None) -> None:
        self.session_name, self.options, self.found = name, NO_OPTIONS, None

    def plan_soon(self, texts: dict[str, str]) -> None:
        """Plan the sync with these option texts when the user has stopped typing."""
        self.options = self.options._replace(texts=texts)
        if self._typing is not None:
            self._typing.cancel()
        self._typing = call_after(self._screen, _TYPED_SECONDS, self.plan_sync)

    def read_config_and_plan(self) -> None:
        self._must_read = True
        self.plan_sync()

    def plan_sync(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            self._typing = None
        self._must_plan = True
        if not self._is_working:
            self._is_working = True
            self._screen.run_worker(self._do_pending_work(), group="plan")

    async def _do_pending_work(self) -> None:
        try:
            while self._must_plan:
                self._must_plan = False
                try:
                    found = await self._read_and_plan()
                except SsoHelperError as error:
                    self._current = self.found = None
                    self._show_config_error(error)
                else:
                    if not self._must_plan:
                        self.found = found
                        self._show_found(found)
        finally:
            self._is_working = False
        self._screen.refresh_bindings()

    async def _read_and_plan(self) -> Found:
        app, services = self._app, self._app.services
        if self._must_read or self._current is None:
            self._must_read = False
            self._current = await background.run(app, lambda: read_current_profiles(services))
            self._check_that_session_exists(self._current)
        current, error = self._current, None
        sessions = {session.name: session for session in current.sessions}
        session = sessions[self.session_name] if self.session_name is not None else None
        wish = Wish(session, self.options) if session is not None else None
        proposal = Proposal()
        if wish is not None:
            try:
                proposal = await background.run(app, lambda: plan_from_saved_list(services, wish))
            except SsoHelperError as cause:
                error = cause
        plan = proposal.plan
        rows = await background.run(
            app, lambda: profile_rows.build_profile_rows(current.profiles, plan)
        )
        return Found(current, wish, proposal, rows, error)

    def _check_that_session_exists(self, current: CurrentProfiles) -> None:
        names = [session.name for session in current.sessions]
        before = self.session_name
        if before in names:
            return
        self._choose_session(names[0] if names else None)
        if before is not None:
            self._session_is_gone(before)
