"""A set-up shows the same screen, and writes the same parts, in each front end."""

from pathlib import Path

import pytest

from ssohelper.actions import guards, own_settings, undoing
from ssohelper.actions.flows import setup_plan
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.actions.flows.front_ends import run_in_each
from tests.actions.world import SESSION
from tests.long_rows import long_after

_LISTING = Listing(
    SESSION.start_url,
    SESSION.region,
    0,
    (
        ListedAccount(Account("000000000001", "pay-prod", ""), ("AdministratorAccess", "Read")),
        ListedAccount(Account("000000000002", "pay-test", ""), ("Developer", "Read")),
    ),
)
_LEGACY = (
    f"[profile old]\nsso_start_url = {SESSION.start_url}\nsso_region = us-east-1\n"
    "sso_account_id = 000000000002\nsso_role_name = Read\n"
)
_RC = "# mine\n"


def write_parts(app: App, dialogue: Dialogue) -> tuple[int, int, bool, bool] | None:
    """Return how many profiles were added and adopted, and whether there are rules, a shell edit."""
    wish = setup_plan.Wish(SESSION, _LISTING, "ssohelper setup URL")
    found = setup_plan.write_set_up(app, dialogue, wish)
    if found is None:
        return None
    return len(found.plan.add), len(found.plan.adopt), bool(found.rules), bool(found.edit)


@pytest.mark.parametrize(
    ("answers", "result"),
    long_after(
        2,
        [
            (["c", "1,3", "y"], (4, 0, True, False)),
            (["c", None], "Interrupted"),
            (["y"], (3, 1, True, True)),
            (["n"], None),
            (["c", "", "y"], (3, 1, True, True)),
            (["c", "2, *-test", "y"], (2, 1, False, True)),
        ],
    ),
)
def test_the_screen_asks_and_writes_the_same_in_each_front_end(home, answers, result):
    home.env["SHELL"] = "/bin/bash"
    rc = Path(home.env["HOME"], ".bashrc")
    rc.write_text(_RC)
    home.write_config(_LEGACY)

    def check_and_restore() -> None:
        app = App(home.env)
        _added, adopted, is_guarded, is_installed = (
            result if isinstance(result, tuple) else (0, 0, False, False)
        )
        assert ("sso_account_id" in home.config_file.read_text()) is not bool(adopted)
        assert bool(app.settings.guard_rules()) is is_guarded
        assert ("shell-init" in rc.read_text()) is is_installed
        if not isinstance(result, tuple):
            return
        undo = undoing.plan_undo(app)
        for key, (_, before) in undo.settings.items():
            own_settings.change_setting(app, key, before)
            guards.end_rules(app, [])
        undoing.undo_files(app, undo)
        assert (home.config_file.read_text(), rc.read_text()) == (_LEGACY, _RC)

    found, script = run_in_each(home.env, write_parts, answers, check_and_restore)
    assert found == (result if isinstance(result, str) else repr(result))
    first = "3 profiles to add, 1 to adopt — write ~/.aws/config, ~/.config/ssohelper/config.toml, "
    assert script.questions[0] == f"{first}~/.bashrc?"


def choose_session(app: App, dialogue: Dialogue) -> str:
    url = "https://d-0000000000.awsapps.com/start"
    return setup_plan.choose_session(app, dialogue, url, "work", None)[0].region


def test_a_region_that_nothing_tells_is_asked_for_in_each_front_end(home, emulator):
    answers = ["nowhere", "us-east-1"]
    found, script = run_in_each(home.env, choose_session, answers, lambda: None)
    assert found == "'us-east-1'"
    assert "is not known" in script.questions[0]
    assert script.questions[1] == script.questions[0]
