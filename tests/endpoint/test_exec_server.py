"""`exec --server`: always the chosen account; the command behaves as it does without us."""

import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pexpect
import pytest

from tests.conftest import SCRIPT
from tests.endpoint.world import ACCOUNT, Program, prepared, wait_for
from tests.long_rows import long_after
from tests.processes import state_of
from tests.programs import require_program, run_program

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


@pytest.mark.long
@pytest.mark.parametrize("client", ["aws", "boto3"])
def test_the_child_uses_the_chosen_account(home, emulator, client):
    """A [default] with keys, AWS_PROFILE, an old environment: none of them takes effect."""
    default = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = default\n"
    prepared(home, emulator, f"\n{default}region = sa-east-1\n")
    (home.path / ".aws" / "credentials").write_text(default)
    before = home.config_file.read_bytes()
    command = [sys.executable, "-c", _BOTO3]
    if client == "aws":
        asked = f"{require_program('aws')} sts get-caller-identity --query Account --output text"
        region = f"{require_program('aws')} configure get region"
        command = ["sh", "-c", f'echo "$({asked}) $({region})"']
    done = run_program([*EXEC, *command], {**home.env, **STALE}, cwd=home.path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [ACCOUNT, "eu-west-1"]
    assert home.config_file.read_bytes() == before
    # Without us the command uses [default]'s keys, which STS does not know.
    alone = run_program([sys.executable, "-c", _BOTO3], home.env)
    assert "InvalidClientTokenId" in alone.stderr


# An SDK would prefer each to the endpoint if it reached the command.
DEFAULTS = {
    "static keys": "aws_access_key_id = AKIADEFAULT\naws_secret_access_key = default\n",
    "sso": "sso_session = corp\nsso_account_id = 000000000000\nsso_role_name = Role00\n",
    "our process": "credential_process = ssohelper credential-process --profile other\n",
    "a process": "credential_process = /bin/false\n",
    "role by profile": "role_arn = arn:aws:iam::000000000000:role/x\nsource_profile = other\n",
    "role by environment": "role_arn = arn:aws:iam::000000000000:role/x\n"
    "credential_source = Environment\n",
    "web identity": "role_arn = arn:aws:iam::000000000000:role/x\n"
    "web_identity_token_file = /token\n",
    "login": "login_session = arn:aws:iam::000000000000:user/x\n",
}
OTHER_ACCOUNT = "000000000000"
_OTHERS = f"""
[profile other]
sso_session = corp
sso_account_id = {OTHER_ACCOUNT}
sso_role_name = Role00
region = eu-north-1

[profile by-process]
credential_process = ssohelper credential-process --session corp --account-id {OTHER_ACCOUNT} --role-name Role00
region = eu-north-1

[profile by-name]
credential_process = ssohelper credential-process --profile other
region = eu-north-1

[profile static]
aws_access_key_id = AKIASTATIC
aws_secret_access_key = static
region = eu-north-1
"""
_BESIDE = """
import boto3, botocore.exceptions as errors
def account(name=None):
    session = boto3.Session(profile_name=name)
    return session.client("sts").get_caller_identity()["Account"]
print(account(), account("other"), account("by-process"), account("by-name"))
try:
    print(account("static"))
except errors.CredentialRetrievalError as error:
    print(error)
"""


@pytest.mark.parametrize("identity", long_after(1, list(DEFAULTS.values())), ids=DEFAULTS)
def test_other_profiles_work_beside_it(home, emulator, run, identity):
    prepared(home, emulator, f"{_OTHERS}\n[default]\n{identity}")
    done = run.ok("exec", "--server", "job", "--", sys.executable, "-c", _BESIDE, env=STALE)
    accounts, *static = done.stdout.splitlines()
    assert accounts.split() == [ACCOUNT, OTHER_ACCOUNT, OTHER_ACCOUNT, OTHER_ACCOUNT]
    assert "static keys are not passed" in " ".join(static)
    assert "warning: the command" not in done.stderr


def test_the_childs_environment_files_and_stdin(home, emulator, run):
    more = (
        "output = text\nretry_mode = adaptive\nrole_arn = arn:aws:iam::000000000000:role/x\n"
        "s3 =\n    max_concurrent_requests = 3\n    addressing_style = path\nservices = mine\n"
        "\n[services mine]\ndynamodb =\n    endpoint_url = http://127.0.0.1:8000\n"
    )
    prepared(home, emulator, more)
    script = 'env; cat "$AWS_CONFIG_FILE"; stat -c "%a %s %n" "$(dirname "$AWS_CONFIG_FILE")"/*'
    text = "".join(f"{n}\n" for n in range(20_000))
    done = run("exec", "--server", "job", "--", "cat", input=text)
    assert (done.returncode, done.stdout) == (0, text)  # stdin is the command's
    stale = {**home.env, **STALE, "AWS_EC2_METADATA_DISABLED": "false"}
    done = run_program([*EXEC, "sh", "-c", script], stale)
    assert done.returncode == 0, done.stderr
    assert "stale" not in done.stdout
    assert "CNRY" not in done.stdout
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN=" not in done.stdout
    assert "AWS_EC2_METADATA_DISABLED=true\n" in done.stdout
    config = "[sso-session corp]\n" + done.stdout.partition("[sso-session corp]\n")[2]
    assert config.partition("600 ")[0] == home.config_file.read_text() + (
        "\n[default]\nregion = eu-west-1\noutput = text\nretry_mode = adaptive\n"
        "s3 =\n    max_concurrent_requests = 3\n    addressing_style = path\nservices = mine\n"
    )
    files = [line.split() for line in done.stdout.splitlines() if line.startswith("600 ")]
    sizes = {Path(name).name: int(size) for _, size, name in files}
    assert sizes["credentials"] == 0
    assert sizes["token"] == 43  # 43 characters have 256 bits; no newline follows


def test_an_unknown_end_of_the_sign_in_is_a_warning_at_the_start(home, emulator, run):
    unsure = run("exec", "--server", "job", "--", "true")
    assert unsure.stderr.count('warning: the sign-in to "corp" may end at any time') == 1
    # Another tool signed in: the time is unknown.
    assert "ssohelper login corp --force" in unsure.stderr
    assert "notice:" not in unsure.stderr
    emulator.auto_approve = "ana"
    home.browser()
    assert run("login", "--force").returncode == 0
    assumed = run("exec", "--server", "job", "--", "true").stderr
    assert re.search(r"\((8h|7h 5\dm) left if sign-ins last 8h, AWS's default\)", assumed)
    assert "config set sessions.corp.session_hours HOURS" in assumed
    told = {"SSOHELPER_SESSION_HOURS": "10"}
    assert "warning" not in run("exec", "--server", "job", "--", "true", env=told).stderr


@pytest.mark.parametrize(
    ("command", "code"),
    long_after(
        4,
        [
            (["sh", "-c", "exit 7"], 7),
            (["/etc/passwd"], 126),
            (["no-such-program"], 127),
            (["sh", "-c", "kill -PIPE $$"], 141),  # Python ignores it, the command must not
            (["true"], 0),
            (["sh", "-c", "kill -TERM $$"], 143),
            (["sh", "-c", "kill -KILL $$"], 137),
        ],
    ),
)
def test_exit_codes_are_the_command_s(home, emulator, run, command, code):
    done = run("exec", "--server", "job", "--", *command)
    assert done.returncode == code, done.stderr
    assert list((home.path / ".local/state/ssohelper").glob("serve/*")) == []


_TRAPS = """
import os, signal, sys, time
def heard(number, frame):
    os.write(1, f"heard {signal.Signals(number).name}\\n".encode())  # print is not reentrant
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), heard)
print("ready", os.getpid(), flush=True)
while True:
    time.sleep(0.05)
"""


def test_signals_sent_to_us_are_passed_on(home, emulator):
    names = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"]
    with Program([*EXEC, sys.executable, "-c", _TRAPS, *names], home) as program:
        program.says("ready")
        for name in names:
            program.process.send_signal(getattr(signal, name))
            program.says(f"heard {name}")
        child = int("".join(program.out).split()[1])
        os.kill(child, signal.SIGKILL)
        assert program.ends() == 137


def test_it_stops_with_the_command_and_both_go_on(home, emulator):
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


def test_on_a_terminal_job_control_works(home, emulator):
    shell = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], env={**home.env, "PS1": "$ "}, encoding="utf-8",
        timeout=60, dimensions=(24, 80),
        # It is ignored when the test run itself was started with `&`.
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
        # A script that runs it ends at Ctrl-C too. `exec`, since sh loses a Ctrl-C just before it
        # has started its child, and then waits for that child.
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


