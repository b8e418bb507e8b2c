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


def key_of(role: str) -> list[str]:
    return [role if word == GUARDED else word for word in KEY]


def other_order(key: list[str]) -> list[str]:
    """Return the three options of a role in an order that the launcher leaves to Python."""
    return [*key[4:], *key[2:4], *key[:2]]


class Way(NamedTuple):
    """One way. `takes_reason`: the command has --reason."""

    argv: list[str]
    takes_reason: bool = False


def ways_of(role: str) -> dict[str, Way]:
    """Return each way to the role, by its name; the role has the profile `pay.ROLE`."""
    key, name, profile = key_of(role), f"corp:{NAME}/{role}", f"pay.{role}"
    # A server would run until it is stopped: a release is its first line on stdout.
    serve = ["timeout", "20", SCRIPT, "serve", name]
    by_profile = [*_CALL, "--profile", profile]
    return {
        "launcher": Way([LAUNCHER, *key]),
        "launcher, other order": Way([LAUNCHER, *other_order(key)]),
        "Python": Way([*_CALL, *key]),
        "Python, other order": Way([*_CALL, *other_order(key)]),
        "Python by profile": Way(by_profile),
        "env": Way([SCRIPT, "env", name], takes_reason=True),
        "exec": Way([SCRIPT, "exec", name, "--", "env"], takes_reason=True),
        "exec --server": Way([SCRIPT, "exec", "--server", name, "--", *ASK_ENDPOINT], True),
        "serve": Way(serve),
        "serve --socket": Way([*serve, "--socket", "guarded.sock"]),
        "use --keys": Way(["env", "_SSOHELPER_SHELL=bash", SCRIPT, "use", "--keys", name], True),
        "use --keys, then env": Way(["bash", "-c", _IN_BASH % ("use --keys", " &&"), name, "env"]),
        "use, then its profile": Way(["bash", "-c", _IN_BASH % ("use", ";"), profile, *by_profile]),
        "console": Way([SCRIPT, "console", name], takes_reason=True),
        # These two print a link, which holds no secret, and opens the console as the role.
        "console --print": Way([SCRIPT, "console", "--print", name], takes_reason=True),
        "console, no browser": Way(["env", "BROWSER=/no/such", SCRIPT, "console", name], True),
        "whoami": Way([SCRIPT, "whoami", name], takes_reason=True),
    }


WAYS = ways_of(GUARDED)
if os.access(AWS_CLI, os.X_OK):
    WAYS["AWS CLI"] = Way([AWS_CLI, "configure", "export-credentials", "--profile", PROFILE])


def with_reason(argv: list[str]) -> list[str]:
    """Return the command line with --reason, before the program that exec runs."""
    at = argv.index(ROLE) + 1
    return [*argv[:at], "--reason", "INC-4711", *argv[at:]]


def opened(home: Path) -> int:
    """Return how many pages the browser of the tests was given."""
    notes = home / "opened"
    return len(notes.read_text().splitlines()) if notes.exists() else 0
