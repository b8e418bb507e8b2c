"""Processes that append to one journal at once, each a fork of this one.

Arguments: state folder, processes, lines of each. Prints the process ids, waits for
a line on stdin, then prints `PROCESS LINE` after each append that has returned. The exit code is 1
when an append failed.
"""

import os
import signal
import sys
from pathlib import Path

from ssohelper.core import journal
from ssohelper.core.model import RoleKey
from ssohelper.errors import SsoHelperError
from ssohelper.stores.journal_file import Journal

KEY = RoleKey("corp", "001234567890", "Admin")


def main() -> int:
    state, processes, lines = Path(sys.argv[1]), *map(int, sys.argv[2:])
    gate, opener = os.pipe()
    children = []
    for process in range(processes):
        child = os.fork()
        if child == 0:
            os.close(opener)
            os.read(gate, 1)  # ends for all of them when the parent closes its end
            os._exit(append(Journal(state, warn=print), process, lines))
        children.append(child)
    print(*children, flush=True)
    sys.stdin.readline()
    os.close(opener)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return int(any(code not in (0, -signal.SIGKILL) for code in codes))


def append(log: Journal, process: int, lines: int) -> int:
    for line in range(lines):
        try:
            log.append(
                journal.make_entry("release", KEY, reason=f"{process} {line}"), wait_seconds=60
            )
        except SsoHelperError as error:
            os.write(2, f"{error.message}\n".encode())
            return 1
        # A write below PIPE_BUF is never mixed with another one.
        os.write(1, f"{process} {line}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
