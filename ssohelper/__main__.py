"""Chooses the entry point: fast commands without click, all others with it.

A hit of `credential-process` imports only `fastpath.published`.
"""

# `signal` would import enum, which takes longer.
import _signal  # type: ignore[import-not-found]
import gc
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ssohelper.core.role_rows import RoleRow
    from ssohelper.system.shell_answer import ShellAnswer

INTERRUPTED = 130
# How long a thread keeps the interpreter while another waits for it.
_SWITCH_SECONDS = 0.0005
# The number of new objects after which Python looks for garbage. A command's imports create 150,000
# objects, hardly any of them garbage: a search after each 2,000, Python's default, takes 7 ms.
_NEW_OBJECTS = 50_000


def _exit_interrupted(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


def _install_interrupt_handler(handler: "Any") -> None:
    """Install a handler of Ctrl-C, unless this process was started to ignore it (`nohup … &`)."""
    if _signal.getsignal(_signal.SIGINT) in (_signal.default_int_handler, _exit_interrupted):
        _signal.signal(_signal.SIGINT, handler)


# Otherwise Ctrl-C while modules are imported would print a traceback.
_IS_PROGRAM = __name__ == "__main__" or os.path.basename(sys.argv[0]).startswith("ssohelper")
if _IS_PROGRAM:
    _install_interrupt_handler(_exit_interrupted)


def main() -> int:
    try:
        return _run_by_first_argument(sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        # Python removes signal handlers while it exits: Ctrl-C would then replace the exit code.
        if _IS_PROGRAM:
            _install_interrupt_handler(_signal.SIG_IGN)
            # Frozen objects are not searched for garbage at exit, which took 20 of 130 ms of
            # `status`.
            gc.freeze()


def _raise_on_interrupt() -> None:
    if _IS_PROGRAM:
        _install_interrupt_handler(_signal.default_int_handler)


def _run_by_first_argument(argv: list[str]) -> int:
    if os.environ.get("PYTHONPATH") or __name__ == "__main__":
        from ssohelper.fastpath import spawn

        spawn.drop_foreign_import_folders()
    _open_closed_streams()
    for run in (_answer_credential_process, _run_internal_process, _run_without_click):
        code = run(argv)
        if code is not None:
            return code
    # All commands below may have secrets in memory.
    _disable_core_dumps()
    if not argv and _can_terminal_draw_screens():
        # Search for garbage only after the first paint, which enables it: it takes 13 ms of
        # Textual's import.
        gc.disable()
        return _run_with_answer_file(_show_full_screen)
    if "_SSOHELPER_ANSWER" in os.environ:
        return _run_with_answer_file(lambda waiting: _run_command(argv, waiting))
    return _run_command(argv, None)


def _answer_credential_process(argv: list[str]) -> int | None:
    """Return the exit code; None if click must explain the arguments, or for another command."""
    if argv[:1] != ["credential-process"]:
        return None
    from ssohelper.fastpath import published

    began = time.monotonic()
    if published.print_published_response(argv[1:]):
        return _exit_without_cleanup()
    _disable_core_dumps()
    from ssohelper.fastpath import miss

    _raise_on_interrupt()
    code = miss.answer_miss(argv[1:], began)
    if code is not None:
        return code
    from ssohelper import credential_process

    _raise_on_interrupt()
    return credential_process.answer_credential_process(argv[1:], began)


def _run_internal_process(argv: list[str]) -> int | None:
    from ssohelper import fastpath

    name = argv[0] if argv else ""
    if name not in fastpath.PROCESSES:
        return None
    # `notice-process` runs the user's program, which holds no secret
    if name != fastpath.NOTICE_PROCESS:
        _disable_core_dumps()
    run: Callable[[list[str]], int]
    if name == fastpath.BROKER_PROCESS:
        from ssohelper.fastpath import own_process

        own_process.raise_broker_limits()  # before the imports, which take 20 MB
        from ssohelper.broker_process import run_broker as run
    elif name == fastpath.RENEWAL_PROCESS:
        from ssohelper.renewal_process import run_renewal_process as run
    elif name == fastpath.KEYRING_PROCESS:
        from ssohelper.keyring_process import run_keyring_process as run
    elif name == fastpath.PROVIDER_PROCESS:
        from ssohelper.provider_process import run_provider_process as run
    else:
        from ssohelper.system.notify import run_notice_process as run
    _raise_on_interrupt()
    return run(argv[1:])


def _run_without_click(argv: list[str]) -> int | None:
    if argv[:1] == ["shell-init"]:
        from ssohelper.system.shell_texts import print_shell_init

        return _exit_without_cleanup() if print_shell_init(argv[1:]) else None
    if argv[:1] == ["prompt"]:
        from ssohelper.prompt_entry import print_prompt

        return print_prompt(argv[1:])
    if argv[:1] == ["completion"]:
        from ssohelper.completion.entry import answer_completion_request

        return answer_completion_request(argv[1:])
    return None


def _exit_without_cleanup() -> int:
    """Exit at once: Python's cleanup takes 2 ms, an eighth of a hit. Returns only in a test."""
    if _IS_PROGRAM:
        os._exit(0)
    return 0


def _run_with_answer_file(run: "Callable[[ShellAnswer | None], int]") -> int:
    """Call `run` with the answer file of the shell function that started us, if any."""
    from ssohelper.system.shell_answer import open_shell_answer

    waiting = open_shell_answer()
    code = 1
    try:
        code = run(waiting)
    finally:
        if waiting is not None:
            code = waiting.finish(code)
    return code


def _show_full_screen(waiting: "ShellAnswer | None") -> int:
    _raise_on_interrupt()
    from ssohelper.system.terminal_input import ask_background_colour

    # Textual writes in a thread, which waits for this interval. Python's 5 ms would delay the first
    # frame.
    sys.setswitchinterval(_SWITCH_SECONDS)
    with ask_background_colour(os.environ) as background:
        _import_asyncio_alone()
        from ssohelper.tui import full_screen

    # If a shell function started us, Enter switches its shell to the chosen role.
    def use(row: "RoleRow | None") -> int:
        return _run_command(["use"] if row is not None else ["use", "-"], waiting, row)

    if waiting is None:
        return full_screen.main(None, background)
    return full_screen.main(use, background, has_previous_role=waiting.has_previous_role)


def _import_asyncio_alone() -> None:
    """Import asyncio without ssl: Textual opens no TLS connection, and OpenSSL takes 7 ms."""
    if "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # importing it raises ImportError
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]


def _run_command(
    argv: list[str], waiting: "ShellAnswer | None", row: "RoleRow | None" = None
) -> int:
    if _IS_PROGRAM:
        gc.set_threshold(_NEW_OBJECTS)
    from ssohelper.cli import run

    _raise_on_interrupt()
    if waiting is not None:
        waiting.redirect_stdout()
    return run(argv, row, waiting)


def _disable_core_dumps() -> None:
    from ssohelper.fastpath import own_process

    own_process.disable_core_dumps()


def _can_terminal_draw_screens() -> bool:
    from ssohelper.system import terminal

    streams = (sys.stdin, sys.stdout, sys.stderr)
    return not terminal.is_terminal_dumb() and all(
        stream is not None and stream.isatty() for stream in streams
    )


def _open_closed_streams() -> None:
    """Open /dev/null for each closed stream, so that the next file opened cannot become stdout.

    Read-only, so that writing to a closed stdout fails instead of losing the output.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is None:
            os.open(os.devnull, os.O_RDONLY)


if __name__ == "__main__":
    sys.exit(main())
