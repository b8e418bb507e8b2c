"""`exec --server`: always the account that was asked for, and a command that notices nothing of us."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from ssohelper.app import App
from ssohelper.core.model import Profile, Role, SsoSession
from ssohelper.emulator.server import Emulator
from ssohelper.endpoint.child_files import config_text
from tests.conftest import SCRIPT, Home, Run
from tests.endpoint.world import ACCOUNT, ROLE, START_URL, Program, prepared, wait_for
from tests.programs import need

EXEC = [SCRIPT, "exec", "--server", "job", "--"]
_BOTO3 = (
    "import boto3; print(boto3.client('sts').get_caller_identity()['Account'], "
    "boto3.Session().region_name)"
)
STALE = {
    "AWS_PROFILE": "other",
    "AWS_DEFAULT_PROFILE": "other",
    "AWS_ACCESS_KEY_ID": "AKIASTALE",
    "AWS_SECRET_ACCESS_KEY": "stale",
    "AWS_SESSION_TOKEN": "stale",
    "AWS_SECURITY_TOKEN": "stale",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/stale",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/stale",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "stale",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/stale",
    "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/stale",
    "AWS_REGION": "ap-south-1",
}


@pytest.mark.parametrize("client", ["boto3", "aws"])
def test_the_child_is_the_account_that_was_asked_for(
    home: Home, emulator: Emulator, client: str
) -> None:
    """A [default] that holds keys, AWS_PROFILE, a stale environment: none of them catches it."""
    default = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = default\n"
    prepared(home, emulator, f"\n{default}region = sa-east-1\n")
    (home.path / ".aws" / "credentials").write_text(default)
    before = home.config_file.read_bytes()
    command = [sys.executable, "-c", _BOTO3]
    if client == "aws":
        asked = f"{need('aws')} sts get-caller-identity --query Account --output text"
        command = ["sh", "-c", f'echo "$({asked}) $({need("aws")} configure get region)"']
    done = subprocess.run(
        [*EXEC, *command],
        env={**home.env, **STALE},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=home.path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [ACCOUNT, "eu-west-1"]
    assert home.config_file.read_bytes() == before
    # The control: without us it is the [default]'s keys, which STS does not know.
    alone = subprocess.run(
        [sys.executable, "-c", _BOTO3], env=home.env, capture_output=True, text=True, timeout=60
    )
    assert "InvalidClientTokenId" in alone.stderr


def test_what_the_child_is_given(home: Home, emulator: Emulator) -> None:
    more = (
        "output = text\nretry_mode = adaptive\nrole_arn = arn:aws:iam::000000000000:role/x\n"
        "s3 =\n    max_concurrent_requests = 3\n    addressing_style = path\nservices = mine\n"
        "\n[services mine]\ndynamodb =\n    endpoint_url = http://127.0.0.1:8000\n"
    )
    prepared(home, emulator, more)
    script = 'env; cat "$AWS_CONFIG_FILE"; stat -c "%a %s %n" "$(dirname "$AWS_CONFIG_FILE")"/*'
    done = subprocess.run(
        [*EXEC, "sh", "-c", script],
        env={**home.env, **STALE, "AWS_EC2_METADATA_DISABLED": "false"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "stale" not in done.stdout
    assert "CNRY" not in done.stdout
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN=" not in done.stdout
    assert "AWS_EC2_METADATA_DISABLED=true\n" in done.stdout
    config = "[default]\n" + done.stdout.partition("[default]\n")[2]
    assert config.partition("6")[0].rstrip() == (
        "[default]\nregion = eu-west-1\noutput = text\nretry_mode = adaptive\n"
        "s3 =\n    max_concurrent_requests = 3\n    addressing_style = path\nservices = mine\n\n"
        "[services mine]\ndynamodb =\n    endpoint_url = http://127.0.0.1:8000"
    )
    files = [line.split() for line in done.stdout.splitlines() if line.startswith("600 ")]
    sizes = {Path(name).name: int(size) for _, size, name in files}
    assert sizes["credentials"] == 0
    assert sizes["token"] == 43  # 256 bits, and no newline behind them


def test_nothing_that_says_who_one_is_reaches_the_child_s_config(home: Home) -> None:
    identity = (
        "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = r\n"
        "sso_start_url = u\nsso_region = r\ncredential_process = c\ncredential_source = Environment\n"
        "aws_access_key_id = a\naws_secret_access_key = s\naws_session_token = t\n"
        "role_arn = r\nrole_session_name = n\nsource_profile = p\nexternal_id = e\n"
        "duration_seconds = 900\nmfa_serial = m\nweb_identity_token_file = w\nlogin_session = l\n"
        "granted_sso_start_url = g\nssohelper_managed = true\n"
    )
    home.write_config(f"[profile job]\n{identity}cli_pager =\n")
    session = SsoSession("corp", START_URL, "us-east-1", ("sso:account:access",))
    profile = Profile("job", session, Role(ACCOUNT, ROLE), None)
    config = App(home.env).config.read()
    assert config_text(config, profile, "eu-west-1") == (
        "[default]\ncli_pager =\nregion = eu-west-1\n"
    )


def test_an_end_that_nobody_knows_is_a_warning_at_the_start(
    home: Home, emulator: Emulator, run: Run
) -> None:
    unsure = run("exec", "--server", "job", "--", "true")
    assert unsure.stderr.count('warning: when the sign-in to "corp" ends nobody knows') == 1
    assert "ssohelper login corp --force" in unsure.stderr  # no sign-in of ours: it has no date
    assert "notice:" not in unsure.stderr
    emulator.auto_approve = "ana"
    home.browser()
    assert run("login", "--force").returncode == 0
    assumed = run("exec", "--server", "job", "--", "true").stderr
    assert re.search(r"\(by its default (8h|7h 5\dm) are left\)", assumed)
    assert "config set sessions.corp.session_hours HOURS" in assumed
    told = {"SSOHELPER_SESSION_HOURS": "10"}
    assert "warning" not in run("exec", "--server", "job", "--", "true", env=told).stderr


def test_ssohelper_in_the_child_says_whose_config_that_is(
    home: Home, emulator: Emulator, run: Run
) -> None:
    inner = f"{SCRIPT} exec job -- printenv AWS_ACCOUNT_ID"
    done = run("exec", "--server", "job", "--", "sh", "-c", inner)
    assert (done.returncode, done.stdout) == (2, "")
    typed = done.stderr.partition("For yours: ")[2].splitlines()[0]
    again = run("exec", "--server", "job", "--", "sh", "-c", f"{typed}; {inner}")
    assert (again.returncode, again.stdout) == (0, f"{ACCOUNT}\n"), again.stderr
    assert "For yours" not in again.stderr
    quiet = run("exec", "--server", "job", "--", SCRIPT, "prompt")
    assert "For yours" not in quiet.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["/etc/passwd"], 126),
        (["no-such-program"], 127),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["sh", "-c", "kill -KILL $$"], 137),
        (["sh", "-c", "kill -PIPE $$"], 141),  # Python ignores it, a program must not
    ],
)
def test_exit_codes_are_the_command_s(
    home: Home, emulator: Emulator, run: Run, command: list[str], code: int
) -> None:
    done = run("exec", "--server", "job", "--", *command)
    assert done.returncode == code, done.stderr
    assert list((home.path / ".local/state/ssohelper").glob("serve/*")) == []


def test_stdin_is_the_command_s(home: Home, emulator: Emulator, run: Run) -> None:
    text = "".join(f"{n}\n" for n in range(20_000))
    done = run("exec", "--server", "job", "--", "cat", input=text)
    assert (done.returncode, done.stdout) == (0, text)


_TRAPS = """
import os, signal, sys, time
def heard(number, frame):
    print("heard", signal.Signals(number).name, flush=True)
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), heard)
print("ready", os.getpid(), flush=True)
while True:
    time.sleep(0.05)
