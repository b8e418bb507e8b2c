"""Ways round a guard rule that no one takes on purpose: moved folders, new names, a typing error."""

import os
from collections.abc import Iterator

import pytest

from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.guards.world import ACCOUNT, FREE, GUARDED, KEY, LAUNCHER, RULE, Guarded
from tests.long_rows import long_after
from tests.published import date_back

FREE_KEY = [FREE if word == GUARDED else word for word in KEY]
IN_PYTHON = [SCRIPT, "credential-process"]


@pytest.fixture
def world(home: Home, emulator: Emulator) -> Iterator[Guarded]:
    made = Guarded(home, emulator)
    yield made
    made.close()


def test_a_call_with_another_state_folder_undoes_no_remembered_rule(world: Guarded):
    """The two calls share a runtime folder, in which a call without the rule would publish."""
    assert world.run(LAUNCHER, *KEY).returncode == 9
    world.set_rules()
    other = str(world.home.path / "elsewhere")
    for variables in ({}, {"XDG_STATE_HOME": other}, {}):
        for command in ([LAUNCHER], IN_PYTHON):
            done = world.run(*command, *KEY, **variables)
            assert (done.returncode, done.stdout) == (9, ""), (variables, command, done.stderr)
    assert world.published() == []


def test_an_account_that_gets_a_guarded_name_loses_its_published_response(world: Guarded):
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
def test_a_typing_error_beside_a_new_rule_hands_out_nothing(world: Guarded, text: str):
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


def test_a_rule_of_a_file_with_the_same_time_and_size_counts_at_once(world: Guarded):
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
