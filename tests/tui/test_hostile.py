"""Names are data: every screen and dialog shows thirty hostile names, at every size."""

import json

import pytest
from textual.events import Paste

from ssohelper.core.text import show
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until

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
SIZES = [(1, 1), (40, 12)], [(1, 1), (10, 3), (40, 12), (80, 24), (500, 200)]


@pytest.fixture
def hostile(world: DemoHome) -> DemoHome:
    """A home in which every name is an account's, and if possible a profile's and a value."""
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


@pytest.mark.parametrize("every", long_after(1, SIZES), ids=["few", "all"])
def test_every_screen_shows_hostile_names_as_text_at_every_size(hostile, every):
    hostile.emulator.auto_approve = None

    async def sizes(user: User) -> None:
        for columns, lines in every:
            await user.pilot.resize_terminal(columns, lines)
            await user.pilot.pause()

    async def scenario(user: User) -> None:
        await user.wait_for_text("corp")
        await user.press(*["down"] * len(NAMES))
        await sizes(user)
        await user.press("f3")
        await user.wait_for_text("signed in")
        await sizes(user)
        await user.press("f4")
        await until(lambda: getattr(user.app.screen, "is_planned", False))
        await sizes(user)
        await user.pilot.resize_terminal(100, 60)
        for name in ("{account_name}", "漢字漢字漢字漢字", "$(touch /tmp/x)", "[red"):
            await user.wait_for_text(name)
        await user.press(*["down"] * len(NAMES))
        await user.press("space", "A")
        await user.wait_for_screen(ConfirmScreen)
        await sizes(user)
        await user.press("n", "f1")
        await user.wait_for_screen(HelpScreen)
        await sizes(user)

    run_scenario(hostile.app(), scenario)


@pytest.mark.long
def test_messages_and_dialogs_show_hostile_names_literally(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        for name in NAMES:
            user.app.show_done(name, f"ssohelper use {name}")
            shown = show(name)
            await user.wait_for_text(f"· {shown.split()[0][:20]}" if name.strip() else "·")
            user.app.push_screen(ConfirmScreen(f"{name}?", lines=[[(shown, "good")]], command=name))
            await user.wait_for_screen(ConfirmScreen)
            await user.wait_for_text(shown.split()[0][:20] if name.strip() else "?")
            assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(user.screen)
            await user.press("n")
        assert user.app.is_running

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    "code", long_after(1, ["[@click=app.quit]", "\u202eEDOC", "[red]CODE[/]", "漢字-漢字"])
)
def test_a_hostile_code_from_aws_is_shown_as_text(world: DemoHome, code: str) -> None:
    world.emulator.faults.set(user_code=code)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed out")
        await user.press("down", "n")
        await user.wait_for_screen(SignInScreen)
        # Shown as text, or refused with an error: never interpreted as markup.
        await until(lambda: show(code) in user.screen or "userCode" in user.screen)
        assert user.app.is_running

    run_scenario(world.app(), scenario)


def test_a_pasted_megabyte_is_text(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("S")
        await user.wait_for_text("start URL")
        user.app.screen.focused.post_message(Paste("[red]" * 200_000))  # type: ignore[union-attr]
        await user.press("enter")
        await user.wait_for_text("not a start URL", "a start URL looks like")

    run_scenario(world.app(), scenario)
