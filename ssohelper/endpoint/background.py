"""The thread behind the doors: renews ahead, tells in time, renews once more before an end.

Wakes at least every 15 s by the steady clock, which stands still while the machine sleeps: so
after a wake all is looked at within that time, whatever the wall clock did.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import ceil
from typing import TypeVar

from ssohelper import crash
from ssohelper.actions import clocks, credentials, notices, tokens
from ssohelper.actions.notices import LAST_RENEWAL_SECONDS, Reminder
from ssohelper.core.model import Role, SsoSession
from ssohelper.endpoint.serving_app import ServingApp
from ssohelper.endpoint.source import Source
from ssohelper.errors import AwsUnreachable, LoginRequired, SsoHelperError

LONGEST_PAUSE_SECONDS = 15.0
_SHORTEST_PAUSE_SECONDS = 0.5
_ASK_SECONDS = 20.0

# Gets the words of a notice.
Tell = Callable[[str], None]
_T = TypeVar("_T")


class Keeper:
    """Runs from `start` to `stop`; `tell` gets each notice, `upkeep` is called on each round."""

    def __init__(
        self,
        make_app: Callable[[], ServingApp],
        session: SsoSession,
        role: Role,
        source: Source,
        *,
        tell: Tell,
        upkeep: Callable[[], None],
        pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._make_app = make_app
        self._session = session
        self._role = role
        self._source = source
        self._tell = tell
        self._upkeep = upkeep
        self._pause_seconds = pause_seconds
        self._reminder = Reminder(session)
        self._done: set[int] = set()  # ends before which all was renewed once more
        self._refused = ""  # the token file that AWS takes no more: the next one is tried
        self._looking = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="ssohelper-keeper")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def _run(self) -> None:
        while not self._stopped:
            self._wake.wait(self.look())
            self._wake.clear()

    def look(self) -> float:
        """Do all that is due, whatever becomes of each; return for how long nothing will be."""
        with self._looking:
            app = self._make_app()
            self._attempt(app, self._upkeep)
            for step in (
                self._remind,
                self._dispel_doubts,
                self._renew_ahead,
                self._renew_once_more,
                self._remind,
            ):
                self._attempt(app, partial(step, app))
            due_at = self._attempt(app, partial(credentials.due_at, app, self._session, self._role))
            due_in = (due_at or 0) - app.now()
        pause = min(self._pause_seconds, due_in) if due_in > 0 else self._pause_seconds
        return max(pause, min(_SHORTEST_PAUSE_SECONDS, self._pause_seconds))

    def _attempt(self, app: ServingApp, step: Callable[[], _T]) -> _T | None:
        try:
            return step()
        except SsoHelperError as trouble:  # the next look tries again
            app.warn(trouble.message)
        except Exception as error:
            crash.report(error, sys.exc_info()[2])
        return None

    def _dispel_doubts(self, app: ServingApp) -> None:
        if self._source.doubts(app):
            self._source.ask().wait(_ASK_SECONDS)

    def _remind(self, app: ServingApp) -> None:
        next_at = app.now() + ceil(self._pause_seconds)
        said = self._reminder.next(clocks.outlook(app, self._session), app.now(), next_at)
        if said:
            self._tell(said)
        notices.tell_due(app, self._session, next_at, even_signed_out=True)

    def _renew_ahead(self, app: ServingApp) -> None:
        if not app.settings.get("renew_ahead"):
            return
        if credentials.due_at(app, self._session, self._role) > app.now():
            return
        seen = app.tokens.fingerprint(self._session)
        if seen == self._refused:
            return
        try:
            credentials.renew_ahead(app, self._session, self._role, "serve", app.deadline())
            self._refused = ""
        except LoginRequired:
            self._refused = app.tokens.fingerprint(self._session)

    def _renew_once_more(self, app: ServingApp) -> None:
        """Shortly before an end renew all that can still be: work goes on as long as AWS allows."""
        ahead = clocks.outlook(app, self._session)
        ends = notices.last_renewals(ahead)
        self._done &= set(ends)
        for at in ends:
            if at in self._done or not 0 < at - app.now() <= LAST_RENEWAL_SECONDS:
                continue
            with suppress(AwsUnreachable):  # until the end every round tries again
                if at != ahead.token_expires_at:
                    self._last_token(app)
                credentials.renew_now(app, self._session, self._role, "serve", app.deadline())
                self._done.add(at)

    def _last_token(self, app: ServingApp) -> None:
        with suppress(LoginRequired):  # none comes any more: the present one still works
            token = app.tokens.load(self._session)
            if token is not None:
                tokens.renew_token(app, self._session, token, app.deadline())
