"""The process that asks the keyring, as its starter reads it: a line before each step, then one."""

import subprocess
import sys

from ssohelper.fastpath import KEYRING_PROCESS
from ssohelper.system.os_keyring import keyring_child_environment
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.keyring.conftest import desktop as desktop  # a fixture
from tests.programs import run_program
from tests.runs import RUNS


def run_keyring_process(home: Home, *argv: str) -> "subprocess.CompletedProcess[str]":
    words = [SCRIPT, KEYRING_PROCESS, *argv]
    return RUNS.run(words, keyring_child_environment(home.env), home.path, None, RUN_SECONDS)


def test_the_keyring_is_changed_only_to_make_a_key_and_to_delete_one(home, desktop):
    """The starter waits longer once it has read `writing`: a user may have to unlock the keyring."""

    def lines_of(verb: str) -> list[str]:
        done = run_keyring_process(home, verb, "sign-ins", str(home.path / "keyring.lock"))
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    asking, writing, found = lines_of("create")
    assert (asking, writing) == ("asking", "writing")
    assert found.startswith("found ")
    assert lines_of("create") == ["asking", found]
    assert lines_of("delete") == ["asking", "writing", "missing"]
    assert lines_of("delete") == ["asking", "missing"]


def test_the_reason_of_the_preferred_backend_is_given_in_one_line(home):
    home.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
    done = run_keyring_process(home, "find", "sign-ins", str(home.path / "keyring.lock"))
    assert done.returncode == 0
    asking, answer = done.stdout.splitlines()
    assert asking == "asking"
    assert answer.startswith("unavailable ")
    assert "kwallet" not in answer.casefold()


def test_a_keyring_that_is_less_than_recommended_is_not_used(home):
    """A backend of the package `keyring` with a low priority keeps passwords in a plain file."""
    program = (
        "import sys, types\n"
        "from keyring.backends import null\n"
        "from ssohelper import keyring_process as p\n"
        "plain = type('Keyring', (null.Keyring,), {'priority': 0.5})\n"
        "sys.modules['plain'] = types.SimpleNamespace(Keyring=plain)\n"
        "p._BACKENDS = {'linux': ('plain:Keyring',)}\n"
        "p.run_keyring_process(['create', 'sign-ins', sys.argv[1]])\n"
    )
    lock = home.path / "keyring.lock"
    done = run_program([sys.executable, "-c", program, str(lock)], home.env)
    assert done.stdout == "asking\nunavailable there is no keyring on this system\n"
    assert not lock.exists()
