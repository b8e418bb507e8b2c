"""The front door: credential-process goes straight in, the rest to click.

A hit of credential-process is answered here with the imports of `ready_document` alone.
"""

import os
import sys
import time


def main() -> int:
    """Return the exit code of the command in sys.argv."""
    argv = sys.argv[1:]
    if argv[:1] == ["credential-process"]:
        from ssohelper import ready_document

        began = time.monotonic()
        if ready_document.answered(argv[1:]) or (os.name == "posix" and _in_turn(argv[1:])):
            return 0
        from ssohelper import credential_process

        code = credential_process.answer(argv[1:], began)
        if code is not None:
            return code
    from ssohelper.cli import run

    return run(argv)


def _in_turn(argv: list[str]) -> bool:
    from ssohelper import turnstile

    return turnstile.answered_in_turn(argv)


if __name__ == "__main__":
    sys.exit(main())
