"""Reads the clocks again after files have changed, and tells the screens if their lists have."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.clock_text import has_ended_text, time_left_text
from ssohelper.errors import SsoHelperError
from ssohelper.tui.widgets.clock_lines import Clocks, is_sign_in_urgent, read_expiry_clocks

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


class _Found(NamedTuple):
    """The marks of the files, the clocks if they were read again, and the settings' error if any."""

    list_marks: object
    marks: object
    clocks: Clocks | None
    error: SsoHelperError | None


class FileWatch:
    """Asks once a second for the status of the files that other processes change.

    Lists are not read again while an action runs, which acts on what the user saw.
    """

    def __init__(self, app: DialogApp) -> None:
        self._app = app
        self._marks: object = None
        self._list_marks: object = None
        self._is_reading = False
        # The sessions whose ends were told: name, the end, and whether it had passed.
        self._told: set[tuple[str, int | None, bool]] = set()

    def check(self) -> None:
        self._tell_ends(is_first=False)
        if not self._is_reading:
            self._is_reading = True
            # A home folder on a network may answer late.
            self._app.run_in_background(self._read_changes, self._show_changes, self._give_up)

    def _read_changes(self) -> _Found:
        services = self._app.services
        lists, every = services.read_change_marks()
        # A token's state also changes with the time alone.
        marks, clocks, error = (every, services.clock.now() // 60), None, None
        if self._list_marks not in (None, lists):
            before = services.settings
            services.forget_settings()
            try:
                _ = services.settings
            except SsoHelperError as found:
                error, services.settings = found, before
            services.vault.forget_changed_policy()
        if marks != self._marks:
            with suppress(SsoHelperError):  # of a config that cannot be read: the old clocks stay
                clocks = read_expiry_clocks(services)
        return _Found(lists, marks, clocks, error)

    def _give_up(self, _error: SsoHelperError) -> None:
        self._is_reading = False

    def _show_changes(self, found: _Found) -> None:
        app = self._app
        self._is_reading, self._marks = False, found.marks
        if found.clocks is not None:
            is_first, app.clocks = app.clocks is None, found.clocks
            self._tell_ends(is_first=is_first)
            app.clocks_read.publish(None)
        if found.list_marks != self._list_marks and not app.busy.is_running:
            is_first, self._list_marks = self._list_marks is None, found.list_marks
            if found.error is not None:
                app.show_error(found.error)
            if not is_first:
                app.lists_changed.publish(None)

    def _tell_ends(self, *, is_first: bool) -> None:
        """Say once that a sign-in ends within 15 minutes, and once that it has ended.

        Of a sign-in that had ended before the program started, the top bar says so.
        """
        app, now = self._app, self._app.services.clock.now()
        for name, clock in app.clocks.sessions.items() if app.clocks else ():
            outlook = clock.outlook
            has_ended, at = outlook.is_sign_in_needed(now), outlook.sign_in_needed_at
            told = name, at, has_ended
            is_due = clock.state != "signed_out" and is_sign_in_urgent(clock, now)
            if not is_due or told in self._told or name in app.sign_ins:
                continue
            self._told.add(told)
            if not (is_first and has_ended):
                ends = (
                    has_ended_text(outlook) if has_ended else f"has {time_left_text(at or 0, now)}"
                )
                app.show_warning(f'the sign-in to "{name}" {ends}', f"ssohelper login {name}")
