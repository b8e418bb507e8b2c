"""The Profiles screen: the profiles, the diff of a sync, apply, remove, undo, prune."""

import pytest

from ssohelper.actions import directory, profiles
from ssohelper.core.choices import Choices
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.lines import LineView
from tests.tui.driving import User, run_scenario
from tests.tui.world import NOW, DemoHome, until


async def open_screen(user: User) -> ProfilesScreen:
    await user.press("f4")
    await user.wait_for_screen(ProfilesScreen)
    screen = user.app.screen
    assert isinstance(screen, ProfilesScreen)
    await until(lambda: screen.is_planned)
    return screen


async def answer(user: User, key: str, *sees: str) -> None:
    await user.wait_for_screen(ConfirmScreen)
    await user.wait_for_text(*sees)
    await user.press(key)


def test_profiles_and_the_diff_of_the_sync_are_shown(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.wait_for_text(
            "5 profiles in ~/.aws/config: ◆ 3 managed, 2 yours",
            "◆ payments-dev.ReadOnlyAccess",
            "· audit",
            "profile sync --session corp: 17 profiles to add, 1 to change  (list of 7m ago)",
            "-credential_process = /opt/old/bin/ssohelper",
        )
        styles = {line[0][0][:1]: line[0][1] for line in screen.query_one("#diff", LineView).lines}
        assert (styles["+"], styles["-"], styles["@"], styles[" "]) == ("good", "bad", "accent", "")

    run_scenario(world.app(), scenario)


def test_apply_shows_the_diff_and_asks_and_undo_restores_each_byte(
    world: DemoHome,
) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("a")
        await answer(user, "n", "17 profiles to add, 1 to change — write ~/.aws/config?")
        await user.wait_for_message("nothing was written")
        assert world.config_file.read_bytes() == before
        await user.press("a")
        await answer(user, "y", "$ ssohelper profile sync --session corp")
        await user.wait_for_message("17 profiles added, 1 changed", "$ ssohelper profile sync")
        await user.wait_for_text("22 profiles in", "nothing to change")
        await user.press("u")
        await answer(user, "y", "undo the last write", "$ ssohelper profile undo")
        await user.wait_for_message("restored:")
        await user.wait_for_text("5 profiles in")

    run_scenario(world.app(), scenario, size=(80, 24))
    assert world.config_file.read_bytes() == before


def test_undo_shows_the_options_that_it_restores_before_it_asks(world: DemoHome) -> None:
    services = world.app()
    session, listing = services.config.read().sso_session("corp"), services.directory.load("corp")
    assert session is not None
    assert listing is not None
    filtered = profiles.merge_choices(services, session, Choices(roles=("Read*",)))
    profiles.apply(services, profiles.plan_sync(services, session, listing, filtered))

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("u")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text('filters and options of session "corp" are put back: none')

    run_scenario(world.app(), scenario, size=(100, 50))
    assert services.choices.load("corp") == Choices(roles=("Read*",), written_region="us-east-1")


def test_only_managed_profiles_are_removed(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        assert screen.check_action("remove", ()) is None  # [default] is the user's own
        await user.press("d")
        assert user.app.screen is screen
        await user.press("down", "down", "d")
        await answer(user, "y", "-[profile payments-dev.ReadOnlyAccess]", "ssohelper profile rm")
        await user.wait_for_message("removed 1 profile")
        await user.wait_for_text("4 profiles in")
        told = "".join(
            text for line in screen.query_one("#diff", LineView).lines for text, _ in line
        )
        assert (
            'skipped "payments-dev.ReadOnlyAccess": its profile was removed with: ssohelper profile rm'
            in told
        )

    run_scenario(world.app(), scenario)
    assert "payments-dev.ReadOnlyAccess]" not in world.config_file.read_text()


def test_nothing_is_written_from_a_list_of_the_day_before(world: DemoHome) -> None:
    world.clock.now = NOW + 25 * 3600

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("(list of 1d 1h ago)")
        listed = world.emulator.counters["ListAccounts"]
        await user.press("a")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("$ ssohelper login corp")
        assert world.emulator.counters["ListAccounts"] == listed
        await user.press("escape")
        await user.wait_for_message("not signed in")
        await user.wait_for_screen(ProfilesScreen)

    run_scenario(world.app(), scenario)


def test_refresh_asks_aws_and_shows_the_new_diff(world: DemoHome) -> None:
    world.emulator.world.assign("ana", "SecurityAudit", "000010000001")

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("r")
        await user.wait_for_message(
            "refreshed the list", "$ ssohelper list --refresh --session corp"
        )
        await user.wait_for_text("18 profiles to add", "(list of 0s ago)")

    run_scenario(world.app(), scenario)


def test_prune_shows_what_it_removes_before_it_asks(world: DemoHome) -> None:
    world.emulator.world.unassign("developers", "Developer", "Workloads/Development")

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("p", "r")
        await user.wait_for_text(
            "profile sync --session corp --prune", "-[profile orders-dev.Developer]"
        )
        assert "1 to remove" in user.screen

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("interrupted", [False, True])
def test_prune_asks_aws_for_the_list_before_it_removes(world: DemoHome, interrupted: bool) -> None:
    """A role that was missing a minute ago is assigned now: its profile stays."""
    app = world.app()
    session = app.config.read().sso_session("corp")
    assert session is not None
    saved = directory.load_listing(app, session)
    assert saved is not None
    stale = saved._replace(
        listed_at=NOW - 60,
        accounts=tuple(
            listed._replace(roles=tuple(role for role in listed.roles if role != "Developer"))
            for listed in saved.accounts
        ),
    )
    app.directory.save("corp", stale)
    if interrupted:
        first, *rest = stale.accounts
        unfinished = (first._replace(answered=False), *rest)
        app.directory.save_unfinished("corp", stale._replace(accounts=unfinished))

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("p")
        await user.wait_for_text("-[profile orders-dev.Developer]")
        await user.press("a")
        await user.wait_for_screen(ConfirmScreen)
        assert "to remove" not in user.screen
        await user.press("y")
        await user.wait_for_message("17 profiles added, 1 changed")

    run_scenario(world.app(), scenario)
    assert "[profile orders-dev.Developer]" in world.config_file.read_text()


def test_a_config_that_cannot_be_read_is_read_only(world: DemoHome) -> None:
    services = world.app()
    world.config_file.write_text("[default]\nregion eu-west-1\n")

    async def scenario(user: User) -> None:
        await user.press("f4")
        await user.wait_for_text("config:2:", "no profile can be changed on this screen")
        await user.press("a", "u", "d", "r", "p")
        assert isinstance(user.app.screen, ProfilesScreen)
        assert user.app.screen.palette() == []

    run_scenario(services, scenario)
    assert world.config_file.read_text() == "[default]\nregion eu-west-1\n"


def test_a_key_shows_the_next_session(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("s")
        await user.wait_for_text(
            "profile sync --session lab: no list of roles yet", "press r to ask"
        )

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("count", [10_000])
def test_of_many_profiles_only_the_visible_ones_are_drawn(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    lines = [f"[profile p{number}]\nregion = eu-west-1\n" for number in range(count)]
    world.config_file.write_text(world.config_file.read_text() + "\n" + "\n".join(lines))
    drawn: list[int] = []
    draw = ProfilesScreen._row

    def counted(self: ProfilesScreen, number: int, width: int) -> object:
        drawn.append(number)
        return draw(self, number, width)

    monkeypatch.setattr(ProfilesScreen, "_row", counted)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text(f"{count + 5} profiles in")
        drawn.clear()
        await user.press("end")
        await user.wait_for_text(f"p{count - 1}")
        assert len(drawn) < 200
        await user.press("home", "pagedown")
        assert len(drawn) < 400

    run_scenario(world.app(), scenario)
