"""`ssohelper exec`: the program replaces us, with its exit code, signals, terminal and streams."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.cli.test_env_command import NAMES
from tests.conftest import RUN_SECONDS
from tests.long_rows import long_after
from tests.programs import require_program, run_program
from tests.terminal import Conversation

ROLE = "000000000001/Role00"
PROFILE = """
[default]
aws_access_key_id = AKIADEFAULT000000000
aws_secret_access_key = default

[profile dev]
credential_process = /x/ssohelper credential-process --session corp --account-id 000000000001 --role-name Role00
region = eu-west-1
"""
# Written out and not imported: the test must notice a variable that the program forgets.
IN_THE_WAY = {
    "AWS_PROFILE": "dev",
    "AWS_DEFAULT_PROFILE": "missing",
    "AWS_ACCESS_KEY_ID": "AKIASTALE00000000000",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
    **dict.fromkeys(
        [
            *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
            *("AWS_SESSION_EXPIRATION", "AWS_ACCOUNT_ID", "AWS_REGION", "AWS_DEFAULT_REGION"),
            *("AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_CREDENTIAL_FILE"),
            *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
            *("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
            *("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_VAULT", "AWSUME_PROFILE"),
            *("AWSUME_EXPIRATION", "AWSU_PROFILE", "AWS_OKTA_PROFILE", "AWS_OKTA_ASSUMED_ROLE"),
            *("AWS_OKTA_ASSUMED_ROLE_ARN", "AWS_OKTA_SESSION_EXPIRATION", "GRANTED_SSO"),
            *("GRANTED_SSO_START_URL", "GRANTED_SSO_ROLE_NAME", "GRANTED_SSO_REGION"),
            *("GRANTED_SSO_ACCOUNT_ID", "AWS_SSO_PROFILE", "AWS_SSO_ACCOUNT_ID"),
            *("AWS_SSO_ROLE_NAME", "AWS_SSO_ROLE_ARN", "AWS_SSO_SESSION_EXPIRATION"),
            "AWS_SSO_DEFAULT_REGION",
        ],
        "stale",
    ),
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory) -> Iterator[Shell]:
    with Emulator(World.of_size(2, 1)) as emulator:
        made = Shell(tmp_path_factory.mktemp("home"), emulator)
        made.write_config(PROFILE)
        yield made


def variables(shell: Shell, *argv: str, **environ: str) -> dict[str, str]:
    """Return the environment of the program that exec runs."""
    out = shell.home / "environment"
    shell.ok("exec", *argv, "--", "sh", "-c", f"env -0 > {out}", **environ)
    entries = [entry.split("=", 1) for entry in out.read_text().split("\0") if entry]
    out.unlink()
    assert len({name for name, _ in entries}) == len(entries)
    return dict(entries)


def test_the_environment_has_the_keys_and_no_variable_that_takes_precedence(shell):
    found = variables(shell, "dev", **IN_THE_WAY, KEPT="it's")
    issued = shell.emulator.issued.get(found["AWS_ACCESS_KEY_ID"])
    assert issued is not None
    assert (issued.account_id, found["AWS_ACCOUNT_ID"]) == ("000000000001", "000000000001")
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["AWS_CREDENTIAL_EXPIRATION"] == found["AWS_SESSION_EXPIRATION"] > "2021"
    assert found["KEPT"] == "it's"
    assert set(IN_THE_WAY) & set(found) == NAMES
    assert "stale" not in found.values()


def test_a_role_without_a_profile_aws_profile_and_the_line_that_is_printed(shell):
    assert variables(shell, ROLE)["AWS_ACCOUNT_ID"] == "000000000001"
    assert variables(shell, f"corp:{ROLE}")["AWS_REGION"] == "us-east-1"
    assert variables(shell, AWS_PROFILE="dev")["AWS_REGION"] == "eu-west-1"
    shell.run("list")
    done = shell.run("exec", "dev", "--", "true")
    assert done.stdout == ""
    assert 'account "account-00001" (000000000001), role "Role00": these keys end in' in done.stderr


def test_argv_is_split_at_the_first_dashes_and_the_rest_is_unchanged(shell):
    words = ["--", "--help", "-v", "--json", "", " a ", "$(touch pwned)", "'", "--session"]
    done = shell.run(
        "exec", "dev", "--", sys.executable, "-c", "import sys; print(sys.argv)", *words
    )
    assert done.stdout == f"{['-c', *words]}\n"
    raw = [b"\xff\xfe", "ü".encode(), b"\t\n\x1b"]
    argv = [SCRIPT, "exec", "dev", "--", "printf", "%s.", *raw]
    bytes_too = subprocess.run(argv, env=shell.environ, capture_output=True)
    assert bytes_too.stdout == b"".join(word + b"." for word in raw)
    # Options before `--` are those of ssohelper.
    assert shell.run("exec", "--nonsense", "dev", "--", "true").returncode == 2
    assert shell.run("exec", "--session", "nix", ROLE, "--", "true").returncode == 2


class TestExitCodes:
    @pytest.mark.parametrize("code", long_after(3, [0, 7, 255, 1, 126, 127, 130]))
    def test_the_exit_code_of_the_program(self, shell, code):
        assert shell.run("exec", "dev", "--", "sh", "-c", f"exit {code}").returncode == code

    def test_a_program_that_cannot_be_run_is_126_or_127(self, shell):
        plain = shell.home / "plain"
        plain.write_text("#!/bin/sh\n")
        lost = shell.home / "lost"
        lost.write_text("#!/no/such/interpreter\n")
        lost.chmod(0o755)
        before = dict(shell.emulator.counters)
        for program, code in (
            (str(plain), 126),
            (str(shell.home), 126),
            ("/no/such/program", 127),
            ("no-such-program", 127),
            ("", 127),
            (f"{plain}/x", 127),
        ):
            done = shell.run("exec", "dev", "--", program)
            assert (done.returncode, len(done.stderr.splitlines()) <= 2) == (code, True), (
                done.stderr
            )
        assert dict(shell.emulator.counters) == before  # AWS was not asked
        assert shell.run("exec", "dev", "--", str(lost)).returncode == 127

    def test_a_script_without_a_shebang_is_run_by_sh(self, shell):
        script = shell.home / "script"
        script.write_text('echo "$1"; exit 7\n')
        script.chmod(0o755)
        done = shell.run("exec", "dev", "--", str(script), "a b")
        assert (done.returncode, done.stdout) == (7, "a b\n")

    @pytest.mark.parametrize("name", long_after(2, ["TERM", "PIPE", "INT", "KILL", "HUP", "SEGV"]))
    def test_a_signal_is_128_and_its_number_in_a_shell(self, shell, name):
        line = f"{SCRIPT} exec dev -- sh -c 'ulimit -c 0; kill -{name} $$'; exit $?"
        done = run_program(["sh", "-c", line], shell.environ)
        assert done.returncode == 128 + getattr(signal, f"SIG{name}")

    def test_an_error_of_ours_starts_no_program(self, shell):
        mark = shell.home / "started"
        touch = ["--", "touch", str(mark)]
        for argv, environ, code in (
            (["000000000009/Role00"], {}, 5),
            (["nothing"], {}, 2),
            (["dev"], {"AWS_CONFIG_FILE": "/dev/null/x"}, None),
            (["dev"], {"HOME": str(shell.home / "elsewhere")}, 2),
        ):
            done = shell.run("exec", *argv, *touch, **environ)
            assert done.returncode == code or (code is None and done.returncode), done.stderr
            assert not mark.exists()


class TestPath:
    @pytest.fixture
    def trap(self, shell) -> Path:
        """The current folder, with programs that must not be run."""
        folder = shell.home / "trap"
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        for name in ("true", "only-here", "bin/only-here"):
            (folder / name).write_text("#!/bin/sh\necho caught\n")
            (folder / name).chmod(0o755)
        return folder

    @pytest.mark.parametrize(
        ("program", "path"),
        long_after(
            2,
            [
                ("true", ":.:./bin:bin:/usr/bin:/bin"),
                ("only-here", "/usr/bin:/bin:./bin:.::"),
                ("true", "..:"),
                ("only-here", ":.:./bin:bin:/usr/bin:/bin"),
                ("true", "/usr/bin:/bin:./bin:.::"),
                ("only-here", "..:"),
            ],
        ),
    )
    def test_path_never_leads_to_the_current_folder(self, shell, trap, path, program):
        environ = {**shell.environ, "PATH": path}
        done = run_program([SCRIPT, "exec", "dev", "--", program], environ, cwd=trap)
        found = program == "true" and "/usr/bin" in path
        assert (done.returncode, done.stdout) == (0 if found else 127, "")

    def test_a_relative_path_that_the_user_types_is_run(self, shell, trap):
        argv = [SCRIPT, "exec", "dev", "--", "./only-here"]
        done = run_program(argv, shell.environ, cwd=trap)
        assert (done.returncode, done.stdout) == (0, "caught\n")


class TestInOurPlace:
    def test_process_id_streams_and_ignored_signals_are_unchanged(self, shell):
        show = (
            "import os,sys; print(os.getpid(), sys.stdin.read(), open('/proc/self/status').read())"
        )
        argv = [sys.executable, "-c", show]
        seen = []
        for command in (argv, [SCRIPT, "exec", "dev", "--", *argv]):
            child = subprocess.Popen(
                command,
                env=shell.environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            said = child.communicate("typed", timeout=RUN_SECONDS)[0]
            assert said.startswith(f"{child.pid} typed ")
            seen.append(
                [line for line in said.splitlines() if line.startswith(("SigIgn", "SigBlk"))]
            )
        assert seen[0] == seen[1]

    def test_the_program_gets_the_callers_descriptors_alone_and_a_closed_stdout(self, shell):
        line = "ls /proc/self/fd"
        alone = subprocess.run(["sh", "-c", line], capture_output=True, text=True).stdout
        assert shell.run("exec", "dev", "--", "sh", "-c", line).stdout == alone
        line = f"{SCRIPT} exec dev -- sh -c 'test -e /proc/self/fd/1 && exit 50; exit 7' >&-"
        done = subprocess.run(["sh", "-c", line], env=shell.environ, capture_output=True)
        assert done.returncode == 7

    def test_a_variable_that_is_set_twice_is_set_once(self, shell):
        out = shell.home / "twice"
        entries = [f"{name}={value}" for name, value in shell.environ.items()]
        entries += [f"AWS_ACCESS_KEY_ID=AKIASTALE{n}" for n in range(3)] + ["AWS_VAULT=a"] * 2
        argv = [str(SCRIPT), "exec", "dev", "--", "sh", "-c", f"cat /proc/$$/environ > {out}"]
        child = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", _EXECVE, json.dumps([argv, entries])],
            os.environ,
        )
        assert os.waitpid(child, 0)[1] == 0
        found = out.read_bytes().split(b"\0")
        [key] = [entry for entry in found if entry.startswith(b"AWS_ACCESS_KEY_ID=")]
        assert b"STALE" not in key
        assert not [entry for entry in found if entry.startswith(b"AWS_VAULT=")]


# Runs a program with an environment that may have a name twice.
_EXECVE = """
import ctypes, json, os, sys
argv, entries = json.loads(sys.argv[1])
def array(texts):
    return (ctypes.c_char_p * (len(texts) + 1))(*[text.encode() for text in texts], None)
