"""The Profiles screen: what is written, what sync would change, apply, remove, undo."""

import pytest

from ssohelper.actions import directory
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.widgets.lines import LineView
from tests.tui.driving import Person, drive
from tests.tui.world import NOW, Afternoon, until


async def open_screen(person: Person) -> ProfilesScreen:
    await person.press("f4")
    await person.meets(ProfilesScreen)
    screen = person.app.screen
    assert isinstance(screen, ProfilesScreen)
    await until(lambda: screen.is_planned)
    return screen


async def answer(person: Person, key: str, *sees: str) -> None:
    await person.meets(ConfirmScreen)
    await person.sees(*sees)
    await person.press(key)


def test_what_is_written_and_what_sync_would_change_are_in_sight(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        screen = await open_screen(person)
        await person.sees(
            "5 profiles in ~/.aws/config: ◆ 3 managed, 2 yours",
            "◆ payments-dev.ReadOnlyAccess",
            "· audit",
            "profile sync --session corp: 17 profiles to add, 1 to change  (list of 7m ago)",
            "-credential_process = /opt/old/bin/ssohelper",
        )
        looks = {line[0][0][:1]: line[0][1] for line in screen.query_one("#diff", LineView).lines}
        assert (looks["+"], looks["-"], looks["@"], looks[" "]) == ("good", "bad", "accent", "")

    drive(world.app(), scenario)


def test_apply_asks_with_the_diff_writes_once_and_undo_puts_back_each_byte(
    world: Afternoon,
) -> None:
    before = world.config_file.read_bytes()

    async def scenario(person: Person) -> None:
        await open_screen(person)
        await person.press("a")
        await answer(person, "n", "17 profiles to add, 1 to change — write ~/.aws/config?")
        await person.hears("nothing was written")
        assert world.config_file.read_bytes() == before
        await person.press("a")
        await answer(person, "y", "$ ssohelper profile sync --session corp")
        await person.hears("17 profiles added, 1 changed", "$ ssohelper profile sync")
        person.app.clear_notifications()  # stands over the next words for 5 s
        await person.sees("22 profiles in", "nothing to change")
        await person.press("u")
        await answer(person, "y", "the last write is taken back", "$ ssohelper profile undo")
        await person.hears("put back:")
        await person.sees("5 profiles in")

    drive(world.app(), scenario, size=(80, 24))
    assert world.config_file.read_bytes() == before


def test_removing_takes_only_what_is_managed(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        screen = await open_screen(person)
        assert screen.check_action("remove", ()) is None  # [default] is the person's
        await person.press("d")
        assert person.app.screen is screen
        await person.press("down", "down", "d")
        await answer(person, "y", "-[profile payments-dev.ReadOnlyAccess]", "ssohelper profile rm")
        await person.hears("removed 1 profile")
        await person.sees("4 profiles in")
        told = "".join(
            text for line in screen.query_one("#diff", LineView).lines for text, _ in line
        )
        assert 'skipped "payments-dev.ReadOnlyAccess": removed with: ssohelper profile rm' in told

    drive(world.app(), scenario)
    assert "payments-dev.ReadOnlyAccess]" not in world.config_file.read_text()


def test_nothing_is_written_from_a_list_of_yesterday(world: Afternoon) -> None:
    world.clock.now = NOW + 25 * 3600
    world.emulator.auto_approve = "ana"

    async def scenario(person: Person) -> None:
        await open_screen(person)
        await person.sees("(list of 1d 1h ago)")
        listed = world.emulator.counters["ListAccounts"]
        await person.press("a")
        await person.hears("sign in with: ssohelper login corp")
        assert world.emulator.counters["ListAccounts"] == listed
        assert not person.app.screen.is_modal

    drive(world.app(), scenario)


def test_refresh_lists_again_and_shows_what_came(world: Afternoon) -> None:
    world.emulator.world.assign("ana", "SecurityAudit", "000010000001")

    async def scenario(person: Person) -> None:
        await open_screen(person)
        await person.press("r")
        await person.hears("the list is new", "$ ssohelper list --refresh --session corp")
        await person.sees("18 profiles to add", "(list of 0s ago)")

    drive(world.app(), scenario)


def test_prune_shows_what_is_gone_before_it_asks(world: Afternoon) -> None:
    world.emulator.world.unassign("developers", "Developer", "Workloads/Development")

    async def scenario(person: Person) -> None:
        await open_screen(person)
        await person.press("p", "r")
        await person.sees("profile sync --session corp --prune", "-[profile orders-dev.Developer]")
        assert "1 to remove" in person.screen

    drive(world.app(), scenario)


@pytest.mark.parametrize("interrupted", [False, True])
def test_prune_lists_again_before_it_removes(world: Afternoon, interrupted: bool) -> None:
    """A role that was missing a minute ago is assigned now: its profile stays."""
    app = world.app()
    session = app.config.read().sso_session("corp")
    assert session is not None
    saved = directory.saved_listing(app, session)
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

    async def scenario(person: Person) -> None:
        await open_screen(person)
        await person.press("p")
        await person.sees("-[profile orders-dev.Developer]")
        await person.press("a")
        await person.meets(ConfirmScreen)
        assert "to remove" not in person.screen
        await person.press("y")
        await person.hears("17 profiles added, 1 changed")

    drive(world.app(), scenario)
    assert "[profile orders-dev.Developer]" in world.config_file.read_text()


def test_a_config_that_cannot_be_read_is_read_only(world: Afternoon) -> None:
    house = world.app()
    world.config_file.write_text("[default]\nregion eu-west-1\n")

    async def scenario(person: Person) -> None:
        await person.press("f4")
        await person.sees("config:2:", "Read-only: nothing is changed from here")
        await person.press("a", "u", "d", "r", "p")
        assert isinstance(person.app.screen, ProfilesScreen)
        assert person.app.screen.palette() == []

    drive(house, scenario)
    assert world.config_file.read_text() == "[default]\nregion eu-west-1\n"


def test_the_next_session_is_a_key_away(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await open_screen(person)
        await person.press("s")
        await person.sees("profile sync --session lab: no list of roles yet", "press r to list")

    drive(world.app(), scenario)


@pytest.mark.parametrize("count", [10_000])
def test_of_many_profiles_only_what_is_seen_is_drawn(
    world: Afternoon, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    lines = [f"[profile p{number}]\nregion = eu-west-1\n" for number in range(count)]
    world.config_file.write_text(world.config_file.read_text() + "\n" + "\n".join(lines))
    drawn: list[int] = []
    draw = ProfilesScreen._row

    def counted(self: ProfilesScreen, number: int, width: int) -> object:
        drawn.append(number)
        return draw(self, number, width)

    monkeypatch.setattr(ProfilesScreen, "_row", counted)

    async def scenario(person: Person) -> None:
        await open_screen(person)
        await person.sees(f"{count + 5} profiles in")
        drawn.clear()
        await person.press("end")
        await person.sees(f"p{count - 1}")
        assert len(drawn) < 200
        await person.press("home", "pagedown")
        assert len(drawn) < 400

    drive(world.app(), scenario)
