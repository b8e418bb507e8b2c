"""Sets limits of this process: no core dumps, what a broker needs, signals delayed during a step.

A process that holds a secret leaves no core dump; programs that it starts get the original limit.
Lowering RLIMIT_CORE takes 0.2 ms. PR_SET_DUMPABLE needs ctypes (2 to 10 ms) and also stops
debuggers of the same user, who can read the token file anyway. So only `serve`, which runs for
days, sets PR_SET_DUMPABLE as well (endpoint/serving.py).
"""

import contextlib
import os
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
# For each limit: the least with which a broker may be started, and what the broker sets. With 16
# calls to AWS under way, a broker was measured to have 1.2 GB of address space (64 MB for each
# thread's heap, which malloc can do without) and 150 MB of data (mostly the threads' stacks). The
# longest file that it writes is a journal of 1 MB. It has one descriptor for each caller, and up to
# 4,000 callers.
_BROKER_LIMITS = (
    ("RLIMIT_AS", 1 << 30, 1 << 32),
    ("RLIMIT_DATA", 1 << 28, 1 << 30),
    ("RLIMIT_FSIZE", 1 << 24, 1 << 24),
    ("RLIMIT_CPU", 60, 600),
    ("RLIMIT_NOFILE", 1024, 4096),
)
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


def may_start_broker() -> bool:
    """Return whether a broker that this process starts can serve other callers well.

    A broker inherits its starter's hard limits and nice level, which only root can improve.
    """
    if sys.platform == "win32" or os.getpriority(os.PRIO_PROCESS, 0) > 0:
        return False
    import resource

    return all(
        _is_at_least(resource.getrlimit(getattr(resource, name))[1], least)
        for name, least, _wanted in _BROKER_LIMITS
    )


def raise_broker_limits() -> None:
    """Raise the soft limits of this broker to what it needs, at most to the hard limits."""
    if sys.platform == "win32":
        return
    import resource

    for name, _least, wanted in _BROKER_LIMITS:
        kind = getattr(resource, name)
        soft, hard = resource.getrlimit(kind)
        if not _is_at_least(soft, wanted):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (wanted if _is_at_least(hard, wanted) else hard, hard))


def _is_at_least(limit: int, least: int) -> bool:
    return limit < 0 or limit >= least  # "unlimited" is -1 on Linux, 2^63 - 1 on macOS


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
