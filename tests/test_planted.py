"""What stands where one of our files should: refused with its path, or as if it were absent.

The real program, for each file that a call for credentials opens. Nothing planted is changed,
read through or removed.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.model import PageChoice, RoleKey
from ssohelper.core.portal_address import PortalAddress
from ssohelper.core.role_tree import RoleListView
from ssohelper.errors import LocalState
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after, pairs_with_each_value_first
from tests.processes import broker_ids, end_detached_processes
from tests.programs import run_program

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
    paths = home.token_folder.glob("*.json")
    return next(path for path in paths if "accessToken" in path.read_text())


def state_lock(home: Home) -> Path:
    return home.runtime / "locks" / "corp" / "state.lock"


_as_link, _as_hard_link = Path.symlink_to, Path.hardlink_to


def _as_fifo(path: Path, other: Path) -> None:
    os.mkfifo(path)


def _as_folder(path: Path, other: Path) -> None:
    path.mkdir()


def _as_foreign(path: Path, other: Path) -> None:
    shutil.copy(other, path)
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0o666)


def _as_file(path: Path, other: Path) -> None:
    path.write_text("of an earlier version")


PLANTS = [_as_link, _as_hard_link, _as_fifo, _as_folder]
if os.geteuid() == 0:
    PLANTS.append(_as_foreign)
CACHE_PLANTS = [_as_file, _as_folder, _as_link, _as_fifo]


def malformed(home: Home, where: Callable[[Home], Path], content: bytes) -> Path:
    """Write this content to the file, and take away what would answer before it is opened."""
    if where is not document:
        document(home).unlink()
    if where is state_lock:
        kept(home).unlink()
    path = where(home)
    path.write_bytes(content)
    os.utime(path, (time.time() + 600,) * 2)
    return path


def ask(home: Home, log: str | None = "info") -> tuple["subprocess.CompletedProcess[str]", float]:
    began = time.monotonic()
    env = {**home.env, **({"SSOHELPER_LOG": log} if log else {})}
    answer = run_program([f"{SCRIPT}-credentials", *KEY], env)
    return answer, time.monotonic() - began


def identity(path: Path) -> tuple[int, int, int]:
    found = os.lstat(path)
    return found.st_ino, found.st_mode, found.st_uid


def said_missing(path: Path, stderr: str) -> bool:
    """Return whether the log says that a path is missing; logs hide paths above 100 letters."""
    lines = [line for line in stderr.splitlines() if line.endswith("counted as missing")]
    return any(str(path) in line or "(redacted)" in line for line in lines)


@pytest.fixture
def signed_in(home, emulator) -> Home:
    """A home with a sign-in, cached credentials and their published response."""
    home.add_session("corp")
    emulator.auto_approve = "ana"
    home.write_token(emulator.issue_token("ana"))
    answer, _ = ask(home)
    assert answer.returncode == 0, answer.stderr
    return home


@pytest.mark.parametrize("where", long_after(1, [token, state_lock]))
def test_what_is_no_plain_file_of_ours_is_refused_with_its_path(signed_in, where):
    path = where(signed_in)
    content = path.read_bytes()
    document(signed_in).unlink()
    kept(signed_in).unlink()
    precious = signed_in.path / "precious"
    for plant in PLANTS:
        path.unlink()
        precious.write_text(SECRET)
        plant(path, precious)
        before = identity(path)
        answer, took = ask(signed_in)
        assert (answer.returncode, answer.stdout) == (7, ""), (plant, answer.stderr)
        assert str(path) in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert took < PROMPT_SECONDS
        assert identity(path) == before
        assert precious.read_text() == SECRET
        path.rmdir() if plant is _as_folder else path.unlink()
        path.write_bytes(content)
        path.chmod(0o600)
    # Whoever takes it away has the answer again.
    answer, _ = ask(signed_in)
    assert answer.returncode == 0, answer.stderr


# The caches as paths below the home, by the commands that write them. Below them nothing is kept.
RUNTIME, STATE = "xdg-run/ssohelper", ".local/state/ssohelper"
CACHES = {
    RUNTIME: {"credentials", "prompt", "names.json", "regions", "aws-clock"}
    | {"settings", "policy", "now"},
    STATE: {"listings", "portals", "notices", "console-pages.json"} | {"list-view.json"},
}
NO_CACHES = {
    RUNTIME: {"locks", "brokers"},
    STATE: {"sign-ins", "signed-in", "audit.jsonl", "audit.lock", "locks"},
}
# The session's links, by which the launcher finds config and token: links are of the right kind.
LINKS = {"config", "token", "tokens"}


def use_every_cache(app: App) -> None:
    """Load and save each cache that the commands below do not use."""
    key, session = RoleKey("corp", ACCOUNT, ROLE), app.config.read().sso_session("corp")
    assert session is not None
    address = PortalAddress("https://a.example", session.start_url, session.region, None)
    uses: list[Callable[[], object]] = [
        lambda: app.aws.portal_addresses.load("corp"),
        lambda: app.aws.portal_addresses.save("corp", address),
        lambda: app.answering_regions.load("corp"),
        lambda: app.answering_regions.save("corp", "eu-west-1", 7),
        lambda: app.usage.load_console_pages(key),
        lambda: app.usage.save_console_page(key, PageChoice("s3", "eu-west-1")),
        lambda: app.usage.load_list_view(),
        lambda: app.usage.save_list_view(RoleListView(is_flat=True)),
    ]
    for use in uses:
        # A write may say that it is not possible: its caller then does without the cache.
        with contextlib.suppress(LocalState):
            use()


def run_commands(home: Home, run: Run) -> None:
    answer, _ = ask(home, log=None)
    assert (answer.returncode, answer.stdout[:12]) == (0, '{"Version":1'), answer.stderr
    tab = ("completion", "--answer", "bash", "ssohelper use a", "15", "9")
    for command in (("list", "--refresh"), ("list",), ("status",), ("prompt", "--state"), tab):
        done = run(*command, env={"AWS_PROFILE": "audit"})
        assert (done.returncode, bool(done.stdout)) == (0, True), (command, done.stderr)
    use_every_cache(App(home.env))


def cache_paths(home: Home, depth: int | None) -> list[Path]:
    """Return each cache file, or its folders with this many names below the root."""
    found = set()
    for root, caches in CACHES.items():
        for path in (home.path / root).rglob("*"):
            names = path.relative_to(home.path / root).parts
            is_cache = names[0] in caches
            assert is_cache or names[0] in NO_CACHES[root], f"{path}: is it a cache?"
            if is_cache and (path.is_symlink() or not path.is_dir()):
                found.add((home.path / root).joinpath(*names[:depth]))
    return sorted(found)


@pytest.mark.parametrize(
    ("depth", "plant"),
    # First what is ours and what is not in place of files, and what an upgrade from df80891 finds.
    long_after(
        3,
        [(None, _as_folder), (None, _as_link), (4, _as_file), (None, _as_file), (None, _as_fifo)]
        + [(depth, plant) for depth in (1, 2, 3, 4) for plant in CACHE_PLANTS],
    ),
)
def test_no_command_fails_for_what_stands_in_place_of_a_cache(home, emulator, run, depth, plant):
    home.add_session("corp")
    profile = f"sso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = {ROLE}\n"
    home.write_config(f"{home.config_file.read_text()}[profile audit]\n{profile}")
    home.write_token(emulator.issue_token("ana"))
    run_commands(home, run)
    end_detached_processes(home.path)
    precious = home.path / "precious" / "file"
    precious.parent.mkdir()
    precious.write_text(SECRET)
    planted = []
    for path in cache_paths(home, depth):
        if path.name in LINKS and plant is _as_link:
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        plant(path, precious.parent if depth else precious)
        planted.append((path, identity(path)))
    assert len(planted) > (3 if depth else 14)
    run_commands(home, run)
    assert [each.read_text() for each in precious.parent.rglob("*")] == [SECRET]
    if plant in (_as_file, _as_folder):
        # They were ours, so the caches work again.
        asked = emulator.counters["GetRoleCredentials"]
        run_commands(home, run)
        assert emulator.counters["GetRoleCredentials"] == asked
    else:
        for path, before in planted:
            # Responses are removed where their stamps are lost; of a link, the link itself is.
            assert path.name == "response" or identity(path) == before, path


PLACES = [document, kept, state_lock]
CONTENTS = [b"", b'{"Version":1,', b"x" * 2**21, b"\xff\xfe{}", b"[1]\n"]


@pytest.mark.parametrize(
    ("content", "where"),
    # First each place once.
    long_after(len(PLACES), pairs_with_each_value_first(CONTENTS, PLACES)),
)
def test_a_malformed_one_is_as_if_absent_and_said(signed_in, where, content):
    path = malformed(signed_in, where, content)
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
def test_a_malformed_one_is_as_if_absent_for_a_broker_too(signed_in, where):
    path = malformed(signed_in, where, b"[1]\n")
    answer, _ = ask(signed_in, log=None)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert broker_ids(signed_in.path)
    assert path.read_bytes() != b"[1]\n"


def test_a_malformed_registration_is_as_if_absent_and_a_planted_one_is_refused(signed_in, run):
    def login() -> "subprocess.CompletedProcess[str]":
        token(signed_in).unlink()
        return run("login", "corp", "--device-code", "--no-browser", "-v")

    assert login().returncode == 0
    [path] = {*signed_in.token_folder.glob("*.json")} - {token(signed_in)}
    path.write_text('{"clientId": ')
    answer = login()
    assert answer.returncode == 0, answer.stderr
    assert said_missing(path, answer.stderr)
    precious = signed_in.path / "precious"
    precious.write_text(SECRET)
    path.unlink()
    path.symlink_to(precious)
    answer = login()
    assert answer.returncode == 7
    assert str(path) in answer.stderr
    assert precious.read_text() == SECRET
