"""One caller in a process of its own: asks for a random role again and again until stdin ends.

Prints a JSON line for each answer: account, role, exit code, stdout, stderr, began, ended. It
starts what profiles start, with nothing in between: a hit costs here little more than itself.
"""

import json
import os
import random
import select
import sys
import tempfile
import time


def main() -> None:
    launcher, accounts, roles, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    dice = random.Random(seed)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, out.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, err.fileno(), 2),
        ]
        while not select.select([0], [], [], 0)[0]:
            account, role = dice.randrange(accounts), dice.randrange(roles)
            key = ["--account-id", f"0000{account:08d}", "--role-name", f"Role{role:02d}"]
            for stream in (out, err):
                stream.truncate(0)
                stream.seek(0)  # the child writes where this descriptor stands
            began = time.time()
            argv = [launcher, "--session", "corp", *key]
            pid = os.posix_spawn(launcher, argv, os.environ, file_actions=streams)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            ended = time.time()
            said = [os.pread(stream.fileno(), 1 << 16, 0).decode() for stream in (out, err)]
            print(json.dumps([account, role, code, *said, began, ended]), flush=True)


if __name__ == "__main__":
    main()
