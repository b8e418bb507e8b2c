"""The prompt in interactive shells at a terminal whose screen is read."""

import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pexpect
import pyte
import pytest

from ssohelper.core import prompt_text
from tests.hostile import profile_names
from tests.long_rows import long_after
from tests.programs import require_program
from tests.shell.at_a_terminal import INSTALL
from tests.shell.prompt_world import FOLDER, SHELLS, PromptWorld
from tests.shell.tab import START
from tests.shell.test_prompt import RAW_NAME, set_variable
from tests.tui.terminal import ScreenStream

COLUMNS, ROWS = 100, 30
PATIENCE_SECONDS = 60
NAME = "payments-prod.ReadOnlyAccess"
_PLAIN = {
    "bash": "PS1='$ '",
    "zsh": "unsetopt promptsp; PROMPT='$ '",
    "fish": "function fish_prompt; echo '$ '; end; set -g fish_autosuggestion_enabled 0",
}


class Screen:
    """A shell, and what its screen shows."""

    def __init__(self, shell: str, env: dict[str, str], folder: Path, setup: str) -> None:
        self.shell = shell
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = ScreenStream(self._screen)
        self.bytes = b""
        where = {"cwd": str(folder), "dimensions": (ROWS, COLUMNS)}
        self.child = pexpect.spawn(require_program(shell), START[shell], env=env, **where)
        self.child.delaybeforesend = None
        (folder / "setup").write_text(f"{_PLAIN[shell]}\n{setup}\n")
        self.child.send("source ./setup\r")

    def close(self) -> None:
        self.child.close(force=True)

    def type(self, text: str) -> None:
        self.child.send(text)

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def wait(self, is_there: Callable[[], bool]) -> None:
        """Read the shell's output until the condition holds."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not is_there():
            assert time.monotonic() < ends_at, "\n".join(self.lines()[-6:])
            try:
                said = self.child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                continue
            self.bytes += said
            self._answer(said)
            self._stream.feed(said)

    def prompt(self) -> str:
        """Return the last line of the screen, where the prompt is waiting."""
        lines = self.lines()
        return lines[-1] if lines else ""

    def shows(self, text: str) -> None:
        """Wait for a prompt that begins with the text; in fish it ends with it."""
        if self.shell == "fish":
            ending = text.rstrip()
            self.wait(lambda: self.prompt().startswith("$") and self.prompt().endswith(ending))
        else:
            self.wait(lambda: self.prompt() == f"{text} $")

    def run(self, line: str) -> None:
        """Run a line and wait for the prompt after it."""
        mark = f"done-{len(self.bytes)}"
        self.type(f"{line}; echo {mark[:2]}''{mark[2:]}\r")
        self.wait(lambda: mark in self.lines() and self.prompt() != mark)

    def cell(self, text: str) -> "pyte.screens.Char":
        """Return the first character of this text on the line of the cursor."""
        row = self._screen.cursor.y
        return self._screen.buffer[row][self._screen.display[row].index(text)]

    @property
    def cursor(self) -> tuple[int, int]:
        return self._screen.cursor.x, self._screen.cursor.y

    def _answer(self, said: bytes) -> None:
        # fish asks the terminal what it is, and waits for the answer.
        if b"\x1b[0c" in said or b"\x1b[c" in said:
            self.child.send("\x1b[?62;c")


@pytest.fixture
def world(tmp_path) -> PromptWorld:
    return PromptWorld(tmp_path)


@pytest.fixture
def screen_of(world) -> Iterator[Callable[..., Screen]]:
    with ExitStack() as stack:

        def open_screen(shell: str, before: str = "", after: str = "", **env: str) -> Screen:
            source = f"source {shlex.quote(str(FOLDER / f'prompt.{shell}'))}"
            setup = f"{before}\n{source}\nssohelper_prompt_on\n{after}"
            screen = Screen(shell, {**world.env, **env}, world.folder, setup)
            return stack.enter_context(closing(screen))

        yield open_screen


def put(world: PromptWorld, seconds: int, kind: str = "known") -> None:
    world.put(int(time.time()) + seconds, kind)


SETUPS = [
    *(("bash", ""), ("bash", "PROMPT_COMMAND='true; false # so'"), ("zsh", ""), ("fish", "")),
    *(("bash", "PROMPT_COMMAND='false;'"), ("bash", "PROMPT_COMMAND=(true false)")),
    *(("bash", "set -u; unset PROMPT_COMMAND"), ("zsh", "setopt promptsubst promptbang")),
    ("zsh", "precmd() { psvar=(mine) }; setopt nounset"),
]


@pytest.mark.parametrize(("shell", "before"), SETUPS)
class TestSwitchedOn:
    def test_stands_before_the_prompt_once_measured_right(self, world, screen_of, shell, before):
        put(world, 9058)
        screen = screen_of(shell, before, "ssohelper_prompt_on")
        screen.shows(f"{NAME} 2h30m")
        assert screen.cell("2h30m").fg == "green"
        screen.type("\r\r")
        # All three: what is typed before the last one is echoed by the terminal.
        screen.wait(lambda: sum(NAME in line for line in screen.lines()) >= 3)
        screen.shows(f"{NAME} 2h30m")
        assert screen.prompt().count(NAME) == 1
        if shell == "fish":
            assert screen.prompt().index(NAME) + len(f"{NAME} 2h30m ") == COLUMNS
            return
        # Text up to the last column shows whether the shell measures the prompt right.
        begins = len(f"{NAME} 2h30m $ ")
        screen.type("x" * (COLUMNS - begins) + "yyy")
        screen.wait(lambda: screen.prompt() == "yyy")
        assert screen.cursor[0] == 3
        assert screen.lines()[-2].startswith(f"{NAME} 2h30m $ xxx")
        screen.type("\x01")  # Ctrl-A moves the cursor to the line's beginning
        screen.wait(lambda: screen.cursor[0] == begins)
        screen.type("z")  # all text after it moves, over the edge
        screen.wait(lambda: screen.prompt() == "xyyy")
        assert screen.cursor[0] == begins + 1


@pytest.mark.parametrize("shell", SHELLS)
class TestColours:
    def test_colour_and_sign_say_the_same(self, world, screen_of, shell):
        world.learn("prod.Admin", guarded=True)
        put(world, 9058)
        screen = screen_of(shell)
        screen.shows("@@prod.Admin 2h30m")
        assert screen.cell("@@prod").reverse
        for seconds, text, colour in (
            (1018, "=16m=", "brown"),
            (238, "==3m==", "red"),
            (-1, "==signed out==", "red"),
        ):
            put(world, seconds)
            screen.run("true")
            screen.shows(f"@@prod.Admin {text}")
            assert screen.cell(text).fg == colour

    def test_no_color(self, world, screen_of, shell):
        world.learn("prod.Admin", guarded=True)
        put(world, 238)
        screen = screen_of(shell, NO_COLOR="1")
        screen.shows("@@prod.Admin ==3m==")
        assert {screen.cell(text).fg for text in ("@@prod", "==3m")} == {"default"}
        assert not screen.cell("@@prod").reverse


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_two_hundred_hostile_names(world, screen_of, shell):
    """The stand-in prints each name as it is: the shells must not trust even that."""
    program = world.folder / "bin" / "ssohelper"
    program.write_text(RAW_NAME)
    before = "setopt promptsubst promptbang" if shell == "zsh" else ""
    screen = screen_of(shell, before, AWS_PROFILE="start")
    screen.shows("start")
    hostile = [name for name in profile_names(200) if name.isascii() and name.strip()]
    for number, name in enumerate(hostile):
        (world.folder / "setup").write_text(set_variable(shell, "AWS_PROFILE", name))
        screen.type(f"source ./setup; echo {number}.\r")
        screen.wait(lambda number=number: f"{number}." in screen.lines())
        screen.shows(prompt_text.safe_prompt_name(name))
    plain = re.sub(
        rb"\x1b(\[[0-9;?<=>]*[ -/]*[@-~]|[()][A-Z0-9]|[=>]|\][^\x07\x1b]*(\x07|\x1b\\)|P[^\x1b]*\x1b\\)",
        b"",
        screen.bytes,
    )
    assert not re.search(rb"[\x00-\x06\x0b\x0c\x0e-\x1f\x7f]", plain)
    left = sorted(path.name for path in world.folder.iterdir() if path.name[0] != ".")
    assert left == ["a folder's state", "answer", "bin", "setup"]


@pytest.mark.parametrize("shell", long_after(1, SHELLS))
def test_a_working_day(shell, home, emulator):
    """The real program: each change of the sign-in shows at the next prompt."""
    world = emulator.world
    home.browser()
    home.add_session("corp", world.start_url, world.region)
    line = "credential_process = ssohelper-credentials --session corp --account-id 000030000001"
    home.write_config(
        f"{home.config_file.read_text()}[profile {NAME}]\n{line} --role-name ReadOnlyAccess\n"
        f"[profile b]\n{line} --role-name BreakGlassAdmin\n"
    )
    own = home.path / ".config" / "ssohelper" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('session_hours = 10.016\n[guard]\nrules = ["*/break*"]\n')
    env = {**home.env, "TERM": "xterm", "AWS_PROFILE": NAME}
    with closing(Screen(shell, env, home.path, f"{INSTALL[shell]}\nssohelper_prompt_on")) as screen:
        screen.shows("payments-prod.ReadO..cess ==signed out==")
        screen.run("ssohelper login >/dev/null 2>/dev/null")
        screen.shows(f"{NAME} 10h00m")
        emulator.end_sign_ins("ana")
        role = "--session corp --account-id 000030000001 --role-name ReadOnlyAccess"
        screen.run(f"ssohelper credential-process {role} 2>/dev/null")
        screen.shows("payments-prod.ReadO..cess ==signed out==")
        screen.run("ssohelper login >/dev/null 2>/dev/null")
        screen.shows(f"{NAME} 10h00m")
        screen.run(f"ssohelper use --keys {NAME} 2>/dev/null")
        # These keys last for 8 hours, whatever the sign-in does.
        screen.wait(lambda: bool(re.search(rf"{NAME} (8h00|7h5\d)m", screen.prompt())))
        screen.run("ssohelper clear 2>/dev/null")
        screen.run(set_variable(shell, "AWS_PROFILE", "b"))
        screen.shows("@@b 10h00m")
        screen.type("ssohelper config set guard.rules '*/other*' >/dev/null\r")
        screen.wait(lambda: "type loosen to go on" in "\n".join(screen.lines()))
        screen.type("loosen\r")
        screen.shows("b 10h00m")
        screen.run(set_variable(shell, "AWS_PROFILE", "later"))
        screen.shows("later")
        screen.run(f"printf '%s\\n' '[profile later]' '{line} --role-name x' >> ~/.aws/config")
        screen.shows("later 10h00m")
        screen.run(set_variable(shell, "AWS_PROFILE", "b"))
        screen.run("ssohelper logout 2>/dev/null")
        screen.shows("b ==signed out==")
        # Another tool signs in: the next command of ours notices.
        home.write_token(emulator.issue_token("ana"))
        screen.run("true")
        screen.shows("b ==signed out==")
        screen.run("ssohelper status >/dev/null 2>/dev/null")
        screen.shows("b ok")
