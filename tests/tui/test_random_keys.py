"""Random keys with random gaps while each answer is late: nothing acts that the user has not seen.

The user of these tests types for what is shown when a key is pressed. The tests compare that with
what each key has done.
"""

import asyncio
import contextlib
import random
import re
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from textual.events import Event, Key
from textual.screen import Screen

from ssohelper.actions import cache_contents, console, login, profile_edit, session_edit, undoing
from ssohelper.core import served_role
from ssohelper.tui import background
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens import account_actions, role_shell
from ssohelper.tui.screens.command_line import CommandScreen, RunScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.long_rows import long_after
from tests.tui.driving import REAL_PAUSE_SECONDS, User, run_scenario
from tests.tui.screens.test_set_up import quick
from tests.tui.world import DemoHome, until

BURSTS = 4
_OPENING = ("f5", "f6", "f7", "f8", "f9", "f9", "f10", "enter", "ctrl+d", "ctrl+x")
_MOVING = ("f2", "f2", "f3", "f4", "f1", "escape", "down", "up", "tab", "ctrl+g", "ctrl+r")
_TYPED = ("y", "y", "n", "s", "o", "d", "f", "b", "prod", "lam", "id", "backspace")
_GAPS = (0.0, 0.0, 0.0, 0.02, 0.05, 0.1, 0.2, 0.6, 1.2)
_DELAYS = (0.0, 0.0, 0.0, 0.05, 0.2, 0.7, 1.5, 2.5)
# For each screen, what its questions say.
_QUESTIONS = {
    "accounts": r"profiles? to (add|remove)|^use |sign-in.* running|as these|Keep the sign-in",
    "sessions": r"^Sign out of|^Delete the cached|^Rename |sign-in.* running|Keep the sign-in",
    "profiles": r"write |undo the last|[Aa]dopt|sign-in.* running|Keep the sign-in",
}
_ONLY_ON = {
    ConsoleChooser: "accounts",
    CommandScreen: "accounts",
    RunScreen: "accounts",
    DiffScreen: "profiles",
}


class Pressed(NamedTuple):
    """What the user saw when a key was pressed."""

    front: Screen[Any]
    text: str


