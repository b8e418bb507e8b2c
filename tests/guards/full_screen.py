"""The full screen as one more way of the guard matrix: it asks, and gives nothing without an answer."""

from ssohelper.app import App
from ssohelper.tui.screens.ask import AskScreen
from tests.guards import matrix
from tests.guards.matrix import Cell
from tests.guards.world import Guarded
from tests.tui.driving import User, run_scenario, until

# Each key that hands something out: the console, a shell, "who am I", the console's link.
KEYS = ("f6", "f7", "f8", "ctrl+r")

# With settings that cannot be read, it does not start.
_NO_START = matrix.rules_file_unreadable, matrix.rules_file_invalid
SITUATIONS = [one for one in matrix.SITUATIONS if one not in _NO_START]


def ask_in_full_screen(world: Guarded, key: str = "f7") -> Cell:
    """Press the key on the guarded role, and leave the question."""
    before, shown = world.events(), list[str]()

    async def scenario(user: User) -> None:
        await user.press(*"databaseadmin")
        await user.wait_for_text("❯")
        await user.press(key)
        await until(lambda: isinstance(user.app.screen, AskScreen) or user.messages)
        if isinstance(user.app.screen, AskScreen):
            await user.press("escape")
            await user.wait_for_message("nothing was granted")
        shown.append(user.messages)

    run_scenario(App(world.home.env), scenario)
    after = world.events()
    is_released = after.count("release") > before.count("release")
    is_noted = after.count("refused") > before.count("refused")
    return Cell(f"full screen, {key}", 9, "\n".join(shown), is_released, is_noted)
