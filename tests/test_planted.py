"""What stands where one of our files should: refused with its path, or as if it were absent.

The real program, for each file that a call for credentials opens. Nothing planted is changed,
read through or removed.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after, pairs_with_each_value_first
from tests.processes import broker_ids

ACCOUNT, ROLE = "000030000003", "ReadOnlyAccess"
KEY = ("--session", "corp", "--account-id", ACCOUNT, "--role-name", ROLE)
NOBODY = 65534
# The issue's 2 s are for a machine that is not busy: what is meant is that nothing is waited for.
PROMPT_SECONDS = 10.0
SECRET = "precious, and none of ours"


def document(home: Home) -> Path:
    return home.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "response"


def kept(home: Home) -> Path:
    return home.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "cached.json"


def token(home: Home) -> Path:
    return next(
        path for path in home.token_folder.glob("*.json") if "accessToken" in path.read_text()
    )


def registration(home: Home) -> Path:
    return next(path for path in home.token_folder.glob("*.json") if path != token(home))


def state_lock(home: Home) -> Path:
    return home.runtime / "locks" / "corp" / "state.lock"


def _as_link(path: Path, other: Path) -> None:
    path.symlink_to(other)


def _as_hard_link(path: Path, other: Path) -> None:
    path.hardlink_to(other)


def _as_fifo(path: Path, other: Path) -> None:
    os.mkfifo(path)


def _as_folder(path: Path, other: Path) -> None:
    path.mkdir()


def _as_foreign(path: Path, other: Path) -> None:
    shutil.copy(other, path)
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0o666)


PLANTS = [_as_link, _as_hard_link, _as_fifo, _as_folder]
if os.geteuid() == 0:
    PLANTS.append(_as_foreign)


def needed(home: Home, where: Callable[[Home], Path]) -> None:
    """Take away what would answer before the file is opened."""
    if where is not document:
        document(home).unlink()
    if where in (token, state_lock):
        kept(home).unlink()


def ask(home: Home, log: str | None = "info") -> tuple["subprocess.CompletedProcess[str]", float]:
    began = time.monotonic()
    answer = subprocess.run(
        [f"{SCRIPT}-credentials", *KEY],
        env={**home.env, **({"SSOHELPER_LOG": log} if log else {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return answer, time.monotonic() - began


def said_missing(path: Path, stderr: str) -> bool:
    """Return whether the log says that a path is missing; logs hide paths above 100 letters."""
    lines = [line for line in stderr.splitlines() if line.endswith("counted as missing")]
    return any(str(path) in line or "(redacted)" in line for line in lines)


@pytest.fixture
def signed_in(home: Home, emulator: Emulator) -> Home:
    """A home with a sign-in, cached credentials and their published response."""
    home.add_session("corp")
    emulator.auto_approve = "ana"
    home.write_token(emulator.issue_token("ana"))
    answer, _ = ask(home)
    assert answer.returncode == 0, answer.stderr
    return home


@pytest.mark.parametrize("where", long_after(1, [document, token, kept, state_lock]))
def test_what_is_no_plain_file_of_ours_is_refused_with_its_path(
    signed_in: Home, where: Callable[[Home], Path]
) -> None:
    path = where(signed_in)
    content = path.read_bytes()
    needed(signed_in, where)
    precious = signed_in.path / "precious"
    for plant in PLANTS:
        path.unlink()
        precious.write_text(SECRET)
        plant(path, precious)
        # A published response whose time is in the future, as that of a valid one is.
        os.utime(path, (time.time() + 600,) * 2, follow_symlinks=False)
        before = os.lstat(path)
        answer, took = ask(signed_in)
        assert (answer.returncode, answer.stdout) == (7, ""), (plant, answer.stderr)
        assert str(path) in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert took < PROMPT_SECONDS
        after = os.lstat(path)
        assert (after.st_ino, after.st_mode, after.st_uid) == (
            before.st_ino,
            before.st_mode,
            before.st_uid,
        )
        assert precious.read_text() == SECRET
        path.rmdir() if plant is _as_folder else path.unlink()
        path.write_bytes(content)
        path.chmod(0o600)
    # Whoever takes it away has the answer again.
    answer, _ = ask(signed_in)
    assert answer.returncode == 0, answer.stderr


PLACES = [document, kept, state_lock]
CONTENTS = [b"", b'{"Version":1,', b"x" * 2**21, b"\xff\xfe{}", b"[1]\n"]


@pytest.mark.parametrize(
    ("content", "where"),
    # First each place and each content once.
    long_after(len(CONTENTS), pairs_with_each_value_first(CONTENTS, PLACES)),
)
def test_a_malformed_one_is_as_if_absent_and_said(
    signed_in: Home, where: Callable[[Home], Path], content: bytes
) -> None:
    path = where(signed_in)
    needed(signed_in, where)
    path.write_bytes(content)
    os.utime(path, (time.time() + 600,) * 2)
    if where is state_lock:
        # What is in a lock's file is a number for people.
        assert ask(signed_in)[0].returncode == 0
        return
    # `ask` turns the log on. The process then asks AWS itself, since a broker could not print the log.
    answer, _ = ask(signed_in)
    assert answer.returncode == 0, answer.stderr
    assert said_missing(path, answer.stderr)
    assert path.read_bytes() != content
    if where is document:
        again, _ = ask(signed_in)
        assert (again.stdout, again.stderr) == (answer.stdout, "")


@pytest.mark.parametrize("where", long_after(1, [document, kept]))
def test_a_malformed_one_is_as_if_absent_for_a_broker_too(
    signed_in: Home, where: Callable[[Home], Path]
) -> None:
    path = where(signed_in)
    needed(signed_in, where)
    path.write_bytes(b"[1]\n")
    os.utime(path, (time.time() + 600,) * 2)
    answer, _ = ask(signed_in, log=None)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert broker_ids(signed_in.path)
    assert path.read_bytes() != b"[1]\n"


def test_a_malformed_registration_is_as_if_absent_and_a_planted_one_is_refused(
    signed_in: Home, run: Run
) -> None:
    login = ("login", "corp", "--device-code", "--no-browser", "-v")
    token(signed_in).unlink()
    assert run(*login).returncode == 0
    path = registration(signed_in)
    token(signed_in).unlink()
    path.write_text('{"clientId": ')
    answer = run(*login)
    assert answer.returncode == 0, answer.stderr
    assert said_missing(path, answer.stderr)
    precious = signed_in.path / "precious"
    precious.write_text(SECRET)
    token(signed_in).unlink()
    path.unlink()
    path.symlink_to(precious)
    answer = run(*login)
    assert answer.returncode == 7
    assert str(path) in answer.stderr
    assert precious.read_text() == SECRET
