"""What the prompt of a shell is told, and which files it then reads by itself."""

import os
from pathlib import Path
from typing import Any

import pytest

from ssohelper.actions import prompt
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, RoleKey
from ssohelper.core.served_role import VARIABLE
from tests.cli.test_prompt_command import ACCOUNT, PROFILE, ROLE, file_of, state
from tests.cli.test_prompt_command import _world as _world  # a fixture


def test_a_name_that_looks_like_no_other_costs_no_read_of_the_config(home, monkeypatch):
    """A status bar runs `prompt` again and again, often with no profile in use."""
    app = App({name: value for name, value in home.env.items() if name != "AWS_PROFILE"})
    monkeypatch.setattr(type(app.config), "read", lambda _store: pytest.fail("the config was read"))
    assert prompt.read_prompt_status(app).label == ""


def test_a_damaged_file_is_repaired(home, app):
    answer = prompt.answer_shell_prompt(app)
    path = file_of(home)
    good = path.read_bytes()
    for bad in (b"", b"x", b"x\n12", b"x\n-1\n", b"x\n12\n13\n", b"\xff\n", b"9" * 2000):
        path.write_bytes(bad)
        assert prompt.answer_shell_prompt(app) == answer
        assert path.read_bytes() == good


def test_a_shell_gets_the_file_the_config_and_the_rows(home, app):
    rows = "99999999999|0|late|==signed out=="
    labels = f"{PROFILE}|payments-prod.ReadO..cess"
    answer = f"{labels}|{file_of(home)}|{home.config_file}|{rows}"
    assert prompt.answer_shell_prompt(app) == f"{answer}\n"
    assert file_of(home).read_text() == f"{rows}\n"


def test_a_shell_gets_no_file_for_fixed_keys(home):
    keys = {"AWS_ACCESS_KEY_ID": "ASIAX", "AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"}
    answer = prompt.answer_shell_prompt(App({**home.env, **keys}))
    assert answer.split("|")[2:4] == ["", ""]
    assert answer.endswith("|99999999999|0|late|==expired==\n")
    assert not file_of(home).exists()


def test_a_sign_in_while_a_shell_asks_is_noticed(home, app, emulator, monkeypatch):
    really = app.prompt_state.write

    def write(*words: Any, **more: Any) -> bool:
        home.write_token(emulator.issue_token("ana"))
        return really(*words, **more)

    monkeypatch.setattr(app.prompt_state, "write", write)
    prompt.answer_shell_prompt(app)
    assert state(home) == "open"


@pytest.mark.parametrize("name", ["a\nb", "a|b", "unwritable"])
def test_where_no_file_can_be_named_or_written_no_end_is_shown(home, name):
    folder = home.path / name
    folder.mkdir()
    if name == "unwritable":
        (folder / "run").mkdir(mode=0o700)
        (folder / "run" / "prompt").symlink_to("nothing")
    answer = prompt.answer_shell_prompt(App({**home.env, "SSOHELPER_HOME": str(folder)}))
    assert answer == f"{PROFILE}|{PROFILE}|||99999999999|0||\n"


def test_a_changed_config_is_newer_until_a_shell_has_asked(home, app):
    key = RoleKey("corp", ACCOUNT, ROLE)
    prompt.answer_shell_prompt(app)
    changed_ns = home.config_file.stat().st_mtime_ns + 5
    os.utime(home.config_file, ns=(changed_ns, changed_ns))
    app.prompt_state.write(key, "1|0|fine|ok")  # as after a sign-in: keeps its time
    assert file_of(home).stat().st_mtime_ns == changed_ns - 5
    prompt.answer_shell_prompt(app)
    assert file_of(home).stat().st_mtime_ns == changed_ns


def test_an_older_config_leaves_the_file_as_new_as_it_is(home, app):
    """Otherwise, shells with two configs that name one role would ask again and again."""
    prompt.answer_shell_prompt(app)
    before = file_of(home).stat().st_mtime_ns
    os.utime(home.config_file, (1, 1))
    assert str(home.config_file) in prompt.answer_shell_prompt(app)
    assert file_of(home).stat().st_mtime_ns == before


@pytest.mark.parametrize("profile", ["plain", "no such"])
def test_a_profile_that_is_none_of_ours_is_asked_for_after_a_change_too(home, app, profile):
    answer = prompt.answer_shell_prompt(App({**home.env, "AWS_PROFILE": profile}))
    _, _, file, config, *_ = answer.split("|")
    assert Path(file).stat().st_mtime_ns == Path(config).stat().st_mtime_ns


def test_without_a_config_the_answer_names_no_config_to_compare(home):
    home.config_file.unlink()
    answer = prompt.answer_shell_prompt(App(home.env))
    assert answer.split("|")[2:4] == [str(home.runtime / "prompt" / "no-role"), ""]


@pytest.mark.parametrize(
    ("names", "label"), [(("pay", "dev"), "pay/Read"), (("pay", "pay"), f"{ACCOUNT}/Read")]
)
def test_the_account_of_a_served_role_has_its_name_unless_two_accounts_have_it(home, names, label):
    served = {VARIABLE: f"corp:{ACCOUNT}/Read", "AWS_PROFILE": ""}
    served["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:9/"
    app = App({**home.env, **served})
    session = app.config.read().sso_session("corp")
    accounts = tuple(
        ListedAccount(Account(account_id, name, ""), ("Read",))
        for account_id, name in zip((ACCOUNT, "000000000009"), names, strict=True)
    )
    listing = Listing(session.start_url, session.region, app.clock.now(), accounts)
    app.directory.save("corp", listing)
    assert prompt.read_prompt_status(app).label == label
