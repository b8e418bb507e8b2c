"""`ssohelper exec --account --role`: one command as each of several roles."""

import json
import re
import signal
import stat
from collections.abc import Iterator

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.guards.world import RULE, Guarded
from tests.processes import is_running
from tests.terminal import Conversation

ALL = ("exec", "--account", "*", "--role", "Role*", "--jobs", "8")
HOSTILE = "../../x\x1b[31m"


@pytest.fixture(scope="module")
def shell(tmp_path_factory) -> Iterator[Shell]:
    world = World.of_size(50, 1)
    world.add_account("000000000077", HOSTILE, email="x@example.com")
    world.assign("ana", "Role00", "000000000077")
    world.add_permission_set("Gone")
    world.add_account("000000000078", "gone", email="g@example.com")
    world.assign("ana", "Gone", "000000000078")
    with Emulator(world) as emulator:
        yield Shell(tmp_path_factory.mktemp("home"), emulator)


def test_a_role_without_credentials_counts_with_our_code(shell):
    shell.ok("list")
    shell.emulator.world.unassign("ana", "Gone", "000000000078")
    argv = ("exec", "--account", "gone", "--account", "*0004?", "--role", "*")
    done = shell.run(*argv, "--", "sh", "-c", "exit 3")
    assert done.returncode == 5
    assert "gone/Gone: ssohelper: error: " in done.stderr
    rows = json.loads(shell.run(*argv, "--json", "--", "true").stdout)["data"]
    codes = {row["account_id"]: row["exit_code"] for row in rows}
    assert codes == {f"0000000000{n}": 5 if n == 78 else 0 for n in (*range(40, 50), 78)}


def test_each_line_is_whole_after_its_role_and_the_failed_roles_run_again(shell):
    script = (
        "head -c 9000 /dev/zero | tr '\\0' $1; echo; printf end; exit ${AWS_ACCOUNT_ID#0000000000}"
    )
    done = shell.run(*ALL, "--", "sh", "-c", script, "sh", "x")
    assert done.returncode == 77
    assert done.stderr.startswith("51 of 51 ended: 50 failed\nnot done: ")
    lines = [line.rpartition(": ") for line in done.stdout.splitlines()]
    assert {rest for _role, _colon, rest in lines} == {"x" * 9000, "end"}
    assert len({role for role, _colon, _rest in lines}) == 51
    assert "../../x\\x1b[31m/Role00" in {role for role, _colon, _rest in lines}
    argv = ("exec", "--failed", "--json", "--", "sh", "-c", "echo out; echo err >&2; cat")
    again = json.loads(shell.ok(*argv).stdout)["data"]
    assert len(again) == 50
    assert again[0] | {"account_id": ""} == {
        "session": "corp",
        "account_id": "",
        "role_name": "Role00",
        "exit_code": 0,
        "stdout": "out\n",
        "stderr": "err\n",
    }
    assert shell.run("exec", "--failed", "--", "true").returncode == 2


def test_stdout_is_written_to_a_private_file_of_each_role(shell):
    folder = shell.home / "out"
    argv = (
        "exec",
        "--account",
        "*00000?",
        "--account",
        "*x*",
        "--role",
        "Role00",
        "--output",
        folder,
    )
    done = shell.ok(*map(str, argv), "--", "sh", "-c", "echo $AWS_ACCOUNT_ID; echo err >&2")
    assert (done.stdout, done.stderr.count(": err\n")) == ("", 11)
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert found["x-31m.corp.000000000077.Role00"] == "000000000077\n"
    assert found["account-00003.corp.000000000003.Role00"] == "000000000003\n"
    assert [*shell.home.glob("x*"), len(found)] == [11]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {0o700, 0o600}


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["--account", "acount-00001", "--role", "*"], 5, 'did you mean "account-00001"'),
        (["--account", "*", "--role", "Rle00"], 5, 'did you mean "Role00"'),
        (["--account", "*", "--role", "*", "corp:000000000001/Role00"], 2, "for one role"),
        (["--account", "*", "--role", "*", "--server"], 2, "for one role"),
        (["--account", "*"], 2, "give both"),
        (["--json", "000000000001/Role00"], 2, "for several roles"),
        (["--account", "*", "--account", "!*", "--role", "*"], 5, "no role"),
        (["--account", "*", "--role", "*", "--json", "--output", "x"], 2, "give one of them"),
    ],
)
def test_what_cannot_be_run_runs_nothing(shell, argv, code, said):
    done = shell.run("exec", *argv, "--", "touch", str(shell.home / "ran"))
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert not (shell.home / "ran").exists()


def test_ctrl_c_stops_what_runs_and_starts_no_more(shell):
    pids = shell.home / "pids"
    script = f"trap '' INT; sleep 600 & echo $! $$ >> {pids}; wait"
    argv = [SCRIPT, *ALL[:-1], "2", "--", "sh", "-c", script]
    started = Conversation(argv, {**shell.environ, "TERM": "xterm"}, shell.home)
    started.expect("0 of 51 ended")
    while not (pids.exists() and len(pids.read_text().split()) == 4):
        assert started.isalive()
    started.sendintr()
    code, shown = started.ended()
    assert (code, "2 stopped" in shown or "stopping" in shown) == (128 + signal.SIGINT, True), shown
    found = pids.read_text().split()
    assert len(found) == 4
    assert not any(map(is_running, map(int, found)))


def test_a_missing_sign_in_ends_it_before_anything_runs(shell):
    mark = shell.home / "signed-out"
    other = {"SSOHELPER_HOME": str(shell.home / "other"), "HOME": str(shell.home / "no-token")}
    (shell.home / "no-token" / ".aws").mkdir(parents=True, exist_ok=True)
    (shell.home / "no-token" / ".aws" / "config").write_text(shell.config.read_text())
    done = shell.run(*ALL, "--", "touch", str(mark), **other)
    assert (done.returncode, mark.exists()) == (4, False)


def test_guarded_roles_need_one_reason_and_their_number(home, emulator):
    world = Guarded(home, emulator)
    world.set_rules(RULE, "*/ReadOnlyAccess")
    argv = [
        "exec",
        "--account",
        "*",
        "--role",
        "*",
        "--reason",
        "INC-1",
        "--",
        "sh",
        "-c",
        "echo ran",
    ]
    done = world.run(str(SCRIPT), *argv)
    assert (done.returncode, done.stdout) == (9, "")
    assert world.run(str(SCRIPT), *argv[:5], *argv[7:]).returncode == 9
    terminal = world.open_terminal()
    try:
        line = f"{SCRIPT} {' '.join(argv[:-2])} -c 'echo ran'".replace("*", "'*'")
        code, shown = terminal.run(line, "1")
        assert (code, "ran\r" in shown) == (9, False)
        code, shown = terminal.run(line, "2")
        assert code == 0, shown
        assert "2 guarded roles:" in shown
        assert len(re.findall(r"payments-prod/\w+: ran", shown)) == 2
    finally:
        world.close()
