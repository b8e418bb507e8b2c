"""Run a program as our child: it has the terminal, and we forward the signals that we get.

Both are in one process group, so the terminal's signals (Ctrl-C, Ctrl-Z, a new window size) reach
the program directly. Only a signal that another process sent to us alone is forwarded. When the
program stops (Ctrl-Z), we stop too.

Linux reports the sender of a signal. Elsewhere, a signal that a terminal can send counts as the
terminal's while our group is in its foreground. That may lose a `kill -INT` that was sent to us;
forwarding would be worse: many programs end without cleaning up when they get SIGINT twice.
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
    raise ImportError("Windows has no signals that could be forwarded")

_FORWARDED = (
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
# The signals that a terminal sends to its foreground group. SIGHUP goes to the session leader
# alone, which we are as the only command of a tmux window or of ssh. The program may get SIGHUP,
# and the SIGCONT of `fg`, twice.
_OF_TERMINAL = {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH}
# The si_code of a signal from the terminal on Linux: SI_KERNEL.
_FROM_KERNEL = 0x80


def block_signals() -> None:
    """Block signals until `run_to_end` takes them. Call it before threads start: they inherit it.

    SIGTTOU is blocked too: with `stty tostop`, a notice that we print from the background would
    stop us, and the program's endpoint with us.
    """
    # Our parent may have ignored SIGCHLD: then we would not learn that the program ended. These
    # handlers never run, since the signals are blocked; without one, macOS discards them.
    for number in (signal.SIGCHLD, signal.SIGWINCH):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD, signal.SIGTTOU})


class ChildExit(NamedTuple):
    """How the program ended: its exit code, 128+n for a signal.

    `by_terminal`: by Ctrl-C in our terminal, which is to end the script that runs us too.
    """

    code: int
    by_terminal: bool


def run_to_end(argv: Sequence[str], environ: Mapping[str, str]) -> ChildExit:
    """Run the program and return how it ended. Call `block_signals` first.

    Raises: ProgramNotFound (127), NotExecutable (126).
    """
    pid = _start(argv, environ)
    by_terminal = False
    while True:
        number, is_from_terminal = _wait_for_signal()
        if number == signal.SIGCHLD:
            code = _reap(pid)
            if code is not None:
                return ChildExit(code, by_terminal and code == 128 + signal.SIGINT)
        elif is_from_terminal:
            by_terminal = by_terminal or number == signal.SIGINT
        else:
            os.kill(pid, number)


def _wait_for_signal() -> tuple[int, bool]:
    """Wait for a signal; return it, and whether the terminal sent it to the whole group."""
    awaited = {*_FORWARDED, signal.SIGCHLD}
    if sys.platform == "linux":
        found = signal.sigwaitinfo(awaited)
        return found.si_signo, found.si_signo in _OF_TERMINAL and found.si_code == _FROM_KERNEL
    number = signal.sigwait(awaited)
    return number, number in _OF_TERMINAL and _foreground_group() == os.getpgrp()


def _start(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    path = find_program(argv[0], environ)
    try:
        return _spawn(path, list(argv), environ)
    except OSError as cause:
        if cause.errno != errno.ENOEXEC:
            raise start_error(path, cause) from cause
    # A script without #!: /bin/sh runs it, as shells do.
    return _spawn(SHELL, [SHELL, path, *argv[1:]], environ)


def _spawn(path: str, argv: list[str], environ: Mapping[str, str]) -> int:
    with own_process.use_original_core_limit():
        return os.posix_spawn(
            path,
            argv,
            dict(environ),
            setsigmask=(),
            setsigdef=[getattr(signal, name) for name in IGNORED_BY_PYTHON],
        )


def _reap(pid: int) -> int | None:
    """Return the program's exit code; None while it runs. Stop this process when it stopped."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if found == 0:
            return None
        if os.WIFSTOPPED(status):
            # Without a terminal there is no `fg` that would continue us with the program.
            if os.WSTOPSIG(status) != signal.SIGSTOP or _foreground_group() is not None:
                os.kill(os.getpid(), signal.SIGSTOP)
        elif os.WIFSIGNALED(status):
            return 128 + os.WTERMSIG(status)
        else:
            return os.WEXITSTATUS(status)


def _foreground_group() -> int | None:
    """Return the foreground process group of our terminal; None without a terminal."""
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
