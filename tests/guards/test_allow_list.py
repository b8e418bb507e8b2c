"""Below `exec --allow`, each way hands out the roles of the list and no others; it only narrows."""

from collections.abc import Iterator

import pytest

from ssohelper.app import App
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.guards.ways import ASK_ENDPOINT, other_order
from tests.guards.world import ACCOUNT, FREE, GUARDED, LAUNCHER, NAME, Guarded, has_secret

OTHER = GUARDED  # the second role, here without a rule
ROLE = {FREE: f"corp:{NAME}/{FREE}", OTHER: f"corp:{NAME}/{OTHER}"}


def key(role: str) -> list[str]:
    return ["--session", "corp", "--account-id", ACCOUNT, "--role-name", role]


# Each way in which a program below the list asks for a role. A hit, then Python, then the rest.
WAYS = {
    "launcher": lambda role: [LAUNCHER, *key(role)],
    "hit in Python": lambda role: [SCRIPT, "credential-process", *other_order(key(role))],
    "miss": lambda role: [SCRIPT, "credential-process", *key(role)],
    "by profile": lambda role: [SCRIPT, "credential-process", "--profile", f"pay.{role}"],
    "env": lambda role: [SCRIPT, "env", ROLE[role]],
    "exec": lambda role: [SCRIPT, "exec", ROLE[role], "--", "env"],
    "exec --server": lambda role: [SCRIPT, "exec", "--server", ROLE[role], "--", *ASK_ENDPOINT],
    "whoami": lambda role: [SCRIPT, "whoami", ROLE[role]],
    "console": lambda role: [SCRIPT, "console", ROLE[role]],
    "console --print": lambda role: [SCRIPT, "console", "--print", ROLE[role]],
    "serve --socket": lambda role: serve(ROLE[role], "--socket $HOME/s", "--unix-socket $HOME/s"),
    "serve": lambda role: serve(ROLE[role], "--env-file $HOME/e", ENDPOINT),
    "use --keys": lambda role: [
        *("env", "_SSOHELPER_SHELL=bash", SCRIPT, "use", "--keys", ROLE[role]),
    ],
}
ENDPOINT = '-H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN"'
_SERVE_AND_ASK = """
rm -f "$HOME/s" "$HOME/e"
"$0" serve "$1" %s >/dev/null & serve=$!
trap 'kill $serve 2>/dev/null' EXIT
while kill -0 $serve 2>/dev/null; do
    [ ! -e "$HOME/e" ] || . "$HOME/e"
    if [ -n "${AWS_CONTAINER_CREDENTIALS_FULL_URI-}" ] || [ -e "$HOME/s" ]; then
        curl -sS --fail-with-body %s "${AWS_CONTAINER_CREDENTIALS_FULL_URI-http://localhost/}"
        case $? in 7) ;; *) exit ;; esac
    fi
    sleep 0.1
done
wait $serve
"""


def serve(role: str, place: str, options: str) -> list[str]:
    """Return a shell's command that serves the role and asks for it; if refused, `serve`'s code."""
    return ["sh", "-c", _SERVE_AND_ASK % (place, options), SCRIPT, role]


def make_world(home: Home, emulator: Emulator) -> Guarded:
    """Return a signed-in home with a profile for each of two roles, and no guard rule."""
    made = Guarded(home, emulator)
    home.browser()
    made.set_rules()
    made.app.guard_memory.save(())
    text = home.config_file.read_text()
    for role in (FREE, OTHER):
        line = " ".join([LAUNCHER, *key(role)])
        text += f"[profile pay.{role}]\ncredential_process = {line}\n"
    home.write_config(text)
    return made


@pytest.fixture
def world(home: Home, emulator: Emulator) -> Iterator[Guarded]:
    made = make_world(home, emulator)
    for role in (FREE, OTHER):
        # A published response is there for each role: a hit would print it.
        assert made.run(LAUNCHER, *key(role)).returncode == 0
    assert sorted(made.published()) == sorted([FREE, OTHER])
    yield made
    made.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "allowed",
    [
        f"{NAME}/{FREE}",
        f"*/*;corp:{ACCOUNT}/{FREE}",
        f"pay.{OTHER}",
        f"*/{OTHER};*/{FREE}",
        "*/*;",
        "",
    ],
)
def test_each_way_refuses_what_the_list_does_not_name(world: Guarded, way: str, allowed: str):
    done = world.run(*WAYS[way](OTHER), SSOHELPER_ALLOW=allowed)
    assert done.returncode == 9, (done.stdout, done.stderr)
    assert not has_secret(done.stdout)
    assert "SSOHELPER_ALLOW" in done.stderr
    if not allowed.startswith("pay."):
        ask_for = f"ask the person to run: ssohelper exec --allow corp:{ACCOUNT}/{OTHER} "
        assert ask_for in done.stderr
    assert world.events()[-1] == "refused"


