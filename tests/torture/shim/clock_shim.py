"""Beside faketime: lets a file's change time jump with the clock under which it was put there.

faketime moves what a process reads as the time, and the kernel goes on writing the true one as
change time. On a machine whose clock really jumps, the kernel's jumps with it.
"""

import os

_fstat, _replace = os.fstat, os.replace
_folder, _jump = os.environ["TORTURE_SHIM"], os.environ["TORTURE_JUMP"]


class _Moved:
    def __init__(self, found: os.stat_result, seconds: float) -> None:
        self._found = found
        self.st_ctime = found.st_ctime + seconds

    def __getattr__(self, name: str) -> object:
        return getattr(self._found, name)


def _note(path: str) -> str:
    return os.path.join(_folder, path)


def replace(source: str, target: str) -> None:
    """Move `source` to `target`, and record how far the clock was ahead when it was written."""
    note = _note(str(os.stat(source).st_ino))
    descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, _jump.encode())
    os.close(descriptor)
    _replace(source, target)


def fstat(descriptor: int) -> "os.stat_result | _Moved":
    found = _fstat(descriptor)
    try:
        noted = os.open(_note(str(found.st_ino)), os.O_RDONLY)
    except OSError:
        return found
    text = os.read(noted, 40)
    os.close(noted)
    return _Moved(found, float(text or 0))


os.fstat, os.replace = fstat, replace  # type: ignore[assignment]
