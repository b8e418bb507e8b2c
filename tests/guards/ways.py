"""Every way in which a program can get a role's credentials, as command lines for the guarded role."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from tests.conftest import SCRIPT
from tests.guards.world import GUARDED, KEY, LAUNCHER, NAME

ROLE = f"corp:{NAME}/{GUARDED}"
PROFILE = f"pay.{GUARDED}"
AWS_CLI = "/usr/bin/aws"
ASK_ENDPOINT = [
    sys.executable,
    "-c",
    "import os,urllib.request as u\n"
    "r=u.Request(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],headers={'Authorization':"
    "open(os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']).read()})\n"
    "print(u.urlopen(r,timeout=20).read().decode())",
]
_CALL = [SCRIPT, "credential-process"]
# A shell with the function `ssohelper`: $0 is what is used, the rest is run with it.
_IN_BASH = f'eval "$({SCRIPT}-credentials shell-init bash)"; ssohelper %s "$0"%s "$@"'


def other_order(key: list[str]) -> list[str]:
    """Return the three options of a role in an order that the launcher leaves to Python."""
    return [*key[4:], *key[2:4], *key[:2]]


class Way(NamedTuple):
    """One way. `takes_reason`: the command has --reason. `is_shown`: it hands out on stdout."""

    argv: list[str]
    takes_reason: bool = False
    is_shown: bool = True


WAYS = {
    "launcher": Way([LAUNCHER, *KEY]),
    "launcher, other order": Way([LAUNCHER, *other_order(KEY)]),
    "Python": Way([*_CALL, *KEY]),
    "Python, other order": Way([*_CALL, *other_order(KEY)]),
    "Python by profile": Way([*_CALL, "--profile", PROFILE]),
    "env": Way([SCRIPT, "env", ROLE], takes_reason=True),
    "exec": Way([SCRIPT, "exec", ROLE, "--", "env"], takes_reason=True),
    "exec --server": Way([SCRIPT, "exec", "--server", ROLE, "--", *ASK_ENDPOINT], True),
    # These two would serve until they are stopped: a release is their first line on stdout.
    "serve": Way(["timeout", "20", SCRIPT, "serve", ROLE], is_shown=False),
    "serve --socket": Way(
        ["timeout", "20", SCRIPT, "serve", ROLE, "--socket", "guarded.sock"], is_shown=False
    ),
    "use --keys": Way(["env", "_SSOHELPER_SHELL=bash", SCRIPT, "use", "--keys", ROLE], True),
    "use --keys, then env": Way(["bash", "-c", _IN_BASH % ("use --keys", " &&"), ROLE, "env"]),
    "use, then its profile": Way(
        ["bash", "-c", _IN_BASH % ("use", ";"), PROFILE, *_CALL, "--profile", PROFILE]
    ),
    "console": Way([SCRIPT, "console", ROLE], takes_reason=True, is_shown=False),
    # These two print a link, which holds no secret, and opens the console as the role.
    "console --print": Way([SCRIPT, "console", "--print", ROLE], True, is_shown=False),
    "console, no browser": Way(
        ["env", "BROWSER=/no/such", SCRIPT, "console", ROLE], takes_reason=True, is_shown=False
    ),
    "whoami": Way([SCRIPT, "whoami", ROLE], takes_reason=True, is_shown=False),
}
if os.access(AWS_CLI, os.X_OK):
    _EXPORT = ["configure", "export-credentials", "--profile", PROFILE]
    WAYS["AWS CLI"] = Way([AWS_CLI, *_EXPORT])


def with_reason(argv: list[str]) -> list[str]:
    """Return the command line with --reason, before the program that exec runs."""
    at = argv.index(ROLE) + 1
    return [*argv[:at], "--reason", "INC-4711", *argv[at:]]


def opened(home: Path) -> int:
    """Return how many pages the browser of the tests was given."""
    notes = home / "opened"
    return len(notes.read_text().splitlines()) if notes.exists() else 0
