"""No core dump of a process that holds a secret; the programs that we start get their limit back.

RLIMIT_CORE is lowered, which takes 0.2 ms. PR_SET_DUMPABLE needs ctypes (2 to 10 ms) and keeps
debuggers of the same user out too, which can read the token file itself: only `serve`, which lives
for days, sets it as well (endpoint/serving.py).
"""

import contextlib
import sys

# Not typing's: the path of an SDK's call loads this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# One byte, not 0: where core_pattern is a pipe (systemd-coredump, apport) the kernel ignores the
# limit, except that at exactly 1 it starts no program (fs/coredump.c). A file of 1 byte is too
# small for any core, so none is written either.
_NO_CORE_BYTES = 1
_before: "tuple[int, int] | None" = None


def switch_off() -> None:
    """Let no signal write the memory of this process to a disk."""
    global _before
    if sys.platform == "win32" or _before is not None:
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        # The hard limit stays: a program that `exec` becomes may have cores as before. Where it is
        # 0, so is the other, which then cannot be raised to 1.
        if limits[1]:
            resource.setrlimit(resource.RLIMIT_CORE, (_NO_CORE_BYTES, limits[1]))
            _before = limits


def switch_on() -> None:
    """Give the limit back that we were started with, right before this becomes another program."""
    global _before
    if sys.platform == "win32" or _before is None:
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, _before)
    _before = None


@contextlib.contextmanager
def switched_on() -> "Iterator[None]":
    """Give the limit back for the moment in which another program is started."""
    was_off = _before is not None
    switch_on()
    try:
        yield
    finally:
        if was_off:
            switch_off()
