"""Sets limits of this process: no core dumps, more open files, signals delayed during a step.

A process that holds a secret leaves no core dump; programs that it starts get the original limit.
Lowering RLIMIT_CORE takes 0.2 ms. PR_SET_DUMPABLE needs ctypes (2 to 10 ms) and also stops
debuggers of the same user, who can read the token file anyway. So only `serve`, which runs for
days, sets PR_SET_DUMPABLE as well (endpoint/serving.py).
"""

import contextlib
import signal
import sys

# We do not import typing.TYPE_CHECKING: importing typing would add 4 ms to an SDK's call.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The limit is 1 byte, not 0: if core_pattern is a pipe (systemd-coredump, apport), the kernel
# ignores any limit but exactly 1, at which it starts no program (fs/coredump.c). Without a pipe, no
# core dump fits into 1 byte, so the kernel writes none.
_NO_CORE_BYTES = 1
# A broker has one descriptor for each caller, and up to 4,000 callers.
_MOST_DESCRIPTORS = 4096
_original_core_limit: "tuple[int, int] | None" = None


def disable_core_dumps() -> None:
    """Prevent any signal from writing this process's memory to a disk."""
    global _original_core_limit
    if sys.platform == "win32" or _original_core_limit is not None:
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        # The hard limit is kept, so that the program which `exec` becomes may dump core as before.
        # If the hard limit is 0, the soft limit is 0 too and cannot be raised to 1.
        if limits[1]:
            resource.setrlimit(resource.RLIMIT_CORE, (_NO_CORE_BYTES, limits[1]))
            _original_core_limit = limits


def restore_core_limit() -> None:
    """Restore the core limit that this process had at its start, before exec of another program."""
    global _original_core_limit
    if sys.platform == "win32" or _original_core_limit is None:
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, _original_core_limit)
    _original_core_limit = None


@contextlib.contextmanager
def use_original_core_limit() -> "Iterator[None]":
    """Restore the original core limit while another program is started, which inherits it."""
    was_disabled = _original_core_limit is not None
    restore_core_limit()
    try:
        yield
    finally:
        if was_disabled:
            disable_core_dumps()


def raise_descriptor_limit() -> None:
    """Raise the soft limit of open files to the hard limit, at most to 4,096.

    A caller with `ulimit -n 64` would otherwise limit the broker that it starts for all callers.
    """
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = (
            _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
        )
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def delay_signals() -> "Iterator[None]":
    """Delay INT, TERM, HUP, QUIT, TSTP, USR1 and USR2 until the block has ended.

    SIGKILL and SIGSTOP cannot be delayed.
    """
    if sys.platform == "win32":
        yield
        return
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP}
    held |= {signal.SIGUSR1, signal.SIGUSR2}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
