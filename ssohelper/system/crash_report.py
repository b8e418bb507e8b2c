"""Reports internal errors: one line on stderr, and a log file that names code but no values."""

import contextlib
import os
import sys
import time
import traceback
from types import TracebackType

from ssohelper import __version__
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.fastpath import folders
from ssohelper.system.locations import Locations

_MOST_LOGS = 20


def report_crash(error: BaseException, trace: TracebackType | None) -> int:
    line = show(f"ssohelper: error: {log_crash(error, trace).message}") + "\n"
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError):
        os.write(2, line.encode(encoding, "backslashreplace"))
    return 1


def log_crash(error: BaseException, trace: TracebackType | None) -> SsoHelperError:
    """Write a crash log; return the error for the user, which names the log file."""
    kind = type(error).__name__
    try:
        log = _write_crash_log(error, trace)
    except (OSError, ValueError, SsoHelperError):
        log = "none: the state folder cannot be written"
    return SsoHelperError(f"internal error ({kind}) — log: {log}")


def _write_crash_log(error: BaseException, trace: TracebackType | None) -> str:
    # Our own stores are not used, because one of them may have crashed.
    folder = Locations(os.environ).state_folder / "crashes"
    if folders.find_other_home_owner(str(folder), os.environ) is not None:
        raise OSError("the crash log would be in the home of another user")
    for made in (folder.parent, folder):
        os.makedirs(made, 0o700, exist_ok=True)
    for old in sorted(os.listdir(folder))[: -_MOST_LOGS + 1]:
        os.unlink(folder / old)
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path = folder / f"{at}-{os.getpid()}-{os.urandom(3).hex()}.log"
    python = ".".join(map(str, sys.version_info[:3]))
    versions = f"ssohelper {__version__}, python {python}, {sys.platform}"
    text = "\n".join([versions, *_list_code_locations(error, trace), ""])
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as log:
        log.write(text.encode("utf-8", "backslashreplace"))
    return str(path)


def _list_code_locations(error: BaseException, trace: TracebackType | None) -> list[str]:
    """Return each error and cause with its frames, but no message or source line, which may be
    secret.
    """
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        kind = type(current)
        lines.append(f"{kind.__module__}.{kind.__qualname__}")
        frames = trace if current is error else current.__traceback__
        lines += [
            f"  {frame.f_code.co_filename}:{number}:{frame.f_code.co_name}"
            for frame, number in traceback.walk_tb(frames)
        ]
        current = current.__cause__ or current.__context__
    return lines
