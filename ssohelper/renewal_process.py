"""Runs the process that renews one session's token, and reports the outcome on a pipe."""

import contextlib
import os
import sys

from ssohelper.actions import notices, regions, renewal
from ssohelper.app import App
from ssohelper.broker import wording
from ssohelper.errors import SsoHelperError
from ssohelper.fastpath.spawn import PASSED_DESCRIPTOR


def run_renewal_process(argv: list[str]) -> int:
    """Run `renewal-process SIGN_IN_NAME SEEN_ID`. No caller uses the exit code."""
    if len(argv) != 2:
        return 2
    sign_in_name, seen_id = argv
    error: SsoHelperError | None = None
    app, session = App(), None
    try:
        session = regions.require_sign_in_session(app, sign_in_name)
        renewal.renew_token(app, session, seen_id)
    except SsoHelperError as found:
        error = found
    except Exception as found:
        from ssohelper.system import crash_report

        error = crash_report.log_crash(found, sys.exc_info()[2])
    # The pipe's reader may have ended: the new token is already in its file.
    with contextlib.suppress(OSError):
        report = 1 if sys.platform == "win32" else PASSED_DESCRIPTOR
        os.write(report, wording.encode_renewal_outcome(error))
        os.close(report)  # so that the broker does not wait for the notice
    if session is not None and not session.is_further:
        notices.give_notice_after_renewal(app, session, error)
    return 0
