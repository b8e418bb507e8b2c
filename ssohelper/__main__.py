"""The entry point: what must be quick goes straight in, the rest to click.

A hit of credential-process is answered here with the imports of `ready_document` alone.
"""

# Not `signal`, which imports enum.
import _signal  # type: ignore[import-not-found]
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INTERRUPTED = 130


def _exit_interrupted(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


def _is_handled_by(handler: object) -> bool:
    return _signal.getsignal(_signal.SIGINT) is handler


def _handle_interrupt_by(handler: "Any") -> None:
    """Let Ctrl-C do this from now on, unless the caller had it ignored, as `nohup … &` does."""
    if _is_handled_by(_signal.default_int_handler) or _is_handled_by(_exit_interrupted):
        _signal.signal(_signal.SIGINT, handler)


# While modules are imported a KeyboardInterrupt would be a traceback. Python's own start, before
# this line, takes 10 ms in which it can still be one.
_IS_PROGRAM = __name__ == "__main__" or os.path.basename(sys.argv[0]).startswith("ssohelper")
if _IS_PROGRAM:
    _handle_interrupt_by(_exit_interrupted)


def main() -> int:
    """Return the exit code of the command in sys.argv."""
    try:
        return _answer(sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        # What was asked for is done. Python's end takes handlers away: Ctrl-C would kill it.
        if _IS_PROGRAM:
            _handle_interrupt_by(_signal.SIG_IGN)


def _begin() -> None:
    """Let Ctrl-C be a KeyboardInterrupt, which the entry points handle."""
    if _IS_PROGRAM:
        _handle_interrupt_by(_signal.default_int_handler)


def _answer(argv: list[str]) -> int:
    if os.environ.get("PYTHONPATH") or __name__ == "__main__":
        from ssohelper.fastpath import search_path

        search_path.drop_foreign()
    _occupy_closed_streams()
    if argv[:1] == ["credential-process"]:
        from ssohelper.fastpath import published

        began = time.monotonic()
        if published.answered(argv[1:]):
            return 0
        _switch_off_core_dumps()
        from ssohelper.fastpath import miss

        _begin()
        code = miss.answer(argv[1:], began)
        if code is not None:
            return code
        from ssohelper import credential_process

        _begin()
        code = credential_process.answer(argv[1:], began)
        if code is not None:
            return code
    if argv[:1] == ["broker-process"]:
        _switch_off_core_dumps()
        from ssohelper import broker_process

        _begin()
        return broker_process.run(argv[1:])
    if argv[:1] == ["renewal-process"]:
        _switch_off_core_dumps()
        from ssohelper import renewal_process

        _begin()
        return renewal_process.run(argv[1:])
    if argv[:1] == ["notice-process"]:
        from ssohelper import notice_process

        _begin()
        return notice_process.run(argv[1:])
    if argv[:1] == ["shell-init"]:
        from ssohelper.system import shell_texts

        if shell_texts.answered(argv[1:]):
            return 0
    if argv[:1] == ["prompt"]:
        from ssohelper import prompt_entry

        code = prompt_entry.answer(argv[1:])
        if code is not None:
            return code
    if argv[:1] == ["completion"]:
        from ssohelper.completion import entry

        code = entry.answer(argv[1:])
        if code is not None:
            return code
    # All below may hold a token or keys.
    _switch_off_core_dumps()
    if not argv and _can_draw():
        from ssohelper.tui.entry import answer

        _begin()
        return answer()
    from ssohelper.cli import run

    _begin()
    return run(argv)


def _switch_off_core_dumps() -> None:
    from ssohelper.fastpath import core_dumps

    core_dumps.switch_off()


def _can_draw() -> bool:
    from ssohelper.system import terminal

    streams = (sys.stdin, sys.stdout, sys.stderr)
    return not terminal.is_dumb() and all(
        stream is not None and stream.isatty() for stream in streams
    )


def _occupy_closed_streams() -> None:
    """Keep the numbers 0 to 2 taken: the next file that is opened would become stdout.

    Read-only, so that writing to a closed stdout fails instead of being lost.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is None:
            os.open(os.devnull, os.O_RDONLY)


if __name__ == "__main__":
    sys.exit(main())
