"""The Profiles screen's plan: by kind, with options edited in place; the diff, and the editor."""

from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.choices import Choices
from ssohelper.tui import foreground
from ssohelper.tui.screens import profiles
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.widgets.lines import LineView
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.gates import Gate
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.screens.test_profiles import answer, open_screen
from tests.tui.world import CONFIG, DemoHome, until


def text_of(view: LineView) -> str:
    return "\n".join("".join(text for text, _ in line) for line in view.lines)


def test_the_diff_is_shown_on_demand_wrapped_from_the_profile_on(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.type("sandbox")
        await user.press("enter")
        await user.wait_for_screen(DiffScreen)
        view = user.app.screen.query_one(LineView)
        await user.wait_for_text("+[profile sandbox-ana.SandboxAdmin]")
        assert view.virtual_size.width <= view.size.width
        whole = " ".join(part.strip() for part in text_of(view).split("\n"))
        assert "--account-id 000050000001 --role-name SandboxAdmin" in whole
        await user.press("escape")
        await user.wait_for_screen(ProfilesScreen)
        await user.press("ctrl+d")
        await user.wait_for_screen(DiffScreen)

    run_scenario(world.app(), scenario, size=(60, 20))


def test_options_are_edited_in_place_and_apply_writes_what_is_shown(world: DemoHome) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.press("ctrl+o")
        await user.type("*dev* !data*")
        await user.wait_for_text("3 to add, 1 to change: program path")
        await user.press("tab")
        await user.type("Read*")
        await user.wait_for_text("1 to add, 1 to change: program path")
        await user.press("tab", "ctrl+u")
        await user.type("x-{role_name}-{account_name}")
        await user.wait_for_text("+ x-ReadOnlyAccess-orders-dev")
        await user.press("tab", "tab", "ctrl+u")
        await user.type("eu-north-1")
        await until(lambda: screen.is_planned)
        assert world.config_file.read_bytes() == before
        assert world.app().choices.load("corp") == Choices()
        await user.press("f9")
        await answer(
            user,
            "y",
            "+[profile x-ReadOnlyAccess-orders-dev]",
            "$ ssohelper profile sync --session corp --account '*dev*' --account '!data*'",
        )
        await user.wait_for_message("1 profile added, 1 changed")
        await user.wait_for_text("nothing to change", "accounts *dev* !data*")
        await user.wait_for_text("6 unchanged, 2 outside the filters: ◆ 4 managed, 2 yours")
        assert not screen.fields.display
        await user.press("end", "enter")
        await user.wait_for_message("~/.aws/config: nothing to change")
        assert user.app.screen is screen

    run_scenario(world.app(), scenario, size=(120, 40))
    saved = world.app().choices.load("corp")
    assert saved.options == Choices(
        ("*dev*", "!data*"), ("Read*",), "x-{role_name}-{account_name}", None, "eu-north-1"
    )
    assert "[profile x-ReadOnlyAccess-orders-dev]" in world.config_file.read_text()


def test_a_wrong_option_is_said_beside_its_field_and_nothing_is_written(world: DemoHome) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.press("ctrl+o")
        await user.type("'x")
        await user.press("tab", "tab")
        await user.type("{foo}")
        await user.press("tab")
        await user.type("x")
        await user.press("tab")
        await user.type("-9")
        await user.wait_for_text(
            "a quote is not closed",
            "has no field",
            "the form is process or sso",
            "is no AWS region",
        )
        await until(lambda: screen.is_planned)
        await user.press("f9")
        await user.wait_for_message("an option is not valid")
        assert user.app.screen is screen
        await user.press("escape")
        await user.wait_for_text("17 to add, 1 to change: program path")

    run_scenario(world.app(), scenario, size=(160, 40))
    assert world.config_file.read_bytes() == before
    assert world.app().choices.load("corp") == Choices()


@pytest.mark.long
def test_options_alone_are_remembered_and_undo_says_that_it_puts_them_back(world):
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("f9")
        await answer(user, "y", "write ~/.aws/config?")
        await user.wait_for_text("nothing to change")
        await user.press("ctrl+o", "tab")
        await user.type("Read*")
        await user.press("enter")
        await user.wait_for_text("changed, not yet applied")
        await user.press("f9")
        await user.wait_for_message("nothing to change · $ ssohelper profile sync")
        await until(lambda: world.app().choices.load("corp").roles == ("Read*",))
        await user.press("f8")
        await answer(
            user,
            "y",
            "undo the last write: options only, no line of the config",
            'options of session "corp" will be restored',
        )
        await until(lambda: world.app().choices.load("corp").roles == ())
        await user.wait_for_message('options of session "corp" were restored')

    run_scenario(world.app(), scenario, size=(120, 30))


def test_rename_names_the_profiles_by_the_template(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+o", "tab", "tab", "ctrl+u")
        await user.type("{role_name}-{account_name}")
        await user.press("enter")
        await user.press("ctrl+r")
        await user.wait_for_text("to change: name", "--rename")

    run_scenario(world.app(), scenario, size=(140, 40))


def make_editor(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_editor_opens_at_the_line_and_the_list_is_read_anew(world, tmp_path, monkeypatch):
    log = tmp_path / "log"
    new = "[profile mine]\\nregion = eu-west-1\\n"
    editor = make_editor(
        tmp_path,
        "vim",
        f'printf "%s " "$@" > {log}; for last; do :; done; printf "{new}" >> "$last"',
    )
    world.environ["EDITOR"] = f"'{editor}' -n"
    ran: list[list[str]] = []

    def run(app: object, path: str, line: int) -> None:
        # A test has no terminal that could be suspended.
        argv = foreground.make_editor_command(world.environ, path, line)
        ran.append(argv)
        assert foreground.run_program(argv, world.environ) == 0

    monkeypatch.setattr(foreground, "run_editor", run)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.type("orders-dev.dev")
        await user.wait_for_text("❯  ~ orders-dev.Developer")
        await user.press("ctrl+e")
        await user.wait_for_text("6 profiles in")

    run_scenario(world.app(), scenario)
    line = CONFIG.split("\n").index("[profile orders-dev.Developer]") + 1
    assert log.read_text() == f"-n +{line} {world.config_file} "
    assert ran == [[str(editor), "-n", f"+{line}", str(world.config_file)]]


def test_a_config_that_cannot_be_read_is_opened_at_its_line(world, monkeypatch):
    world.config_file.write_text("[default]\n\n[profile open\nregion = eu-west-1\n")
    opened: list[tuple[str, int]] = []
    monkeypatch.setattr(foreground, "run_editor", lambda _app, *place: opened.append(place))

    async def scenario(user: User) -> None:
        await user.press("f4")
        await user.wait_for_text("the config cannot be read")
        await user.press("tab", "shift+tab", "ctrl+e")  # a list without lines has none to tick
        await until(lambda: opened)

    run_scenario(world.app(), scenario)
    assert opened == [(str(world.config_file), 3)]


def test_tab_before_the_plan_is_there_ticks_nothing(world: DemoHome, gate: Gate) -> None:
    gate.put_before(profiles, "plan_from_saved_list")

    async def scenario(user: User) -> None:
        await user.press("f4", "tab", "shift+tab")
        gate.open()
        await user.wait_for_text("17 to add")
        assert "✓" not in user.screen

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    ("editor", "message"),
    long_after(
        1,
        [
            (None, "no editor is chosen · set VISUAL or EDITOR"),
            ("no-such-editor -x", 'there is no editor "no-such-editor" on PATH'),
            ("vim 'x", "cannot be parsed: No closing quotation"),
        ],
    ),
)
def test_without_an_editor_one_line_says_so(world, editor, message):
    if editor is not None:
        world.environ["VISUAL"] = editor

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+e")
        await user.wait_for_message(message)

    run_scenario(world.app(), scenario)


def test_an_empty_screen_says_what_to_do_first(world: DemoHome, tmp_path: Path) -> None:
    nothing = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path / "own")})

    async def without_session(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text(
            "Set up a session first: F3 shows the form, or type: ssohelper setup START_URL"
        )

    run_scenario(nothing, without_session)
    world.config_file.write_text(CONFIG.format(
        corp=world.emulator.world.start_url, lab="https://d-1111111111.awsapps.com/start", command="x"
    ).split("[profile ")[0].removeprefix("[default]\nregion = eu-west-1\noutput = json\n"))  # fmt: skip

    async def without_profile(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("There is no profile yet. F9 writes those below after a question")

    run_scenario(world.app(), without_profile)
