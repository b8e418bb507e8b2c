"""Every way x everything that is no live grant: nothing is handed out, and the journal says so.

`test_each_way_hands_out_with_a_grant` shows that each way of the matrix would hand out.
"""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core import policy
from ssohelper.core.grants import MOST_SECONDS, Grant, TerminalSession, to_text
from ssohelper.core.model import RoleKey
from ssohelper.emulator.server import Emulator
from ssohelper.errors import SsoHelperError
from tests.conftest import SCRIPT, Home
from tests.guards.ways import PROFILE, ROLE, WAYS, opened, with_reason
from tests.guards.world import (
    ACCOUNT,
    FREE,
    GUARDED,
    KEY,
    LAUNCHER,
    NAME,
    RULE,
    Guarded,
    has_secret,
)
from tests.published import settle

TARGET = RoleKey("corp", ACCOUNT, GUARDED)
FREE_KEY = [FREE if word == GUARDED else word for word in KEY]
_FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@pytest.fixture
def world(home: Home, emulator: Emulator) -> Iterator[Guarded]:
    """A home in which the guarded role has a profile, and cached credentials of earlier."""
    made = Guarded(home, emulator)
    home.browser()
    text = home.config_file.read_text()
    line = " ".join([LAUNCHER, *KEY])
    home.write_config(f"{text}[profile {PROFILE}]\ncredential_process = {line}\n")
    made.set_rules()
    settle(made.settings)
    made.app = App(home.env)
    assert made.run(LAUNCHER, *KEY).returncode == 0
    made.set_rules(RULE)
    settle(made.settings)
    made.app = App(home.env)
    assert made.app.vault.policy.rules == (RULE,)
    made.app.credentials.withdraw_session("corp")
    assert made.app.credentials.load(TARGET, made.app.config.read().sso_session("corp"))
    yield made
    made.close()


def grant(world: Guarded, **changes: object) -> Grant:
    """Return a grant for all terminals that is in force, with some fields changed."""
    here = world.app.find_here()
    whole = Grant(
        key=TARGET,
        reason="INC-4711",
        granted_at=here.now,
        ends_at=here.now + 1800,
        uptime=here.uptime,
        uid=here.uid,
        boot=here.boot,
        session=None,
        nonce="00112233",
    )
    return whole._replace(**changes)  # type: ignore[arg-type]


def give(world: Guarded, made: Grant) -> Path:
    """Keep the grant as the program does, with its line in the journal; return its file."""
    world.app.grants.add(made, ("bash", "pts/0"))
    return file_of(world, made)


def file_of(world: Guarded, made: Grant) -> Path:
    return world.home.runtime / "grants" / f"{made.id}.json"


def write(world: Guarded, made: Grant, name: Path | None = None) -> None:
    """Write a grant's file by hand: without a line in the journal."""
    path = name or file_of(world, made)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(to_text(made))
    path.chmod(0o600)


# -- what is no grant ----------------------------------------------------------------------------


def nothing(world: Guarded) -> None:
    """There is no grant at all: the cache has good credentials, and there is no terminal."""


def expired(world: Guarded) -> None:
    here = world.app.find_here()
    give(world, grant(world, granted_at=here.now - 1801, ends_at=here.now - 1))


def over_by_the_boot_clock(world: Guarded) -> None:
    give(world, grant(world, uptime=world.app.find_here().uptime - 1801))


def from_the_future(world: Guarded) -> None:
    here = world.app.find_here()
    give(world, grant(world, granted_at=here.now + 600, ends_at=here.now + 1200))


def too_long(world: Guarded) -> None:
    give(world, grant(world, ends_at=world.app.find_here().now + MOST_SECONDS + 60))


def of_another_user(world: Guarded) -> None:
    give(world, grant(world, uid=os.geteuid() + 1))


def of_another_boot(world: Guarded) -> None:
    give(world, grant(world, boot="0f0f0f0f-0000-0000-0000-000000000000"))


