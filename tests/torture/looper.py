"""Many callers in one process: each asks for its role every half second until it gets credentials.

Arguments: launcher, callers, accounts, seconds between two calls. Prints a JSON line for each
call: caller, exit code, stderr, began, ended. It ends when all callers have had an answer, or
when stdin ends.
"""

import json
import os
import subprocess
import sys
import threading
import time

_PRINTING = threading.Lock()
_ENDED = threading.Event()


def main() -> None:
    launcher, callers, accounts, pause = sys.argv[1], *map(int, sys.argv[2:4]), float(sys.argv[4])
    threading.Thread(target=_watch_stdin, daemon=True).start()
    threads = [
        threading.Thread(target=_call, args=(launcher, caller, caller % accounts, pause))
        for caller in range(callers)
    ]
    for at, thread in enumerate(threads):
        thread.start()
        # The starts are spread over the pause.
        time.sleep(pause / callers if at + 1 < callers else 0)
    for thread in threads:
        thread.join()


def _watch_stdin() -> None:
    os.read(0, 1)
    _ENDED.set()


def _call(launcher: str, caller: int, account: int, pause: float) -> None:
    argv = [launcher, "--session", "corp", "--account-id", f"0000{account:08d}"]
    argv += ["--role-name", "Role00"]
    while not _ENDED.is_set():
        began = time.time()
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        ended = time.time()
        with _PRINTING:
            print(json.dumps([caller, done.returncode, done.stderr, began, ended]), flush=True)
        if not done.returncode:
            return
        _ENDED.wait(max(0.0, began + pause - ended))


if __name__ == "__main__":
    main()
