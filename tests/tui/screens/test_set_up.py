"""The set-up of a session on the screen: form, sign-in, listing, diff, one write."""

import re
import threading
from pathlib import Path

import pytest
from textual.strip import Strip
from textual.widgets import Input

from ssohelper.actions import setup
from ssohelper.actions.selection import find_unlisted_sessions
from ssohelper.app import App
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.set_up import SetUpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until

_USER_CODE = re.compile(r"\b[A-Z]{4}-[A-Z]{4}\b")
PORTAL = "https://d-0000000000.awsapps.com/start"


def quick(_seconds: float) -> None:
    threading.Event().wait(0.01)


def typed(user: User, field: str, text: str) -> None:
    user.app.screen.query_one(f"#{field}", Input).value = text


def forget_all(world: DemoHome, config: str = "") -> None:
    world.config_file.write_text(config)
    world.emulator.reset_counters()


def test_the_form_has_the_focus_when_it_is_first_drawn(world, monkeypatch):
    """A letter typed at the sight of the form was lost: it went to the hidden search."""
    forget_all(world)
    focused: list[str | None] = []
    draw = Input.render_line

    def note_focus(field: Input, line: int) -> Strip:
        if field.id == "start_url":
            focused.append(field.app.focused and field.app.focused.id)
        return draw(field, line)

    monkeypatch.setattr(Input, "render_line", note_focus)

    async def scenario(user: User) -> None:
        await user.wait_for_text("start URL")
        assert focused[0] == "start_url"

    run_scenario(world.app(), scenario)


def test_set_up_writes_session_and_profiles(world: DemoHome) -> None:
    forget_all(world, "[default]\nregion = eu-west-1\n")

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text(
            "No session is set up yet.", "start URL", "$ ssohelper setup START_URL"
        )
        typed(user, "start_url", f"{PORTAL} --session work")
        await user.press("enter")
        await user.wait_for_text("the region of", "is not known", "$ ssohelper setup")
        await user.type("us-east-1\r")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("PQRS-TVWX")
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await user.close_sign_in()
        await user.wait_for_text(
            "20 profiles to add — write ~/.aws/config,",
            "20 roles in 9 accounts",
            "eu-west-1, that of [default]",
            "1 guard roles, so that each use needs a typed reason:",
        )
        await user.press("d")
        await user.wait_for_text("+[sso-session work]")
        await user.press("y")
        await user.wait_for_message("20 profiles added")
        await user.wait_for_message(f"$ ssohelper setup {PORTAL} --session work")
        await user.wait_for_text("undo with: ssohelper undo", "enter: close")
        await user.press("enter")
        await user.wait_for_screen(SessionsScreen)
        await user.wait_for_text("work", "signed in", "8h left")

    run_scenario(world.app(sleep=quick), scenario, size=(80, 24))
    text = world.config_file.read_text()
    assert text.startswith("[default]\nregion = eu-west-1\n")
    assert text.count("ssohelper_managed = true") == 20
    assert world.app().settings.get("guard.rules")
    written = [line.fields for line in world.app().journal.read().lines if "file" in line.fields]
    assert [fields["command"] for fields in written] == ["setup", "setup"]  # config, guard rules
    # One for the list; one by the sign-in, which needs a role to ask AWS who has signed in.
    assert world.emulator.counters["ListAccounts"] == 2


async def begin_set_up(user: User, world: DemoHome) -> None:
    """Fill in the form for the session "work", and sign in as ana."""
    await user.press("f3")
    await user.wait_for_text("No session is set up yet.")
    typed(user, "start_url", f"{PORTAL.removeprefix('https://')} --region us-east-1 --session work")
    await user.press("enter")
    await until(lambda: _USER_CODE.search(user.screen) is not None)
    code = _USER_CODE.search(user.screen)
    assert code is not None
    world.emulator.approve_device(code.group(), "ana")
    await user.close_sign_in()


BROKEN = f"""\
[profile old/reader]
sso_start_url = {PORTAL}
sso_region = us-east-1
sso_account_id = 000040000001
sso_role_name = ReadOnlyAccess
output = table
"""


def test_set_up_adopts_what_does_not_work_without_it(world: DemoHome) -> None:
    forget_all(world, BROKEN)

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await user.wait_for_text(
            "19 profiles to add, 1 to adopt — write",
            "1 adopt 1 profile, names unchanged (old/reader)",
            "profiles that other tools or you wrote:",
        )
        await user.press("enter")
        await user.wait_for_message("19 profiles added, 1 adopted")

    run_scenario(world.app(sleep=quick), scenario)
    written = world.config_file.read_text()
    section = written.partition("[profile old/reader]\n")[2].partition("\n[")[0]
    assert "sso_start_url" not in section
    assert "output = table" in section
    assert "ssohelper_managed = true" in section


