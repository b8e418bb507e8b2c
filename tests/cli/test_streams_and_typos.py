"""Full disks, closed streams, typing errors and unusual values."""

import os
import subprocess

import pytest

from ssohelper import cli
from tests.conftest import SCRIPT, Home
from tests.long_rows import long_after

FULL = "/dev/full"


@pytest.fixture
def signed_in(home, emulator) -> Home:
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
    return home


def run_into(
    home: Home, *argv: str, out: str = os.devnull, err: str = os.devnull, **more: str
) -> int:
    """Return the exit code of a run whose streams are these files."""
    with open(out, "w") as stdout, open(err, "w") as stderr:
        streams = {"stdout": stdout, "stderr": stderr}
        return subprocess.run([SCRIPT, *argv], env={**home.env, **more}, **streams).returncode


WITH_DATA = [["--help"], ["config", "list"], ["status", "--json"], ["completion", "zsh"]]


@pytest.mark.parametrize(
    "environ", long_after(1, [{}, {"PYTHONUNBUFFERED": "1"}]), ids=["", "unbuffered"]
)
@pytest.mark.parametrize("argv", long_after(2, WITH_DATA))
def test_a_full_stdout_is_exit_7_in_one_line(home, argv, environ):
    notes = home.path / "stderr"
    assert run_into(home, *argv, out=FULL, err=str(notes), **environ) == 7
    [line] = notes.read_text().splitlines()
    assert line == "ssohelper: error: stdout cannot be written: No space left on device"
    assert not (home.path / ".local" / "state" / "ssohelper" / "crashes").exists()


@pytest.mark.parametrize("argv", long_after(2, WITH_DATA[::-1]))
def test_a_closed_stdout_is_exit_7_in_one_line(home, argv):
    command = ["sh", "-c", 'exec "$@" >&-', "sh", SCRIPT, *argv]
    done = subprocess.run(command, env=home.env, stderr=subprocess.PIPE, text=True, timeout=120)
    said = "ssohelper: error: stdout cannot be written: Bad file descriptor\n"
    assert (done.returncode, done.stderr) == (7, said)


def test_a_full_stderr_changes_no_exit_code(home):
    assert run_into(home, "no-such-command", err=FULL) == 2
    assert run_into(home, "login", err=FULL) == 2
    assert run_into(home, "status", err=FULL) == 0


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["profile", "snyc"], "command 'snyc'; did you mean 'sync'?"),
        (["list", "--jsonn"], "option '--jsonn'; did you mean '--json' or '--session'?"),
        (["list", "--refres"], "option '--refres'; did you mean '--refresh'?"),
    ],
)
def test_an_unknown_name_is_answered_in_lower_case_with_the_nearest_ones(run, argv, said):
    done = run(*argv)
    first = f"ssohelper: error: no such {said}"
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, first)


def test_logout_without_a_sign_in_is_reported(run):
    done = run("logout", "--all")
    assert (done.returncode, done.stderr) == (0, "there is no sso-session to sign out of\n")


def test_no_tls_keys_are_logged(signed_in, run):
    keys = signed_in.path / "keys"
    for value in (str(keys), "/nowhere/keys"):
        done = run.ok("list", "--refresh", env={"SSLKEYLOGFILE": value})
        assert "SSLKEYLOGFILE is ignored" in done.stderr
    assert not keys.exists()


@pytest.mark.parametrize(
    ("bundle", "code", "words"),
    [
        ("", 6, "cannot be reached (no TLS connection)"),  # as without it; the emulator speaks http
        ("/nowhere/bundle.pem", 6, 'the certificates in "/nowhere/bundle.pem" cannot be read'),
        ("bundle.pem", 3, 'AWS_CA_BUNDLE is "bundle.pem", which depends on the current folder'),
    ],
)
def test_an_unusable_certificate_bundle_is_reported(signed_in, run, emulator, bundle, code, words):
    tls = emulator.url.replace("http:", "https:")
    done = run("list", "--refresh", env={"AWS_CA_BUNDLE": bundle, "AWS_ENDPOINT_URL_SSO": tls})
    assert done.returncode == code
    assert words in done.stderr


def test_a_query_without_a_match_is_reported(signed_in, run):
    for more in ([], ["--accounts"]):
        done = run("list", "no-such", *more)
        assert (done.returncode, done.stdout) == (0, "")
        said = done.stderr.splitlines()[-1]
        assert said.startswith('nothing in the saved list matches "no-such"')


