"""The list of profiles: its sections are folded, its lines ticked and clicked."""

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.widgets.profile_pane import ProfileList
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_profiles import open_screen
from tests.tui.world import COMMAND, DemoHome, until


def test_a_name_that_is_whole_in_80_columns_is_whole_in_wider_terminals(world: DemoHome) -> None:
    name = "platform-engineering-shared-services.DataScienceReadOnly"
    command = f"{COMMAND} --session corp --account-id 000060000001 --role-name DataScienceReadOnly"
    with world.config_file.open("a") as config:
        config.write(f"\n[profile {name}]\ncredential_process = {command}\n")

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press(*"platform")
        await until(lambda: f" {name}  DataScienceR… " in user.screen)
        for columns, lines in ((119, 40), (120, 40), (140, 40), (200, 50)):
            await user.pilot.resize_terminal(columns, lines)
            await until(lambda: f"❯  · {name}  " in user.screen)

    run_scenario(world.app(), scenario, size=(80, 24))


def test_left_goes_from_a_profile_to_its_section_and_folds_it(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("▾ 4 unchanged: ◆ 2 managed, 2 yours", "· audit")
        await user.press("end")
        await user.wait_for_text("❯  ◆ payments-prod.DatabaseAdmin")
        await user.press("left")
        await user.wait_for_text("❯▸ 4 unchanged: ◆ 2 managed, 2 yours")
        assert "· audit" not in user.screen
        await user.press("right")
        await user.wait_for_text("❯▾ 4 unchanged: ◆ 2 managed, 2 yours", "· audit")
        # A search finds what is in a folded section too, and the arrows are for its text.
        await user.press("left")
        await user.type("audit")
        await user.wait_for_text("❯  · audit")
        await user.press("left", "left")
        await user.type("x")
        await user.wait_for_text("nothing matches")

    run_scenario(world.app(), scenario, size=(100, 40))


def test_a_tick_on_a_section_takes_what_can_be_removed_and_escape_takes_it_back(world):
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.wait_for_text("▾ 4 unchanged: ◆ 2 managed, 2 yours")
        await user.press("end", "left", "tab")
        await user.wait_for_text("✓2  ")
        ticked = {"payments-dev.ReadOnlyAccess", "payments-prod.DatabaseAdmin"}
        assert screen.pane.list.ticked == ticked
        # Read once more, without a change: the ticks stay.
        screen._planner.read_config_and_plan()
        await until(lambda: screen.is_planned)
        assert screen.pane.list.ticked == ticked
        await user.press("escape")
        assert user.app.screen is screen
        await until(lambda: not screen.pane.list.ticked)
        await user.press("escape")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario, size=(100, 40))


def test_a_click_folds_a_section_and_below_the_last_line_does_nothing(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("▸ + 17 to add", "▾ ~ 1 to change: program path")
        await user.pilot.click(ProfileList, offset=(10, 1))
        await user.wait_for_text("❯▸ ~ 1 to change: program path")
        before = user.screen
        await user.pilot.click(ProfileList, offset=(10, 20))
        assert user.screen == before

    run_scenario(world.app(), scenario, size=(100, 40))
