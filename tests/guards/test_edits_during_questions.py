"""The config is edited while a command asks for a grant: the answer's role is used, or none."""

from collections.abc import Callable

import pytest

from tests.cli.test_guard_command import line
from tests.guards.world import ACCOUNT, FREE, GUARDED, NAME, Guarded, has_secret
from tests.long_rows import long_after

PROFILE = f"pay.{GUARDED}"
REASON = ["--reason", "INC-4711"]
COMMANDS = [
    *("use", "exec -- env", "guard grant", "use --keys", "exec --server -- env"),
    *("console", "env", "whoami"),
]


@pytest.fixture
def world(home, guarded) -> Guarded:
    home.write_config(f"{home.config_file.read_text()}{section(GUARDED)}")
    home.browser()
    return guarded


def section(role: str) -> str:
    return (
        f"\n[profile {PROFILE}]\nsso_session = corp\nsso_account_id = {ACCOUNT}\n"
        f"sso_role_name = {role}\n"
    )


def edit(world: Guarded, old: str, new: str) -> Callable[[], None]:
    text = world.home.config_file.read_text()
    assert old in text
    return lambda: world.home.write_config(text.replace(old, new))


def run_and_edit(world: Guarded, command: str, old: str, new: str) -> tuple[int, str]:
    words, dashes, inner = command.partition(" -- ")
    text = line(*words.split(), PROFILE, *REASON, *f"{dashes}{inner}".split())
    if words.split()[0] in ("use", "env"):
        text = f"_SSOHELPER_SHELL=bash {text} | cat; (exit ${{PIPESTATUS[0]}})"
    return world.open_terminal().run(text, NAME, at_question=edit(world, old, new))


@pytest.mark.parametrize("command", long_after(2, COMMANDS))
@pytest.mark.parametrize("new", [section(FREE), ""], ids=["another role", "removed"])
def test_a_profile_that_means_another_role_ends_the_command(world, command, new):
    code, shown = run_and_edit(world, command, section(GUARDED), new)
    assert code == 2, shown
    assert f'the profile "{PROFILE}" has been edited: it was corp:{ACCOUNT}/{GUARDED}' in shown
    assert (f"and is corp:{ACCOUNT}/{FREE} now" in shown) == bool(new)
    assert "AWS_PROFILE" not in shown
    assert not has_secret(shown)
    assert world.events() == []


@pytest.mark.parametrize("command", long_after(1, COMMANDS))
def test_an_edit_elsewhere_does_not_end_it(world, command):
    old = section(GUARDED)
    code, shown = run_and_edit(world, command, old, f"{old}\n[profile other]\nregion = eu-west-1\n")
    assert code == 0, shown
    assert world.events()[0] == "grant"
