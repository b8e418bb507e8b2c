"""What is no live grant, and what each way then gives: the cells of the guard matrix."""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ssohelper.actions.credentials import release_credentials
from ssohelper.app import App
from ssohelper.core import policy
from ssohelper.core.grants import MOST_SECONDS, Grant, GrantContext, TerminalSession
from ssohelper.core.model import Role, RoleKey
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.guards.ways import PROFILE, ROLE, WAYS, key_of, opened, with_reason
from tests.guards.world import (
    ACCOUNT,
    FREE,
    GUARDED,
    KEY,
    LAUNCHER,
    RULE,
    Guarded,
    Terminal,
    has_secret,
)
from tests.published import date_back

TARGET = RoleKey("corp", ACCOUNT, GUARDED)
FREE_KEY = key_of(FREE)
_CURL = ["curl", "-sS"]
_ASK_PORT = (
    'curl -sS -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" '
    '"$AWS_CONTAINER_CREDENTIALS_FULL_URI"'
)
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def make_world(home: Home, emulator: Emulator) -> Guarded:
    """Return a home in which the guarded role has a profile, and cached credentials of earlier."""
    made = Guarded(home, emulator)
    home.browser()
    text = home.config_file.read_text()
    line = " ".join([LAUNCHER, *KEY])
    home.write_config(f"{text}[profile {PROFILE}]\ncredential_process = {line}\n")
    made.set_rules()
    date_back(made.settings)
    made.app = App(home.env)
    # In this process, without a broker: nearly all situations need none.
    app = App(home.env, clock=lambda: time.time())
    session = app.config.read().sso_session("corp")
    release_credentials(app, session, Role(ACCOUNT, GUARDED), policy.Way.USE, app.clock.deadline())
    made.set_rules(RULE)
    date_back(made.settings)
    made.app = App(home.env)
    assert made.app.vault.policy.rules == (RULE,)
    made.app.credentials.delete_session_responses("corp")
    assert made.app.credentials.load(TARGET, made.app.config.read().sso_session("corp"))
    return made


def grant(world: Guarded, **changes: object) -> Grant:
    """Return a grant for all terminals that is in force, with some fields changed."""
    uid, boot, _, now, uptime = world.app.find_grant_context()
    whole = Grant(TARGET, "INC-4711", now, now + 1800, uptime, uid, boot, None, "00112233")
    return whole._replace(**changes)  # type: ignore[arg-type]


def give(world: Guarded, made: Grant) -> Path:
    """Keep the grant as the program does; return the file of the grants."""
    world.app.grants.add(made, ("bash", "pts/0"))
    return world.home.runtime / "grants.json"


# -- what is no grant ----------------------------------------------------------------------------


def nothing(world: Guarded) -> None:
    """Give no grant: the cache has good credentials, and the caller has no terminal."""


_GRANTS: dict[str, Callable[[GrantContext], dict[str, object]]] = {
    "expired": lambda here: {"granted_at": here.now - 1801, "ends_at": here.now - 1},
    "over_by_the_boot_clock": lambda here: {"uptime": here.uptime - 1801},
    "from_the_future": lambda here: {"granted_at": here.now + 600, "ends_at": here.now + 1200},
    "too_long": lambda here: {"ends_at": here.now + MOST_SECONDS + 60},
    "of_another_user": lambda here: {"uid": here.uid + 1},
    "of_another_boot": lambda _: {"boot": "0f0f0f0f-0000-0000-0000-000000000000"},
    "of_another_terminal": lambda _: {"session": TerminalSession(os.getpid(), 1, "pts/0")},
    "of_another_role": lambda _: {"key": RoleKey("corp", ACCOUNT, FREE)},
}


def _situation_of_grant(name: str) -> Callable[[Guarded], None]:
    def give_changed(world: Guarded) -> None:
        give(world, grant(world, **_GRANTS[name](world.app.find_grant_context())))

    give_changed.__name__ = name
    return give_changed


def a_link(world: Guarded) -> None:
    path = give(world, grant(world))
    moved = path.rename(world.home.path / "moved.json")
    path.symlink_to(moved)


def not_json(world: Guarded) -> None:
    path = give(world, grant(world))
    path.write_bytes(path.read_bytes()[:-1])


