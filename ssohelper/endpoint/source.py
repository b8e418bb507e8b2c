"""Gets one role's credentials for the endpoint's clients, from the cache if possible.

After a jump of the wall clock (sleep, a paused machine, a correction) we cannot tell whether cached
credentials have expired: AWS is asked first, whose answer carries the right time.
"""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait

from ssohelper.actions import credentials, notices
from ssohelper.app import App
from ssohelper.core.model import Role, RoleCredentials, SsoSession
from ssohelper.core.policy import Way
from ssohelper.errors import AwsUnreachable, SsoHelperError, no_more_threads_error
from ssohelper.system import crash_report

# A smaller jump does no harm: credentials are not served in their last 60 s.
_JUMP_SECONDS = 30.0


class CredentialSource:
    """Gets the credentials. At most one request to AWS runs at a time, for all clients that wait."""

    def __init__(
        self,
        make_app: Callable[[], App],
        session: SsoSession,
        role: Role,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.make_app = make_app
        self.session = session
        self.role = role
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._request: Future[RoleCredentials] | None = None
        self._is_clock_in_doubt = False
        app = make_app()
        self._environ = app.environ
        self._now = app.clock.now
        self._offset = self._now() - monotonic()

    def get_credentials(self, seconds: float) -> RoleCredentials:
        """Raises: the errors of `credentials.release_credentials`; AwsUnreachable if AWS takes
        longer.
        """
        in_doubt = self.is_clock_in_doubt()
        key, where = self.session.key_of(self.role), (self.session, self.role, Way.SERVE)
        if not in_doubt and (
            found := credentials.find_published_credentials(key, self._environ, self._now())
        ):
            return found
        app = self.make_app()
        if not in_doubt and (found := credentials.find_cached_credentials(app, *where)):
            return found
        error: SsoHelperError = AwsUnreachable(
            "AWS has not answered the request for credentials yet", hint="try again in a moment"
        )
        try:
            return self.find_or_start_request().result(seconds)
        except TimeoutError:
            pass
        except SsoHelperError as failure:
            error = failure
        found = credentials.find_cached_credentials(
            app, *where, allow_due=True, allow_doubtful=isinstance(error, AwsUnreachable)
        )
        # While the wall clock is in doubt, credentials must be unexpired by AWS's clock and by this
        # machine's.
        if found is None or (in_doubt and found.expires_at <= self._now()):
            raise error
        return found

    def get_after_sign_in(self, seconds: float) -> RoleCredentials:
        """Return credentials as `get_credentials` does, after a sign-in if the settings say so."""
        app = self.make_app()
        with app.vault.raise_refusal_first(self.session.key_of(self.role), Way.SERVE):
            wait_seconds = notices.configured_wait_seconds(app, self.session)
        return notices.retry_after_sign_in(
            app,
            self.session,
            wait_seconds,
            lambda: self.get_credentials(seconds),
            say=lambda _line: None,
        )

    def is_clock_in_doubt(self) -> bool:
        offset = self._now() - self._monotonic()
        with self._lock:
            if abs(offset - self._offset) > _JUMP_SECONDS:
                self._is_clock_in_doubt = True
            self._offset = offset
            return self._is_clock_in_doubt

    def find_or_start_request(self) -> Future[RoleCredentials]:
        with self._lock:
            if self._request is not None:
                return self._request
            request = Future[RoleCredentials]()
            words = request, self._is_clock_in_doubt
            try:
                threading.Thread(target=self._ask_aws, args=words, daemon=True).start()
            except RuntimeError:
                request.set_exception(no_more_threads_error())
            else:
                self._request = request
            return request

    def wait_for_request(self, seconds: float) -> None:
        if (request := self._request) is not None:
            wait([request], seconds)

    def _ask_aws(self, request: Future[RoleCredentials], must_renew: bool) -> None:
        error, found = SsoHelperError("internal error"), None
        try:
            app = self.make_app()
            where = app, self.session, self.role, Way.SERVE, app.clock.deadline()
            if must_renew:
                credentials.replace_cached_credentials(*where)
            found = credentials.release_credentials(*where)
        except SsoHelperError as failure:
            error = failure
        except Exception as failure:
            crash_report.report_crash(failure, sys.exc_info()[2])
        with self._lock:
            self._request = None
            if must_renew and found is not None:
                self._is_clock_in_doubt = False
        if found is None:
            request.set_exception(error)
        else:
            request.set_result(found)
