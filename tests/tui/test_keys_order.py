"""Keys act in the order in which they are typed, however fast; pasted text too."""

import asyncio
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App as TextualApp
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from ssohelper.app import App
from ssohelper.tui.keys import InputHandled, KeyOrderApp
from ssohelper.tui.widgets.search_line import SearchLine
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.world import DemoHome, until

_NAMES = {
    "⌫": "backspace", "⇥": "tab", "⏎": "enter", "↓": "down", "⌃": "ctrl+u", "←": "left",
    "②": "f2", "③": "f3",
}  # fmt: skip


def send_at_once(app: TextualApp[Any], keys: str) -> None:
    """Send all keys at once, as a terminal does after a pause."""
    for key in keys:
        name = _NAMES.get(key)
        app.post_message(events.Key(name or key, None if name else key))


def test_keys_sent_at_once_edit_the_search_as_single_keys_do(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        line = user.app.screen.query_one(SearchLine)
        for keys, value in [
            ("ab⌫c", "ac"),
            ("⌃xyz⌃prod", "prod"),
            ("⌫⌫⌫⌫pay←←x", "pxay"),
            ("⌃zz⌫⌫read", "read"),
        ]:
            send_at_once(user.app, keys)
            await until(lambda value=value: line.value == value)  # type: ignore[misc]
        await until(lambda: role_list(user).shown.query == "read")

    run_scenario(world.app(), scenario)


def test_keys_sent_at_once_search_move_and_choose(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        send_at_once(user.app, "zzz⌃pay prod↓⏎")
        await until(lambda: user.app.return_value)

    left = run_scenario(world.app(), scenario).return_value
    assert left == "ssohelper use payments-prod.DatabaseAdmin"


def test_pasted_text_comes_before_the_key_after_it(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.post_message(events.Paste("pay prod Data"))
        send_at_once(user.app, "x⌫⏎")
        await until(lambda: user.app.return_value)

    left = run_scenario(world.app(), scenario).return_value
    assert left == "ssohelper use payments-prod.DatabaseAdmin"


def test_keys_typed_while_a_screen_loads_act_on_that_screen(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        line = user.app.screen.query_one(SearchLine)
        send_at_once(user.app, "abc③②⌫d")
        await until(lambda: line.value == "abd")
        send_at_once(user.app, "③S⌃http://one.example/⏎")
        await user.wait_for_text('"http://one.example/" does not begin with')

    run_scenario(world.app(), scenario)


def test_a_message_that_is_lost_with_its_widget_does_not_block_the_keys() -> None:
    """The next key waits for a message after the key, which a removed widget can take with it."""

    class Removed(Widget, can_focus=True):
        async def on_key(self, event: events.Key) -> None:
            event.stop()
            received.append(event.key)
            await self.remove()

        def on_input_handled(self, message: InputHandled) -> None:
            message.stop()

    class Remaining(Widget, can_focus=True):
        def on_key(self, event: events.Key) -> None:
            received.append(event.key)

    class Fields(KeyOrderApp[None]):
        def compose(self) -> ComposeResult:
            yield Removed()
            yield Remaining()

    async def go() -> None:
        app = Fields()
        async with app.run_test():
            app.query_one(Removed).focus()
            await until(lambda: isinstance(app.focused, Removed))
            send_at_once(app, "abc")
            await until(lambda: len(received) == 3)

    received: list[str] = []
    asyncio.run(go())
    assert received == ["a", "b", "c"]


def test_after_a_tab_keys_go_to_the_next_widget(tmp_path: Path) -> None:
    async def scenario(user: User) -> None:
        await until(lambda: isinstance(user.app.focused, Input))
        send_at_once(user.app, "http://one.example/x⌫⇥y⏎")
        await user.wait_for_text('"http://one.example/" does not begin with')
        assert user.app.screen.query_one(Input).value == "http://one.example/"

    run_scenario(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)