def revoked(world: Guarded) -> None:
    made = grant(world)
    give(world, made)
    world.app.grants.revoke(made, ("bash", "pts/0"))


def rules_file_removed(world: Guarded) -> None:
    world.settings.unlink()


def rules_file_unreadable(world: Guarded) -> None:
    world.settings.unlink()
    world.settings.mkdir()


def rules_file_invalid(world: Guarded) -> None:
    world.settings.write_text("[guard\nrules = ]")
    date_back(world.settings)


def rule_deleted_by_an_editor(world: Guarded) -> None:
    world.set_rules()
    date_back(world.settings)


def tag_emptied_by_an_editor(world: Guarded) -> None:
    world.settings.write_text(f'[guard]\nrules = ["#admins"]\n[tags]\nadmins = ["{RULE}"]\n')
    world.app.protections.save_rules(())
    assert App(world.home.env).vault.policy.rules == (RULE,)
    world.settings.write_text('[guard]\nrules = ["#admins"]\n[tags]\nadmins = []\n')
    date_back(world.settings)


def memory_damaged(world: Guarded) -> None:
    world.set_rules()
    date_back(world.settings)
    (world.app.locations.state_folder / "guard-rules.json").write_text('{"rules": 1}')


SITUATIONS = [
    *(nothing, *map(_situation_of_grant, _GRANTS), a_link, not_json, revoked),
    *(rules_file_removed, rules_file_unreadable, rules_file_invalid),
    *(rule_deleted_by_an_editor, tag_emptied_by_an_editor, memory_damaged),
]


def name_of(situation: Callable[..., object]) -> str:
    return situation.__name__


class Cell(NamedTuple):
    """What one way gave in one situation. `is_noted`: the refusal has a line in the journal."""

    way: str
    code: int
    shown: str
    is_released: bool
    is_noted: bool

    @property
    def is_refused(self) -> bool:
        """Whether the program ended with a refusal, and gave nothing."""
        codes = (253, 255) if self.way == "AWS CLI" else (9,)
        return self.code in codes and not self.is_released and self.is_noted


def ask_each_way(world: Guarded, ways: Iterable[str] = WAYS, **more: str) -> list[Cell]:
    """Ask for the guarded role in each of these ways, without a terminal."""
    return [_ask(world, name, WAYS[name].argv, **more) for name in ways]


def ask_each_way_in(world: Guarded, terminal: Terminal, ways: Iterable[str] = WAYS) -> list[Cell]:
    """Ask for the guarded role in each of these ways on this terminal."""
    return [_type(world, terminal, name, WAYS[name].argv) for name in ways]


def ask_with_wrong_word(world: Guarded, terminal: Terminal) -> list[Cell]:
    """Type another word at the question of each way that asks one."""
    return [
        _type(world, terminal, name, with_reason(way.argv), "payments-dev")
        for name, way in WAYS.items()
        if way.takes_reason
    ]


def _ask(world: Guarded, name: str, argv: list[str], **more: str) -> Cell:
    pages, before = opened(world.home.path), world.events().count("refused")
    done = world.run(*argv, **more)
    return _cell(world, name, done.returncode, done.stdout + done.stderr, pages, before)


def _type(world: Guarded, terminal: Terminal, name: str, argv: list[str], *answers: str) -> Cell:
    pages, before = opened(world.home.path), world.events().count("refused")
    line = shlex.join(argv)
    if name in ("env", "use --keys"):  # they print no secret on a terminal
        line = f"{line} | cat; (exit ${{PIPESTATUS[0]}})"
    code, shown = terminal.run(line, *answers)
    return _cell(world, name, code, shown, pages, before)


def _cell(world: Guarded, way: str, code: int, shown: str, pages: int, before: int) -> Cell:
    is_noted = world.events().count("refused") > before
    return Cell(way, code, shown, is_released(world, way, code, shown, pages), is_noted)


def is_released(world: Guarded, way: str, code: int, shown: str, pages: int) -> bool:
    """Return whether this way has handed out credentials."""
    if way.startswith("console"):
        return code == 0 or "/start/#/console" in shown or opened(world.home.path) > pages
    if way == "whoami":
        return code == 0 or "confirmed by AWS" in shown
    if way.startswith("serve"):
        return "AWS_CONTAINER" in shown or "http://" in shown
    return code == 0 or has_secret(shown)


