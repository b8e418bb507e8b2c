"""Renewals in the caller's own thread, for an App with a clock, a sleep and an AWS of a test's."""

from ssohelper.actions import notices, regions, renewal
from ssohelper.app import App
from ssohelper.broker.renewals import Renewals
from ssohelper.errors import SsoHelperError


class InProcessRenewals(Renewals):
    """Does at once what a renewal's process does; `runs` are the seconds that callers gave it."""

    def __init__(self, app: App) -> None:
        super().__init__(app.environ)
        self._app = app
        self.runs: list[float] = []

    def renew_token(self, session_name, seen_id, deadline, meanwhile=None) -> SsoHelperError | None:
        self.runs.append(deadline.seconds_left())
        session = regions.require_sign_in_session(self._app, session_name)
        error: SsoHelperError | None = None
        try:
            renewal.renew_token(self._app, session, seen_id)
        except SsoHelperError as found:
            error = found
        notices.give_notice_after_renewal(self._app, session, error)
        return error


def renew_in_process(app: App) -> InProcessRenewals:
    """Let this App renew in its own thread; return the stand-in."""
    renewals = InProcessRenewals(app)
    app.__dict__["renewals"] = renewals
    return renewals
