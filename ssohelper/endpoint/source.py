"""Credentials of one role for those who ask here: at once while there are good ones.

One asks AWS for all who wait. A wall clock that has jumped (sleep, a paused machine, a correction)
puts all that is kept in doubt: then AWS is asked first, and it tells the time with its answer.
"""

import sys
import threading
import time
from collections.abc import Callable

from ssohelper import crash
from ssohelper.actions import credentials, sign_in_wait
from ssohelper.actions.credentials import Way
from ssohelper.core.model import Role, RoleCredentials, SsoSession
from ssohelper.endpoint.serving_app import ServingApp
from ssohelper.errors import AwsUnreachable, SsoHelperError, no_more_threads

# Less is a clock that is kept right; the margin in which nothing is served is 60 s.
_JUMP_SECONDS = 30.0


class Source:
    """`credentials` for each request; `doubts` and `ask` for the thread that renews ahead."""

    def __init__(
        self,
        make_app: Callable[[], ServingApp],
        session: SsoSession,
        role: Role,
        way: Way,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_app = make_app
        self._session = session
        self._role = role
        self._way: Way = way
        self._steady = steady
        self._lock = threading.Lock()
        self._asking: _Asking | None = None
        self._doubts = False
        self._apart = make_app().now() - steady()

    def credentials(self, seconds: float) -> RoleCredentials:
        """Return credentials that work, after at most so many seconds.

        Raises: what `release` raises; AwsUnreachable when it takes longer.
        """
        app = self._make_app()
        in_doubt = self.doubts(app)
        if not in_doubt:
            found = credentials.cached(app, self._session, self._role, self._way)
            if found is not None:
                return found
        asking = self.ask()
        trouble: SsoHelperError
        if asking.wait(seconds):
            if asking.credentials is not None:
                return asking.credentials
            trouble = asking.error or SsoHelperError("internal error")
        else:
            trouble = AwsUnreachable("AWS has not answered yet", hint="try again in a moment")
        is_unreachable = isinstance(trouble, AwsUnreachable)
        found = credentials.cached(
            app, self._session, self._role, self._way, even_due=True, even_doubtful=is_unreachable
        )
        # In doubt both clocks have to agree that they have not expired.
        if found is None or (in_doubt and found.expires_at <= app.now()):
            raise trouble
        return found

    def credentials_after_sign_in(self, seconds: float) -> RoleCredentials:
        """Do what `credentials` does; where the settings say so, wait for a sign-in first.

        The endpoint itself says that one is needed.
        """
        app = self._make_app()
        return sign_in_wait.after_sign_in(
            app,
            self._session,
            sign_in_wait.seconds_of(app, self._session),
            lambda: self.credentials(seconds),
            say=lambda _line: None,
        )

    def doubts(self, app: ServingApp) -> bool:
        """Tell whether the wall clock has jumped and AWS has not been asked since."""
        apart = app.now() - self._steady()
        with self._lock:
            if abs(apart - self._apart) > _JUMP_SECONDS:
                self._doubts = True
            self._apart = apart
            return self._doubts

    def ask(self) -> "_Asking":
        """Return the one asking of AWS that is under way, begun now when there is none."""
        with self._lock:
            if self._asking is not None:
                return self._asking
            asking = _Asking()
            try:
                threading.Thread(target=self._ask, args=(asking, self._doubts), daemon=True).start()
            except RuntimeError:
                asking.error = no_more_threads()
                asking.done()
            else:
                self._asking = asking
            return asking

    def _ask(self, asking: "_Asking", anew: bool) -> None:
        app = self._make_app()
        try:
            deadline = app.deadline()
            if anew:
                credentials.renew_now(app, self._session, self._role, self._way, deadline)
            asking.credentials = credentials.release(
                app, self._session, self._role, self._way, deadline
            )
        except SsoHelperError as error:
            asking.error = error
        except Exception as error:
            crash.report(error, sys.exc_info()[2])
        finally:
            with self._lock:
                self._asking = None
                if anew and asking.credentials is not None:
                    self._doubts = False
            asking.done()


class _Asking:
    """One question to AWS that any number wait for: credentials or an error, once it is done."""

    def __init__(self) -> None:
        self.credentials: RoleCredentials | None = None
        self.error: SsoHelperError | None = None
        self._done = threading.Event()

    def done(self) -> None:
        self._done.set()

    def wait(self, seconds: float) -> bool:
        return self._done.wait(seconds)
