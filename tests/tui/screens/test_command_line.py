"""One command line, run as each of the ticked roles."""

import os
import signal
from unittest import mock

import pytest
from textual.widgets import Input

from ssohelper.actions import guards
from ssohelper.core.text import show
from ssohelper.errors import Refused
from ssohelper.system import collected_run, terminal_session
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.command_line import CommandScreen, RunScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import WrappedView
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after
from tests.processes import is_running
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_grant import REASON, SESSION
from tests.tui.terminal import Terminal
from tests.tui.test_keys_and_themes import settle
from tests.tui.world import DemoHome, listing_of, until

HOSTILE = "x$(touch HACKED);\x1b[31m"


async def give_command(user: User, line: str) -> None:
    await user.press("f10")
    await user.wait_for_screen(CommandScreen)
    await user.type(line)
    await user.press("enter")


def test_a_command_runs_as_each_ticked_role_and_can_be_stopped(world, tmp_path, monkeypatch):
    monkeypatch.setattr(terminal_session, "find_terminal_session", lambda: SESSION)
    monkeypatch.setattr(collected_run, "GRACE_SECONDS", 0.2)
    monkeypatch.chdir(tmp_path)
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')
    world.environ |= {"AWS_PROFILE": "other", "AWS_ROLE_ARN": "arn:other"}
    services = world.app()
    listing = services.directory.load("corp")
    assert listing is not None
    accounts = tuple(
        listed._replace(account=listed.account._replace(name=HOSTILE))
        if listed.account.id == "000030000001"
        else listed
        for listed in listing.accounts
    )
    services.directory.save("corp", listing._replace(accounts=accounts))
    pids = tmp_path / "pids"

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments dev", "tab", "tab", "ctrl+u", *"000030000001 !break", "tab")
        await user.press("tab", "escape")
        await user.wait_for_text("✓4")
        await user.press("f10")
        await user.wait_for_screen(CommandScreen)
        await user.wait_for_text(
            "Command to run as each of 4 ticked roles",
            "1 guarded (@@), asked for first",
            "enter: run · esc: cancel",
        )
        # The search hides two of the ticked roles.
        await user.wait_for_text(
            "Developer in payments-dev (corp)", "@@ DatabaseAdmin in x$(touch "
        )
        for line, wrong in (("'open", "no closing quotation"), ("no-program", "no command")):
            await user.press("ctrl+u")
            await user.type(line)
            await user.press("enter")
            await user.wait_for_text(wrong)
        await user.press("ctrl+u")
        line = (
            'sh -c \'printf "\\033[2J%s %s\\n" $AWS_ACCOUNT_ID ${AWS_PROFILE-none}${AWS_ROLE_ARN};'
            " env >> env; exit 3'"
        )
        await user.type(line)
        await user.press("enter")
        await user.wait_for_text(REASON)
        await user.press("escape")  # Escape cancels the whole run
        await user.wait_for_message("nothing was run")
        await user.wait_for_screen(AccountsScreen)
        assert not (tmp_path / "env").exists()
        await user.press("f10")
        await user.wait_for_screen(CommandScreen)
        await user.wait_for_text("esc: cancel")
        await user.type(line)
        await user.press("enter")
        await user.wait_for_text(REASON)
        refused = Refused("a grant is given on a terminal only")
        with mock.patch.object(guards, "grant_role", side_effect=refused):
            await user.press(*"INC-1", "enter")
            await user.type(show(HOSTILE))
            await user.press("enter")
            await user.wait_for_message("a grant is given on a terminal only")
        await user.wait_for_screen(AccountsScreen)
        assert not (tmp_path / "env").exists()
        await user.press(*"databaseadmin 000030000001", "tab", "escape")
        await user.wait_for_text("✓3")
        await give_command(user, line)
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text("3 of 3 ended: 3 failed", "✗ exit 3", "\\x1b[2J0000", " none")
        await user.press("Y")
        await user.wait_for_message("copied the output of each role")
        assert user.app.clipboard.count("# Re") + user.app.clipboard.count("# D") == 3
        await user.press("escape")
        await user.wait_for_message("3 of 3 ended: 3 failed", "$ ssohelper exec ")
        assert user.app.messages.has_alert  # the error stays until the next action
        await user.wait_for_screen(AccountsScreen)

        await user.press("escape")
        await until(lambda: "✓" not in user.screen)
        await user.press("home", "down")  # from the guarded role to the first one
        await give_command(user, f"sh -c 'trap \"\" TERM; sleep 600 & echo $! $$ >> {pids}; wait'")
        await user.wait_for_screen(RunScreen)
        await until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        await user.press("escape")
        await user.wait_for_message("commands are still running: z stops them")
        assert isinstance(user.app.screen, RunScreen)
        await user.press("z")
        await user.wait_for_text("1 of 1 ended: 1 stopped", "■ stopped")
        await user.press("q")
        await user.wait_for_screen(AccountsScreen)

    app = run_scenario(services, scenario)
    assert not app.command_groups
    assert not any(map(is_running, map(int, pids.read_text().split())))
    variables = (tmp_path / "env").read_text().splitlines()
    assert sum(line.startswith("AWS_SESSION_TOKEN=") for line in variables) == 3
    assert not any("touch" in line for line in variables)
    assert not (tmp_path / "HACKED").exists()


