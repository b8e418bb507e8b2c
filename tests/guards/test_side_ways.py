"""Ways round a guard rule that no one takes on purpose: moved folders, new names, a typing error."""

import json
import os

import pytest

from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.conftest import SCRIPT
from tests.guards.ways import key_of
from tests.guards.world import ACCOUNT, FREE, GUARDED, KEY, LAUNCHER, RULE, Guarded
from tests.long_rows import long_after
from tests.published import date_back

FREE_KEY = key_of(FREE)
IN_PYTHON = [SCRIPT, "credential-process"]


@pytest.fixture
def world(guarded) -> Guarded:
    return guarded


def test_a_call_with_another_state_folder_undoes_no_remembered_rule(world):
    """The two calls share a runtime folder, in which a call without the rule would publish."""
    assert world.run(LAUNCHER, *KEY).returncode == 9
    world.set_rules()
    other = str(world.home.path / "elsewhere")
    for variables in ({}, {"XDG_STATE_HOME": other}, {}):
        for command in ([LAUNCHER], IN_PYTHON):
            done = world.run(*command, *KEY, **variables)
            assert (done.returncode, done.stdout) == (9, ""), (variables, command, done.stderr)
    assert world.published() == []


def test_an_account_that_gets_a_guarded_name_loses_its_published_response(world):
    world.set_rules("payments-prod/*")
    url, now = world.emulator.world.start_url, world.app.clock.now()
    account = ListedAccount(Account(ACCOUNT, "payments-old", ""), (GUARDED, FREE))
    world.app.directory.save("corp", Listing(url, "us-east-1", now, (account,)))
    assert world.run(LAUNCHER, *FREE_KEY).returncode == 0
    assert world.published() == [FREE]
    assert world.run(SCRIPT, "list", "--refresh").returncode == 0
    assert world.published() == []
    for command in ([LAUNCHER], IN_PYTHON):
        done = world.run(*command, *FREE_KEY)
        assert (done.returncode, done.stdout) == (9, ""), done.stderr


def test_a_second_session_of_the_portal_is_guarded_and_an_allow_list_is_not_widened(world):
    home, url = world.home, world.emulator.world.start_url
    world.set_rules(f"corp:*/{GUARDED}")
    home.add_session("two", start_url=f"{url}/#/")
    home.write_token(world.emulator.issue_token("ana", start_url=url), "two")
    listing = world.app.directory.load("corp")
    assert listing is not None
    world.app.directory.save("two", listing)
    keys = [["two" if word == "corp" else word for word in key] for key in (KEY, FREE_KEY)]
    for key, code, limited in zip(keys, (9, 0), (9, 9), strict=True):
        for command in ([LAUNCHER], IN_PYTHON):
            assert world.run(*command, *key).returncode == code
            done = world.run(*command, *key, SSOHELPER_ALLOW=f"corp:{ACCOUNT}/*")
            assert done.returncode == limited, done.stderr
    rows = world.run(SCRIPT, "list", "--json").stdout
    found = {(row["session"], row["role_name"], row["guarded"]) for row in json.loads(rows)["data"]}
    roles = ((GUARDED, True), (FREE, False))
    assert found == {(session, *role) for session in ("corp", "two") for role in roles}
    text = home.config_file.read_text()
    home.write_config(text.replace(f"{url}/#/", "https://d-1.awsapps.com/start"))
    # Of another portal: no guard, no sign-in.
    assert world.run(*IN_PYTHON, *keys[0]).returncode == 4


@pytest.mark.parametrize(
    "text",
    long_after(
        1,
        [
            f'[guard]\nrules = ["{RULE}", "*/{FREE}"]\nunknown = 1\n',
            f'[guard\nrules = ["{RULE}", "*/{FREE}"]\n',
            f'[guards]\nrules = ["{RULE}", "*/{FREE}"]\n',
            f'[guard]\nrules = "*/{FREE}"\n',
        ],
    ),
)
def test_a_typing_error_beside_a_new_rule_hands_out_nothing(world, text):
    assert world.run(LAUNCHER, *FREE_KEY).returncode == 0
    assert world.run(LAUNCHER, *KEY).returncode == 9
    world.settings.write_text(text)
    date_back(world.settings)
    for command in ([LAUNCHER], IN_PYTHON, [SCRIPT, "exec", f"corp:{ACCOUNT}/{FREE}", "--", "env"]):
        argv = command if "exec" in command else [*command, *FREE_KEY]
        done = world.run(*argv)
        assert done.returncode in (3, 9), (command, done.stderr)
        assert done.stdout == ""
    assert "refused" in [line.event for line in App(world.home.env).journal.read().lines]


def test_a_rule_of_a_file_with_the_same_time_and_size_counts_at_once(world):
    """Tools that unpack an archive, or link dotfiles to a store, date each version alike."""
    at = 1_000_000_000
    texts = ['[guard]\nrules = ["*/Other12345678"]\n', f'[guard]\nrules = ["*/{GUARDED}"]\n']
    texts[0] = texts[0].ljust(len(texts[1]), "\n")
    world.app.protections.save_rules(())
    world.settings.write_text(texts[0])
    os.utime(world.settings, (at, at))
    for _ in range(2):
        assert world.run(LAUNCHER, *KEY).returncode == 0
    assert world.published() == [GUARDED]
    new = world.settings.with_name("new")
    new.write_text(texts[1])
    os.utime(new, (at, at))
    assert new.stat().st_size == world.settings.stat().st_size
    new.rename(world.settings)
    for command in ([LAUNCHER], IN_PYTHON):
        done = world.run(*command, *KEY)
        assert (done.returncode, done.stdout) == (9, ""), (command, done.stderr)
    assert world.published() == []
