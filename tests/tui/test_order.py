"""Keys act in the order in which they came, however fast: a burst, a paste, typing ahead."""

from pathlib import Path

from textual import events
from textual.widgets import Input

from ssohelper.app import App
from ssohelper.tui.widgets.search_line import SearchLine
from tests.tui.driving import Person, drive
from tests.tui.test_accounts import role_list
from tests.tui.world import Afternoon, until

_NAMES = {"⌫": "backspace", "⇥": "tab", "⏎": "enter", "↓": "down", "⌃": "ctrl+u", "←": "left"}


def burst(person: Person, keys: str) -> None:
    """Send keys as a terminal does that hands them over in one read."""
    for key in keys:
        name = _NAMES.get(key)
        sent = events.Key(name or key, None if name else key)
        sent.set_sender(person.app)
        person.app.post_message(sent)


def test_a_burst_edits_the_search_as_single_keys_do(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        line = person.app.screen.query_one(SearchLine)
        for keys, value in [
            ("ab⌫c", "ac"),
            ("⌃xyz⌃prod", "prod"),
            ("⌫⌫⌫⌫pay←←x", "pxay"),
            ("⌃zz⌫⌫read", "read"),
        ]:
            burst(person, keys)
            await until(lambda value=value: line.value == value)  # type: ignore[misc]
        await until(lambda: role_list(person).query_text == "read")

    drive(world.app(), scenario)


def test_a_burst_moves_and_chooses_among_what_was_typed_before(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        burst(person, "zzz⌃pay prod↓⏎")
        await until(lambda: person.app.return_value)

    left = drive(world.app(), scenario).return_value
    assert left == "ssohelper use payments-prod.DatabaseAdmin"


def test_text_that_is_pasted_comes_before_the_key_behind_it(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        person.app.post_message(events.Paste("pay prod Data"))
        burst(person, "x⌫⏎")
        await until(lambda: person.app.return_value)

    left = drive(world.app(), scenario).return_value
    assert left == "ssohelper use payments-prod.DatabaseAdmin"


def test_tab_in_a_burst_leaves_each_word_in_its_field(tmp_path: Path) -> None:
    async def scenario(person: Person) -> None:
        await until(lambda: isinstance(person.app.focused, Input))
        burst(person, "https://one.example/⇥eu-west-2x⌫⇥corp⏎")
        await person.sees('"https://one.example/" is no')
        fields = person.app.screen.query(Input)
        assert [field.value for field in fields] == ["https://one.example/", "eu-west-2", "corp"]

    drive(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)
