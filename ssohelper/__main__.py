"""The front door: what must be quick goes straight in, the rest to click.

A hit of credential-process is answered here with the imports of `ready_document` alone.
"""

import os
import sys
import time


def main() -> int:
    """Return the exit code of the command in sys.argv."""
    if os.environ.get("PYTHONPATH") or __name__ == "__main__":
        from ssohelper import search_path

        search_path.drop_foreign()
    argv = sys.argv[1:]
    _occupy_closed_streams()
    if argv[:1] == ["credential-process"]:
        from ssohelper import ready_document

        began = time.monotonic()
        if ready_document.answered(argv[1:]):
            return 0
        _switch_off_core_dumps()
        from ssohelper.fastpath import miss

        code = miss.answer(argv[1:], began)
        if code is not None:
            return code
        from ssohelper import credential_process

        code = credential_process.answer(argv[1:], began)
        if code is not None:
            return code
    if argv[:1] == ["broker-process"]:
        _switch_off_core_dumps()
        from ssohelper import broker_process

        return broker_process.run(argv[1:])
    if argv[:1] == ["renewal-process"]:
        _switch_off_core_dumps()
        from ssohelper import renewal_process

        return renewal_process.run(argv[1:])
    if argv[:1] == ["notice-process"]:
        from ssohelper import notice_process

        return notice_process.run(argv[1:])
    if argv[:1] == ["shell-init"]:
        from ssohelper import shell_init

        if shell_init.answered(argv[1:]):
            return 0
    if argv[:1] == ["prompt"]:
        from ssohelper import prompt_door

        code = prompt_door.answer(argv[1:])
        if code is not None:
            return code
    if argv[:1] == ["completion"]:
        from ssohelper.completion import door

        code = door.answer(argv[1:])
        if code is not None:
            return code
    # All below may hold a token or keys.
    _switch_off_core_dumps()
    if not argv and _can_draw():
        from ssohelper.tui.door import answer

        return answer()
    from ssohelper.cli import run

    return run(argv)


def _switch_off_core_dumps() -> None:
    from ssohelper import core_dumps

    core_dumps.switch_off()


def _can_draw() -> bool:
    from ssohelper import terminal

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
