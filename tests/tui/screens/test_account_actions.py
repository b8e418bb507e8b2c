"""Actions on the role under the cursor that are refused, cancelled or come too late."""

from ssohelper.tui.commands import list_commands
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until


async def choose(user: User, search: str, *sees: str) -> None:
    await user.wait_for_text("role keys")
    await user.press("ctrl+u", *search)
    await user.wait_for_text(*sees)


def test_a_no_adds_and_removes_no_profile(world: DemoHome) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        for search, sees in (
            ("payments-dev developer", "1 profile to add"),
            ("payments-dev readonly", "1 profile to remove"),
        ):
            await choose(user, search, "1/")
            for key in ("n", "escape"):
                await user.press("f9")
                await user.wait_for_screen(ConfirmScreen)
                await user.wait_for_text(sees)
                await user.press(key)
                await user.wait_for_message("nothing was changed")
                user.app.messages.all.clear()

    run_scenario(world.app(), scenario)
    assert world.config_file.read_bytes() == before


def test_a_profile_that_points_at_another_role_by_now_is_not_removed(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await choose(user, "payments-dev readonly", "1/")
        text = world.config_file.read_text()
        changed = text.replace(
            "--account-id 000040000001 --role-name ReadOnlyAccess",
            "--account-id 000040000001 --role-name Developer",
        )
        assert changed != text
        world.config_file.write_text(changed)
        await user.press("f9")
        await user.wait_for_message("has changed")
        assert not isinstance(user.app.screen, ConfirmScreen)
        assert world.config_file.read_text() == changed

    run_scenario(world.app(), scenario)


def test_what_is_left_or_not_possible_does_nothing(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await choose(user, "payments-dev", "3/")
        await user.press("f6")
        await user.wait_for_screen(ConsoleChooser)
        await user.press("escape")
        # The chooser opens for two ticked roles, too.
        await user.press("tab", "tab")
        await user.wait_for_text("✓2")
        await user.press("f6")
        await user.wait_for_screen(ConsoleChooser)
        await user.press("escape")
        await until(lambda: not isinstance(user.app.screen, ConsoleChooser))
        await user.app.workers.wait_for_complete()
        assert (user.messages, user.app.clipboard) == ("", "")

        await user.press("escape", "escape")
        await choose(user, "payments-dev developer", "❯ ★    Developer")
        for key in ("ctrl+y", "ctrl+x"):
            await user.press(key)
            await user.wait_for_message(
                "this role has no profile yet",
                "press space p to add one, or run: ssohelper profile add corp:000040000001/Developer",
            )
            user.app.messages.all.clear()
        assert user.app.clipboard == ""

        await choose(user, "zzzz", "nothing matches")
        names = [command.name for command in list_commands(user.app, user.app.screen)]
        assert not [name for name in names if name.startswith(("use ", "console ", "whoami "))]
        await user.press("escape")
        await user.wait_for_text("❯ ")
        names = [command.name for command in list_commands(user.app, user.app.screen)]
        assert [name for name in names if name.startswith("whoami ")]

    run_scenario(world.app(), scenario)