def of_another_terminal(world: Guarded) -> None:
    give(world, grant(world, session=TerminalSession(os.getpid(), 1, "pts/0")))


def of_another_role(world: Guarded) -> None:
    give(world, grant(world, key=RoleKey("corp", ACCOUNT, FREE)))


def edited(world: Guarded) -> None:
    here = world.app.find_here()
    path = give(world, grant(world, granted_at=here.now - 1801, ends_at=here.now - 1))
    write(world, grant(world), path)


def edited_and_renamed(world: Guarded) -> None:
    edited(world)
    write(world, grant(world))


def hand_written(world: Guarded) -> None:
    write(world, grant(world))


def hand_written_with_a_copied_id(world: Guarded) -> None:
    path = give(world, grant(world, key=RoleKey("corp", ACCOUNT, FREE)))
    write(world, grant(world), path)


def id_in_a_reason(world: Guarded) -> None:
    """The forged grant's id is in a real line of the journal, as the reason of another grant."""
    forged = grant(world, nonce="ffffffff")
    write(world, forged)
    give(world, grant(world, key=RoleKey("corp", ACCOUNT, FREE), reason=f"see {forged.id}"))


def a_link(world: Guarded) -> None:
    path = give(world, grant(world))
    moved = path.rename(world.home.path / "moved.json")
    path.symlink_to(moved)


def not_json(world: Guarded) -> None:
    path = give(world, grant(world))
    path.write_bytes(path.read_bytes()[:-1])


def without_its_journal_line(world: Guarded) -> None:
    give(world, grant(world))
    for path in world.app.locations.state_folder.glob("audit*.jsonl"):
        path.unlink()


def revoked_and_put_back(world: Guarded) -> None:
    made = grant(world)
    path = give(world, made)
    content = path.read_bytes()
    world.app.grants.revoke(made, ("bash", "pts/0"))
    path.write_bytes(content)
    path.chmod(0o600)


def rules_file_removed(world: Guarded) -> None:
    world.settings.unlink()


def rules_file_unreadable(world: Guarded) -> None:
    world.settings.unlink()
    world.settings.mkdir()


def rules_file_invalid(world: Guarded) -> None:
    world.settings.write_text("[guard\nrules = ]")
    settle(world.settings)


def rule_deleted_by_an_editor(world: Guarded) -> None:
    world.set_rules()
    settle(world.settings)


def tag_emptied_by_an_editor(world: Guarded) -> None:
    world.settings.write_text(f'[guard]\nrules = ["#admins"]\n[tags]\nadmins = ["{RULE}"]\n')
    world.app.guard_memory.save(())
    assert App(world.home.env).vault.policy.rules == (RULE,)
    world.settings.write_text('[guard]\nrules = ["#admins"]\n[tags]\nadmins = []\n')
    settle(world.settings)


def memory_damaged(world: Guarded) -> None:
    world.set_rules()
    settle(world.settings)
    (world.app.locations.state_folder / "guard-rules.json").write_text('{"rules": 1}')


SITUATIONS = [
    nothing,
    expired,
    over_by_the_boot_clock,
    from_the_future,
    too_long,
    of_another_user,
    of_another_boot,
    of_another_terminal,
    of_another_role,
    edited,
    edited_and_renamed,
    hand_written,
    hand_written_with_a_copied_id,
    id_in_a_reason,
    a_link,
    not_json,
    without_its_journal_line,
    revoked_and_put_back,
    rules_file_removed,
    rules_file_unreadable,
    rules_file_invalid,
    rule_deleted_by_an_editor,
    tag_emptied_by_an_editor,
    memory_damaged,
]
# Those for which the way matters, as real processes; the decision itself is made in one function,
# which the test below asks for each way and each situation.
IN_PROCESSES = [
    nothing,
    expired,
    edited_and_renamed,
    hand_written,
    revoked_and_put_back,
    rules_file_removed,
    rules_file_unreadable,
    rules_file_invalid,
    rule_deleted_by_an_editor,
]


