"""The rows of the commands of F10: the account's name gets the cells that other columns do not need."""

import pytest

from ssohelper.actions.role_runs import RoleRun, RunGroup
from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.tui.screens.command_line import RunScreen
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome

ACCOUNTS = [
    Account("000090000001", "platform-shared-services", "a@example.com"),
    Account("000090000002", "payments", "b@example.com"),
]


@pytest.mark.parametrize(
    ("roles", "shown"),
    [
        (["ReadOnlyAccess", "Admin"], "ReadOnlyAccess  000090000001  platform-shared-services "),
        (["R" * 40, "Admin"], "R…  000090000001  platform-share… "),
    ],
    ids=["short roles", "long roles"],
)
def test_the_name_of_the_account_gets_the_cells_that_are_left(world, roles, shown):
    rows = [RoleRow("corp", account, role) for account, role in zip(ACCOUNTS, roles, strict=True)]

    async def scenario(user: User) -> None:
        services = user.app.services
        user.app.push_screen(
            RunScreen(RunGroup([RoleRun(services, row, ["true"]) for row in rows]), ["true"])
        )
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text("2 of 2 ended", shown)

    run_scenario(world.app(), scenario, size=(80, 24))


def test_the_session_is_shown_if_the_runs_have_several(world: DemoHome) -> None:
    rows = [RoleRow(session, ACCOUNTS[1], "Admin") for session in ("corp", "lab")]

    async def scenario(user: User) -> None:
        services = user.app.services
        user.app.push_screen(
            RunScreen(RunGroup([RoleRun(services, row, ["true"]) for row in rows]), ["true"])
        )
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text("2 of 2 ended", "Admin  000090000002  corp  payments")
        assert "Admin  000090000002  lab  payments" in user.screen

    run_scenario(world.app(), scenario, size=(80, 24))
