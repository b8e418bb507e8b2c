"""Runs a program as our child: the program has the terminal, and we forward signals to it.

Both are in one process group, so the terminal's signals reach the program directly. We forward only
a signal that was sent to us alone: many programs do not clean up if they get SIGINT twice. Linux
reports the sender; elsewhere, in the foreground, a terminal's signal is taken for the terminal's.
"""

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ssohelper.actions.run import IGNORED_BY_PYTHON, SHELL, find_program, program_start_error
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
# alone.
_OF_TERMINAL = {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH}
# si_code (SI_KERNEL) of a signal that came from the terminal.
_FROM_KERNEL = 0x80


def block_signals() -> None:
    """Block signals until `run_program_to_end` handles them. Call this before any thread starts.

    With `stty tostop`, SIGTTOU would stop this process, and with it the endpoint of the program.
    """
    # Our parent may have ignored SIGCHLD. macOS discards even a blocked signal without a handler.
    for number in (signal.SIGCHLD, signal.SIGWINCH):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD, signal.SIGTTOU})


class ChildExit(NamedTuple):
    """How a child program ended: its exit code, or 128+n if signal n killed it.

    `by_terminal`: Ctrl-C in our terminal ended it, which must end a calling script too.
    """

    code: int
    by_terminal: bool


def run_program_to_end(argv: Sequence[str], environ: Mapping[str, str]) -> ChildExit:
    """Run the program as a child process; return how it ended. Call `block_signals` first.

    Raises: ProgramNotFound (127), NotExecutable (126).
    """
    pid = _start_program(argv, environ)
    by_terminal = False
    while True:
        number, is_from_terminal = _wait_for_signal()
        if number == signal.SIGCHLD:
            code = _poll_exit_code(pid)
            if code is not None:
                return ChildExit(code, by_terminal and code == 128 + signal.SIGINT)
        elif is_from_terminal:
            by_terminal = by_terminal or number == signal.SIGINT
        else:
            os.kill(pid, number)


def _wait_for_signal() -> tuple[int, bool]:
    """Return the next signal's number, and whether the terminal sent it to our group."""
    awaited = {*_FORWARDED, signal.SIGCHLD}
    if sys.platform == "linux":
        found = signal.sigwaitinfo(awaited)
        return found.si_signo, found.si_signo in _OF_TERMINAL and found.si_code == _FROM_KERNEL
    number = signal.sigwait(awaited)
    return number, number in _OF_TERMINAL and _find_foreground_process_group() == os.getpgrp()


def _start_program(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    path = find_program(argv[0], environ)
    try:
        return _spawn_process(path, list(argv), environ)
    except OSError as cause:
        if cause.errno != errno.ENOEXEC:
            raise program_start_error(path, cause) from cause
    # A script without `#!` is run by /bin/sh, as shells do it.
    return _spawn_process(SHELL, [SHELL, path, *argv[1:]], environ)


def _spawn_process(path: str, argv: list[str], environ: Mapping[str, str]) -> int:
    with own_process.use_original_core_limit():
        return os.posix_spawn(
            path,
            argv,
            dict(environ),
            setsigmask=(),
            setsigdef=[getattr(signal, name) for name in IGNORED_BY_PYTHON],
        )


def _poll_exit_code(pid: int) -> int | None:
    """Return the program's exit code; None while it runs. If it was suspended, suspend us too."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if found == 0:
            return None
        if os.WIFSTOPPED(status):
            # Stop this process too, so that the shell's `fg` continues program and ssohelper.
            # Without a terminal there is no `fg`.
            if (
                os.WSTOPSIG(status) != signal.SIGSTOP
                or _find_foreground_process_group() is not None
            ):
                os.kill(os.getpid(), signal.SIGSTOP)
        elif os.WIFSIGNALED(status):
            return 128 + os.WTERMSIG(status)
        else:
            return os.WEXITSTATUS(status)


def _find_foreground_process_group() -> int | None:
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
