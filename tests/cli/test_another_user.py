"""Another person signs in under the same session name: whose list is shown, synced and pruned."""

import json
import threading
from typing import NamedTuple

import pytest

from ssohelper.actions import directory
from ssohelper.app import App
from ssohelper.core.listing import Listing
from ssohelper.core.model import Role, SsoSession
from ssohelper.emulator.server import Emulator
from tests.conftest import RUN_SECONDS, Run
from tests.endpoint.world import wait_for
from tests.people import sign_in_here

# What ana has there and ben has not.
ANAS = ("000030000001", "BreakGlassAdmin")
WARNING = "was saved before you signed in"


class Desk(NamedTuple):
    """A home in which ana has signed in and listed a minute ago, and the next one may sign in."""

    app: App
    session: SsoSession
    emulator: Emulator

    def sign_in(self, person: str) -> None:
        self.a_minute_passes()
        sign_in_here(self.app, self.session, self.emulator, person)

    def a_minute_passes(self) -> None:
        """Instants are whole seconds: what is done in one second has no order."""
        kept = self.app.directory
        if found := kept.load("corp"):
            kept.save("corp", found._replace(listed_at=found.listed_at - 60))
        if found := kept.load_unfinished_listing("corp"):
            kept.save_unfinished_listing("corp", found._replace(listed_at=found.listed_at - 60))

    @property
    def saved(self) -> Listing | None:
        return self.app.directory.load("corp")


@pytest.fixture
def desk(home, emulator) -> Desk:
    """Return a home where STS cannot be reached, so ssohelper does not learn who signs in."""
    home.add_session()
    environ = {**home.env, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
    app = App(environ, sleep=lambda _seconds: None)
    session = app.config.read().sso_session("corp")
    assert session is not None
    sign_in_here(app, session, emulator, "ana")
    emulator.reset_counters()
    assert Role(*ANAS) in directory.fetch_listing(app, session).roles()
    return Desk(app, session, emulator)


def roles(run: Run, *more: str) -> list[tuple[str, str]]:
    done = run.ok("list", "--json", *more)
    return [(row["account_id"], row["role_name"]) for row in json.loads(done.stdout)["data"]]


def is_anas(desk: Desk) -> bool:
    return desk.saved is not None and Role(*ANAS) in desk.saved.roles()


def test_the_saved_list_is_shown_at_once_and_made_anew_behind(run, desk, emulator):
    desk.sign_in("ben")
    go_on = threading.Event()
    emulator.faults.run_before("ListAccounts", lambda: go_on.wait(RUN_SECONDS))
    emulator.reset_counters()
    first = run.ok("list")
    assert ANAS[1] in first.stdout
    assert first.stderr.count(WARNING) == 1
    assert is_anas(desk)
    # One process is at it already, and it is enough.
    for _ in range(2):
        assert WARNING in run("list").stderr
    go_on.set()
    wait_for(lambda: not is_anas(desk))
    assert ANAS not in roles(run)
    assert run("list").stderr == ""
    assert emulator.counters["ListAccounts"] == 1


def test_who_wants_no_process_behind_is_told_what_to_type(run, desk, emulator):
    desk.sign_in("ben")
    emulator.reset_counters()
    done = run("list", env={"SSOHELPER_RENEW_AHEAD": "false"})
    assert (done.returncode, ANAS[1] in done.stdout) == (0, True)
    assert "ssohelper list --refresh --session corp" in done.stderr
    assert ANAS not in roles(run, "--refresh")
    assert run("list").stderr == ""
    assert emulator.counters["ListAccounts"] == 1


def test_nothing_is_written_from_the_list_of_another_user(run, home, desk, emulator):
    desk.sign_in("ben")
    before = home.config_file.read_bytes()
    emulator.stop()
    assert run("profile", "sync", "--yes").returncode == 6
    assert home.config_file.read_bytes() == before
    assert run("list").returncode == 0, "the saved list needs nobody"
    emulator.start()
    assert WARNING not in run.ok("profile", "sync", "--yes").stderr
    assert "ReadOnlyAccess" in home.config_file.read_text()
    assert ANAS[1] not in home.config_file.read_text()


def test_the_answers_of_an_interrupted_listing_are_not_taken_over(run, desk, emulator):
    emulator.faults.script("ListAccountRoles", 200, body=b"{")
    assert run("list", "--refresh").returncode == 6
    assert desk.app.directory.load_unfinished_listing("corp") is not None
    desk.sign_in("ben")
    assert ANAS not in roles(run, "--refresh")


def test_another_tools_sign_in_after_the_end_of_ours_is_one_too(run, home, desk, emulator):
    emulator.end_sign_ins()
    for path in home.token_folder.glob("*.json"):
        content = json.loads(path.read_text())
        if "accessToken" in content:
            path.write_text(json.dumps({**content, "expiresAt": "2020-01-01T00:00:00Z"}))
    desk.a_minute_passes()
    assert run("status", "--check").returncode == 4
    home.write_token(emulator.issue_token("ben"))
    assert WARNING in run("list", env={"SSOHELPER_RENEW_AHEAD": "false"}).stderr


def test_a_signed_out_session_shows_its_list_and_asks_for_nothing(run, desk, emulator):
    assert run("logout", "corp").returncode == 0
    done = run("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert ANAS[1] in done.stdout
