"""Names are data: thirty of them through every screen and dialog, at every size."""

import json

import pytest
from textual.events import Paste

from ssohelper.core.text import show
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui.driving import Person, drive
from tests.tui.world import Afternoon, until

NAMES = (
    "[bold]x[/bold]",
    "[/]",
    "[red",
    "[@click=app.quit]x[/]",
    "[link=https://evil.example]x[/link]",
    "$error",
    "{account_name}",
    "%s%n",
    "\\[x]",
    "[[x]]",
    "\x1b[31mred",
    "\x1b]52;c;eA==\x07",
    "\x07bell",
    "a\tb",
    "a\u2028b",
    "\u202egnp.exe",
    "a\u200bb",
    "\ufeffx",
    "\x9b2J",
    "漢字漢字漢字漢字",
    "👩‍👩‍👧‍👦 family",
    "e\u0301\u0301\u0301",
    "ﷺ" * 5,
    "x" * 300,
    "-rf",
    "$(touch /tmp/x)",
    "`id`",
    '"quoted"',
    "'; drop",
    "   ",
)
SIZES = ((1, 1), (10, 3), (40, 12), (80, 24), (500, 200))


@pytest.fixture
def hostile(world: Afternoon) -> Afternoon:
    """Every name is an account's name, and as many as can be are profiles' and keys' values."""
    accounts = sorted(world.emulator.world.accounts)
    saved = next((world.home / "own" / "state" / "listings" / "corp").glob("listing.json"))
    listing = json.loads(saved.read_text())
    for number, listed in enumerate(listing["accounts"]):
        listed["name"] = NAMES[number % len(NAMES)]
    template = listing["accounts"][0]
    for number, name in enumerate(NAMES):
        account_id = f"00009{number:07d}"
        listing["accounts"].append({**template, "id": account_id, "name": name})
    saved.write_text(json.dumps(listing))
    assert accounts
    lines = [
        f'[profile "{name}"]\nregion = {name}\n' for name in NAMES
        if "\u2028" not in name and '"' not in name and "]" not in name and name.isprintable()
    ]  # fmt: skip
    world.config_file.write_text(world.config_file.read_text() + "\n" + "\n".join(lines))
    return world


def test_every_screen_shows_them_as_text_at_every_size(hostile: Afternoon) -> None:
    hostile.emulator.auto_approve = None

    async def sizes(person: Person) -> None:
        for columns, lines in SIZES:
            await person.pilot.resize_terminal(columns, lines)
            await person.pilot.pause()

    async def scenario(person: Person) -> None:
        await person.sees("corp")
        await person.press(*["down"] * len(NAMES))
        await sizes(person)
        await person.press("f3")
        await person.sees("signed in")
        await sizes(person)
        await person.press("f4")
        await until(lambda: getattr(person.app.screen, "is_planned", False))
        await sizes(person)
        await person.pilot.resize_terminal(100, 60)
        for name in ("{account_name}", "漢字漢字漢字漢字", "$(touch /tmp/x)", "[red"):
            await person.sees(name)
        await person.press(*["down"] * len(NAMES))
        await person.press("a")
        await person.meets(ConfirmScreen)
        await sizes(person)
        await person.press("n", "f1")
        await person.meets(HelpScreen)
        await sizes(person)

    drive(hostile.app(), scenario)


def test_a_toast_and_a_dialog_show_them_literally(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        for name in NAMES:
            person.app.did(name, f"ssohelper use {name}")
            shown = show(name)
            await person.sees("$ ssohelper use", shown.split()[0][:20] if name.strip() else "$")
            person.app.push_screen(
                ConfirmScreen(f"{name}?", lines=[[(shown, "good")]], command=name)
            )
            await person.meets(ConfirmScreen)
            await person.sees(shown.split()[0][:20] if name.strip() else "?")
            assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(person.screen)
            await person.press("n")
            person.app.clear_notifications()
        assert person.app.is_running

    drive(world.app(), scenario)


@pytest.mark.parametrize("code", ["[red]CODE[/]", "[@click=app.quit]", "漢字-漢字", "\u202eEDOC"])
def test_a_code_that_aws_sends_is_text(world: Afternoon, code: str) -> None:
    world.emulator.faults.set(user_code=code)

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed out")
        await person.press("down", "s")
        await person.meets(SignInScreen)
        # Shown as it is, or refused in words: never followed.
        await until(lambda: show(code) in person.screen or "userCode" in person.screen)
        assert person.app.is_running

    drive(world.app(), scenario)


def test_a_megabyte_that_is_pasted_is_taken_as_text(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed in")
        await person.press("n")
        await person.sees("start URL")
        person.app.screen.focused.post_message(Paste("[red]" * 200_000))  # type: ignore[union-attr]
        await person.press("enter")
        await person.sees("is no", "a start URL looks like")

    drive(world.app(), scenario)