# With settings that cannot be read they end before they know of a role.
READ_SETTINGS_FIRST = ("serve", "serve --socket", "console", "console, no browser")


def name_of(situation: Callable[..., object]) -> str:
    return situation.__name__


def is_released(world: Guarded, way: str, code: int, shown: str, pages: int) -> bool:
    """Return whether this way has handed out credentials."""
    if way.startswith("console"):
        return code == 0 or "/start/#/console" in shown or opened(world.home.path) > pages
    if way == "whoami":
        return code == 0 or "confirmed by AWS" in shown
    if way.startswith("serve"):
        return "AWS_CONTAINER" in shown or "http://" in shown
    return code == 0 or has_secret(shown)


def check_refused(world: Guarded, **more: str) -> None:
    """Check that each way hands out nothing, and that each refusal is in the journal."""
    for name, way in WAYS.items():
        pages, before = opened(world.home.path), world.events().count("refused")
        done = world.run(*way.argv, **more)
        shown = done.stdout + done.stderr
        assert not is_released(world, name, done.returncode, shown, pages), (name, shown)
        assert not has_secret(shown), name
        if done.returncode in (3, 7) and name in READ_SETTINGS_FIRST:
            assert "config.toml" in shown
            continue
        assert done.returncode in ((253, 255) if name == "AWS CLI" else (9,)), (name, shown)
        assert world.events().count("refused") > before, (name, shown)
    assert GUARDED not in world.published()


@pytest.mark.parametrize("situation", SITUATIONS, ids=name_of)
def test_the_vault_refuses_each_way(world: Guarded, situation: Callable[[Guarded], None]) -> None:
    situation(world)
    for way in policy.Way:
        before = world.events().count("refused")
        with pytest.raises(SsoHelperError) as refusal:
            App(world.home.env).vault.permit_release(TARGET, way)
        assert refusal.value.exit_code == 9
        assert world.events().count("refused") == before + 1


def test_the_vault_permits_with_the_grant_that_the_situations_change(world: Guarded) -> None:
    made = grant(world)
    give(world, made)
    for way in policy.Way:
        permit = App(world.home.env).vault.permit_release(TARGET, way)
        assert (permit.grant_id, permit.rule) == (made.id, RULE)


def test_each_way_hands_out_with_a_grant(world: Guarded) -> None:
    give(world, grant(world))
    for name, way in WAYS.items():
        pages, before = opened(world.home.path), world.events().count("release")
        argv = ["timeout", "4", *way.argv[2:]] if name.startswith("serve") else way.argv
        done = world.run(*argv)
        shown = done.stdout + done.stderr
        if name == "serve --socket":
            assert "credential_process = curl" in shown
        else:
            assert is_released(world, name, done.returncode, shown, pages), (name, shown)
        assert world.events().count("release") > before, name
    assert GUARDED not in world.published()


@pytest.mark.parametrize("situation", IN_PROCESSES, ids=name_of)
def test_no_process_gets_anything(world: Guarded, situation: Callable[[Guarded], None]) -> None:
    situation(world)
    check_refused(world)


# -- clocks --------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path(_FAKETIME).exists(), reason="needs libfaketime")
@pytest.mark.parametrize(("granted_ago", "clock"), [(2000, "-30m"), (0, "+40m"), (0, "-10m")])
def test_a_clock_that_is_moved_makes_no_grant(world: Guarded, granted_ago: int, clock: str) -> None:
    """Back to where an ended grant lasted, ahead of a living one, and to before it was given."""
    here = world.app.find_here()
    at = here.now - granted_ago
    give(
        world,
        grant(world, granted_at=at, ends_at=at + 1800, uptime=here.uptime - granted_ago),
    )
    check_refused(
        world,
        LD_PRELOAD=_FAKETIME,
        FAKETIME=clock,
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        DONT_FAKE_MONOTONIC="1",
    )


# -- published responses ---------------------------------------------------------------------------


