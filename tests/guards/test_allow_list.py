"""Below `exec --allow`, each way hands out the roles of the list and no others; it only narrows."""

import re
import shlex
from collections.abc import Iterator

import pytest

from ssohelper.app import App
from tests.conftest import SCRIPT
from tests.guards.allow_matrix import OTHER, ROLE, WAYS, make_world, start_sign_ins
from tests.guards.ways import key_of
from tests.guards.world import ACCOUNT, FREE, LAUNCHER, NAME, Guarded, has_secret
from tests.long_rows import long_after


@pytest.fixture
def world(home, emulator) -> Iterator[Guarded]:
    made = make_world(home, emulator)
    for role in (FREE, OTHER):
        # A published response is there for each role: a hit would print it.
        assert made.run(LAUNCHER, *key_of(role)).returncode == 0
    assert sorted(made.published()) == sorted([FREE, OTHER])
    yield made
    made.close()


@pytest.mark.parametrize(
    "allowed",
    long_after(
        1,
        [
            *(f"{NAME}/{FREE}", f"*/{OTHER};*/{FREE}", f"*/*;corp:{ACCOUNT}/{FREE}"),
            *(f"pay.{OTHER}", "*/*;", ""),
        ],
    ),
)
def test_each_way_refuses_what_the_list_does_not_name(world, allowed):
    for way, ask in WAYS.items():
        assert OTHER in world.published(), way
        refusals = world.events().count("refused")
        done = world.run(*ask(OTHER), SSOHELPER_ALLOW=allowed)
        assert done.returncode == 9, (way, done.stdout, done.stderr)
        assert not has_secret(done.stdout), way
        assert "SSOHELPER_ALLOW" in done.stderr, way
        if not allowed.startswith("pay."):
            ask_for = f"ask the person to run: ssohelper exec --allow corp:{ACCOUNT}/{OTHER} "
            assert ask_for in done.stderr, way
        assert world.events()[-1] == "refused", way
        assert world.events().count("refused") > refusals, way


@pytest.mark.long
def test_each_way_hands_out_what_the_list_names(world):
    for way, ask in WAYS.items():
        done = world.run(*ask(FREE), SSOHELPER_ALLOW=f"{NAME}/{FREE}")
        assert done.returncode == 0, (way, done.stderr)


def test_a_child_can_narrow_the_list_and_not_widen_it(world):
    inner = [SCRIPT, "exec", "--allow", "*/*", ROLE[FREE], "--", LAUNCHER]
    argv = [SCRIPT, "exec", "--allow", f"pay.{FREE}", ROLE[FREE], "--", *inner]
    assert world.run(*argv, *key_of(FREE)).returncode == 0
    done = world.run(*argv, *key_of(OTHER))
    assert (done.returncode, has_secret(done.stdout)) == (9, False)


@pytest.mark.long
def test_a_name_in_the_variable_stands_for_no_role(world):
    """A child that edits the config would decide for which one."""
    for way, ask in WAYS.items():
        done = world.run(*ask(FREE), SSOHELPER_ALLOW=f"pay.{FREE}")
        assert (done.returncode, has_secret(done.stdout)) == (9, False), way
        assert f'the list has "pay.{FREE}", which names no role: write' in done.stderr, way


def test_an_edited_profile_gives_a_child_no_other_role(world):
    """exec replaces a profile's name by its role, so that a child's edit of the config is no way."""
    line = f"sed -i 's/--role-name {FREE}/--role-name {OTHER}/' ~/.aws/config"
    ask = f"{SCRIPT} credential-process --profile pay.{FREE}"
    argv = [SCRIPT, "exec", "--allow", f"pay.{FREE}", ROLE[FREE], "--", "sh", "-c"]
    done = world.run(*argv, f"{line}; {ask}")
    assert (done.returncode, has_secret(done.stdout)) == (9, False)


@pytest.mark.parametrize(
    ("argv", "ask_for"),
    long_after(
        3,
        [
            (["login", "corp", "--force"], "ssohelper login corp"),
            (["config", "set", "guard.rules", "x"], "ssohelper config set guard.rules"),
            (["profile", "add", ROLE[FREE], "--name", "x", "--yes"], "ssohelper profile add"),
            (["logout", "corp"], "ssohelper logout corp"),
            (["config", "set", "renew_ahead", "false"], "ssohelper config set renew_ahead"),
        ],
    ),
)
def test_what_would_give_a_child_more_is_refused(world, argv, ask_for):
    opened, config = world.home.path / "opened", world.home.config_file.read_text()
    done = world.run(SCRIPT, *argv, SSOHELPER_ALLOW="*/*")
    assert done.returncode == 9, done.stderr
    assert f"ask the person to run: {ask_for}" in done.stderr
    assert not opened.exists(), "a browser was started"
    assert world.home.config_file.read_text() == config
    lines = App(world.home.env).journal.read().lines
    assert [line.fields.get("what") for line in lines if line.event == "refused"] != []


def test_no_command_starts_a_sign_in(world):
    assert [one for one in start_sign_ins(world) if not one.is_refused] == []


def test_a_child_removes_no_profile_and_undoes_no_write(world):
    assert world.run(SCRIPT, "profile", "add", ROLE[FREE], "--name", "x", "--yes").returncode == 0
    config = world.home.config_file.read_text()
    for argv in (["rm", "x"], ["undo"]):
        done = world.run(SCRIPT, "profile", *argv, "--yes", SSOHELPER_ALLOW="*/*")
        assert done.returncode == 9, done.stderr
        assert re.search(rf"ssohelper (profile )?{argv[0]}", done.stderr)
    for command in ("list", "status"):  # these still work
        assert world.run(SCRIPT, command, SSOHELPER_ALLOW="").returncode == 0
    assert world.home.config_file.read_text() == config


@pytest.mark.parametrize(
    "lines",
    long_after(
        1,
        [
            f"sso_session = *; sso_account_id = {ACCOUNT}; sso_role_name = {FREE}",
            f"sso_session = corp; sso_account_id = {ACCOUNT}; sso_role_name = *",
            f"sso_session = corp; sso_account_id = *; sso_role_name = {FREE}",
            f"credential_process = {shlex.join([LAUNCHER, *key_of('*')])}",
        ],
    ),
)
def test_a_profile_that_names_a_pattern_allows_no_role(world, lines):
    section = lines.replace("; ", "\n")
    world.home.write_config(f"{world.home.config_file.read_text()}[profile evil]\n{section}\n")
    inner = ["--", "sh", "-c", "echo $SSOHELPER_ALLOW"]
    done = world.run(SCRIPT, "exec", "--allow", "evil", ROLE[FREE], *inner)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert 'no profile matches "evil"' in done.stderr


@pytest.mark.parametrize(
    "text", long_after(1, ["\udcff", "\n", "x" * 100_000, ",;,", "*/*\\", "[/[", "ü/ü", "/"])
)
def test_a_strange_list_is_one_line_of_refusal(world, text):
    done = world.run(*WAYS["Python"](OTHER), SSOHELPER_ALLOW=text)
    assert (done.returncode, done.stdout) == (9, "")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 500


@pytest.mark.parametrize("glob", long_after(2, ["a,b", "no-such-profile*", "", "a;b"]))
def test_a_pattern_that_cannot_be_meant_is_refused(world, glob):
    done = world.run(SCRIPT, "exec", "--allow", glob, ROLE[FREE], "--", "env")
    assert (done.returncode, done.stdout) == (2, "")