@pytest.mark.parametrize(
    ("key", "code"), long_after(2, [("\x03", 130), ("maybe\r", 0), ("\x04", 130)])
)
def test_a_question_that_is_interrupted_or_not_answered_changes_nothing(terminal, key, code):
    child = terminal("cache", "clear", TERM="dumb")
    child.expect_exact("[y/N]: ")
    child.send(key)
    ended, rest = child.ended()
    assert ended == code, rest
    assert rest.startswith(("^C\r\n", "\r\n", "maybe\r\n")), rest
    last = "ssohelper: interrupted" if code else "nothing was changed"
    assert rest.splitlines()[-1] == last


NO_UTF8 = os.fsdecode(b"a\xff")


def test_a_setting_that_toml_cannot_hold_is_usage(home, run):
    for key in ("name_template", "sessions.corp.browser", "notify"):
        done = run("config", "set", key, NO_UTF8 + "{role_name}")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f'ssohelper: error: "{key}" must be ')
        assert "\\udcff" in done.stderr
        assert not (home.path / ".config").exists()


def test_off_a_terminal_a_question_is_exit_2_with_the_command_to_type(home, run):
    home.add_session("corp")
    done = run("cache", "clear", "--session", "corp")
    hint = "ssohelper: hint: go ahead with: ssohelper cache clear --session corp --yes"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, hint)


def test_empty_lists_are_reported_and_a_mistyped_session_answered_with_the_nearest_name(home, run):
    home.add_session("corp")
    for argv in (["profile", "list"], ["cache", "list"], ["cache", "clear", "--yes"], ["status"]):
        done = run(*argv, "--session", "crop")
        assert (done.returncode, done.stdout) == (2, "")
        assert 'hint: did you mean "corp"?' in done.stderr
        assert run(*argv, "--session", "corp").returncode == 0
    said = "there are no profiles yet; write them with: ssohelper profile sync\n"
    assert (run("profile", "list").stdout, run("profile", "list").stderr) == ("", said)
    assert run("cache", "list").stderr == "nothing is saved\n"


@pytest.mark.parametrize("argv", [["login"], ["setup", "--yes"]])
def test_an_environment_variable_with_an_unsupported_value_is_an_error(home, run, emulator, argv):
    """If a wrong value were ignored, tokens would go to files although a keyring was asked for."""
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    done = run(*argv, env={"SSOHELPER_STORAGE": "vault"})
    assert done.returncode == 3
    assert 'SSOHELPER_STORAGE: "storage" must be "file" or "keyring", not "vault"' in done.stderr
    assert not home.token_folder.exists()


def test_an_empty_session_name_is_not_the_only_session(signed_in, run, emulator):
    [token] = signed_in.token_folder.iterdir()
    before = token.read_bytes()
    for argv in (
        *(["logout", ""], ["login", "", "--force"], ["status", ""], ["--session", "", "list"]),
        *(["cache", "clear", "--session", "", "--yes"], ["profile", "sync", "--session=", "--yes"]),
    ):
        done = run(*argv)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("ssohelper: error: the session's name is empty\n")
        assert (token.read_bytes(), emulator.counters.total()) == (before, 0)


def test_the_hint_for_two_sessions_is_a_command_line_that_works(home, run):
    home.add_session("corp")
    home.add_session("other", "https://d-1111111111.awsapps.com/start")
    for argv in (["login"], ["logout"], ["profile", "sync"]):
        done = run(*argv)
        assert done.returncode == 2
        assert done.stderr.endswith("hint: name one, such as: --session corp\n")


@pytest.mark.parametrize("before", [True, False])
def test_credential_process_takes_the_options_of_every_command(signed_in, run, before):
    role = ["--account-id", "000040000001", "--role-name", "Developer"]
    common = ["-v", "--json", "--session", "corp"]
    done = run.ok(*(common * before), "credential-process", *role, *(common * (not before)))
    assert done.stdout.startswith('{"Version":1,"AccessKeyId":"ASIA')


def test_a_command_of_another_tool_names_ours(run):
    for typed, meant in cli.MEANT_COMMANDS.items():
        done = run(typed, "prod")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"ssohelper: hint: did you mean: {meant}\n" in done.stderr
        assert run(*meant.split()[1:], "--help").returncode == 0