def test_guarded_roles_are_one_question_and_the_failed_run_again(world, monkeypatch, tmp_path):
    monkeypatch.setattr(terminal_session, "find_terminal_session", lambda: SESSION)
    settle(world, 'guard.rules = ["*/Developer", "*/DatabaseAdmin"]\n')
    line = f"sh -c 'test -e {tmp_path}/done || test $AWS_ACCOUNT_ID = 000030000001'"

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev developer", "tab", "ctrl+u")
        await user.press(*"payments-prod databaseadmin", "tab", "escape")
        await user.wait_for_text("✓2")
        await give_command(user, line)
        await user.wait_for_text("2 guarded roles:", 'DatabaseAdmin in the account "payments-prod"')
        await user.press(*"INC-1", "enter")
        await user.wait_for_text("type their number (2) to go on")
        await user.press("2", "enter")
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text("2 of 2 ended: 1 failed")
        rows = user.screen.index("✗ exit 1"), user.screen.index("✓ exit 0")
        assert rows == tuple(sorted(rows))  # the failed role comes first
        (tmp_path / "done").touch()
        await user.press("R")
        await user.wait_for_text("1 of 1 ended")
        await user.press("R")
        await user.wait_for_message("no role failed")
        await user.press("q")
        await user.wait_for_screen(AccountsScreen)
        await user.press("f10")
        await user.wait_for_screen(CommandScreen)
        field = user.app.screen.query_one(Input)
        for key, value in (("up", line), ("up", line), ("down", "")):
            await user.press(key)
            assert field.value == value

    app = run_scenario(world.app(), scenario)
    assert app.services.usage.load_failed_roles() == []


def add_accounts(world: DemoHome, count: int) -> None:
    """Add accounts fleet-00, fleet-01, … with the role Fleet to the list."""
    organization = world.emulator.world
    organization.add_permission_set("Fleet")
    for number in range(count):
        organization.add_account(f"00009{number:07}", f"fleet-{number:02}", email="f@example.com")
        organization.assign("ana", "Fleet", f"00009{number:07}")
    world.app().directory.save("corp", listing_of(organization))


async def ask_for_fleet(user: User, count: int) -> WrappedView:
    """Tick the roles of `add_accounts` and press F10; return the list of roles in the dialog."""
    await user.wait_for_text("type to search")
    await user.type("'fleet-")
    await user.press(*["tab"] * count, "f10")
    await user.wait_for_screen(CommandScreen)
    await user.wait_for_text(f"Command to run as each of {count} ticked", "enter: run")
    return user.app.screen.query_one(WrappedView)


@pytest.mark.parametrize("count", long_after(1, [21, 20]))
def test_enter_starts_no_command_of_many_roles(world: DemoHome, count: int) -> None:
    add_accounts(world, count)

    async def scenario(user: User) -> None:
        await ask_for_fleet(user, count)
        await user.type("true")
        await user.press("enter")
        if count > 20:
            for key in ("enter", "escape"):  # Enter answers "No", which has the focus
                await user.wait_for_screen(ConfirmScreen)
                question = f"run true as each of {count} ticked roles in {count} accounts?"
                await user.wait_for_text(question, "Fleet in fleet-20 (corp)")
                await user.press(key)
                await user.wait_for_screen(CommandScreen)
                await user.wait_for_text(" true ", "enter: run")
                assert not user.app.command_groups
                await user.press("enter")
            await user.wait_for_screen(ConfirmScreen)
            await user.press("y")
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text(f"{count} of {count} ended")

    run_scenario(world.app(), scenario, size=(100, 40))


@pytest.mark.parametrize("end", long_after(1, ["close", "ctrl+q", "kill"]))
def test_no_command_outlives_the_program(shell: Shell, end: str) -> None:
    pids = shell.home / "pids"
    terminal = Terminal((SCRIPT,), shell.environ, size=(100, 30))
    terminal.until("space Actions")
    terminal.send("payments prod readonly")
    terminal.until("1/20")
    terminal.send("\x1b[21~")
    terminal.until("Command to run as ReadOnlyAccess in payments-prod")
    terminal.send(f"sh -c 'trap \"\" HUP TERM; sleep 600 & echo $! $$ >> {pids}; wait'\r")
    terminal.until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    if end == "close":
        terminal.child.ptyproc.fileobj.close()
        terminal.child.ptyproc.closed = True
        _pid, status = os.waitpid(terminal.child.pid, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGHUP
    elif end == "kill":
        terminal.child.kill(signal.SIGKILL)
    else:
        terminal.send("\x11")
        terminal.until("1 command is still running and would stop: leave?")
        terminal.send("y")
        assert terminal.wait() == 0
    assert not any(map(is_running, map(int, pids.read_text().split())))
