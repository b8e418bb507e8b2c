"""The Profiles screen: the search, the list by kind, apply, remove, undo, prune."""

import pytest

from ssohelper.actions import directory, profile_edit, sync_choices
from ssohelper.core.choices import Choices
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sign_in import SignInScreen
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


def test_each_profile_is_shown_once_below_what_the_sync_does_with_it(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text(
            "5 profiles in ~/.aws/config: ◆ 3 managed, 2 yours",
            "17 to add, 1 to change: program path · listed 7m ago · profile sync --session corp",
            "▸ + 17 to add",
            "▾ ~ 1 to change: program path",
            "▾ 4 unchanged: ◆ 2 managed, 2 yours",
            "◆ payments-dev.ReadOnlyAccess",
            "· audit",
        )
        await user.press("down", "down")
        await user.wait_for_text("-credential_process = /opt/old/bin/ssohelper")
        await user.press("home", "enter")
        await user.wait_for_text("▾ + 17 to add", "+ data-lake.BreakGlassAdmin")
        await user.press("left")
        await user.wait_for_text("▸ + 17 to add")

    run_scenario(world.app(), scenario, size=(100, 40))


@pytest.mark.long
def test_where_nothing_can_be_removed_the_key_says_why(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+x")
        await user.wait_for_text("this line is a group: tab ticks its managed profiles, then ^x")
        await user.press(*"audit", "ctrl+x")
        await user.wait_for_text("only profiles that ssohelper manages can be removed")
        await user.press("ctrl+u", *"payments-prod.Data", "ctrl+x")
        await answer(user, "n", "1 profile to remove")
        await user.wait_for_message("nothing was changed")
        assert len(user.app.messages.all) == 3

    run_scenario(world.app(), scenario)


def test_apply_shows_the_diff_and_asks_and_undo_restores_each_byte(world):
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("f9")
        await answer(user, "n", "17 to add, 1 to change: program path — write ~/.aws/config?")
        await user.wait_for_message("nothing was changed")
        assert world.config_file.read_bytes() == before
        await user.press("f9")
        await answer(user, "y", "$ ssohelper profile sync --session corp")
        await user.wait_for_message("17 profiles added, 1 changed", "$ ssohelper profile sync")
        await user.wait_for_text("22 profiles in", "nothing to change")
        await user.press("f8")
        await user.wait_for_screen(ConfirmScreen)
        written = world.config_file.read_bytes()
        world.config_file.write_bytes(written + b"# mine\n")
        await user.press("y")
        await user.wait_for_message("has changed since the diff was shown")
        assert world.config_file.read_bytes() == written + b"# mine\n"
        world.config_file.write_bytes(written)
        await user.press("f8")
        await answer(user, "y", "undo the last write: +1 and -86 lines", "$ ssohelper profile undo")
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
            await user.press("f9")
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
        await user.press("f9")
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
        await user.press("f8")
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
        await user.press("f8")
        await user.wait_for_text("-region = mine", "+ssohelper_managed = true")
        await user.press("escape")
        await user.wait_for_message("nothing was restored")

    run_scenario(world.app(), scenario, size=(100, 50))
    assert world.config_file.read_bytes() == edited


def test_only_managed_profiles_are_removed(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.type("default")
        await user.wait_for_text("❯  · default")
        # The profile is the user's own, so it cannot be removed.
        assert screen.check_action("remove", ()) is None
        await user.press("ctrl+x")
        assert user.app.screen is screen
        await user.press("ctrl+u")
        await user.type("paydevread")
        await user.press("ctrl+x")
        await answer(user, "y", "-[profile payments-dev.ReadOnlyAccess]", "ssohelper profile rm")
        await user.wait_for_message("removed 1 profile")
        await user.wait_for_text(
            "4 profiles in",
            "▾ ! 1 skipped",
            "! payments-dev.ReadOnlyAccess",
            "its profile was removed with: ssohelper profile rm",
        )

    run_scenario(world.app(), scenario)
    assert "payments-dev.ReadOnlyAccess]" not in world.config_file.read_text()


def test_ticked_profiles_are_removed_together(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.type("paydevread")
        await user.press("tab", "ctrl+u")
        await user.type("payprod database")
        await user.press("tab")
        await user.wait_for_text("✓2  ")
        await user.press("ctrl+u")
        await user.type("audit")
        await user.press("tab")
        await user.wait_for_message("only profiles that ssohelper manages can be ticked")
        await user.press("escape")
        await user.wait_for_text("✓2  22/22")
        await user.press("ctrl+x")
        await answer(
            user,
            "y",
            "2 profiles to remove: payments-dev.ReadOnlyAccess, payments-prod.DatabaseAdmin",
            "$ ssohelper profile rm payments-dev.ReadOnlyAccess payments-prod.DatabaseAdmin",
        )
        await user.wait_for_message("removed 2 profiles")
        await until(lambda: not screen.pane.list.ticked)
        await user.wait_for_text("3 profiles in")

    run_scenario(world.app(), scenario, size=(120, 40))


def test_no_letter_is_a_command(world: DemoHome) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ?/!.-"
        await user.type(letters)
        assert screen.pane.line.value == letters
        assert user.app.screen is screen
        await until(lambda: screen.is_planned)
        assert "--prune" not in user.screen
        await user.press("escape")
        await user.type("undo")
        await user.press("home", "end", "backspace")
        assert screen.pane.line.value == "und"

    run_scenario(world.app(), scenario)
    assert world.config_file.read_bytes() == before


def test_the_search_ranks_as_on_accounts_and_marks_the_matches(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.type("payprod dbadmin")
        await user.wait_for_text("❯  ◆ payments-prod.DatabaseAdmin", "2/22")
        line = screen.pane.list._draw_line(screen.pane.list.cursor, 90)
        hits = "".join(text for text, style in line if style == "hit")
        assert hits.startswith("payprod")
        assert hits.endswith("DbAdmin"[-5:])
        await user.press("escape")
        await user.type("!prod 000040000001")
        await user.wait_for_text("3/22")
        await user.press("escape", "escape")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)


def test_nothing_is_written_from_a_list_of_the_day_before(world: DemoHome) -> None:
    world.clock.now = NOW + 25 * 3600

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("listed 1d 1h ago")
        listed = world.emulator.counters["ListAccounts"]
        await user.press("f9")
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
        await user.press("f5")
        await user.wait_for_message(
            "refreshed the list", "$ ssohelper list --refresh --session corp"
        )
        await user.wait_for_text("18 to add", "listed just now")

    run_scenario(world.app(), scenario)


def test_prune_shows_what_it_removes_before_it_asks(world: DemoHome) -> None:
    world.emulator.world.unassign("developers", "Developer", "Workloads/Development")

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+g", "f5")
        await user.wait_for_text(
            "profile sync --session corp --prune", "▾ - 1 to remove", "- orders-dev.Developer"
        )
        await user.press("ctrl+g")
        await user.wait_for_text("▾ ! 1 kept, although the role is gone")

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
        app.directory.save_unfinished_listing("corp", stale._replace(accounts=unfinished))

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+g")
        await user.wait_for_text("- orders-dev.Developer")
        await user.press("f9")
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
        await user.press("f9", "f8", "ctrl+x", "f5", "ctrl+g", "ctrl+o", "ctrl+d", "ctrl+r")
        assert isinstance(user.app.screen, ProfilesScreen)
        assert user.app.screen.palette() == []
        assert not user.messages
        # No key in the footer that does nothing.
        await user.wait_for_text("^e Edit")
        assert not any(f"{key} " in user.screen for key in ("F9", "F8", "F5", "tab", "^o", "^d"))

    run_scenario(services, scenario)
    assert world.config_file.read_text() == "[default]\nregion eu-west-1\n"


def test_a_key_shows_the_next_session(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+t")
        await user.wait_for_text(
            "profile sync --session lab: no list of roles yet",
            "Press F5 to ask AWS for your roles, or type: ssohelper list --refresh --session lab",
        )

    run_scenario(world.app(), scenario)
