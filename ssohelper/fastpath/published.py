"""The hit: argv → one file → stdout. Imports nothing that Python has not loaded by itself.

The document's modification time is when somebody must next think, so a good one is printed as
it is: no JSON is parsed, no configuration is read, and nothing grows with the organization.
"""

import os
import sys
import time

from ssohelper.fastpath import folders

_OPTIONS = {"--session": 0, "--account-id": 1, "--role-name": 2}
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
# AWS's session tokens make documents of about 1.1 kB; more than this is not one of ours.
_LIMIT_BYTES = 16384
_SPAN_BYTES = 64
# What a time service may put the clock back by without making documents doubtful.
_CLOCK_STEP_SECONDS = 5


def print_response(argv: list[str]) -> bool:
    """Print the ready document of these arguments; False when there is none to be served.

    Anything unusual (other arguments, a link, a FIFO, another owner; settings, a config or a token
    file that changed since) is False as well: the ordinary path then says what is wrong.
    """
    key = parse_key(argv)
    if key is None:
        return False
    try:
        runtime = folders.runtime_folder(os.environ)
    except ValueError:
        return False
    if not _are_settings_unchanged(runtime) or not _is_sign_in_unchanged(runtime, key[0]):
        return False
    document = _read(folders.ready_document(runtime, *key), folders.span(runtime, *key))
    return document is not None and _print(document)


def parse_key(argv: list[str]) -> tuple[str, str, str] | None:
    """Return (session, account id, role name) of the six arguments that profiles carry."""
    if len(argv) != 6:
        return None
    found = ["", "", ""]
    for option, value in zip(argv[::2], argv[1::2], strict=True):
        place = _OPTIONS.get(option)
        if place is None or not value or value[0] == "." or not _SAFE.issuperset(value):
            return None
        found[place] = value
    return (found[0], found[1], found[2]) if all(found) else None


def _are_settings_unchanged(runtime: str) -> bool:
    """Tell whether the documents were made under the settings as they are now."""
    try:
        stamp = os.stat(folders.settings_stamp(runtime))
    except OSError:
        return False
    try:
        settings = os.stat(folders.settings_file(os.environ))
    except (FileNotFoundError, NotADirectoryError):
        return stamp.st_size == 0
    except OSError:
        return False
    return stamp.st_size > 0 and stamp.st_mtime_ns == settings.st_mtime_ns


def _is_sign_in_unchanged(runtime: str, session: str) -> bool:
    """Tell whether config and token file are those that the session's documents were made under.

    Another tool signs out by removing the token file, and in by writing it.
    """
    path = folders.aws_config_file(os.environ)
    if path is None:
        return False
    try:
        config, linked = os.stat(path), os.stat(folders.config_link(runtime, session))
        if (config.st_dev, config.st_ino) != (linked.st_dev, linked.st_ino):
            return False
        if config.st_mtime_ns != os.stat(folders.config_stamp(runtime, session)).st_mtime_ns:
            return False
        # Two homes may share a runtime folder and a config.
        home = os.stat(os.path.expanduser("~/.aws/sso/cache"))
        linked = os.stat(folders.token_folder_link(runtime, session))
        if (home.st_dev, home.st_ino) != (linked.st_dev, linked.st_ino):
            return False
        token = os.stat(folders.token_link(runtime, session))
        return token.st_mtime_ns == os.stat(folders.token_stamp(runtime, session)).st_mtime_ns
    except (OSError, ValueError):
        return False


def _read(path: str, span: str) -> bytes | None:
    if sys.platform == "win32":
        return None  # it has no way to open a file that follows no link
    try:
        # O_NONBLOCK: opening a planted FIFO must not hang.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        is_plain = (found.st_mode & 0o170000) == 0o100000 and found.st_nlink == 1
        if not is_plain or found.st_uid != os.geteuid():
            return None
        if found.st_mtime <= time.time() or not is_of_this_clock(found, span):
            return None
        document = os.read(descriptor, _LIMIT_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return document if is_document(document) else None


def is_document(content: bytes) -> bool:
    """Tell whether this is a whole document, as far as a hit looks at one."""
    return content.startswith(b'{"Version":1,') and content.endswith(b"}\n")


def is_of_this_clock(found: os.stat_result, span: str) -> bool:
    """Tell whether the document's time means what it meant when it was made.

    One from the future was made by another clock. A clock that was set back by less than the
    document's age shows in its span only, which counts in seconds of this machine's uptime.
    """
    if found.st_ctime > time.time() + _CLOCK_STEP_SECONDS:
        return False
    if sys.platform == "win32":
        return True  # no uptime is known, so there are no spans
    try:
        descriptor = os.open(span, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return not os.path.lexists(span)  # where no uptime is known there are no spans
    try:
        words = os.read(descriptor, _SPAN_BYTES).split()
    except OSError:
        return False
    finally:
        os.close(descriptor)
    up = read_uptime()
    if up is None or len(words) != 2 or not (words[0] + words[1]).isdigit():
        return False
    return int(words[0]) <= up < int(words[1])


def read_uptime() -> int | None:
    """Return whole seconds since this machine's start, sleep included; None where it tells none.

    The launcher reads the same file: a container's may differ from what the kernel says.
    """
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open("/proc/uptime", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        whole = os.read(descriptor, _SPAN_BYTES).partition(b".")[0]
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return int(whole) if whole.isdigit() else None


def _print(document: bytes) -> bool:
    try:
        return os.write(1, document) == len(document)
    except OSError:
        return False
