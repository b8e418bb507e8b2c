"""Moves between storages: at each step killed, and two at once. No sign-in is lost."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.core.company_policy import CompanyPolicy
from tests.keyring import move_kills
from tests.programs import run_program

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder in memory if possible, since each step calls fsync, which is slow on a disk."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="ssohelper-moves-", dir=base))
    yield made
    shutil.rmtree(made)


def prepared(folder: Path, storage: str) -> Path:
    move_kills.prepare(folder / "home", storage)
    return folder / "home"


def test_a_move_that_is_killed_at_any_step_loses_no_sign_in_and_leaves_nothing(folder):
    argv = [sys.executable, "-m", "tests.keyring.move_kills", str(folder)]
    done = run_program(argv, {**os.environ, "HOME": str(folder)}, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == []
    # Fewer steps would mean that the kills did not reach the writes.
    assert min(told["steps"].values()) > 30


@pytest.mark.long
def test_two_processes_at_once_move_once(folder):
    home = prepared(folder, "file")
    move_kills.write_setting(home, "keyring")
    program = (
        "import sys; from pathlib import Path; from tests.keyring import move_kills\n"
        "move_kills.move(Path(sys.argv[1]))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(home)],
            cwd=ROOT,
            env={**os.environ, "HOME": str(home)},
        )
        for _ in range(4)
    ]
    assert [child.wait() for child in children] == [0] * 4
    assert move_kills.check(home, "file", "keyring", 0) == []


def test_a_store_of_before_writes_nothing_in_clear_after_the_move(folder):
    """A sign-in, or a broker's call, that began before the move ends after it."""
    home = prepared(folder, "file")
    old = move_kills.make_app(home)
    [session, _] = old.config.read().sso_sessions()
    token = old.tokens.load(session)
    assert token is not None
    move_kills.write_setting(home, "keyring")
    move_kills.move(home)
    with old.tokens.lock_state(session.name, old.clock.deadline()):
        old.tokens.save(session, token)
        move_kills.save_credentials(old, session)
    assert move_kills.find_plain(home) == []
    assert move_kills.check(home, "file", "keyring", 0) == []


def test_an_edited_setting_moves_sign_ins_into_the_keyring_and_never_out(folder):
    home = prepared(folder, "file")
    for wanted in ("keyring", "file", "keyring"):
        move_kills.write_setting(home, wanted)
        move_kills.move(home)
        assert move_kills.check(home, "", "keyring", 0) == []


def test_a_move_that_no_user_confirmed_takes_nothing_out(folder):
    """A process may decide on a move to files just before another one moves to the keyring."""
    home = prepared(folder, "keyring")
    move_kills.make_app(home).storage.move_sign_ins("file")
    assert move_kills.find_plain(home) == []


def test_after_a_damaged_record_the_way_back_to_files_keeps_the_files(folder):
    home = prepared(folder, "file")
    (home / ".aws" / "sso" / "cache" / ".ssohelper-storage").write_text("{")
    assert len(move_kills.find_lost(move_kills.make_app(home))) == 2
    move_kills.move(home, "file")
    assert move_kills.find_lost(move_kills.make_app(home)) == []


def test_the_policys_file_moves_nothing_out_of_the_keyring(folder):
    home = prepared(folder, "keyring")
    (home / "own" / "config.toml").unlink()
    app = move_kills.make_app(home)
    app.company_policy = CompanyPolicy(storage="file")
    assert move_kills.find_lost(app) == []
    assert move_kills.find_plain(home) == []


def test_a_variable_says_where_to_look_and_moves_nothing(folder):
    home = prepared(folder, "file")
    app = move_kills.make_app(home)
    app.environ["SSOHELPER_STORAGE"] = "keyring"
    [session, _] = app.config.read().sso_sessions()
    assert app.tokens.load(session) is None
    assert move_kills.make_app(home).tokens.load(session) is not None


def test_settings_that_cannot_be_read_leave_the_sign_ins_where_they_are(folder):
    home = prepared(folder, "keyring")
    (home / "own" / "config.toml").write_text("storage = ")
    assert move_kills.make_app(home).storage.apply_setting() == "keyring"
    assert move_kills.find_plain(home) == []