def test_a_terminal_s_hangup_reaches_the_command_of_a_session_leader(home, emulator):
    """As the only command of a tmux window or of ssh, only ssohelper gets the terminal's SIGHUP."""
    job = 'trap "exit 9" HUP; echo begun; for n in $(seq 300); do sleep 0.1; done; exit 1'
    done = run_program([sys.executable, "-c", _HANGS_UP, *EXEC, "sh", "-c", job], home.env)
    assert done.stdout == "9\n", done.stderr


def test_a_child_that_cannot_be_started_leaves_no_server(home, emulator, run):
    program = home.path / "bad"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    done = run("exec", "--server", "job", "--", str(program))
    assert done.returncode == 127
    assert done.stderr.count("ssohelper: error: ") == 1
    assert os.listdir(home.path / ".local/state/ssohelper/serve") == []
    program.write_text("exit 9\n")  # a script without a shebang runs
    assert run("exec", "--server", "job", "--", str(program)).returncode == 9


@pytest.mark.long
def test_it_works_with_a_read_only_home(home, emulator):
    """The endpoint's folder is then in the runtime folder, and is removed at the end."""
    argv = [*EXEC, sys.executable, "-c", _BOTO3]
    if os.geteuid() == 0:  # root can write to it, whatever the mode
        argv = ["sh", "-c", _IN_NAMESPACE, "sh", require_program("unshare"), _READ_ONLY_HOME, *argv]
    else:
        # A folder of ours that exists would get its mode back from the program.
        shutil.rmtree(home.path / ".local")
        home.path.chmod(0o555)
    try:
        done = run_program(argv, home.env)
    finally:
        home.path.chmod(0o755)
    if done.returncode == 99:
        pytest.skip("this root may not mount")
    assert (done.returncode, done.stdout.split()) == (0, [ACCOUNT, "eu-west-1"]), done.stderr
    assert not (home.path / ".local/state/ssohelper/serve").exists()
    assert os.listdir(home.runtime / "serve") == []


# Exit 99: no mount namespace can be created (a container without CAP_SYS_ADMIN).
_IN_NAMESPACE = """
unshare=$1 script=$2; shift 2
"$unshare" --mount true || exit 99
exec "$unshare" --mount sh -c "$script" sh "$@"
"""
_READ_ONLY_HOME = """
mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME" || exit 99
mount --bind "$XDG_RUNTIME_DIR" "$XDG_RUNTIME_DIR" || exit 99
mount -o remount,bind,rw "$XDG_RUNTIME_DIR" || exit 99
touch "$HOME/file" 2>/dev/null && exit 98
exec "$@"
"""


def test_it_works_when_its_parent_ignores_sigchld(home, emulator):
    ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
    ignoring += "os.execv(sys.argv[1], sys.argv[1:])"
    with Program([sys.executable, "-c", ignoring, *EXEC, "sh", "-c", "exit 7"], home) as program:
        assert program.ends() == 7
