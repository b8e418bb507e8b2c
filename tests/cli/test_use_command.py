"""`ssohelper use` and `clear`, as the shell function calls them. tests/shell has the function."""

import subprocess
from collections.abc import Iterator

import pytest

from ssohelper.app import App
from ssohelper.cli import use_command
from ssohelper.core.model import AccessToken
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.errors import UsageProblem
from tests.cli.listing_world import SCRIPT, Shell
from tests.programs import run_program
from tests.terminal import Conversation

MINE = """
[profile mine]
sso_session = corp
sso_account_id = 000000000001
sso_role_name = Role00
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(World.of_size(2, 1)) as running:
        running.auto_approve = "ana"
        yield running


@pytest.fixture
def shell(tmp_path, emulator) -> Shell:
    made = Shell(tmp_path, emulator)
    made.write_config(MINE)
    return made


def use(shell: Shell, *argv: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run `use` as bash's function does."""
    return shell.run("use", *argv, _SSOHELPER_SHELL="bash", **environ)


PWSH = "put into $PROFILE: ssohelper shell-init pwsh | Out-String | Invoke-Expression"


@pytest.mark.parametrize(
    ("login_shell", "line"),
    [
        ("/bin/bash", "run: ssohelper install"),
        ("/usr/bin/pwsh", PWSH),
        ("", "run: ssohelper install"),
    ],
)
@pytest.mark.parametrize("argv", [["use", "mine"], ["clear"]])
def test_without_the_shell_function_it_is_exit_2_with_the_line_to_install(
    shell, login_shell, line, argv
):
    done = shell.run(*argv, SHELL=login_shell)
    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr


@pytest.mark.parametrize(
    ("login_shell", "file", "line"),
    [
        ("bash", ".bashrc", None),
        ("zsh", ".zshrc", None),
        ("fish", ".config/fish/conf.d/ssohelper.fish", None),
        ("bash", ".bash_aliases", 'eval "$(ssohelper shell-init bash)"\n'),
    ],
)
def test_once_the_line_is_in_the_shell_s_file_the_hint_is_to_start_the_shell_again(
    shell, login_shell, file, line
):
    own = {"SHELL": f"/bin/{login_shell}"}
    if line is None:
        assert shell.run("install", "--yes", **own).returncode == 0
    else:
        (shell.home / file).write_text(line)
    done = shell.run("use", "mine", **own)
    assert done.returncode == 2
    again = f"hint: open a new shell, or run: exec {login_shell} ({shell.home / file} has the line"
    assert again in done.stderr


def start_on_a_terminal(
    shell: Shell, *argv: str, out: str | None = None, **environ: str
) -> Conversation:
    """Run `use`; with `out`, stdout is this file, as in the shell function."""
    line = '"$0" use "$@"' if out is None else f'"$0" use "$@" > {out}'
    words = ["/bin/sh", "-c", line, str(SCRIPT), *argv]
    return Conversation(words, {**shell.environ, **environ}, size=(40, 400))


@pytest.fixture
def own_shell(shell) -> dict[str, str]:
    """Return the environment of a shell without our function, which prints what it has."""
    own = shell.home / "own-shell"
    own.write_text(
        '#!/bin/sh\necho "shell: $AWS_PROFILE $AWS_REGION ${AWS_ACCESS_KEY_ID-none}"\nexit 7\n'
    )
    own.chmod(0o755)
    return {"SHELL": str(own)}


def test_on_a_terminal_without_the_shell_function_a_shell_with_the_role_starts(shell, own_shell):
    child = start_on_a_terminal(shell, "mine", **own_shell, AWS_ACCESS_KEY_ID="AKIAOTHER")
    code, said = child.ended()
    assert "shell: mine us-east-1 none" in said
    assert "this is a shell in your shell: exit ends it; to switch your own, run: ssohelper" in said
    assert "export AWS_PROFILE" not in said
    assert code == 7  # the shell's own code, as with exec
    # A role without a profile.
    child = start_on_a_terminal(shell, "000000000000/Role00", **own_shell)
    child.expect(r"write .*\[y/N\]")
    child.sendline("y")
    child.expect("shell: account-00000.Role00 us-east-1 none")
    assert child.ended()[0] == 7


