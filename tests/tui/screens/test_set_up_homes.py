"""The set-up on the screen, on each home that another tool wrote: the same as `ssohelper setup`.

The set-up adopts the profiles that do not work without ssohelper, as `setup` on a terminal
proposes. The others are adopted on *Profiles* afterwards. The file is then that of `setup --adopt
'*'`.
"""

import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Input

from ssohelper.app import App
from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from ssohelper.errors import SsoHelperError
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.report import ReportScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.adopt.test_homes import EXPECTED, answer_of, in_process, write_home
from tests.conftest import RUN_SECONDS, RUNS, SCRIPT, Home, end_detached_processes, make_home
from tests.in_process import renew_in_process
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_set_up import quick
from tests.tui.world import until

# These homes have profiles that work without ssohelper. Two homes are in `make test`: one in which
# all are adopted by the set-up, and one in which the rest is adopted on *Profiles*.
WITH_WORKING = {"aws-cli-session", "awsume", "by-hand"}
IN_MAKE_TEST = ["aws-sso-cli-2", "by-hand"]
ALL = ("setup", START_URL, "--region", "us-east-1", "--session", "corp", "--adopt", "*")


@contextmanager
def another_home(path: Path, emulator: Emulator) -> Iterator[Home]:
    """Make a second home that leads to the same Identity Center."""
    path.mkdir()
    made = make_home(path)
    made.env.update(emulator.environment())
    try:
        yield made
    finally:
        end_detached_processes(path)


class Walk:
    """A user who says yes to all that the set-up proposes, except to guard rules.

    Afterwards `command` is the command that the set-up has shown.
    """

    def __init__(self) -> None:
        self.command = ""
        self.written = b""
        self._answered: list[Screen[Any]] = []

    async def set_up(self, user: User) -> None:
        """Fill in the form, and answer all questions up to the report at the end."""
        await user.press("f3")
        await user.wait_for_screen(SessionsScreen)
        await until(lambda: "No session is set up" in user.screen or "signed in" in user.screen)
        if "No session is set up" not in user.screen:
            await user.press("S")
            await until(lambda: "another session" in user.screen)
        field = user.app.screen.query_one(Input)
        field.value = f"{START_URL} --region us-east-1 --session corp"
        await user.press("enter")
        while not isinstance(user.app.screen, ReportScreen):
            await until(lambda: self._is_new(user.app.screen))
            if not isinstance(user.app.screen, ReportScreen):
                await self._answer(user, user.app.screen)
        await user.press("enter")

    def _is_new(self, screen: Screen[Any]) -> bool:
        kinds = (AskScreen, ConfirmScreen, ReportScreen)
        if isinstance(screen, SignInScreen):
            return screen.outcome is not None and screen not in self._answered
        return isinstance(screen, kinds) and screen.is_mounted and screen not in self._answered

    async def _answer(self, user: User, screen: Screen[Any]) -> None:
        self._answered.append(screen)
        guard = re.search(r"(\d) guard roles", user.screen)
        if isinstance(screen, (AskScreen, SignInScreen)):
            await user.type(f"{guard[1] if guard else ''}\r")
            return
        assert isinstance(screen, ConfirmScreen)
        self.command = screen._command or ""
        await user.press("c" if guard else "y")


def who_answers(home: Home, emulator: Emulator) -> dict[str, tuple[str, str]]:
    """Return account and role of each profile that gives credentials now."""
    app, found = in_process(home), {}
    for entry in app.config.read().profiles():
        try:
            found[entry.name] = answer_of(app, emulator, entry.name)
        except SsoHelperError:
            continue
    return found


def run_in_another_home(
    folder: Path, name: str, emulator: Emulator, *argv: str
) -> tuple[bytes, dict[str, tuple[str, str]]]:
    """Run ssohelper in a copy of the home; return the config and the identity of each profile."""
    with another_home(folder, emulator) as other:
        write_home(other, name, emulator)
        done = RUNS.run([SCRIPT, *argv], other.env, other.path, None, RUN_SECONDS)
        assert done.returncode == 0, done.stderr
        return other.config_file.read_bytes(), who_answers(other, emulator)


@pytest.mark.parametrize(
    "name", long_after(1, [*IN_MAKE_TEST, *sorted(EXPECTED.keys() - set(IN_MAKE_TEST))])
)
def test_each_profile_answers_and_the_file_is_that_of_setup(name, home, emulator, tmp_path):
    write_home(home, name, emulator)
    home.env["SSH_CONNECTION"] = "elsewhere"  # over SSH, no browser is started
    services = App(home.env, clock=lambda: time.time(), sleep=quick)
    renew_in_process(services)
    walk, before = Walk(), {one.name for one in in_process(home).config.read().profiles()}

    async def scenario(user: User) -> None:
        await walk.set_up(user)
        walk.written = home.config_file.read_bytes()
        answers = who_answers(home, emulator)
        adopted = [
            f"--adopt={one.name}"
            for one in in_process(home).config.read().profiles()
            if one.managed and one.name in before
        ]
        shown = [*shlex.split(walk.command)[1:], *adopted]
        by_command = run_in_another_home(tmp_path / "shown", name, emulator, *shown, "--yes")
        assert (walk.written, answers) == by_command

    run_scenario(services, scenario, size=(120, 40))
    adopt_all = [SCRIPT, "profile", "sync", "--adopt", "*", "--yes"]
    assert RUNS.run(adopt_all, home.env, home.path, None, RUN_SECONDS).returncode == 0
    whole = home.config_file.read_bytes()
    answers = who_answers(home, emulator)
    assert (whole, answers) == run_in_another_home(tmp_path / "all", name, emulator, *ALL, "--yes")
    assert (whole != walk.written) is (name in WITH_WORKING)
    for profile, expected in EXPECTED[name].items():
        assert answers[profile] == expected