@pytest.mark.parametrize("way", WAYS)
def test_each_way_hands_out_what_the_list_names(world: Guarded, way: str):
    done = world.run(*WAYS[way](FREE), SSOHELPER_ALLOW=f"{NAME}/{FREE}")
    assert done.returncode == 0, done.stderr


def test_a_child_can_narrow_the_list_and_not_widen_it(world: Guarded):
    inner = [SCRIPT, "exec", "--allow", "*/*", ROLE[FREE], "--", LAUNCHER]
    argv = [SCRIPT, "exec", "--allow", f"pay.{FREE}", ROLE[FREE], "--", *inner]
    assert world.run(*argv, *key(FREE)).returncode == 0
    done = world.run(*argv, *key(OTHER))
    assert (done.returncode, has_secret(done.stdout)) == (9, False)


@pytest.mark.parametrize("way", WAYS)
def test_a_name_in_the_variable_stands_for_no_role(world: Guarded, way: str):
    """A child that edits the config would decide for which one."""
    done = world.run(*WAYS[way](FREE), SSOHELPER_ALLOW=f"pay.{FREE}")
    assert (done.returncode, has_secret(done.stdout)) == (9, False)
    assert f'it has "pay.{FREE}", which names no role: write' in done.stderr


def test_an_edited_profile_gives_a_child_no_other_role(world: Guarded):
    """exec replaces a profile's name by its role, so that a child's edit of the config is no way."""
    line = f"sed -i 's/--role-name {FREE}/--role-name {OTHER}/' ~/.aws/config"
    ask = f"{SCRIPT} credential-process --profile pay.{FREE}"
    argv = [SCRIPT, "exec", "--allow", f"pay.{FREE}", ROLE[FREE], "--", "sh", "-c"]
    done = world.run(*argv, f"{line}; {ask}")
    assert (done.returncode, has_secret(done.stdout)) == (9, False)


@pytest.mark.parametrize(
    ("argv", "ask_for"),
    [
        (["login", "corp", "--force"], "ssohelper login corp"),
        (["logout", "corp"], "ssohelper logout corp"),
        (["config", "set", "guard.rules", "x"], "ssohelper config set guard.rules"),
        (["profile", "add", ROLE[FREE], "--name", "x", "--yes"], "ssohelper profile add"),
        (["config", "set", "renew_ahead", "false"], "ssohelper config set renew_ahead"),
    ],
)
def test_what_would_give_a_child_more_is_refused(world: Guarded, argv: list[str], ask_for: str):
    opened, config = world.home.path / "opened", world.home.config_file.read_text()
    done = world.run(SCRIPT, *argv, SSOHELPER_ALLOW="*/*")
    assert done.returncode == 9, done.stderr
    assert f"ask the person to run: {ask_for}" in done.stderr
    assert not opened.exists(), "a browser was started"
    assert world.home.config_file.read_text() == config
    lines = App(world.home.env).journal.read().lines
    assert [line.fields.get("what") for line in lines if line.event == "refused"] != []


def test_a_child_removes_no_profile_and_undoes_no_write(world: Guarded):
    assert world.run(SCRIPT, "profile", "add", ROLE[FREE], "--name", "x", "--yes").returncode == 0
    config = world.home.config_file.read_text()
    for argv in (["rm", "x"], ["undo"]):
        done = world.run(SCRIPT, "profile", *argv, "--yes", SSOHELPER_ALLOW="*/*")
        assert done.returncode == 9, done.stderr
        assert f"ssohelper profile {argv[0]}" in done.stderr
    assert world.home.config_file.read_text() == config


def test_listing_and_status_still_work(world: Guarded):
    assert world.run(SCRIPT, "list", SSOHELPER_ALLOW="").returncode == 0
    assert world.run(SCRIPT, "status", SSOHELPER_ALLOW="").returncode == 0


@pytest.mark.parametrize("glob", ["", "a,b", "a;b", "no-such-profile*"])
def test_a_pattern_that_cannot_be_meant_is_refused(world: Guarded, glob: str):
    done = world.run(SCRIPT, "exec", "--allow", glob, ROLE[FREE], "--", "env")
    assert (done.returncode, done.stdout) == (2, "")
