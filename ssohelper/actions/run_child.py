"""Run a program beside us: it keeps the terminal, and each signal that we get is passed on to it.

Both are in one process group, so that the terminal's own signals (Ctrl-C, Ctrl-Z, a new size)
reach it directly; only what somebody sends to us alone is passed on. We stop when it stops.

Linux tells which of the two a signal is. Elsewhere what a terminal can send counts as the
terminal's while our group is the one in front of it: a program that got Ctrl-C twice would break
off without tidying up, which is worse than a `kill -INT` of ours that it does not hear of.
"""

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ssohelper.actions.run import IGNORED_BY_PYTHON, SHELL, find_program, start_error
from ssohelper.fastpath import own_process

if sys.platform == "win32":
    raise ImportError("Windows has no signals that could be passed on")

_PASSED_ON = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGWINCH,
    signal.SIGTSTP,
    signal.SIGCONT,
)
# What a terminal sends to the group in front of it. A hangup is the session leader's alone, which
# we are as a tmux window's or ssh's only command; that and a `fg` may reach the program twice.
_OF_TERMINAL = {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH}
# In si_code on Linux (SI_KERNEL): it is the terminal's.
_FROM_KERNEL = 0x80


def block_signals() -> None:
    """Keep signals for `run_to_end`. Call it before any thread is made: threads inherit it.

    SIGTTOU too: a notice of ours, from the background, on a terminal with `stty tostop`, must not
    stop us, on whom the program waits.
    """
    # Who started us may have ignored it: then the program's end would never be told. A handler,
    # which never runs: macOS forgets at once what is ignored by default, awaited or not.
    for number in (signal.SIGCHLD, signal.SIGWINCH):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD, signal.SIGTTOU})


class ChildExit(NamedTuple):
    """How the program ended: its exit code, 128+n for a signal."""

    code: int
    by_terminal: bool  # Ctrl-C in our terminal, which ends scripts above us too


def run_to_end(argv: Sequence[str], environ: Mapping[str, str]) -> ChildExit:
    """Run the program and return how it ended; `block_signals` was called before.

    Raises: ProgramNotFound (127), NotExecutable (126).
    """
    pid = _started(argv, environ)
    by_terminal = False
    while True:
        number, is_group_s = _next_signal()
        if number == signal.SIGCHLD:
            code = _looked_after(pid)
            if code is not None:
                return ChildExit(code, by_terminal and code == 128 + signal.SIGINT)
        elif is_group_s:
            by_terminal = by_terminal or number == signal.SIGINT
        else:
            os.kill(pid, number)


def _next_signal() -> tuple[int, bool]:
    """Wait for a signal; return it, and whether the terminal sent it to the whole group."""
    awaited = {*_PASSED_ON, signal.SIGCHLD}
    if sys.platform == "linux":
        came = signal.sigwaitinfo(awaited)
        return came.si_signo, came.si_signo in _OF_TERMINAL and came.si_code == _FROM_KERNEL
    number = signal.sigwait(awaited)
    return number, number in _OF_TERMINAL and _group_in_front() == os.getpgrp()


def _started(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    path = find_program(argv[0], environ)
    try:
        return _spawned(path, list(argv), environ)
    except OSError as cause:
        if cause.errno != errno.ENOEXEC:
            raise start_error(path, cause) from cause
    # A script without #!: a shell reads it, as in every shell.
    return _spawned(SHELL, [SHELL, path, *argv[1:]], environ)


def _spawned(path: str, argv: list[str], environ: Mapping[str, str]) -> int:
    with own_process.original_core_limit():
        return os.posix_spawn(
            path,
            argv,
            dict(environ),
            setsigmask=(),
            setsigdef=[getattr(signal, name) for name in IGNORED_BY_PYTHON],
        )


def _looked_after(pid: int) -> int | None:
    """Return the program's exit code; None while it lives. When it was stopped we stop too."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if found == 0:
            return None
        if os.WIFSTOPPED(status):
            # Without a terminal nobody would wake us by waking it.
            if os.WSTOPSIG(status) != signal.SIGSTOP or _group_in_front() is not None:
                os.kill(os.getpid(), signal.SIGSTOP)
        elif os.WIFSIGNALED(status):
            return 128 + os.WTERMSIG(status)
        else:
            return os.WEXITSTATUS(status)


def _group_in_front() -> int | None:
    """Return the process group that our terminal listens to; None without a terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.tcgetpgrp(terminal)
    except OSError:
        return None
    finally:
        os.close(terminal)
