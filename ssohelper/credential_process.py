"""Front door 1: argv → one JSON line on stdout, or one line on stderr and an exit code.

stdin is never read, nothing is ever asked, no browser is opened, and it ends within 20 s.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from ssohelper import logs
from ssohelper.actions import credentials, selection
from ssohelper.app import CALL_SECONDS, App
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, Role, SsoSession
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, LocalState, SsoHelperError
from ssohelper.ready_document import RENEW_ONLY, key_of

# What AWS refused is shared with those who wait; what is wrong here each finds out by itself.
_SHARED_EXIT_CODES = (4, 5, 6)
# Field 22 of proc(5)'s stat, behind the pid and the name.
_START_TIME = 19
# Longer than any start: then this is somebody else's process, in which we were called.
_LONGEST_START_UP_SECONDS = 5


def answer(
    argv: list[str], began: float, leave_word: Callable[[int, bytes], None] | None = None
) -> int | None:
    """Return the exit code, or None for arguments that click must look at.

    `began` is the monotonic moment from which the one deadline counts; `leave_word` gets the
    exit code and the line of a refusal by AWS.
    """
    renew_only = argv[-1:] == [RENEW_ONLY]
    key = key_of(argv[:-1] if renew_only else argv)
    by_name = len(argv) == 2 and argv[0] == "--profile" and not argv[1].startswith("-")
    if key is None and not by_name:
        return None
    app = App(warn=warned)
    logs.start(0, app.environ)
    elapsed = app.monotonic() - began
    deadline = app.deadline(CALL_SECONDS - elapsed - _start_up_seconds(elapsed))
    try:
        session, role = _by_key(app, *key) if key else _by_profile(app, argv[1])
        if renew_only:
            credentials.renew_ahead(app, session, role, deadline)
        else:
            print_document(app, session, role, deadline)
    except SsoHelperError as error:
        if leave_word and key and error.exit_code in _SHARED_EXIT_CODES:
            leave_word(error.exit_code, _line_of(error))
        return reported(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from ssohelper import crash

        return crash.report(error, sys.exc_info()[2])
    return 0


def print_document(app: App, session: SsoSession, role: Role, deadline: Deadline) -> None:
    """Write the document of this role to stdout, whole or not at all."""
    keys = credentials.release(app, session, role, "credential-process", deadline)
    written = credentials.document(keys, role.account_id)
    try:
        while written:
            written = written[os.write(1, written) :]
    except OSError as cause:
        raise LocalState(f"stdout cannot be written: {cause.strerror}") from cause


def reported(error: SsoHelperError) -> int:
    """Say the error with its hint in one line: SDKs show stderr as their own error's text."""
    # A closed stderr takes no words; the exit code still says which error it was.
    with suppress(OSError):
        os.write(2, _line_of(error))
    return error.exit_code


def _line_of(error: SsoHelperError) -> bytes:
    hint = f" ({error.hint})" if error.hint else ""
    line = show(f"ssohelper: error: {error.message}{hint}") + "\n"
    return line.encode("utf-8", "backslashreplace")


def warned(message: str) -> None:
    """Say a warning in one line; the answer is good all the same."""
    with suppress(OSError):
        os.write(2, show(f"ssohelper: warning: {message}").encode("utf-8", "replace") + b"\n")


def _start_up_seconds(elapsed: float) -> float:
    """Return how long the launcher and Python took before our first line: a caller waits for them
    too, seconds on a busy machine. Zero where the system does not tell."""
    if sys.platform != "linux":
        return 0.0
    try:
        with open("/proc/self/stat", "rb") as stat:
            started_at = int(stat.read().rpartition(b")")[2].split()[_START_TIME])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started_at / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
    before = age - elapsed
    return before if 0 < before < _LONGEST_START_UP_SECONDS else 0.0


def _by_key(app: App, session: str, account_id: str, role_name: str) -> tuple[SsoSession, Role]:
    return known_session(app, session), checked_role(account_id, role_name)


def _by_profile(app: App, name: str) -> tuple[SsoSession, Role]:
    profile = selection.profile_of(app, name, None)
    return profile.session, profile.role


def known_session(app: App, name: str) -> SsoSession:
    """Return the session, or ConfigInvalid: a profile's line names it, nobody mistyped it here."""
    session = app.config.read().sso_session(name)
    if session is None:
        raise ConfigInvalid(
            f"there is no [sso-session {name}] in {app.aws_config_file}",
            hint=f"make it with: ssohelper setup START_URL --session {name}",
        )
    return session


def checked_role(account_id: str, role_name: str) -> Role:
    """Return the role, or ConfigInvalid: these two come from a profile's line."""
    if not ACCOUNT_ID.fullmatch(account_id):
        raise ConfigInvalid(f'"{account_id}" is no account id: it has 12 digits')
    if not ROLE_NAME.fullmatch(role_name):
        raise ConfigInvalid(f'"{role_name}" cannot be the name of a role')
    return Role(account_id, role_name)