ctypes.CDLL(None).execve(argv[0].encode(), array(argv), array(entries))
os._exit(99)
"""


_TELLS = """
import os, signal, sys, time
def told(number, _frame):
    # Not print(): the signal may come while the program itself prints.
    width, height = os.get_terminal_size()
    os.write(1, f"got {signal.Signals(number).name} {width} {height}\\n".encode())
for name in ("INT", "TERM", "HUP", "WINCH", "CONT", "QUIT"):
    signal.signal(getattr(signal, "SIG" + name), told)
print("ready", os.getpid(), *os.get_terminal_size(), flush=True)
end = time.monotonic() + 100
while time.monotonic() < end:
    line = sys.stdin.readline()
    if not line:
        break
    print("read", line.strip(), flush=True)
    if line.strip() == "leave":
        sys.exit(9)
"""


class TestAtATerminal:
    def test_signals_size_and_job_control(self, shell):
        program = shell.home / "tells.py"
        program.write_text(_TELLS)
        argv = [require_program("bash"), "--norc", "--noprofile", "-i"]
        environ = {**shell.environ, "TERM": "dumb", "PS1": "$ "}
        bash = Conversation(argv, environ, size=(33, 211))
        try:
            bash.sendline(f"{SCRIPT} exec dev -- {sys.executable} {program}; echo co''de=$?")
            bash.expect(r"ready (\d+) 211 33")
            pid = int(bash.match.group(1))
            bash.sendintr()
            bash.expect_exact("got SIGINT 211 33")
            bash.setwinsize(44, 155)
            bash.expect_exact("got SIGWINCH 155 44")
            for name in ("SIGTERM", "SIGHUP"):
                os.kill(pid, getattr(signal, name))  # the program has the process id of ours
                bash.expect_exact(f"got {name}")
            bash.sendline("typed")
            bash.expect_exact("read typed")
            bash.sendcontrol("z")
            bash.expect("Stopped")
            # bash continues with the rest of the line that was stopped.
            bash.expect_exact(f"code={128 + signal.SIGTSTP}")
            bash.sendline("fg; echo co''de=$?")
            bash.expect_exact("got SIGCONT")
            bash.sendline("leave")
            bash.expect_exact("code=9")
        finally:
            bash.close(force=True)


class TestAwsCli:
    def test_the_aws_cli_is_the_role_whatever_variables_were_set(self, shell):
        shell.run("list")
        argv = [require_program("aws"), *["sts", "get-caller-identity", "--output", "json"]]
        said = json.loads(shell.ok("exec", "dev", "--", *argv, **IN_THE_WAY).stdout)
        assert said["Account"] == "000000000001"
        assert "AWSReservedSSO_Role00_" in said["Arn"]


@pytest.mark.parametrize("argv", [[], ["dev"], ["dev", "--"], ["dev", "aws", "ls", "--recursive"]])
def test_without_a_command_after_the_dashes_it_is_exit_2(shell, argv):
    done = shell.run("exec", *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "ssohelper: error: exec takes a command after --",
        "ssohelper: hint: for example: ssohelper exec PROFILE -- aws s3 ls",
    ]
