"""What the build df80891 left in a home is no error for this one; `make upgrade` runs the builds."""

import hashlib
import json
import os
import shlex
from pathlib import Path

import pytest

from tests.conftest import SCRIPT, Home
from tests.programs import run_program
from tests.upgrade import __main__ as upgrade

# The files of that build after setup, two calls for credentials, a prompt and `profile rm`, with
# its secrets replaced. {config} is the hash of the config's path.
FILES = Path(__file__).with_name("df808914.json")
USED, REMOVED = "data-lake.BreakGlassAdmin", "data-lake.ReadOnlyAccess"


@pytest.fixture
def earlier(home, emulator) -> Home:
    config = hashlib.sha256(os.fsencode(os.path.realpath(home.config_file))).hexdigest()[:16]
    for name, text in json.loads(FILES.read_text()).items():
        path = home.path / name.replace("{config}", config)
        for folder in [*reversed(path.relative_to(home.path).parents)][1:]:
            (home.path / folder).mkdir(mode=0o700, exist_ok=True)
        path.write_text(text.replace("{bin}", str(Path(SCRIPT).parent)))
        path.chmod(0o600)
    home.write_token(emulator.issue_token("ana"))
    return home


def test_every_command_works_at_once_in_an_earlier_builds_home(earlier, emulator, run):
    [line, *_] = [
        line.partition(" = ")[2]
        for line in earlier.config_file.read_text().splitlines()
        if line.startswith("credential_process")
    ]
    for _ in range(2):
        done = run_program(shlex.split(line), earlier.env)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["Version"] == 1
    assert emulator.counters["GetRoleCredentials"] == 1
    for words in (("status",), ("list",), ("prompt",)):
        assert run(*words, env={"AWS_PROFILE": USED}).returncode == 0
    # The functions of an open shell take the first line for the label, and no time from the rest.
    state = run("prompt", "--state", env={"AWS_PROFILE": USED})
    assert (state.returncode, state.stdout) == (0, f"{USED}\n")
    assert REMOVED not in earlier.config_file.read_text()
    assert run("profile", "undo", "--yes").returncode == 0
    assert REMOVED in earlier.config_file.read_text()


def test_a_shallow_clone_is_named(monkeypatch, capsys):
    monkeypatch.setattr(upgrade, "_git", lambda *_words: "true")
    assert upgrade.main() == 2
    assert "needs a full clone" in capsys.readouterr().err
