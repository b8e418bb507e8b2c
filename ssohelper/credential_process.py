"""Front door 1: argv → one JSON line on stdout, or one line on stderr and an exit code.

stdin is never read, nothing is ever asked, no browser is opened, and it ends within 20 s.
"""

import os
import sys
from contextlib import suppress

from ssohelper import logs
from ssohelper.actions import credentials, selection, sign_in_wait
from ssohelper.actions.issuing import document_of
from ssohelper.app import App
from ssohelper.broker.wording import line_of
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import Role, RoleCredentials, SsoSession
from ssohelper.core.text import show, show_message
from ssohelper.errors import LocalState, SsoHelperError
from ssohelper.fastpath import miss
from ssohelper.fastpath.published import parse_key


def answer(argv: list[str], began: float) -> int | None:
    """Return the exit code, or None for arguments that click must look at.

    `began` is the monotonic moment from which the one deadline counts.
    """
    key = parse_key(argv)
    by_name = len(argv) == 2 and argv[0] == "--profile" and not argv[1].startswith("-")
    if key is None and not by_name:
        return None
    app = App(warn=warned)
    logs.start(0, app.environ)
    try:
        deadline = app.deadline(miss.seconds_left(began))
        session, role = _by_key(app, *key) if key else _by_profile(app, argv[1])
        print_document(app, session, role, deadline)
    except SsoHelperError as error:
        return reported(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from ssohelper import crash

        return crash.report(error, sys.exc_info()[2])
    return 0


def print_document(app: App, session: SsoSession, role: Role, deadline: Deadline) -> None:
    """Write the document of this role to stdout, whole or not at all.

    Waits for a sign-in where the settings say so.
    """
    first = [deadline]  # a call after a wait has a deadline of its own

    def keys_now() -> RoleCredentials:
        by = first.pop() if first else app.deadline()
        return credentials.release(app, session, role, by)

    seconds = sign_in_wait.configured_wait_seconds(app, session)
    keys = sign_in_wait.retry_after_sign_in(app, session, seconds, keys_now, say=_noticed)
    written = document_of(keys, role.account_id)
    try:
        while written:
            written = written[os.write(1, written) :]
    except OSError as cause:
        raise LocalState(f"stdout cannot be written: {cause.strerror}") from cause


def reported(error: SsoHelperError) -> int:
    """Say the error with its hint in one line: SDKs show stderr as their own error's text."""
    # A closed stderr takes no words; the exit code still says which error it was.
    with suppress(OSError):
        os.write(2, line_of(error))
    return error.exit_code


def warned(message: str) -> None:
    """Say a warning in one line; the answer is good all the same."""
    with suppress(OSError):
        os.write(
            2, show_message(f"ssohelper: warning: {message}").encode("utf-8", "replace") + b"\n"
        )


def _noticed(message: str) -> None:
    with suppress(OSError):
        os.write(2, show(f"ssohelper: notice: {message}").encode("utf-8", "replace") + b"\n")


def _by_key(app: App, session: str, account_id: str, role_name: str) -> tuple[SsoSession, Role]:
    return selection.require_session(app, session), selection.checked_role(account_id, role_name)


def _by_profile(app: App, name: str) -> tuple[SsoSession, Role]:
    profile = selection.resolve_profile(app, name, None)
    return profile.session, profile.role