def write_block(world: DemoHome, more: str = "") -> str:
    """Write a part of aws-sso-cli's: the program of one profile is gone, that of another is not."""
    program = world.home / "aws-sso"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    arn = "arn:aws:iam::000040000001:role"
    block = (
        "# BEGIN_AWS_SSO_CLI\n"
        f"[profile a]\ncredential_process = /gone/aws-sso -S X process --arn {arn}/Developer\n"
        f"[profile b]\ncredential_process = {program} -S X process --arn {arn}/ReadOnlyAccess\n"
        f"{more}# END_AWS_SSO_CLI\n"
    )
    forget_all(world, block)
    return block


@pytest.mark.long
@pytest.mark.parametrize("takes_all", [True, False])
def test_aws_sso_clis_profiles_are_adopted_together_or_not_at_all(world, takes_all):
    block = write_block(world)

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await user.wait_for_text("to add, 2 to adopt", "1 adopt 2 profiles")
        if not takes_all:
            await user.press("c")
            await user.wait_for_screen(AskScreen)
            await user.type("1\r")
            await user.wait_for_text("profiles to add — write")
        await user.press("y")
        await user.wait_for_message("profiles added")

    run_scenario(world.app(sleep=quick), scenario)
    text = world.config_file.read_text()
    assert (block in text) is not takes_all
    assert ("AWS_SSO_CLI" in text) is not takes_all


@pytest.mark.parametrize("key", ["n", "escape"])
def test_no_to_the_profiles_writes_nothing_and_keeps_the_sign_in(world, key):
    forget_all(world)

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await user.wait_for_text("20 profiles to add")
        await user.press(key)
        await user.wait_for_message('you stay signed in to "work"; go on with: ssohelper setup')

    run_scenario(world.app(sleep=quick), scenario)
    assert world.config_file.read_text() == ""
    assert [one.name for one in find_unlisted_sessions(world.app())] == ["work"]


def test_parts_and_accounts_are_left_out_at_the_question(world: DemoHome) -> None:
    forget_all(world)

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await user.wait_for_text("20 profiles to add — write", "Choose (c)")
        await user.press("c")
        await user.wait_for_text("leave out (numbers; or accounts such as *-test", "1 guard roles")
        await user.type("nowhere\r")
        await user.wait_for_text('"nowhere" is neither')  # the dialog asks again, and says why
        user.app.screen.query_one("#answer", Input).value = "1, *-prod"
        await user.press("enter")
        await user.wait_for_text("14 profiles to add — write ~/.aws/config?")
        await user.press("y")
        await user.wait_for_text("filters: --account '!*-prod'", "6 roles left out")

    run_scenario(world.app(sleep=quick), scenario)
    assert world.config_file.read_text().count("ssohelper_managed = true") == 14
    assert world.app().choices.load("work").accounts == ("!*-prod",)
    assert world.app().settings.get("guard.rules") == ()


def test_leaving_before_the_answer_gives_the_sign_in_back(world: DemoHome) -> None:
    forget_all(world)

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await user.wait_for_text("20 profiles to add")
        assert [one.name for one in find_unlisted_sessions(world.app())] == ["work"]
        await user.press("ctrl+q")

    program = run_scenario(world.app(sleep=quick), scenario)
    assert program.give_back_sign_in is not None
    assert program.give_back_sign_in()
    assert not find_unlisted_sessions(world.app())
    assert world.emulator.counters["Logout"] == 1


@pytest.mark.long
def test_a_listing_that_fails_leaves_a_sign_in_that_is_said(world: DemoHome) -> None:
    forget_all(world)
    world.emulator.faults.set(down={"ListAccounts": 400})

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await user.wait_for_message('you are still signed in to "work", which is not in the config')

    program = run_scenario(world.app(sleep=quick), scenario)
    assert program.give_back_sign_in is None
    assert [one.name for one in find_unlisted_sessions(world.app())] == ["work"]


def test_cancelling_the_sign_in_writes_nothing(world: DemoHome) -> None:
    forget_all(world)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("No session is set up yet.")
        typed(user, "start_url", f"{PORTAL} --region us-east-1")
        await user.press("enter")
        await user.wait_for_screen(SignInScreen)
        await user.press("escape")
        await user.wait_for_text("not signed in: nothing was written")

    run_scenario(world.app(sleep=quick), scenario)
    assert world.config_file.read_text() == ""


