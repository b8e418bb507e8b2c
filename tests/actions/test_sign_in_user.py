"""login names the user who signed in, and asks when it is another one than last time."""

import json
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from ssohelper.actions import login, selection
from ssohelper.app import App
from ssohelper.emulator.server import Emulator
from tests.actions.world import SESSION, WorldApp, token
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after
from tests.processes import wait_until_asleep
from tests.terminal import Conversation

ROLE = "corp:000030000001/ReadOnlyAccess"


class Desk(NamedTuple):
    home: Home
    emulator: Emulator
    run: Run

    def login(self, *more: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return self.until_known("login", "--force", *more, **env)

    def until_known(self, *argv: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a login, again while a busy machine takes more than 3 s to find out the user."""
        for _ in range(10):
            self.emulator.reset_counters()
            done = self.run(*argv, env=env)
            if env or "(the user is unknown)" not in done.stderr:
                break
        return done

    def start_on_terminal(self) -> Conversation:
        return Conversation([SCRIPT, "login", "--force"], self.home.env)

    @property
    def kept(self) -> dict[str, str]:
        files = (json.loads(path.read_text()) for path in self.home.token_folder.glob("*.json"))
        [found] = [content for content in files if "accessToken" in content]
        return dict(found)

    @property
    def user(self) -> str | None:
        [session] = json.loads(self.run("status", "--json").stdout)["data"]["sessions"]
        return None if session["user"] is None else str(session["user"])

    @property
    def revoked(self) -> int:
        return self.emulator.counters["Logout"]


@pytest.fixture
def desk(home, emulator, run) -> Desk:
    """ana has signed in, and her name is recorded."""
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.browser()
    made = Desk(home, emulator, run)
    done = made.login()
    assert (done.returncode, 'signed in to "corp" as "ana": ' in done.stderr) == (0, True)
    assert made.user == "ana"
    # The credentials with which the user was found are not cached.
    assert emulator.counters["GetRoleCredentials"] == 1
    assert not list(home.runtime.glob("credentials/**/*"))
    return made


@pytest.mark.parametrize(
    "flow", long_after(1, [[], ["--device-code"]]), ids=["browser", "device code"]
)
def test_another_user_is_refused_without_a_terminal_and_nothing_changes(desk, flow):
    assert desk.run("list").returncode == 0
    assert desk.run("exec", ROLE, "--", "true").returncode == 0
    before = desk.kept
    desk.emulator.auto_approve = "ben"
    done = desk.login(*flow)
    assert (done.returncode, done.stdout) == (2, "")
    assert '"ben" signed in to "corp"; last time it was "ana"' in done.stderr
    command = " ".join(["ssohelper login --force", *flow, "--yes"])
    assert f"hint: go ahead with: {command}" in done.stderr
    assert desk.revoked == 1
    # The old sign-in still works, and so do its cached credentials.
    assert (desk.kept, desk.user) == (before, "ana")
    desk.emulator.reset_counters()
    assert desk.run("list", "--refresh").returncode == 0
    assert desk.run("exec", ROLE, "--", "true").returncode == 0
    assert desk.emulator.counters["GetRoleCredentials"] == 0
    ended = {found.person: found.revoked for found in desk.emulator.sign_ins}
    assert ended == {"ana": False, "ben": True}


def test_with_yes_another_user_is_signed_in_and_the_old_list_removed(desk):
    assert "BreakGlassAdmin" in desk.run("list").stdout
    time.sleep(1)  # times are whole seconds: the sign-in must come after the list
    desk.emulator.auto_approve = "ben"
    done = desk.login("--yes")
    assert (done.returncode, 'as "ben": ' in done.stderr) == (0, True), done.stderr
    assert (desk.user, desk.revoked) == ("ben", 0)
    found = desk.run("list")
    assert "BreakGlassAdmin" not in found.stdout
    assert found.stderr == ""


@pytest.mark.parametrize(
    ("answer", "code", "user"), long_after(1, [("", 2, "ana"), ("y", 0, "ben")])
)
def test_on_a_terminal_a_question_is_asked(desk, answer, code, user):
    desk.emulator.auto_approve = "ben"
    before = desk.kept
    child = desk.start_on_terminal()
    child.expect_exact('"ben" signed in to "corp"; last time it was "ana"')
    child.expect_exact("keep this sign-in? [y/N]")
    assert desk.kept == before, "nothing is kept before the answer"
    child.sendline(answer)
    assert child.ended()[0] == code
    assert (desk.user, desk.revoked) == (user, 0 if code == 0 else 1)
    assert (desk.kept == before) == (code != 0)


def test_ctrl_c_at_the_question_discards_the_sign_in_at_aws_too(desk):
    desk.emulator.auto_approve = "ben"
    before = desk.kept
    child = desk.start_on_terminal()
    child.expect_exact("keep this sign-in? [y/N]: ")
    wait_until_asleep(child.pid)  # a Ctrl-C between the last letter and the read would be lost
    child.kill(signal.SIGINT)
    assert child.ended()[0] == 130
    assert (desk.kept, desk.revoked) == (before, 1)


def test_an_unknown_user_is_not_taken_for_another_one(desk):
    desk.emulator.auto_approve = "ben"
    done = desk.login(AWS_ENDPOINT_URL_STS="http://127.0.0.1:9")
    assert done.returncode == 0
    assert 'signed in to "corp" (the user is unknown): ' in done.stderr
    assert "127.0.0.1:9" not in done.stderr, "it is silent about why"
    assert desk.user is None
    # The next sign-in is still compared with the last known user, also after a logout.
    assert desk.run("logout").returncode == 0
    done = desk.login()
    assert (done.returncode, 'last time it was "ana"' in done.stderr) == (2, True)


def test_the_user_is_found_with_the_shortest_role_that_no_rule_guards(desk):
    rows = json.loads(desk.run("list", "--json").stdout)["data"]
    names = sorted({row["role_name"] for row in rows}, key=lambda name: (len(name), name))
    assert desk.run("config", "set", "guard.rules", f"*/{names[0]}").returncode == 0
    app = App(desk.home.env)
    session = selection.resolve_session(app, "corp")
    token = app.tokens.load(session)
    desk.emulator.reset_counters()
    assert login.find_signed_in_user(app, session, token) == "ana"
    assert desk.emulator.counters["ListAccounts"] == 0
    assert desk.emulator.counters["GetRoleCredentials"] == 1


def test_where_every_role_is_guarded_the_user_is_unknown(desk):
    assert desk.run("config", "set", "guard.rules", "*/*").returncode == 0
    desk.emulator.reset_counters()
    assert "(the user is unknown)" in desk.run("login", "--force").stderr
    assert desk.emulator.counters["GetRoleCredentials"] == 0


def test_a_listed_role_that_the_new_user_does_not_have_is_skipped(desk):
    """The saved list is ana's: ben may not have its shortest role."""
    assert desk.run("list").returncode == 0
    headers = {"x-amzn-ErrorType": "ForbiddenException"}
    desk.emulator.faults.script("GetRoleCredentials", 403, headers, NO_ACCESS)
    desk.emulator.auto_approve = "ben"
    done = desk.login()
    assert done.returncode == 2
    assert '"ben" signed in' in done.stderr
    assert desk.emulator.counters["GetRoleCredentials"] >= 2


def test_an_sts_that_does_not_answer_delays_a_sign_in_by_three_seconds_at_most(desk):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with ThreadPoolExecutor(1) as pool:
            noticed = pool.submit(lambda: (silent.accept()[0], time.monotonic()))
            done = desk.login(AWS_ENDPOINT_URL_STS=url)
            ended = time.monotonic()
        client, began = noticed.result()
        client.close()
    assert (done.returncode, "(the user is unknown)" in done.stderr) == (0, True)
    # 3 s by contract; the rest allows for a busy machine.
    assert ended - began < 3 + 5


NO_ACCESS = '{"message": "No access"}'


def test_if_sts_alone_is_on_this_machine_it_gets_no_credentials_of_aws_either(
    tmp_path, monkeypatch
):
    app = WorldApp(tmp_path)
    monkeypatch.setattr(login, "portal_of_unsaved_token", lambda *_: None)
    prepare = login._prepare_lookup
    monkeypatch.setattr(
        login,
        "_prepare_lookup",
        lambda *what: [prepare(*what), lambda: what[-1].append("ana")][1],
    )
    assert login.find_signed_in_user(app, SESSION, token("new")) == "ana"
    app.environ["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"
    assert login.find_signed_in_user(app, SESSION, token("new")) is None
