"""A recorded sign-in stays in view until it has ended, whatever is done to its name or its record."""

import contextlib
import fcntl
import hashlib
import json
import os
import resource
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after
from tests.programs import run_program

OTHER_URL = "https://d-1111111111.awsapps.com/start"
SETUP = (
    *("setup", START_URL, "--session", "corp", "--region", "us-east-1"),
    *("--account", "payments-dev", "--role", "Developer", "--yes"),
)
PROFILE = "payments-dev.Developer"
ENDING = ["logout corp", "session rm corp --yes", "logout --all", "logout"]


def refused(run: Run, *command: str) -> str:
    done = run(*command)
    assert done.returncode == 2, done.stderr
    return done.stderr


def shown(run: Run) -> list[tuple[str, str, str, bool]]:
    rows = run.data("status")["sessions"]
    return [(row["name"], row["start_url"], row["state"], row["in_config"]) for row in rows]


def records(home: Home) -> Path:
    return home.path / ".local/state/ssohelper/signed-in"


def token_file(home: Home, name: str = "corp") -> Path:
    return home.token_folder / f"{hashlib.sha1(name.encode()).hexdigest()}.json"


@pytest.fixture
def corp(home, run, emulator) -> Home:
    """Return a home where ana has set up the session "corp"; AWS has a second organization."""
    home.browser()
    second = demo_world()
    second.start_url, second.name = OTHER_URL, "Second"
    emulator.add_organization(second)
    emulator.auto_approve = "ana"
    run.ok(*SETUP)
    return home


@pytest.fixture
def undone(corp, run) -> Home:
    """The home after a setup whose writing was undone: the sign-in alone is left."""
    assert "sign out with: ssohelper logout corp" in run.ok("profile", "undo", "--yes").stderr
    return corp


def assert_nothing_is_left(home: Home, emulator: Emulator) -> None:
    assert emulator.counters["Logout"] == 1
    assert not list(home.token_folder.glob("*.json"))
    assert not list(records(home).iterdir())


def test_every_list_shows_a_sign_in_that_the_config_lacks(undone, run):
    for command in ("status", "session list", "cache list"):
        printed = run.ok(*command.split()).stdout
        assert "corp" in printed
        assert "not in the config" in printed
    assert shown(run) == [("corp", START_URL, "valid", False)]
    [one] = run.data("session", "list")
    assert (one["name"], one["start_url"], one["in_config"]) == ("corp", START_URL, False)
    run.ok("status", "corp")
    assert "token" in run.ok("session", "show", "corp").stdout
    found = run.data("cache", "list", "--session", "corp")
    # The files of token, client and facts.
    assert sum(item["kind"] == "sign_in" for item in found) == 3


@pytest.mark.parametrize(
    "command", long_after(1, ["login corp", "list", "login", "profile sync --session corp"])
)
def test_commands_that_need_the_session_name_the_sign_in(undone, run, command):
    said = refused(run, *command.split())
    assert 'you are signed in to "corp", but the session is not in the config' in said
    restore = f"ssohelper setup {START_URL} --session corp --region us-east-1"
    assert f"bring it back with: {restore}; or end the sign-in: ssohelper logout corp" in said
    run.ok(*restore.split()[1:], "--yes")
    run.ok(*command.split(), *(["--yes"] if "sync" in command else []))


@pytest.mark.parametrize("command", long_after(1, ENDING))
def test_a_sign_in_that_the_config_lacks_is_ended_at_aws(undone, run, emulator, command):
    run.ok(*command.split())
    assert_nothing_is_left(undone, emulator)
    assert shown(run) == []


def test_a_setup_killed_after_the_sign_in_leaves_one_that_logout_sees(home, run, emulator):
    home.browser()
    emulator.faults.hang("ListAccounts")
    with subprocess.Popen(
        [SCRIPT, *SETUP], env=home.env, stderr=subprocess.PIPE, text=True
    ) as setup:
        assert setup.stderr is not None
        for line in setup.stderr:
            if "signed in to" in line:
                break
        setup.send_signal(signal.SIGKILL)
    run.ok("logout", "--all")
    assert_nothing_is_left(home, emulator)


class TestANameInUse:
    @pytest.mark.parametrize(
        ("url", "region"), long_after(1, [(OTHER_URL, "us-east-1"), (START_URL, "eu-west-1")])
    )
    def test_another_portal_under_the_name_of_a_sign_in_is_refused(
        self, undone, run, emulator, url, region
    ):
        said = refused(run, *("setup", url, "--session", "corp", "--region", region, "--yes"))
        assert f"is signed in at {START_URL} in us-east-1, which is not in the config" in said
        assert "ssohelper logout corp" in said
        assert shown(run) == [("corp", START_URL, "valid", False)]
        assert emulator.counters["authorize"] == 1

    def test_a_new_session_of_the_same_portal_takes_the_sign_in_over(self, undone, run, emulator):
        undone.add_session("corp", START_URL, "us-east-1")
        assert shown(run) == [("corp", START_URL, "valid", True)]
        run.ok(*SETUP)
        assert emulator.counters["authorize"] == 1


