"""Profiles whose credentials are not ours are rows of the list and of the picker, in a last group."""

import pytest

from ssohelper.actions import credentials, selection
from ssohelper.core.model import RoleKey
from ssohelper.core.policy import Way
from ssohelper.emulator.server import Emulator
from ssohelper.tui.screens.accounts import AccountsScreen
from tests.chains.conftest import chain
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.terminal import Terminal
from tests.tui.world import DemoHome, until

USER_ACCOUNT, TRUSTING = "000099990009", "000010000002"
TOOL = "\n[profile billing-tool]\ncredential_process = /bin/echo --x\nregion = eu-west-3\n"
DEVICE = f"arn:aws:iam::{USER_ACCOUNT}:mfa/phone"


def keys_of(emulator: Emulator, name: str) -> str:
    key = emulator.issue_user_key(USER_ACCOUNT, "ana")
    return (
        f"\n[profile {name}]\naws_access_key_id = {key.access_key_id}\n"
        f"aws_secret_access_key = {key.secret_access_key}\nregion = eu-west-3\n"
    )


@pytest.fixture
def others(world: DemoHome) -> DemoHome:
    with world.config_file.open("a") as file:
        file.write(keys_of(world.emulator, "legacy-keys") + TOOL)
    return world


def test_they_are_a_group_of_their_own_at_the_end(others: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("end")
        await user.wait_for_text("▾ other profiles  2 profiles", "legacy-keys", "static keys")
        await user.wait_for_text("billing-tool", "the program /bin/echo")
        lines = user.screen.splitlines()
        assert "@@" not in next(line for line in lines if "legacy-keys" in line)
        # The cursor is on the last line of the list, with its details below.
        await user.wait_for_text("credentials   from the program /bin/echo", "not from ssohelper:")
        await user.press("up", "up")
        await user.wait_for_text("profiles      2")
        await user.press("left")
        await user.wait_for_text("▸ other profiles  2 profiles")

    settings = others.app().locations.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('guard.rules = ["*"]\n[colors]\n"*" = "red"\n')
    run_scenario(others.app(), scenario, size=(118, 40))


@pytest.mark.parametrize("words", long_after(1, ["other legkeys", "legacy", "static"]))
def test_enter_on_one_that_a_search_finds_uses_it_by_name(others: DemoHome, words: str) -> None:
    async def scenario(user: User) -> None:
        await user.press(*("space" if one == " " else one for one in words))
        await user.wait_for_text("1/", "legacy-keys")
        await user.press("enter")

    app = run_scenario(others.app(), scenario)
    assert app.return_value == "ssohelper use legacy-keys"
    assert app.chosen is not None
    assert (app.chosen.provider, app.chosen.key) == (
        "static keys",
        RoleKey("", "", "", "legacy-keys"),
    )


@pytest.mark.long
def test_whoami_asks_its_own_provider(others: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press(*"legacy")
        await user.wait_for_text("1/")
        await user.press("f8")
        arn = f"arn:aws:iam::{USER_ACCOUNT}:user/ana"
        await user.wait_for_message(f"ana: {arn}", "$ ssohelper whoami legacy-keys")

    run_scenario(others.app(), scenario)


def test_an_action_that_does_not_apply_says_why(others: DemoHome) -> None:
    before = others.config_file.read_bytes()
    reasons = {
        "f9": "only profiles of ssohelper are added and removed here",
        "ctrl+f": "only roles can be favourites",
        "ctrl+o": "this profile names no account",
        "ctrl+r": "this profile has no link",
        "tab": "only roles are ticked",
        "f6": "no browser can be started here, and there is no link",
    }

    async def scenario(user: User) -> None:
        await user.press(*"legacy")
        await user.wait_for_text("1/")
        for key, why in reasons.items():
            await user.press(key)
            await user.wait_for_message(why)
            assert isinstance(user.app.screen, AccountsScreen)
            assert user.app.screen.roles.tick_count == 0

    run_scenario(others.app(), scenario)
    assert others.config_file.read_bytes() == before


@pytest.mark.long
def test_the_console_opens_with_a_role_and_not_with_a_users_key(others, home):
    services = others.app()
    role = selection.resolve_profile(services, "orders-dev.Developer", None)
    deadline = services.clock.deadline()
    keys = credentials.release_credentials(services, role.session, role.role, Way.CONSOLE, deadline)
    with others.config_file.open("a") as file:
        file.write(
            f"\n[profile above]\naws_access_key_id = {keys.access_key_id}\n"
            f"aws_secret_access_key = {keys.secret_access_key.reveal()}\n"
            f"aws_session_token = {keys.session_token.reveal()}\n"
        )
    opened = home.browser()
    others.environ["BROWSER"] = home.env["BROWSER"]

    async def scenario(user: User) -> None:
        await user.press(*"legacy")
        await user.wait_for_text("1/")
        await user.press("f6")
        await user.wait_for_text("Console of legacy-keys", "eu-west-3")
        await user.press("enter")
        await user.wait_for_message("access key of an IAM user")
        assert not opened.exists()
        await user.press("ctrl+u", *"above")
        await user.wait_for_text("1/", "above")
        await user.press("f6")
        await user.wait_for_text("Console of above", "us-east-1")
        await user.press("enter")
        await user.wait_for_message("opened the console in a browser", "$ ssohelper console above")

    run_scenario(others.app(), scenario)
    assert opened.read_text().startswith("http://127.0.0.1:")


def test_a_code_of_a_device_is_not_asked_for_here(others: DemoHome) -> None:
    with others.config_file.open("a") as file:
        arn = f"arn:aws:iam::{TRUSTING}:role/Auditor"
        file.write("\n" + chain("coded", arn, "legacy-keys") + f"mfa_serial = {DEVICE}\n")

    async def scenario(user: User) -> None:
        await user.press(*"coded")
        await user.wait_for_text("1/")
        await user.press("f8")
        await user.wait_for_message("needs the code of an MFA device")

    run_scenario(others.app(), scenario)


def test_a_profile_that_was_edited_since_is_not_used(others: DemoHome) -> None:
    """A row never stands for something that the user did not choose (decision 17)."""

    async def scenario(user: User) -> None:
        await user.press(*"legacy")
        await user.wait_for_text("1/")
        text = others.config_file.read_text()
        role = "sso_session = corp\nsso_account_id = 000030000001\nsso_role_name = DatabaseAdmin\n"
        others.config_file.write_text(text.partition("[profile legacy-keys]")[0] + TOOL.strip("\n"))
        with others.config_file.open("a") as file:
            file.write(f"\n[profile legacy-keys]\n{role}")
        for key in ("f8", "f7"):
            await user.press(key)
            await user.wait_for_message('"legacy-keys" has been edited since it was listed')

    run_scenario(others.app(), scenario)
    assert not list(others.home.rglob("*DatabaseAdmin*cached.json"))


def test_the_filter_of_a_session_and_of_favourites_hides_them(others: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        for key in ("ctrl+t", "ctrl+b"):
            await user.press("end")
            await user.wait_for_text("billing-tool")
            await user.press(key, "end")
            await until(lambda: "billing-tool" not in user.screen)
            await user.press(key)
            await user.wait_for_text("○ favourites")

    run_scenario(others.app(), scenario)


# -- the picker, and a shell ---------------------------------------------------------------------


@pytest.fixture
def shell(shell: Shell) -> Shell:
    shell.write_config(keys_of(shell.emulator, "legacy-keys") + TOOL)
    return shell


def start(shell: Shell, *argv: str) -> Terminal:
    """Run a command in a terminal, with stdout in a file as in the shell function."""
    env = {**shell.environ, "_SSOHELPER_SHELL": "bash", "COLUMNS": "", "LINES": ""}
    line = '"$@" >"$HOME/out"; echo "code $?"'
    return Terminal(["/bin/sh", "-c", line, "sh", SCRIPT, *argv], env, size=(100, 30))


@pytest.mark.parametrize(
    ("argv", "wanted"),
    long_after(
        2,
        [
            (["use"], "export AWS_PROFILE='legacy-keys'"),
            (["exec", "--", "env"], "AWS_PROFILE=legacy-keys"),
            (["env", "--format", "json"], '"AWS_ACCESS_KEY_ID"'),
            (["whoami"], "user/ana"),
        ],
    ),
)
def test_the_picker_offers_them_and_the_command_takes_what_is_chosen(shell, argv, wanted):
    inside = start(shell, *argv)
    inside.until("22/22")
    inside.send("legacy")
    inside.until("1/22")
    inside.until("legacy-keys · not ours: static keys")
    inside.send("\r")
    inside.until('profile "legacy-keys": not ours, its credentials come from static keys')
    inside.until("code 0")
    assert wanted in (shell.home / "out").read_text()


@pytest.mark.long
def test_the_picker_refuses_one_that_is_edited_while_it_is_open(shell: Shell) -> None:
    inside = start(shell, "exec", "--", "env")
    inside.until("22/22")
    inside.send("legacy")
    inside.until("1/22")
    shell.write_config(TOOL.replace("billing-tool", "legacy-keys"))
    inside.send("\r")
    inside.until('"legacy-keys" has been edited since it was listed')
    inside.until("code 2")
    assert (shell.home / "out").read_text() == ""


def test_words_find_the_only_one(shell: Shell) -> None:
    inside = start(shell, "use", "leg", "keys")
    inside.until('the only match: profile "legacy-keys", whose credentials another tool gives')
    inside.until("code 0")
    assert "export AWS_PROFILE='legacy-keys'" in (shell.home / "out").read_text()
    done = shell.run("use", "leg", "keys", _SSOHELPER_SHELL="bash")
    assert (done.returncode, done.stdout) == (2, "")
    assert "name one of the roles with these words: legacy-keys" in done.stderr


@pytest.mark.parametrize(
    ("name", "line"),
    long_after(
        1,
        [
            ("-legacy", "AWS_PROFILE=-legacy ssohelper exec -- /bin/sh"),
            ("legacy-keys", "ssohelper exec legacy-keys -- /bin/sh"),
        ],
    ),
)
def test_f7_opens_a_shell_that_has_its_name(shell: Shell, name: str, line: str) -> None:
    shell.write_config(keys_of(shell.emulator, name) + TOOL)
    inside = Terminal((SCRIPT,), {**shell.environ, "SHELL": "/bin/sh", "PS1": "$ "}, size=(100, 30))
    inside.until("space Actions")
    inside.send("legacy")
    inside.until("1/22")
    inside.send("\x1b[18~")
    inside.until(f"$ {line}")
    inside.until(f'profile "{name}": not ours')
    inside.until(lambda: inside.raw.rstrip().endswith(b"$"))  # the shell shows its prompt
    out = shell.home / "out"
    inside.send(f"env > {out}; echo do''ne\r")
    inside.until("done")
    inside.send("exit\r")
    inside.until(f"the shell with {name} has ended")
    inside.send("\x11")
    inside.wait()
    lines = out.read_text().splitlines()
    assert f"AWS_PROFILE={name}" in lines
    assert not [one for one in lines if one.startswith(("AWS_ACCESS_KEY_ID", "AWS_CONTAINER"))]


def test_exec_refuses_one_that_was_edited_after_the_full_screen_chose_it(shell: Shell) -> None:
    argv = ("exec", "legacy-keys", "--", "env")
    right = shell.run(*argv, _SSOHELPER_CHOSEN_ROLE="not ours (static keys)")
    assert right.returncode == 0, right.stderr
    assert "_SSOHELPER_CHOSEN_ROLE" not in right.stdout
    for chosen in ("not ours (the program /bin/echo)", "corp:000030000001/ReadOnlyAccess"):
        edited = shell.run(*argv, _SSOHELPER_CHOSEN_ROLE=chosen)
        assert (edited.returncode, edited.stdout) == (2, "")
        assert 'the profile "legacy-keys" has been edited' in edited.stderr
