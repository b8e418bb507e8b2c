"""Runs `credential-process` after a miss: prints one JSON line on stdout, or an error on stderr.

Never reads stdin, prompts the user or opens a browser; ends within 20 s.
"""

import os
import sys
from contextlib import suppress

from ssohelper import logs
from ssohelper.actions import credentials, notices, selection
from ssohelper.app import App
from ssohelper.broker.wording import error_as_one_line
from ssohelper.core import chains
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import Role, RoleCredentials, RoleKey, SsoSession, checked_role
from ssohelper.core.policy import Way
from ssohelper.core.schema.credential_records import credential_document
from ssohelper.core.text import show, show_message
from ssohelper.errors import LocalState, SsoHelperError
from ssohelper.fastpath import miss, published


def answer_credential_process(argv: list[str], began: float) -> int | None:
    """Return the exit code, or None if click must parse the arguments. `began` is monotonic
    seconds.
    """
    key = published.parse_role_key(argv)
    by_name = len(argv) == 2 and argv[0] == "--profile" and not argv[1].startswith("-")
    if key is None and not by_name:
        return None
    app = App(warn=print_warning)
    logs.start_logging(0, app.environ)
    try:
        deadline = app.clock.deadline(miss.measure_seconds_left(began))
        if key:
            named = RoleKey.of_parts(*key)
            session, role = selection.require_session(app, key[0]), checked_role(*named.role)
        else:
            profile = selection.resolve_profile(app, argv[1], None)
            session, role = profile.session, profile.role
        print_credential_document(app, session, role, deadline)
    except SsoHelperError as error:
        return print_error_for_sdk(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from ssohelper.system import crash_report

        return crash_report.report_crash(error, sys.exc_info()[2])
    return 0


def print_credential_document(
    app: App, session: SsoSession, role: Role, deadline: Deadline
) -> None:
    """Write the document to stdout, completely or not at all.

    If the settings say so, waits for a sign-in first.
    """
    first = [deadline]  # the call after a wait for a sign-in has a new deadline

    def get_credentials() -> RoleCredentials:
        by = first.pop() if first else app.clock.deadline()
        return credentials.release_credentials(app, session, role, Way.CREDENTIAL_PROCESS, by)

    def say(message: str) -> None:
        _write_stderr_line(show(f"ssohelper: notice: {message}"))

    with app.vault.raise_refusal_first(session.key_of(role), Way.CREDENTIAL_PROCESS):
        seconds = notices.configured_wait_seconds(app, session)
    found = notices.retry_after_sign_in(app, session, seconds, get_credentials, say=say)
    account_id = chains.find_account_id(app.config.read(), session.key_of(role))
    cause = published.write_to_stdout(credential_document(found, account_id))
    if cause is not None:
        raise LocalState(f"stdout cannot be written: {cause.strerror}") from cause


def print_error_for_sdk(error: SsoHelperError) -> int:
    """Print error and hint on stderr as one line, which SDKs show; return the exit code."""
    with suppress(OSError):
        os.write(2, error_as_one_line(error))
    return error.exit_code


def print_warning(message: str) -> None:
    _write_stderr_line(show_message(f"ssohelper: warning: {message}"))


def _write_stderr_line(line: str) -> None:
    with suppress(OSError):
        os.write(2, line.encode("utf-8", "replace") + b"\n")
