"""Reads the profiles and plans the sync in the background, for what the user asks now."""

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
    CurrentProfiles,
    Proposal,
    Wish,
    plan_from_saved_list,
    read_current_profiles,
)

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.base import TuiApp

# The sync is planned again when the user has not typed for so many seconds.
_TYPED_SECONDS = 0.15


class Found(NamedTuple):
    """What the Profiles screen shows: the profiles, what a sync would change, and rows of both.

    `error` is why ~/.aws/config cannot be read.
    """

    current: CurrentProfiles
    wish: Wish | None
    proposal: Proposal
    rows: ProfileRows
    error: SsoHelperError | None = None


class Planner:
    """Keeps the options that the user chose for the sync, and plans the sync with them (`found`).

    While a plan is made, the user may ask for another one: then that is made next, and the first is
    not shown.
    """

    def __init__(
        self,
        screen: Screen[Any],
        app: TuiApp[Any],
        show: Callable[[Found], None],
        show_config_error: Callable[[SsoHelperError], None],
    ) -> None:
        """Calls `show` with the profiles and the planned sync, or `show_config_error`."""
        self._screen, self._app = screen, app
        self._show_found, self._show_config_error = show, show_config_error
        self.found: Found | None = None
        self.session_number = 0
        self.prune = self.rename = False
        # The profiles of other tools that the user wants to adopt.
        self.adopt: frozenset[str] = frozenset()
        # What the user has typed into the fields of the options; None: nothing.
        self.texts: dict[str, str] | None = None
        self._current: CurrentProfiles | None = None
        self._typing: asyncio.TimerHandle | None = None
        # What must be read or planned again, and whether the worker that does that runs.
        self._must_read = self._must_plan = self._is_working = False

    @property
    def is_planned_as_chosen(self) -> bool:
        """Return whether `found` was planned with the options that the user has chosen by now."""
        is_working = self._is_working or self._typing is not None
        return self.found is not None and self.found.error is None and not is_working

    @property
    def session(self) -> SsoSession | None:
        """Return the session whose sync is shown, or None if there is no session."""
        sessions = self._current.sessions if self._current else ()
        return sessions[self.session_number % len(sessions)] if sessions else None

    @property
    def has_several_sessions(self) -> bool:
        return self._current is not None and len(self._current.sessions) > 1

    @property
    def wish(self) -> Wish | None:
        """Return what the user asks of the sync, or None if there is no session."""
        session = self.session
        return self._make_wish(session) if session else None

    def _make_wish(self, session: SsoSession) -> Wish:
        return Wish(session, self.texts, self.prune, self.rename, self.adopt)

    def show_next_session(self) -> None:
        """Plan the sync of the next session, with the options that it has."""
        self.session_number += 1
        self.forget_changed_options()
        self.plan_sync()

    def forget_changed_options(self) -> None:
        """Forget changed options and profiles to adopt, which were written or no longer apply."""
        self.texts = None
        self.adopt = frozenset()

    def plan_soon(self, texts: dict[str, str]) -> None:
        """Plan with these texts of the options when the user has stopped typing."""
        self.texts = texts
        if self._typing is not None:
            self._typing.cancel()
        self._typing = call_after(self._screen, _TYPED_SECONDS, self.plan_sync)

    def read_config_and_plan(self) -> None:
        """Read ~/.aws/config, then plan the sync."""
        self._must_read = True
        self.plan_sync()

    def plan_sync(self) -> None:
        """Plan the sync with the options that the user has chosen by now."""
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
                    found = await self._read_profiles_and_plan_sync()
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

    async def _read_profiles_and_plan_sync(self) -> Found:
        """Read the profiles, and plan the sync. Raises: SsoHelperError for an unreadable config."""
        app, services = self._app, self._app.services
        if self._must_read or self._current is None:
            self._must_read = False
            self._current = await background.run(app, lambda: read_current_profiles(services))
        current, wish, error = self._current, self.wish, None
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