def test_there_a_shell_that_does_not_exist_is_exit_127_before_anything_is_asked(shell):
    before = shell.config.read_bytes()
    code, said = start_on_a_terminal(shell, "000000000000/Role00", SHELL="/gone/shell").ended()
    assert (code, "has no profile yet" in said) == (127, False)
    assert shell.config.read_bytes() == before


def test_text_for_a_shell_is_not_shown_on_a_terminal(shell):
    code, said = start_on_a_terminal(shell, "--keys", "mine", _SSOHELPER_SHELL="bash").ended()
    assert (code, "CNRY" in said) == (2, False)


def test_a_role_that_has_a_profile_is_used_by_that_profile(shell):
    done = use(shell, "000000000001/Role00")
    assert done.returncode == 0, done.stderr
    assert "export AWS_PROFILE='mine'" in done.stdout
    # The session's region: the profile has none.
    assert "export AWS_REGION='us-east-1'" in done.stdout


def test_off_a_terminal_a_role_without_a_profile_needs_yes(shell):
    before = shell.config.read_bytes()
    done = use(shell, "000000000000/Role00")
    assert (done.returncode, done.stdout) == (2, "")
    assert shell.config.read_bytes() == before
    keys = run_program(
        [SCRIPT, "use", "--keys", "000000000000/Role00"],
        {**shell.environ, "_SSOHELPER_SHELL": "bash"},
    )
    assert keys.returncode == 0
    assert "__ssohelper_used='keys corp:000000000000/Role00'" in keys.stdout
    added = use(shell, "000000000000/Role00", "--yes")
    assert added.returncode == 0, added.stderr
    assert "export AWS_PROFILE='account-00000.Role00'" in added.stdout
    assert b"[profile account-00000.Role00]" in shell.config.read_bytes()


def test_a_role_that_is_not_assigned_is_exit_5_and_a_missing_sign_in_exit_4(shell):
    for name in ("000000000009/Role00", "000000000001/Nothing"):
        done = use(shell, name, "--yes")
        assert (done.returncode, done.stdout) == (5, ""), done.stderr
        assert "has no profile yet" not in done.stderr
    near = use(shell, "000000000001/Rol0", "--yes")
    assert 'hint: did you mean "Role00"? see: ssohelper list --refresh' in near.stderr
    shell.app.tokens.forget(shell.session)
    done = use(shell, "mine")
    assert (done.returncode, done.stdout) == (4, "")
    assert "hint: sign in with: ssohelper login corp" in done.stderr


def test_on_a_terminal_a_missing_sign_in_is_offered(shell):
    shell.app.tokens.forget(shell.session)
    out = shell.home / "text"
    for answer, code in (("n", 4), ("y", 0)):
        child = start_on_a_terminal(shell, "mine", out=str(out), _SSOHELPER_SHELL="bash")
        child.expect_exact("sign in now? [y/N]")
        child.sendline(answer)
        ended, said = child.ended()
        assert ended == code, said
        assert ("AWS_PROFILE='mine'" in out.read_text()) == (code == 0)
    assert "of the sign-in left" in said  # after our own sign-in its length is assumed


@pytest.mark.long
@pytest.mark.parametrize(("key", "code"), [("\x1b[B\r", 0), ("\x03", 130)])
def test_a_picker_without_a_saved_list_offers_the_sign_in(shell, key, code):
    shell.write_config("")
    shell.app.tokens.forget(shell.session)
    out = shell.home / "text"
    own = {"_SSOHELPER_SHELL": "bash", "TERM": "xterm"}
    child = start_on_a_terminal(shell, "--keys", out=str(out), **own)
    child.expect_exact('ssohelper: the session "corp" is signed out')
    child.expect_exact("sign in now? [y/N]")
    child.sendline("y")
    child.expect_exact("enter: choose")
    child.send(key)
    assert child.ended()[0] == code
    assert ("AWS_ACCESS_KEY_ID=" in out.read_text()) == (code == 0)