"""


def test_signals_that_we_get_are_passed_on(home: Home, emulator: Emulator) -> None:
    names = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"]
    with Program([*EXEC, sys.executable, "-c", _TRAPS, *names], home) as program:
        program.says("ready")
        for name in names:
            program.process.send_signal(getattr(signal, name))
            program.says(f"heard {name}")
        child = int("".join(program.out).split()[1])
        os.kill(child, signal.SIGKILL)
        assert program.ends() == 137


def test_it_stops_with_the_command_and_both_go_on(home: Home, emulator: Emulator) -> None:
    with Program([*EXEC, sys.executable, "-c", _TRAPS, "SIGUSR1"], home) as program:
        program.says("ready")
        child = int("".join(program.out).split()[1])
        program.process.send_signal(signal.SIGTSTP)
        wait_for(lambda: state_of(child) == "T" and state_of(program.process.pid) == "T")
        program.process.send_signal(signal.SIGCONT)
        wait_for(lambda: state_of(child) != "T" and state_of(program.process.pid) != "T")
        program.process.send_signal(signal.SIGUSR1)
        program.says("heard SIGUSR1")
        assert program.ends(signal.SIGTERM) == 143


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_on_a_terminal_it_is_a_job_like_any_other(home: Home, emulator: Emulator) -> None:
    shell = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], env={**home.env, "PS1": "$ "}, encoding="utf-8",
        timeout=60, dimensions=(24, 80),
        # Ignored where the test run itself was started with `&`.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        command = " ".join([*EXEC, sys.executable, "-u", "-c"])
        (home.path / "job.py").write_text(
            "import os, signal, sys\n"
            "signal.signal(signal.SIGWINCH, lambda *_: print('size', os.get_terminal_size().columns))\n"
            "print('tty', sys.stdin.isatty())\n"
            "while True:\n    print('got', input())\n"
        )
        shell.sendline(f'{command} "$(cat {home.path}/job.py)"')
        shell.expect("tty True")
        shell.sendline("one")
        shell.expect("got one")
        shell.setwinsize(30, 99)
        shell.expect("size 99")
        shell.sendcontrol("z")
        shell.expect("Stopped")
        shell.sendline("fg")
        shell.expect("ssohelper")
        shell.sendline("two")
        shell.expect("got two")
        shell.sendcontrol("c")
        shell.expect("KeyboardInterrupt")
        shell.expect(r"\$ ")
        shell.sendline("echo code $?")
        shell.expect(r"code (\d+)\r\n")
        assert shell.match.group(1) == "130"
        # A script that runs it ends at Ctrl-C too. `exec`: a Ctrl-C just before sh has a child is
        # lost on sh, which waits for that child then.
        line = "echo be''gun; exec sleep 60"
        shell.sendline(f"for n in 1 2 3; do {' '.join(EXEC)} sh -c '{line}'; done")
        shell.expect("begun")
        shell.sendcontrol("c")
        shell.expect(r"\$ ")
        shell.sendline("echo over")
        shell.expect(r"\r\nover\r\n")
    finally:
        shell.close(force=True)


_HANGS_UP = """
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"begun" not in said:
    said += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_terminal_s_hangup_reaches_the_command_of_a_session_leader(
    home: Home, emulator: Emulator
) -> None:
    """As a tmux window's or ssh's only command we alone hear that the terminal has gone."""
    job = 'trap "exit 9" HUP; echo begun; for n in $(seq 300); do sleep 0.1; done; exit 1'
    done = subprocess.run(
        [sys.executable, "-c", _HANGS_UP, *EXEC, "sh", "-c", job],
        env=home.env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "9\n", done.stderr


def test_a_child_that_cannot_be_started_leaves_no_server(
    home: Home, emulator: Emulator, run: Run
) -> None:
    program = home.path / "bad"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    done = run("exec", "--server", "job", "--", str(program))
    assert done.returncode == 127
    assert done.stderr.count("ssohelper: error: ") == 1
    assert os.listdir(home.path / ".local/state/ssohelper/serve") == []


def test_who_started_it_may_have_ignored_the_ends_of_children(
    home: Home, emulator: Emulator
) -> None:
    ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
    ignoring += "os.execv(sys.argv[1], sys.argv[1:])"
    with Program([sys.executable, "-c", ignoring, *EXEC, "sh", "-c", "exit 7"], home) as program:
        assert program.ends() == 7


def test_a_script_without_an_interpreter_s_line_runs(
    home: Home, emulator: Emulator, run: Run
) -> None:
    script = home.path / "script"
    script.write_text("exit 9\n")
    script.chmod(0o755)
    assert run("exec", "--server", "job", "--", str(script)).returncode == 9
