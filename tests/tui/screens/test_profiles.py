"""The Profiles screen: list, search, diff, apply, undo, remove."""

from pathlib import Path

from ssohelper.actions import profile_edit, sync_choices
from ssohelper.app import App
from ssohelper.core.choices import Choices
from ssohelper.tui import profile_rows
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.lines import LineView
from tests.tui.driving import User, run_scenario
from tests.tui.gates import Gate
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.world import NOW, DemoHome, until

_OTHER_TOOL = """
[profile old/reader]
sso_start_url = https://d-0000000000.awsapps.com/start
sso_account_id = 000040000001
sso_role_name = ReadOnlyAccess
"""


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


def test_apply_shows_the_diff_and_asks_and_undo_restores_each_byte(world):
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("space", "A")
        await answer(
            user, "n", "17 profiles to add, 1 to change: program path — write ~/.aws/config?"
        )
        await user.wait_for_message("nothing was changed")
        assert world.config_file.read_bytes() == before
        await user.press("space", "A")
        await answer(user, "y", "$ ssohelper profile sync --session corp")
        await user.wait_for_message("17 profiles added, 1 changed", "$ ssohelper profile sync")
        await user.wait_for_text("22 profiles in", "nothing to change")
        await user.press("space", "U")
        await user.wait_for_screen(ConfirmScreen)
        written = world.config_file.read_bytes()
        world.config_file.write_bytes(written + b"# mine\n")
        await user.press("y")
        await user.wait_for_message("has changed since the diff was shown")
        assert world.config_file.read_bytes() == written + b"# mine\n"
        world.config_file.write_bytes(written)
        await user.press("space", "U")
        await answer(user, "y", "undo the last change of", "$ ssohelper undo")
        await user.wait_for_message("restored:")
        await user.wait_for_text("5 profiles in")

    run_scenario(world.app(), scenario, size=(80, 24))
    assert world.config_file.read_bytes() == before


def test_an_edit_during_the_question_is_refused_where_it_matters_and_else_said(world):
    before = world.config_file.read_bytes()
    section = b"[profile orders-dev.Developer]\n"
    touched = before.replace(section, section + b"output = json\n")
    assert touched != before

    async def scenario(user: User) -> None:
        await open_screen(user)
        for edited, words in (
            (touched, "has changed since the diff was shown"),
            (before + b"# mine\n", "17 profiles added, 1 changed"),
        ):
            world.config_file.write_bytes(before)
            await user.press("space", "A")
            await user.wait_for_screen(ConfirmScreen)
            world.config_file.write_bytes(edited)
            await user.press("y")
            await user.wait_for_message(words)
        said = "has changed elsewhere since the diff was shown"
        assert [one for one in user.app.services.warnings if said in one]
        assert world.config_file.read_bytes() != before

    run_scenario(world.app(), scenario, size=(80, 24))


def test_a_read_only_config_is_refused_before_the_question(world: DemoHome) -> None:
    world.config_file.chmod(0o444)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("space", "A")
        await user.wait_for_message("is read-only")
        assert not isinstance(user.app.screen, ConfirmScreen)

    run_scenario(world.app(), scenario, size=(80, 24))


def test_undo_shows_the_options_that_it_restores_before_it_asks(world: DemoHome) -> None:
    services = world.app()
    session, listing = services.config.read().sso_session("corp"), services.directory.load("corp")
    assert session is not None
    assert listing is not None
    filtered = sync_choices.merge_choices(services, session, Choices(roles=("Read*",)))
    profile_edit.write_profile_plan(
        services, profile_edit.plan_sync(services, session, listing, filtered)
    )

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("space", "U")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text(
            'filters and options of session "corp" will be restored: there were none before'
        )

    run_scenario(world.app(), scenario, size=(100, 50))
    assert services.choices.load("corp") == Choices(roles=("Read*",))


def test_an_undo_of_an_edited_section_shows_both_and_restores_nothing(world: DemoHome) -> None:
    services = world.app()
    [item, *_] = profile_edit.read_managed_profiles(services, ["payments-dev.ReadOnlyAccess"])
    profile_edit.remove_profiles(services, [item])
    edited = (
        world.config_file.read_bytes() + b"[profile payments-dev.ReadOnlyAccess]\nregion = mine\n"
    )
    world.config_file.write_bytes(edited)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("space", "U")
        await user.wait_for_text("-region = mine", "+ssohelper_managed = true")
        await user.press("escape")
        await user.wait_for_message("nothing was restored")

    run_scenario(world.app(), scenario, size=(100, 50))
    assert world.config_file.read_bytes() == edited


def test_nothing_is_written_from_a_list_of_the_day_before(world: DemoHome) -> None:
    world.clock.now = NOW + 25 * 3600

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("listed 1d 1h ago")
        listed = world.emulator.counters["ListAccounts"]
        await user.press("space", "A")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("$ ssohelper login corp")
        assert world.emulator.counters["ListAccounts"] == listed
        await user.press("escape")
        await user.wait_for_message("was stopped: nothing was done")
        await user.wait_for_screen(ProfilesScreen)

    run_scenario(world.app(), scenario)


