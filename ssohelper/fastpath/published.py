"""A hit: prints the published response of a role. Light: imports what Python has loaded itself.

A published response is the document that an SDK gets, ready to print, and after it one line: from
which to which second of this machine's uptime it is valid. Its modification time is the moment from
which a caller must ask the broker instead. So a hit parses no JSON, reads no configuration, and
costs the same however many accounts there are.
"""

import os
import sys
import time

from ssohelper.fastpath import folders, open_file

_OPTIONS = {"--session": 0, "--account-id": 1, "--role-name": 2}
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
# AWS's session tokens make documents of about 1.1 kB: what is larger is none of ours.
_LIMIT_BYTES = 16384
_UPTIME_BYTES = 64
# A time service sets the clock back by less: such a step makes no response invalid.
_CLOCK_STEP_SECONDS = 5


def print_response(argv: list[str]) -> bool:
    """Print the published response that these arguments ask for; return False when there is none.

    False too for anything unusual: other arguments, a link, a FIFO, another owner, and settings, a
    config or a token file that has changed since. The caller then takes the slower path, which
    reports what is wrong.
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
    document = _read_document(folders.published_response(runtime, *key))
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
    """Return whether the settings file is the one under which the responses were published."""
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
    """Return whether config and token file are those under which the responses were published.

    Another tool signs out by removing the token file, and signs in by writing it.
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
        # Two home folders may share a runtime folder and a config, but not a sign-in.
        home = os.stat(os.path.expanduser("~/.aws/sso/cache"))
        linked = os.stat(folders.token_folder_link(runtime, session))
        if (home.st_dev, home.st_ino) != (linked.st_dev, linked.st_ino):
            return False
        token = os.stat(folders.token_link(runtime, session))
        return token.st_mtime_ns == os.stat(folders.token_stamp(runtime, session)).st_mtime_ns
    except (OSError, ValueError):
        return False


def _read_document(path: str) -> bytes | None:
    if sys.platform == "win32":
        return None  # Windows has no way to open a file that follows no link
    try:
        descriptor, found = open_file.open_own_file(path)
    except OSError:
        return None
    try:
        if found.st_mtime <= time.time():
            return None
        content = os.read(descriptor, _LIMIT_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    document, validity = split(content)
    return document if is_document(document) and is_of_this_clock(found, validity) else None


def join(document: bytes, valid_seconds: int) -> bytes:
    """Return the content of a published response: the document, then its validity in uptime.

    Where the uptime is not known, there is no second line.
    """
    up = read_uptime()
    return document if up is None else b"%b%d %d\n" % (document, up, max(0, up + valid_seconds))


def split(content: bytes) -> tuple[bytes, bytes]:
    """Return the document and the line after it, b"" without one."""
    end = content.find(b"\n") + 1
    return content[:end], content[end:]


def is_document(content: bytes) -> bool:
    """Return whether this is a whole document, as far as a hit checks one.

    A damaged one must not write control characters to a terminal.
    """
    is_whole = content.startswith(b'{"Version":1,') and content.endswith(b"}\n")
    return is_whole and content.isascii() and content[:-1].decode().isprintable()


def is_of_this_clock(found: os.stat_result, validity: bytes) -> bool:
    """Return whether the response's modification time still means what it meant when written.

    A response with a change time in the future was written under another clock. A clock that was
    set back by less than the response's age shows only in its validity, in uptime seconds.
    """
    if found.st_ctime > time.time() + _CLOCK_STEP_SECONDS:
        return False
    if not validity:
        return True
    words = validity.split()
    up = read_uptime()
    if up is None or len(words) != 2 or not (words[0] + words[1]).isdigit():
        return False
    return int(words[0]) <= up < int(words[1])


def read_uptime() -> int | None:
    """Return whole seconds since the machine's start, sleep included; None without an uptime file.

    The launcher reads the same file. In a container it may differ from the kernel's own clock.
    """
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open("/proc/uptime", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        whole = os.read(descriptor, _UPTIME_BYTES).partition(b".")[0]
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
