"""Many runs of the program in one process: python -m tests.shell.many_runs FILE

FILE is JSON: [[argv, environ, out, err], …]; it prints the exit codes. Starting Python for each of
hundreds of names would take longer than what the test checks. `exec` runs in a fork.
"""

import json
import os
import sys

from ssohelper.__main__ import main
from ssohelper.cli import env_command, exec_command, use_command

LOADED_FOR_EVERY_FORK = (env_command, exec_command, use_command)


def run(argv: list[str], environ: dict[str, str], out: str, err: str) -> int:
    """Run the program with these arguments and streams; return its exit code."""
    before = dict(os.environ)
    os.environ.update(environ)
    sys.argv = ["ssohelper", *argv]
    kept = [os.dup(1), os.dup(2)]
    try:
        for number, path in ((1, out), (2, err)):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(file, number)
            os.close(file)
        if argv[0] != "exec":
            return main()
        child = os.fork()
        if child == 0:
            os._exit(main())
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        sys.stdout.flush()
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    with open(sys.argv[1]) as jobs:
        print(json.dumps([run(*job) for job in json.load(jobs)]))