class Witness:
    """Records what the user saw at each key, what the keys did, and what is wrong with that."""

    def __init__(self, app: FullScreenApp, config: Callable[[], str]) -> None:
        self.app, self._config, self.wrong = app, config, list[str]()
        self.done: list[str] = []
        self._seen: dict[int, tuple[Event, Pressed]] = {}
        self._key: Key | None = None
        # The question to which the user has said yes, and that has changed nothing yet.
        self._yes: tuple[str, str] | None = None
        # The row that was under the cursor when the key of an action acted.
        self._row_of: dict[str, Any] = {}

    def see(self, key: Key, text: str) -> None:
        self._seen[id(key)] = key, Pressed(self.app.screen, text)

    def seen_at(self, key: Key | None) -> Pressed | None:
        found = self._seen.get(id(key))
        return found[1] if found else None

    def begin_key(self, key: Key) -> None:
        self._key = key

    def begin_action(self, name: str, row: Any) -> None:
        """Note the row under the cursor, unless the action is refused because another one runs."""
        if not any(one.name.startswith("accounts.") for one in self.app.screen.workers):
            self._row_of[{"console": "f6", "shell": "f7"}.get(name, name)] = row

    def answer(self, dialog: ConfirmScreen, question: str, yes: object) -> None:
        if yes is not True:
            return
        seen = self.seen_at(self._key)
        if seen is None or seen.front is not dialog:
            self.wrong.append(f"yes to {question!r}, which was not shown at the key: {seen}")
        self._yes = question, seen.text if seen else ""

    def change(self, what: str) -> None:
        """Note a change that needs a yes of its own."""
        self.done.append(what)
        if self._yes is None:
            self.wrong.append(f"{what} without a yes")
        self._yes = None

    def write(self, write: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """Call what writes the config, and compare the change with the question."""
        text = self._yes[1] if self._yes else ""
        before = set(re.findall(r"^\[.*\]$", self._config(), re.MULTILINE))
        self.change(write.__name__)
        found = write(*given, **more)
        after = set(re.findall(r"^\[.*\]$", self._config(), re.MULTILINE))
        changed = before ^ after
        if changed and not any(header[:40] in text for header in changed):
            self.wrong.append(f"{write.__name__} changed {changed}, but shown was:\n{text}")
        return found

    def hand_out(self, key: str, role: str) -> None:
        """Note that credentials of this role were handed out by the action of this key."""
        self.done.append(f"{key} {role}")
        row = self._row_of.pop(key, None)
        if row is None or row.key.text != role:
            self.wrong.append(f"{key} acted on {role}, but was pressed on {row}")

    def leave(self, row: Any) -> None:
        """Note that the program would have ended, with this role if any."""
        self.done.append("leave")
        seen = self.seen_at(self._key)
        if row is not None and (
            seen is None or self._key is None or self._key.key not in "enter y"
        ):
            self.wrong.append(f"{self._key} switched the shell")
        elif row is not None and seen is not None and seen.front is not self.app.screen:
            # If the screen in front was a question, Enter has answered it.
            is_question = isinstance(seen.front, ConfirmScreen)
            if not is_question or row.role_name not in seen.text:
                self.wrong.append(f"switched to {row.label}; at Enter was shown:\n{seen.text}")

    def check_stack(self, screen: Screen[Any]) -> None:
        """Check that the dialog is over the screen that opens such dialogs."""
        mode = self.app.current_mode
        only = next((home for kind, home in _ONLY_ON.items() if isinstance(screen, kind)), mode)
        if only != mode:
            self.wrong.append(f"{type(screen).__name__} over {mode}")
        question = getattr(screen, "question_of_test", None)
        if question and not re.search(_QUESTIONS[mode], question):
            self.wrong.append(f"{question!r} over {mode}")


def watch_everything(
    witness: Witness, user: User, monkeypatch: pytest.MonkeyPatch, chance: random.Random
) -> None:
    app = user.app
    start, accept_key = background.start, app.accept_key
    run_row_action = account_actions.RowActions.run_action
    dismiss, make = ConfirmScreen.dismiss, ConfirmScreen.__init__

    def start_later(where: Any, work: Callable[[], Any], *rest: Any) -> None:
        delay = chance.choice(_DELAYS)

        def work_later() -> Any:
            threading.Event().wait(delay)
            return work()

        start(where, work_later, *rest)

    def take_key(event: Key) -> bool:
        taken = accept_key(event)
        if taken:
            witness.begin_key(event)
        return taken

    def run_action(self: Any, name: str) -> None:
        witness.begin_action(name, self.roles.row)
        run_row_action(self, name)

    def make_question(self: Any, question: str, **more: Any) -> None:
        make(self, question, **more)
        self.question_of_test = question

    def dismiss_question(self: Any, yes: Any = None) -> Any:
        witness.answer(self, self.question_of_test, yes)
        return dismiss(self, yes)

    monkeypatch.setattr(background, "start", start_later)
    monkeypatch.setattr(app, "accept_key", take_key)
    monkeypatch.setattr(account_actions.RowActions, "run_action", run_action)
    monkeypatch.setattr(ConfirmScreen, "__init__", make_question)
    monkeypatch.setattr(ConfirmScreen, "dismiss", dismiss_question)
    monkeypatch.setattr(app, "leave", lambda _command=None, row=None: witness.leave(row))
    monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
    for module, name in (
        (profile_edit, "write_profile_plan"),
        (profile_edit, "remove_profiles"),
        (undoing, "undo_config_write"),
        (session_edit, "apply_session_plan"),
    ):
        original = getattr(module, name)
        monkeypatch.setattr(
            module,
            name,
            lambda *given, _write=original, **more: witness.write(_write, *given, **more),
        )
    for module, name in ((login, "log_out"), (cache_contents, "clear_cache")):
        original = getattr(module, name)

        def change(*given: Any, _change: Any = original, _name: str = name, **more: Any) -> Any:
            witness.change(_name)
            return _change(*given, **more)

        monkeypatch.setattr(module, name, change)

    record = console.record_opened_console_page

    def record_page(services: Any, key: Any, choice: Any) -> None:
        witness.hand_out("f6", key.text)
        record(services, key, choice)

    monkeypatch.setattr(console, "record_opened_console_page", record_page)
    monkeypatch.setattr(
        role_shell,
        "_run_ssohelper_until_end",
        lambda argv, environ, _intro: witness.hand_out("f7", environ[served_role.CHOSEN]),
    )
    app.screen_change_signal.subscribe(app, witness.check_stack, immediate=True)


async def press(user: User, witness: Witness, name: str) -> None:
    """Press a key, or type a word, and record what is shown at that moment."""
    keys = [Key(name, None)] if name in (*_OPENING, *_MOVING, "backspace") else []
    for key in keys or [Key(letter, letter) for letter in name]:
        witness.see(key, user.screen if key.key in ("y", "enter") else "")
        user.app.post_message(key)


def choose_key(user: User, chance: random.Random, before: str) -> str:
    """Return the next key to press, or a word to type: often one for what is shown, or will be."""
    front = user.app.screen
    if before in _OPENING and chance.random() < 0.4:
        return chance.choice(["y", "y", "enter", "lam", "escape", "f3"])
    if isinstance(front, ConfirmScreen) and chance.random() < 0.6:
        return chance.choice(["y", "y", "y", "enter", "n"])
    if isinstance(front, SessionsScreen) and chance.random() < 0.6:
        return chance.choice(["s", "o", "f", "f", "o", "down"])
    return chance.choice(chance.choices((_OPENING, _MOVING, _TYPED), (4, 2, 4))[0])


async def become_quiet(user: User) -> None:
    """Close what is open, as a user does who reads first; go back to an empty search."""

    async def is_calm() -> None:
        await until(lambda: not user.app.started.is_holding_keys)
        await asyncio.sleep(REAL_PAUSE_SECONDS + 0.1)

    for _ in range(40):
        await is_calm()
        if user.app.screen.is_modal:
            await user.press("escape")
        elif user.app.current_mode != "accounts":
            await user.press("f2")
        elif [one for one in user.app.screen.workers if one.name.startswith("accounts.")]:
            await user.press("escape")
        else:
            return
    raise AssertionError(f"it never became quiet:\n{user.screen}")


@pytest.mark.parametrize("seed", long_after(1, range(60)))
def test_random_keys_act_only_on_what_the_user_has_seen(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    world.emulator.auto_approve = "ana"

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        witness = Witness(user.app, world.config_file.read_text)
        watch_everything(witness, user, monkeypatch, chance)
        for _ in range(BURSTS):
            typed = ["ctrl+u", *chance.choices(["", "prod", "payments-dev dev"]), "down"]
            await user.press(typed[0], *typed[1], *typed[2:])
            burst: list[str] = []
            for _ in range(chance.randrange(2, 8)):
                burst.append(choose_key(user, chance, burst[-1] if burst else ""))
                await press(user, witness, burst[-1])
                await asyncio.sleep(chance.choice(_GAPS))
            await become_quiet(user)
            assert not witness.wrong, f"{burst}\n{witness.wrong}\n{user.messages}"

    run_scenario(world.app(sleep=quick), scenario, pause_seconds=REAL_PAUSE_SECONDS)
