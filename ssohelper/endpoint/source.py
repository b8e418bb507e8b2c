"""Gets one role's credentials for the endpoint's clients, from the cache if possible.

At most one request to AWS runs at a time; all clients that need its answer wait for it. After a
jump of the wall clock (sleep, a paused machine, a correction) we cannot tell whether cached
credentials have expired. Then AWS is asked first, because its answer carries the right time.
"""

import sys
import threading
import time
from collections.abc import Callable

from ssohelper.actions import credentials, sign_in_wait
from ssohelper.app import App
from ssohelper.core.model import Role, RoleCredentials, SsoSession
from ssohelper.core.policy import Way
from ssohelper.errors import AwsUnreachable, SsoHelperError, no_more_threads_error
from ssohelper.system import crash_report

# A change of the wall clock by less than this is not a jump, and does no harm, because credentials
# are not served in their last 60 s.
_JUMP_SECONDS = 30.0


class CredentialSource:
    """Gives credentials to an endpoint's clients. Asks AWS once for all that wait at the same time.

    `make_app` returns an App with the current settings and files.
    """

    def __init__(
        self,
        make_app: Callable[[], App],
        session: SsoSession,
        role: Role,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_app = make_app
        self._session = session
        self._role = role
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._request: _Request | None = None
        self._is_clock_in_doubt = False
        app = make_app()
        self._environ = app.environ
        self._now = app.clock.now
        self._offset = self._now() - monotonic()

    def get_credentials(self, seconds: float) -> RoleCredentials:
        """Return valid credentials within `seconds`.

        Raises: the errors of `credentials.release_credentials`; AwsUnreachable if AWS takes longer.
        """
        in_doubt = self.is_clock_in_doubt()
        key = self._session.key_of(self._role)
        if not in_doubt and (
            found := credentials.find_published_credentials(key, self._environ, self._now())
        ):
            return found
        app = self._make_app()
        if not in_doubt:
            found = credentials.find_cached_credentials(app, self._session, self._role, Way.SERVE)
            if found is not None:
                return found
        request = self.find_or_start_request()
        error: SsoHelperError
        if request.wait(seconds):
            if request.credentials is not None:
                return request.credentials
            error = request.error or SsoHelperError("internal error")
        else:
            error = AwsUnreachable(
                "AWS has not answered the request for credentials yet", hint="try again in a moment"
            )
        is_unreachable = isinstance(error, AwsUnreachable)
        found = credentials.find_cached_credentials(
            app,
            self._session,
            self._role,
            Way.SERVE,
            allow_due=True,
            allow_doubtful=is_unreachable,
        )
        # While the wall clock is in doubt, cached credentials must be unexpired both by AWS's clock
        # and by this machine's.
        if found is None or (in_doubt and found.expires_at <= self._now()):
            raise error
        return found

    def get_credentials_after_sign_in(self, seconds: float) -> RoleCredentials:
        """Return credentials as `get_credentials` does, after a sign-in if one is needed.

        Waits for the sign-in only if the settings say so. Prints nothing, because the endpoint
        gives notices that say that a sign-in is needed.
        """
        app = self._make_app()
        with app.vault.raise_refusal_before_other_errors(
            self._session.key_of(self._role), Way.SERVE
        ):
            wait_seconds = sign_in_wait.configured_wait_seconds(app, self._session)
        return sign_in_wait.retry_after_sign_in(
            app,
            self._session,
            wait_seconds,
            lambda: self.get_credentials(seconds),
            say=lambda _line: None,
        )

    def is_clock_in_doubt(self) -> bool:
        """Return whether the wall clock has jumped and AWS has not answered since."""
        offset = self._now() - self._monotonic()
        with self._lock:
            if abs(offset - self._offset) > _JUMP_SECONDS:
                self._is_clock_in_doubt = True
            self._offset = offset
            return self._is_clock_in_doubt

    def find_or_start_request(self) -> "_Request":
        """Return the running request to AWS for credentials; start one when none runs."""
        with self._lock:
            if self._request is not None:
                return self._request
            request = _Request()
            arguments = (request, self._is_clock_in_doubt)
            try:
                threading.Thread(
                    target=self._ask_aws_for_credentials, args=arguments, daemon=True
                ).start()
            except RuntimeError:
                request.error = no_more_threads_error()
                request.finish()
            else:
                self._request = request
            return request

    def wait_for_request(self, seconds: float) -> None:
        """Wait for the running request to AWS, if any, for this many seconds at most."""
        if (request := self._request) is not None:
            request.wait(seconds)

    def _ask_aws_for_credentials(self, request: "_Request", must_renew: bool) -> None:
        app = self._make_app()
        try:
            deadline = app.clock.deadline()
            if must_renew:
                credentials.replace_cached_credentials(
                    app, self._session, self._role, Way.SERVE, deadline
                )
            request.credentials = credentials.release_credentials(
                app, self._session, self._role, Way.SERVE, deadline
            )
        except SsoHelperError as error:
            request.error = error
        except Exception as error:
            crash_report.report_crash(error, sys.exc_info()[2])
        finally:
            with self._lock:
                self._request = None
                if must_renew and request.credentials is not None:
                    self._is_clock_in_doubt = False
            request.finish()


class _Request:
    """One request to AWS for credentials, for which threads wait; then its result or error."""

    def __init__(self) -> None:
        self.credentials: RoleCredentials | None = None
        self.error: SsoHelperError | None = None
        self._finished = threading.Event()

    def finish(self) -> None:
        """Wake the threads that wait for this request."""
        self._finished.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the request has finished; return False when it takes longer."""
        return self._finished.wait(seconds)