def test_the_list_has_each_profile_once_and_its_details_what_a_sync_changes(
    world: DemoHome,
) -> None:
    world.config_file.write_text(world.config_file.read_text() + _OTHER_TOOL)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text(
            "6 profiles in ~/.aws/config: ◆ 3 managed, 3 yours",
            "corp: 17 to add, 1 to change: program path (space A writes, after a question) · listed 7m",
            "1 profile of other tools, 1 needs ssohelper to work: ssohelper profile sync --adopt",
            "❯  ~ orders-dev.Developer",
            "-credential_process =",
            "· audit",
            "◆ payments-dev.ReadOnlyAccess",
            "+ data-lake.BreakGlassAdmin",
        )
        await user.press("ctrl+t")
        await user.wait_for_text("lab: no list of roles yet: space A asks AWS for it")
        assert "+ data-lake" not in user.screen

    run_scenario(world.app(), scenario, size=(120, 40))


def test_the_search_ranks_as_on_accounts_and_takes_every_letter(world: DemoHome) -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ?/!.-"

    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.type(letters)
        assert screen.pane.line.value == letters
        await user.wait_for_text("nothing matches · esc clears the search")
        await user.press("escape")
        await user.type("payprod dbadmin")
        await user.wait_for_text("❯  ◆ payments-prod.DatabaseAdmin", "2/22")
        line = screen.pane._draw_row(screen.pane.list.cursor, 90)
        hits = "".join(text for text, style in line if style == "hit")
        assert hits.startswith("payprod")
        assert hits.endswith("DbAdmin"[-5:])
        await user.press("escape")
        await user.type("!prod 000040000001")
        await user.wait_for_text("3/22")
        await user.press("escape", "escape")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)


def test_the_diff_begins_at_the_profile_also_when_its_key_comes_before_the_plan(world, gate: Gate):
    gate.put_before(profile_rows, "plan_sync")

    async def scenario(user: User) -> None:
        await user.type("\x1bOS\x04")
        await until(lambda: isinstance(user.app.screen, ProfilesScreen))
        gate.open()
        await user.wait_for_screen(DiffScreen)
        await user.press("escape")
        await user.wait_for_screen(ProfilesScreen)
        await user.type("sandbox")
        await user.press("enter")
        await user.wait_for_screen(DiffScreen)
        view = user.app.screen.query_one(LineView)
        await user.wait_for_text("+[profile sandbox-ana.SandboxAdmin]")
        assert view.virtual_size.width <= view.size.width

    run_scenario(world.app(), scenario, size=(60, 20))


def test_managed_profiles_are_removed_one_or_all_that_are_ticked(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        for keys, does in ((["tab"], "ticked"), (["right", "X"], "removed")):
            await user.press("ctrl+u", *"audit", *keys)
            await user.wait_for_message(f"only profiles that ssohelper manages can be {does}")
        await user.press("ctrl+u", *"ordersdevdev", "right", "X")
        await answer(user, "y", "-[profile orders-dev.Developer]", "ssohelper profile rm orders")
        await user.wait_for_message("removed 1 profile")
        await user.press("ctrl+u", *"its profile was")
        await user.press("ctrl+u", *"paydevread", "tab", "ctrl+u", *"payprod database", "tab")
        await user.wait_for_text("✓2  ")
        await user.press("escape")
        screen.read_again()  # the ticks stay
        await until(lambda: screen.is_planned)
        await user.wait_for_text("✓2  22/22")
        await user.press("space", "X")
        await answer(
            user,
            "y",
            "2 profiles to remove — write ",
            "$ ssohelper profile rm payments-dev.ReadOnlyAccess payments-prod.DatabaseAdmin",
        )
        await user.wait_for_message("removed 2 profiles")
        await user.wait_for_text("2 profiles in", "! orders-dev.Developer")
        assert not screen.pane.ticked

    run_scenario(world.app(), scenario, size=(120, 40))
    assert "ssohelper_managed" not in world.config_file.read_text()


def test_a_config_that_cannot_be_read_is_not_changed(world: DemoHome) -> None:
    services = world.app()
    world.config_file.write_text("[default]\nregion eu-west-1\n")

    async def scenario(user: User) -> None:
        await user.press("f4")
        await user.wait_for_text("config:2:", "no profile can be changed")
        await user.press("space", "A", "U", "X", "escape", "ctrl+d", "tab")
        assert isinstance(user.app.screen, ProfilesScreen)
        assert not user.messages.replace("no profile is selected", "")
        # No key in the footer that does nothing.
        assert not any(f"{key} " in user.screen for key in ("A", "U", "X", "^d"))

    run_scenario(services, scenario)
    assert world.config_file.read_text() == "[default]\nregion eu-west-1\n"


def test_an_empty_screen_says_what_to_do_first(world: DemoHome, tmp_path: Path) -> None:
    nothing = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path / "own")})

    async def without_session(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text(
            "Set up a session first: space 2 shows the form, or type: ssohelper se"
        )

    run_scenario(nothing, without_session)


def test_the_age_of_the_list_counts_on(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("listed 7m ago")
        world.clock.now += 60
        await user.wait_for_text("listed 8m ago")

    run_scenario(world.app(), scenario, size=(120, 30))