class TestAnEditedPortal:
    @pytest.fixture
    def edited(self, corp) -> Home:
        corp.write_config(corp.config_file.read_text().replace(START_URL, OTHER_URL))
        return corp

    def test_the_edited_session_and_the_earlier_sign_in_are_both_shown(self, edited, run):
        both = [("corp", OTHER_URL, "signed_out", True), ("corp", START_URL, "valid", False)]
        assert shown(run) == both
        rows = run.data("session", "list")
        assert [(row["start_url"], row["in_config"]) for row in rows] == [
            (OTHER_URL, True),
            (START_URL, False),
        ]
        assert "not in the config" in run.ok("cache", "list").stdout

    @pytest.mark.parametrize("command", long_after(1, ENDING))
    def test_the_old_sign_in_is_ended_where_it_was_made(self, edited, run, emulator, command):
        run.ok(*command.split())
        assert_nothing_is_left(edited, emulator)

    def test_a_new_sign_in_ends_the_old_one(self, edited, run, emulator):
        assert f"at {START_URL} in us-east-1, was ended" in run.ok("login", "corp").stderr
        assert emulator.counters["Logout"] == 1
        assert shown(run) == [("corp", OTHER_URL, "valid", True)]


class TestTheTokenOfAnotherTool:
    @pytest.mark.parametrize(
        ("portal", "command"),
        long_after(
            1,
            [
                *((OTHER_URL, "logout --all"), (START_URL, "logout corp")),
                *((OTHER_URL, "logout corp"), (START_URL, "logout --all")),
            ],
        ),
    )
    def test_another_tools_token_is_neither_sent_nor_removed(
        self, undone, run, emulator, command, portal
    ):
        path = token_file(undone)
        theirs = {"accessToken": "THEIRS", "expiresAt": "2099-01-01T00:00:00Z"}
        text = json.dumps({"startUrl": portal, "region": "us-east-1", **theirs})
        path.write_text(text)
        assert shown(run) == []
        run.ok(*command.split())
        assert path.read_text() == text
        assert emulator.counters["Logout"] == 0
        assert not list(records(undone).iterdir())

    def test_a_token_that_an_sdk_renewed_is_still_ours(self, undone, run, emulator):
        path = token_file(undone)
        found = json.loads(path.read_text())
        path.write_text(json.dumps({**found, "accessToken": "renewed"}))
        assert shown(run) == [("corp", START_URL, "valid", False)]
        run("logout", "--all")
        assert not path.exists()


class TestADamagedRecord:
    @pytest.mark.parametrize(
        "damage",
        long_after(
            1,
            [
                *(lambda path: path.write_text('{"name": "ev'), os.mkfifo),
                *(lambda path: path.symlink_to("/etc/passwd"), Path.mkdir),
            ],
        ),
    )
    def test_a_damaged_record_hides_no_other_sign_in_and_is_named(
        self, undone, run, emulator, damage
    ):
        path = records(undone) / "evil.json"
        damage(path)
        done = run("status")
        assert (done.returncode, "corp" in done.stdout) == (0, True), done.stderr
        assert f'warning: the record of a sign-in cannot be read: "{path}"' in done.stderr
        assert run.ok("session", "list").stdout.startswith("corp")
        done = run("logout", "--all")
        assert done.returncode == 7, done.stderr
        assert str(path) in done.stderr
        assert emulator.counters["Logout"] == 1
        assert os.listdir(records(undone)) == ["evil.json"]


class TestWhatAKilledProcessLeft:
    @pytest.fixture
    def ended_pid(self) -> int:
        with subprocess.Popen(["true"]) as process:
            process.wait()
        return process.pid

    @pytest.mark.parametrize(
        "command", long_after(1, ["login corp", "logout --all", "logout corp"])
    )
    def test_the_next_sign_in_or_out_removes_it(self, corp, run, ended_pid, command):
        for folder in (corp.token_folder, corp.path / ".local/state/ssohelper/regions"):
            folder.mkdir(mode=0o700, exist_ok=True)
            (folder / f".ssohelper-{ended_pid}-0123456789ab").write_text('{"accessToken": "x"}')
        # As the process does that is writing it, here or in another container.
        names = [f".ssohelper-{pid}-{'0' * 12}" for pid in (os.getpid(), ended_pid)]
        written = {corp.token_folder / name for name in names}
        with contextlib.ExitStack() as stack:
            for path in written:
                fcntl.flock(stack.enter_context(path.open("w")), fcntl.LOCK_EX)
            run.ok(*command.split())
        assert set(corp.path.rglob(".ssohelper-*-*")) == written


def test_a_sign_in_that_cannot_be_saved_is_given_back(home, run, emulator):
    home.browser()
    emulator.auto_approve = "ana"
    home.add_session()
    run.ok("login", "corp")
    before = token_file(home).read_bytes()
    most = len(before) - 200  # the client's registration takes less space
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (most, most))
    done = run_program([SCRIPT, "login", "corp", "--force"], home.env, preexec_fn=limit)
    assert done.returncode == 7, done.stderr
    assert token_file(home).read_bytes() == before
    assert emulator.counters["Logout"] == 1


class TestASectionRemovedByHand:
    @pytest.fixture
    def cut(self, corp) -> Home:
        """The profiles name "corp", which has no section; its sign-in is live."""
        _before, header, after = corp.config_file.read_text().partition("[sso-session corp]")
        assert header
        corp.write_config(after[after.index("[profile") :])
        return corp

    def test_setup_takes_over_the_name_that_profiles_have(self, cut, run, emulator):
        assert run("whoami", PROFILE).returncode != 0
        run.ok("setup", START_URL, "--role", "Developer", "--account", "payments-dev", "--yes")
        assert shown(run) == [("corp", START_URL, "valid", True)]
        assert "ana" in run.ok("whoami", PROFILE).stdout
        assert emulator.counters["authorize"] == 1

    def test_session_rm_names_the_profiles_that_stay(self, cut, run):
        done = run.ok("session", "rm", "corp", "--yes")
        assert f"do not work without it: {PROFILE}\n" in done.stderr
        run.ok("profile", "rm", PROFILE, "--yes")