def test_a_read_only_config_is_refused_before_the_sign_in(world: DemoHome) -> None:
    forget_all(world)
    world.config_file.chmod(0o444)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("No session is set up yet.")
        typed(user, "start_url", f"{PORTAL} --region us-east-1")
        await user.press("enter")
        await user.wait_for_text("read-only: not touched")
        assert not isinstance(user.app.screen, SignInScreen)

    run_scenario(world.app(sleep=quick), scenario)


def test_the_form_shows_why_a_start_url_is_wrong(world: DemoHome) -> None:
    forget_all(world)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("No session is set up yet.")
        for wrong in (
            "http://d-0000000000.awsapps.com/start",
            "https://x.awsapps.com.evil.example/[red]x",
        ):
            typed(user, "start_url", wrong)
            await user.press("enter")
            await user.wait_for_text(wrong, "a start URL looks like")
        assert not user.app.screen.is_modal

    run_scenario(world.app(), scenario)


def test_the_region_that_the_portals_page_names_is_confirmed_by_enter(world, monkeypatch):
    monkeypatch.setattr(AwsClients, "propose_region_of_portal", lambda _self, _url: "us-east-1")
    forget_all(world)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("No session is set up yet.")
        typed(user, "start_url", PORTAL)
        await user.press("enter")
        await user.wait_for_text("region is us-east-1")
        await user.wait_for_screen(AskScreen)
        await user.press("enter")
        await user.wait_for_screen(SignInScreen)
        await user.press("escape")
        await user.wait_for_text("not signed in: nothing was written")

    run_scenario(world.app(sleep=quick), scenario)


def test_a_known_portal_is_suggested(world: DemoHome) -> None:
    forget_all(world, f"[profile old]\nsso_start_url = {PORTAL}\nsso_region = us-east-1\n"
                      "sso_account_id = 000010000001\nsso_role_name = Reader\n")  # fmt: skip

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text(PORTAL)

    run_scenario(world.app(), scenario)


def test_leaving_before_a_portal_is_found_does_not_crash(world, monkeypatch):
    left, looked = threading.Event(), threading.Event()

    def find_portals(_house):
        left.wait(30)
        looked.set()
        return []

    monkeypatch.setattr(setup, "find_portals_in_config", find_portals)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("S")
        await user.wait_for_screen(SetUpScreen)
        await user.press("escape")
        await user.wait_for_screen(SessionsScreen)
        left.set()
        await until(looked.is_set)
        await user.press("f2")
        await user.wait_for_text("role keys")

    run_scenario(world.app(), scenario)


def test_another_session_is_set_up_in_a_dialog(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("S")
        await user.wait_for_screen(SetUpScreen)
        await user.wait_for_text("Set up another session")
        typed(user, "start_url", f"{PORTAL} --session lab")
        await user.press("enter")
        await user.wait_for_text('session "lab" already has another start URL')
        await user.press("escape")
        await user.wait_for_screen(SessionsScreen)

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "name one, such as: --session corp2"),
        ("--session", "the start URL may be followed by --session NAME and"),
        ("--yes --region", "the start URL may be followed by --session NAME and"),
        ("--session x!", "is not a valid name for a session"),
    ],
)
def test_an_error_leaves_the_arguments_to_be_corrected(world: DemoHome, arguments, message) -> None:
    url = world.emulator.world.start_url
    section = f"[sso-session corp2]\nsso_start_url = {url}\nsso_region = us-east-1\n\n"
    world.config_file.write_text(section + world.config_file.read_text())

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("S")
        await user.wait_for_screen(SetUpScreen)
        await user.type(f"{url} {arguments}\r")
        await user.wait_for_text(message)
        await until(lambda: isinstance(user.app.focused, Input))
        assert user.app.focused.value == f"{url} {arguments}"

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(("width", "height"), long_after(1, [(40, 12), (80, 24), (100, 30)]))
def test_each_empty_screen_names_the_demo(tmp_path: Path, width: int, height: int) -> None:
    async def scenario(user: User) -> None:
        def names_the_demo() -> bool:
            return "ssohelper demo" in " ".join(user.screen.split())

        await until(names_the_demo)
        for key, screen in (("f3", SessionsScreen), ("f4", ProfilesScreen)):
            await user.press(key)
            await user.wait_for_screen(screen)
            await until(names_the_demo)

    services = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path / "own")})
    run_scenario(services, scenario, size=(width, height))