def test_while_aws_is_down_an_expired_token_is_a_warning(shell, emulator):
    token = shell.app.tokens.load(shell.session)
    assert isinstance(token, AccessToken)
    shell.app.tokens.save(shell.session, token._replace(expires_at=shell.app.clock.now() - 60))
    emulator.stop()
    try:
        done = use(shell, "mine")
    finally:
        emulator.start()
    assert (done.returncode, "AWS_PROFILE='mine'" in done.stdout) == (0, True)
    assert "the sign-in may have ended" in done.stderr
    assert "warning: the sign-in could not be renewed" in done.stderr


@pytest.mark.parametrize(
    ("before", "found"), [("profile a b", ("a b", False)), ("keys db", ("db", True))]
)
def test_use_dash_goes_back_to_the_profile_or_to_its_keys(tmp_path, before, found):
    app = App({"HOME": str(tmp_path), "_SSOHELPER_PREVIOUS": before})
    assert use_command._find_previous_use(app) == found
    app.environ["_SSOHELPER_PREVIOUS"] = f"x{before}"
    with pytest.raises(UsageProblem, match="nothing to go back to"):
        use_command._find_previous_use(app)


def test_keys_of_the_same_name_in_the_credentials_file_are_a_warning(shell):
    assert "warning" not in use(shell, "mine").stderr
    credentials = shell.config.with_name("credentials")
    credentials.write_text("[mine]\naws_access_key_id = AKIA\n")
    done = use(shell, "mine")
    assert (done.returncode, "export AWS_PROFILE='mine'" in done.stdout) == (0, True)
    assert f'warning: the section "[mine]" of {credentials} wins over the profile: ' in done.stderr
    # Some SDKs alone take what such a section says; one that no SDK obeys is no warning.
    credentials.write_text("[mine]\nsource_profile = x\nregion = eu-west-1\n")
    assert "warning" not in use(shell, "mine").stderr


def test_an_empty_variable_for_the_config_is_unset_and_clear_restores_it(shell):
    """boto3 and the AWS CLI take "" for a path, and find no profile."""
    program = (
        'eval "$(ssohelper-credentials shell-init bash)"; ssohelper use mine 2>/dev/null; '
        'echo "$AWS_PROFILE ${AWS_CONFIG_FILE-unset}"; ssohelper clear; '
        'echo "${AWS_PROFILE-none} ${AWS_CONFIG_FILE-unset}"'
    )
    path = f"{SCRIPT.parent}:{shell.environ['PATH']}"
    for value, expected in (({"AWS_CONFIG_FILE": ""}, "mine unset\nnone \n"), ({}, "")):
        done = run_program(["bash", "-c", program], {**shell.environ, "PATH": path, **value})
        assert done.stdout == (expected or "mine unset\nnone unset\n"), done.stderr


@pytest.mark.parametrize("shell_name", ["", "bash;touch pwned"])
def test_an_unknown_shell_is_refused(shell, shell_name):
    done = shell.run("use", "mine", _SSOHELPER_SHELL=shell_name)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_role_or_program_that_is_gone_is_named_beside_the_shell_text(shell):
    shell.run("list")
    gone = MINE.replace("mine", "lost").replace("Role00", "Rol0")
    shell.write_config(
        f"{MINE}{gone}[profile tool]\ncredential_process = /opt/gone/keys\n"
        "[profile open]\ncredential_process = /opt/gone/keys 'x\n"
    )
    for name, code, said in (
        ("lost", 0, 'may refuse it; did you mean "Role00"? refresh the list: ssohelper list'),
        ("tool", 3, 'profile "tool": the program "/opt/gone/keys" of credential_process'),
        ("open", 3, "credential_process has a quote without its second half"),
    ):
        done = use(shell, name)
        assert (done.returncode, f"AWS_PROFILE='{name}'" in done.stdout) == (code, code == 0)
        assert said in done.stderr
    assert "warning" not in use(shell, "mine").stderr


def test_a_full_disk_says_that_the_shell_was_not_switched(shell):
    with open("/dev/full", "w") as full:
        argv = [SCRIPT, "use", "--keys", "000000000000/Role00"]
        environ = {**shell.environ, "_SSOHELPER_SHELL": "bash"}
        done = subprocess.run(argv, env=environ, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 7
    error = "the answer for this shell cannot be written: No space left on device"
    assert f"ssohelper: error: {error}: the shell was not switched" in done.stderr
    assert "ssohelper: hint: free some space" in done.stderr
