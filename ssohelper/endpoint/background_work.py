"""Runs the endpoint's background thread: renews credentials early, gives notices.

It works at least every 15 s by the monotonic clock: within 15 s of a wake-up everything is checked.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import TypeVar

from ssohelper.actions import clocks, credentials, notices, tokens
from ssohelper.actions.notices import LAST_RENEWAL_SECONDS, Reminder
from ssohelper.app import App
from ssohelper.broker.limits import USABLE_SECONDS
from ssohelper.core.policy import Way
from ssohelper.endpoint.source import CredentialSource
from ssohelper.errors import AwsUnreachable, LoginRequired, Refused, SsoHelperError
from ssohelper.fastpath import spawn
from ssohelper.system import crash_report

LONGEST_PAUSE_SECONDS = 15.0
_SHORTEST_PAUSE_SECONDS = 0.5
_REQUEST_SECONDS = 20.0

_T = TypeVar("_T")


class BackgroundWork:
    def __init__(
        self,
        source: CredentialSource,
        *,
        print_notice: Callable[[str], None],
        pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._source, self._session, self._role = source, source.session, source.role
        self._print_notice = print_notice
        self._pause_seconds = pause_seconds
        self._reminder = Reminder(self._session)
        # The ends (epoch seconds) before which a renewal has already succeeded.
        self._renewed_before: set[int] = set()
        # After AWS refused to renew a token, no renewal is tried until the token file changes.
        self._refused_fingerprint = ""
        self._running = threading.Lock()
        self._wake = threading.Event()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="ssohelper-background")

    def start(self) -> None:
        """Raises: RuntimeError when the system allows no more threads."""
        self._thread.start()

    def stop(self) -> None:
        """If renewals cannot outlive this process, wait for a renewal that is under way."""
        self._is_stopped = True
        self._wake.set()
        if not spawn.can_outlive_caller():
            if self._thread.is_alive():
                self._thread.join(USABLE_SECONDS)
            self._source.wait_for_request(USABLE_SECONDS)

    def _run(self) -> None:
        while not self._is_stopped:
            self._wake.wait(self.do_one_round())
            self._wake.clear()

    def do_one_round(self) -> float:
        with self._running:
            app = self._source.make_app()
            for step in (
                self._give_notices,
                self._settle_clock,
                self._renew_credentials_early,
                self._renew_before_end,
                self._give_notices,
            ):
                self._try_step(app, step)
            due_at = self._try_step(app, self._load_renewal_time)
            due_in = (due_at or 0) - app.clock.now()
        pause = min(self._pause_seconds, due_in) if due_in > 0 else self._pause_seconds
        return max(pause, min(_SHORTEST_PAUSE_SECONDS, self._pause_seconds))

    def _try_step(self, app: App, step: Callable[[App], _T]) -> _T | None:
        try:
            return step(app)
        except SsoHelperError as error:  # after an error, the next round tries the step again
            app.warn(error.message)
        except Exception as error:
            crash_report.report_crash(error, sys.exc_info()[2])
        return None

    def _settle_clock(self, app: App) -> None:
        if self._source.is_clock_in_doubt():
            self._source.find_or_start_request()
            self._source.wait_for_request(_REQUEST_SECONDS)

    def _give_notices(self, app: App) -> None:
        next_at = app.clock.now() + ceil(self._pause_seconds)
        text = self._reminder.take_due_notice(
            clocks.load_outlook(app, self._session), app.clock.now(), next_at
        )
        if text:
            self._print_notice(text)
        notices.give_due_notice(app, self._session, next_at, even_signed_out=True)

    def _renew_credentials_early(self, app: App) -> None:
        if not app.settings.get("renew_ahead") or self._load_renewal_time(app) > app.clock.now():
            return
        fingerprint = app.tokens.read_token_file_fingerprint(self._session)
        if not self._may_release(app) or fingerprint == self._refused_fingerprint:
            return
        try:
            credentials.renew_credentials_early(
                app, self._session, self._role, Way.SERVE, app.clock.deadline()
            )
            self._refused_fingerprint = ""
        except (LoginRequired, Refused):  # a client gets this error at its own request
            self._refused_fingerprint = app.tokens.read_token_file_fingerprint(self._session)

    def _renew_before_end(self, app: App) -> None:
        if not self._may_release(app):
            return
        outlook = clocks.load_outlook(app, self._session)
        ends = notices.list_expiries(outlook)
        self._renewed_before &= set(ends)
        for at in ends:
            if at in self._renewed_before or not 0 < at - app.clock.now() <= LAST_RENEWAL_SECONDS:
                continue
            # After a failure, each further round tries again until the sign-in ends.
            with suppress(AwsUnreachable, Refused):
                with suppress(LoginRequired):  # the present token still works
                    token = app.tokens.load(self._session)
                    is_last = at == outlook.token_expires_at
                    if token and not is_last and tokens.is_token_refreshable(app, token):
                        tokens.renew_token(app, self._session, token, app.clock.deadline())
                credentials.replace_cached_credentials(
                    app, self._session, self._role, Way.SERVE, app.clock.deadline()
                )
                self._renewed_before.add(at)

    def _load_renewal_time(self, app: App) -> int:
        return credentials.load_renewal_time(app, self._session, self._role)

    def _may_release(self, app: App) -> bool:
        return app.vault.may_release(self._session.key_of(self._role), Way.SERVE)