# -- moving the wall clock after a grant was given -------------------------------------------------

# How long ago a grant for 30 min was given, and how the clock is moved then: back to where an ended
# grant lasted, ahead of a living one, and to before it was given.
CLOCKS = ((2000, "-30m"), (0, "+40m"), (0, "-10m"))


def move_clock(world: Guarded, granted_ago: int, clock: str) -> dict[str, str]:
    """Give the grant; return the variables with which a program sees the moved clock."""
    here = world.app.find_grant_context()
    at = here.now - granted_ago
    give(world, grant(world, granted_at=at, ends_at=at + 1800, uptime=here.uptime - granted_ago))
    kept = dict.fromkeys(("FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"), "1")
    return {"LD_PRELOAD": FAKETIME, "FAKETIME": clock, **kept}


# -- publishing responses before a role is guarded -------------------------------------------------


def publish_before_the_rule(world: Guarded) -> None:
    """The rule comes from an editor while a response that was published before it is good."""
    world.set_rules()
    world.app.protections.save_rules(())
    date_back(world.settings)
    for _ in range(2):
        assert world.run(LAUNCHER, *KEY).returncode == 0
    assert world.published() == [GUARDED]
    world.set_rules(RULE)


def publish_before_the_rule_and_note_it(world: Guarded) -> None:
    """Publish, add a guard rule, and let another role's call note the new settings."""
    publish_before_the_rule(world)
    date_back(world.settings)
    assert world.run(LAUNCHER, *FREE_KEY).returncode == 0


def restore_old_settings(world: Guarded, *, had_file: bool = True) -> None:
    """`mv` keeps a file's date: it then is that of the settings under which was published."""
    old = world.settings.with_name("old")
    world.set_rules()
    world.app.protections.save_rules(())
    date_back(world.settings)
    world.settings.rename(old)
    if had_file:
        shutil.copy2(old, world.settings)
    assert world.run(LAUNCHER, *KEY).returncode == 0
    assert world.published() == [GUARDED]
    world.set_rules(RULE)
    assert world.run(LAUNCHER, *FREE_KEY).returncode == 0
    if had_file:
        old.rename(world.settings)
    else:
        world.settings.unlink()


# -- asking endpoints that run when a role is guarded ----------------------------------------------


def start_serving(world: Guarded, *argv: str) -> "subprocess.Popen[str]":
    streams = {**dict.fromkeys(("stdin", "stderr"), subprocess.DEVNULL), "stdout": subprocess.PIPE}
    how = {"env": world.home.env, "cwd": world.home.path, "start_new_session": True, "text": True}
    return subprocess.Popen(argv, **how, **streams)


@contextmanager
def running_endpoints(world: Guarded) -> Iterator[dict[str, list[str]]]:
    """Serve the guarded role over HTTP and on a socket, under a grant that is then revoked.

    Yields the command line of a client of each.
    """
    made = grant(world)
    give(world, made)
    socket, env_file = world.home.path / "s", world.home.path / "e"
    clients = {
        "running endpoint": ["sh", "-c", f". {env_file}; {_ASK_PORT}"],
        "running socket": [*_CURL, "--unix-socket", str(socket), "http://localhost/"],
    }
    options = ["--socket", str(socket), "--env-file", str(env_file)]
    with start_serving(world, SCRIPT, "serve", ROLE, *options) as serving:
        try:
            assert serving.stdout is not None
            serving.stdout.readline()
            for argv in clients.values():
                assert has_secret(world.run(*argv).stdout)
            world.app.grants.revoke(made, ("bash", "pts/0"))
            yield clients
        finally:
            serving.send_signal(signal.SIGTERM)


def ask_running(world: Guarded, clients: dict[str, list[str]]) -> list[Cell]:
    """Ask the running endpoints for credentials. A client's exit code is not ours."""
    cells = [_ask(world, name, argv) for name, argv in clients.items()]
    return [cell._replace(code=9, is_released=has_secret(cell.shown)) for cell in cells]