def test_an_old_published_response_is_not_handed_out(world: Guarded) -> None:
    """The rule comes from an editor while a response that was published before it is good."""
    world.set_rules()
    world.app.guard_memory.save(())
    settle(world.settings)
    for _ in range(2):
        assert world.run(LAUNCHER, *KEY).returncode == 0
    assert world.published() == [GUARDED]
    world.set_rules(RULE)
    check_refused(world)
    # Another role's call notes the new settings: the old response must not be valid again.
    settle(world.settings)
    assert world.run(LAUNCHER, *FREE_KEY).returncode == 0
    check_refused(world)


@pytest.mark.parametrize("had_file", [True, False])
def test_an_old_settings_file_that_is_put_back_makes_no_old_response_good(
    world: Guarded, had_file: bool
) -> None:
    """`mv` keeps a file's date: it then is that of the settings under which was published."""
    old = world.settings.with_name("old")
    world.set_rules()
    world.app.guard_memory.save(())
    settle(world.settings)
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
    check_refused(world)


def test_a_running_endpoint_gives_nothing_after_its_grant(world: Guarded) -> None:
    made = grant(world)
    give(world, made)
    socket = world.home.path / "s"
    ask = ["curl", "-sS", "--unix-socket", str(socket), "http://localhost/"]
    with subprocess.Popen(
        [SCRIPT, "serve", ROLE, "--socket", str(socket)],
        env=world.home.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as serving:
        try:
            assert serving.stdout is not None
            serving.stdout.readline()
            assert has_secret(world.run(*ask).stdout)
            world.app.grants.revoke(made, ("bash", "pts/0"))
            before = world.events().count("refused")
            shown = world.run(*ask).stdout
            assert not has_secret(shown)
            assert "no grant for it is in force" in shown
            assert world.events().count("refused") > before
        finally:
            serving.send_signal(signal.SIGTERM)


# -- terminals -------------------------------------------------------------------------------------


def test_a_grant_of_one_terminal_gives_nothing_in_another(world: Guarded) -> None:
    here, other = world.open_terminal(), world.open_terminal()
    assert here.run(f"{SCRIPT} guard grant {ROLE} --reason x", NAME)[0] == 0
    for name, way in WAYS.items():
        pages = opened(world.home.path)
        line = shlex.join([str(word) for word in way.argv])
        if name == "env" or name.startswith("use"):
            line = f"{line} | cat; test ${{PIPESTATUS[0]}} = 0"
        code, shown = other.run(line)
        assert not is_released(world, name, code, shown, pages), (name, shown)
    check_refused(world)


def test_the_wrong_word_gives_nothing(world: Guarded) -> None:
    terminal = world.open_terminal()
    asking = {name: way for name, way in WAYS.items() if way.takes_reason}
    assert len(asking) == 8
    for name, way in asking.items():
        pages, before = opened(world.home.path), world.events().count("refused")
        line = shlex.join(with_reason(way.argv))
        if name in ("env", "use --keys"):
            line = f"{line} | cat; test ${{PIPESTATUS[0]}} = 0"
        code, shown = terminal.run(line, "payments-dev")
        assert not is_released(world, name, code, shown, pages), (name, shown)
        assert world.events().count("refused") > before, name
    assert "grant" not in world.events()


def test_what_was_typed_before_the_question_is_no_answer(world: Guarded) -> None:
    """A pasted text may have the answer in its next line."""
    terminal = world.open_terminal()
    line = f"sleep 1; {SCRIPT} guard grant {ROLE} --reason x"
    code, shown = terminal.run_pasted(line, NAME, then="no")
    assert code == 9, shown
    assert "grant" not in world.events()


@pytest.mark.parametrize("way", [name for name, one in WAYS.items() if one.takes_reason])
def test_a_reason_without_a_terminal_gives_nothing(world: Guarded, way: str) -> None:
    pages = opened(world.home.path)
    done = world.run(*with_reason(WAYS[way].argv))
    shown = done.stdout + done.stderr
    assert done.returncode == 9, shown
    assert not is_released(world, way, done.returncode, shown, pages)
    assert world.events() == ["issue", "refused"]
