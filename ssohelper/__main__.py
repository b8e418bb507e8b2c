"""The front door: credential-process goes straight in, the rest to click.

A hit of credential-process is answered here with the imports of `ready_document` alone.
"""

import sys


def main() -> int:
    """Return the exit code of the command in sys.argv."""
    argv = sys.argv[1:]
    if argv[:1] == ["credential-process"]:
        from ssohelper import ready_document

        if ready_document.answered(argv[1:]):
            return 0
        from ssohelper import credential_process

        code = credential_process.answer(argv[1:])
        if code is not None:
            return code
    from ssohelper.cli import run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
