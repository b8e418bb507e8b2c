"""The first screen, over a real Identity Center: found as you type, and what is done with a row."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, RoleKey
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.search_line import SearchLine
from tests.tui.driving import Person, drive
from tests.tui.world import Afternoon, until

DEV = RoleKey("corp", "000040000001", "Developer")


def role_list(person: Person) -> RoleList:
    return person.app.screen.query_one(RoleList)


def test_favourites_then_the_last_used_come_first_and_typing_finds(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("F2 Accounts", "payments-dev", "41m left")
        rows = role_list(person).rows
        assert [(row.account.name, row.role_name) for row in rows[:4]] == [
            ("payments-dev", "Developer"),
            ("payments-prod", "ReadOnlyAccess"),
            ("payments-dev", "ReadOnlyAccess"),
            ("payments-prod", "DatabaseAdmin"),
        ]
        assert "❯ ★   payments-dev" in person.screen
        assert "12m ago" in person.screen
        await person.press(*"admin pay")
        await person.sees("payments-prod", "DatabaseAdmin")
        assert {row.account.name for row in _shown(person)} == {"payments-dev", "payments-prod"}
        await person.press("escape")
        assert role_list(person).found == len(rows)
        await person.press("escape")

    program = drive(world.app(), scenario)
    assert (program.return_value, program.return_code) == (None, 0)


def _shown(person: Person) -> list:
    found = role_list(person)
    return [found.rows[number] for number in found._lines if number >= 0]


def test_enter_leaves_with_what_to_type(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("payments-dev")
        await person.press("down", "enter")

    program = drive(world.app(), scenario)
    assert program.return_value == "ssohelper use corp:000030000001/ReadOnlyAccess"


def test_the_details_say_all_that_is_known(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press(*"database prod", "up")
        await person.sees(
            "000030000001 · aws+payments-prod@",
            "corp · payments-prod.DatabaseAdmin",
            "last use 55m ago, 1 time · session duration 2h (observed)",
        )
        await person.sees("1h 5m left", "41m left", "5h left")
        await person.press("ctrl+d")
        assert "session duration" not in person.screen

    drive(world.app(), scenario)


def test_a_favourite_is_kept_and_said_with_its_command(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press("ctrl+f")
        await person.hears(
            "Developer in payments-dev is no longer a favourite",
            "$ ssohelper favourite rm corp:000040000001/Developer",
        )

    house = world.app()
    drive(house, scenario)
    assert not house.usage.load_all()[DEV].favourite if DEV in house.usage.load_all() else True


def test_chips_filter_and_group(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("○ favourites")
        await person.press("ctrl+b")
        await person.sees("● favourites")
        assert [row.key for row in _shown(person)] == [DEV]
        await person.press("ctrl+b", "ctrl+g")
        await person.sees("● by account", "payments-dev  000040000001")
        await person.press("ctrl+t")
        await person.sees("● corp")

    drive(world.app(), scenario)


@pytest.mark.parametrize(
    ("key", "copied"),
    [
        ("ctrl+y", "payments-prod.DatabaseAdmin"),
        ("ctrl+x", "export AWS_PROFILE='payments-prod.DatabaseAdmin'"),
        ("ctrl+o", "000030000001"),
        ("ctrl+l", "https://d-0000000000.awsapps.com/start/#/console?account_id=000030000001"),
    ],
)
def test_copying_goes_through_the_terminal(world: Afternoon, key: str, copied: str) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press(*"database prod", key)
        await person.hears("copied", "$ ssohelper ")
        assert person.app.clipboard.startswith(copied)

    drive(world.app(), scenario)


def test_whoami_asks_aws_and_a_signed_out_session_offers_the_sign_in(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press("f8")
        await person.hears("ana: arn:aws:sts::000040000001", "$ ssohelper whoami ")
        for path in (world.home / ".aws" / "sso" / "cache").glob("*.json"):
            path.unlink()
        await person.press("down", "down", "down", "down", "down", "f8")
        await person.meets(SignInScreen)
        # Why it is asked stands in the dialog; nothing stands over the code.
        await person.sees('the session "corp" ', "$ ssohelper login corp")
        assert not person.toasts
        await person.press("escape")
        await person.meets(AccountsScreen)

    drive(world.app(), scenario)


def test_what_is_said_stands_in_the_place_of_what_was_said(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press("ctrl+o")
        await person.hears("copied: 0000")
        await person.press("ctrl+l")
        await person.hears("copied the console's link", "$ ssohelper console --print ")
        assert "copied: 0000" not in person.toasts

    drive(world.app(), scenario)


def test_an_answer_that_takes_long_is_said_to_be_waited_for(world: Afternoon) -> None:
    world.emulator.faults.set(latency_seconds={"GetCallerIdentity": 1.5})

    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press("f8")
        await person.hears("whoami: waiting for AWS")

    drive(world.app(), scenario)


def test_a_profile_is_added_with_the_diff_in_sight_and_removed_again(world: Afternoon) -> None:
    before = world.config_file.read_bytes()

    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press("f9")
        await person.meets(ConfirmScreen)
        await person.sees("+[profile payments-dev.Developer]", "$ ssohelper profile add corp:0000")
        await person.sees("│ 1 profile to add — write ~/.aws/config?")  # in its frame
        assert world.config_file.read_bytes() == before
        await person.press("y")
        await person.hears("added")
        await person.meets(AccountsScreen)
        await person.sees("corp · payments-dev.Developer")
        await person.press("f9")
        await person.meets(ConfirmScreen)
        await person.press("y")
        await person.hears("$ ssohelper profile rm payments-dev.Developer")

    drive(world.app(), scenario)
    assert world.config_file.read_bytes() == before


def test_no_session_yet_asks_setups_questions(tmp_path: Path) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("No session is set up yet", "$ ssohelper setup START_URL", "start URL")
        await until(lambda: isinstance(person.app.focused, Input))
        await person.press("f6", "f9", "ctrl+f", "ctrl+g", "ctrl+t", "ctrl+y", "f5")
        await person.press(*"http://typed")
        await person.sees("http://typed")
        await person.press("enter")
        await person.sees('"http://typed" does not begin with https', "a start URL looks like")
        assert "Favourite" not in person.screen
        await person.press("escape")
        await until(lambda: not person.app.is_running)

    house = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)})
    drive(house, scenario, size=(80, 24))


def test_no_saved_list_is_asked_for_behind(world: Afternoon) -> None:
    house = world.app()
    house.directory.forget("corp")
    for name in ("orders-dev.Developer", "payments-dev.ReadOnlyAccess"):
        assert name in world.config_file.read_text()

    async def scenario(person: Person) -> None:
        await until(lambda: len(role_list(person).rows) == 20)

    drive(house, scenario)


def test_while_the_first_list_is_made_that_is_said(world: Afternoon) -> None:
    house = world.app()
    house.directory.forget("corp")
    world.config_file.write_text(world.config_file.read_text().split("[sso-session lab]")[0])
    world.emulator.faults.set(latency_seconds={"ListAccounts": 0.5})

    async def scenario(person: Person) -> None:
        await person.sees("Your roles are being listed at AWS: corp")
        await until(lambda: len(role_list(person).rows) == 20)
        assert "being listed" not in person.screen

    drive(house, scenario)


def test_a_session_without_any_role_says_so_and_asks_no_questions(world: Afternoon) -> None:
    house = world.app()
    config = world.config_file.read_text().split("[sso-session lab]")[0]
    world.config_file.write_text(config)
    session = house.config.read().sso_session("corp")
    assert session is not None
    listing = Listing(session.start_url, session.region, house.now(), ())
    house.directory.save("corp", listing)

    async def scenario(person: Person) -> None:
        await person.sees("No role is assigned to you in corp.", "ssohelper list --refresh", "0/0")
        await person.press("f2", "f3", "f2", "f8")
        assert "start URL" not in person.screen
        await person.press("f5")
        await until(lambda: len(role_list(person).rows) == 20)

    drive(house, scenario)


def test_signed_out_and_without_a_list_says_how_to_sign_in(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[sso-session corp]\nsso_start_url = https://d-0000000000.awsapps.com/start\n"
        "sso_region = us-east-1\n"
    )

    async def scenario(person: Person) -> None:
        await person.sees("No roles are listed yet", "ssohelper login corp", "0/0")
        await person.press("f8", "f9", "enter", "down")

    drive(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)


def test_a_config_that_cannot_be_read_is_shown_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[profile a]\nregion = x\n\n[profile a\nregion = y\n")

    async def scenario(person: Person) -> None:
        await person.sees(f"  {config}"[:20], "is not closed")
        await person.press("enter", "f9", "escape")

    drive(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)
    assert config.read_text().startswith("[profile a]")


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (80, 24), (500, 200)])
def test_any_size_will_do(world: Afternoon, size: tuple[int, int]) -> None:
    async def scenario(person: Person) -> None:
        await person.pilot.pause(0.1)
        await person.press("p", "down", "ctrl+g", "end", "escape")
        await person.pilot.resize_terminal(size[1], size[0])
        await person.press("d", "pagedown", "home")

    drive(world.app(), scenario, size=size)


NAMES = [
    "[red]x[/red]", "[/]", "[link=https://x]y[/link]", "[@click=app.quit]q[/]", "$(touch /tmp/x)",
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u202egnp.exe", "a\u200bb", "日本語アカウント",
    "e\u0301\u0301\u0301", "👩\u200d👩\u200d👧", "\x00nul", "tab\there", "line\nbreak", "%s %d {0}",
    "{name}", "`id`", "'; rm -rf ~; '", '"', "\\", "…" * 40, "x" * 300, " ", "\ud800",
    "\u2066iso\u2069", "<b>b</b>", "&amp;", "=cmd|'/c calc'!A0", "ﷺ" * 20,
]  # fmt: skip


def test_thirty_hostile_names_are_text_and_nothing_else(tmp_path: Path) -> None:
    house = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)})
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    url = "https://d-0000000000.awsapps.com/start"
    config.write_text(f"[sso-session corp]\nsso_start_url = {url}\nsso_region = us-east-1\n")
    listed = tuple(
        ListedAccount(Account(f"{number:012d}", name, name), ("Admin", "Read"))
        for number, name in enumerate(NAMES)
    )
    house.directory.save("corp", Listing(url, "us-east-1", house.now(), listed))
    seen = []

    async def scenario(person: Person) -> None:
        await person.sees("60/60")
        for number in range(len(NAMES)):
            seen.append(person.screen)
            await person.press("down", "down" if number % 3 else "ctrl+y")
        await person.press("ctrl+g", "home", "f9", "ctrl+l", "[", "escape", "ctrl+x")
        seen.append(person.screen)

    program = drive(house, scenario, size=(140, 70))
    shown = "\n".join(seen)
    assert program.return_value is None
    for text in ("[red]x[/red]", "[@click=app.quit]q[/]", r"\x1b[31mred", r"\u202egnp", "日本語"):
        assert text in shown
    assert not [character for character in shown if ord(character) < 32 and character != "\n"]
    assert not set("\u202e\u200b\u2066\x7f") & set(shown)


def test_a_pasted_megabyte_is_cut(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        line = person.app.screen.query_one("#search")
        line.post_message(events.Paste("x" * 1_000_000))
        await until(lambda: line.value)  # type: ignore[attr-defined]
        assert len(line.value) == 200  # type: ignore[attr-defined]

    drive(world.app(), scenario)


def test_the_search_line_is_edited_as_lines_are(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        for keys, value in [
            (("p", "a", "y", "space", "x", "backspace"), "pay "),
            (("r", "e", "a", "d", "ctrl+w"), "pay "),
            (("left", "left", "Z"), "paZy "),
            (("left", "delete"), "pay "),
            (("ctrl+a", "o", "ctrl+e", "k"), "opay k"),
            (("ctrl+u", "日", "é"), "日é"),
        ]:
            await person.press(*keys)
            assert person.app.screen.query_one(SearchLine).value == value
        assert "日é" in person.screen

    drive(world.app(), scenario)


def test_keys_and_quitting_wait_for_no_answer_of_aws(world: Afternoon) -> None:
    world.emulator.faults.set(latency_seconds={"*": 30})

    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press("f5", "f8")
        await person.sees("refreshing")
        await person.press(*"prod")
        assert role_list(person).query_text == "prod"
        began.append(time.monotonic())
        await person.press("ctrl+q")

    began: list[float] = []
    drive(world.app(), scenario)
    # Not a speed: an answer takes thirty seconds.
    assert time.monotonic() - began[0] < 15


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    code = (
        "import sys\n"
        "import ssohelper.__main__, ssohelper.tui.app, ssohelper.tui.screens.accounts\n"
        "print(*sorted(set(sys.modules)))\n"
    )
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"botocore", "boto3", "keyring", "click", "urllib3", "segno", "tomlkit", "tomllib"}
    assert heavy & set(names) == set()
    assert not [name for name in names if name.startswith("ssohelper.wire")]
