"""A hostile repository as current folder: its files are named like modules, PYTHON* variables are set.

No process that an SDK or a shell starts, and none that we start, runs a line of it.
"""

import importlib.util
import json
import marshal
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

import ssohelper.fastpath.published
from ssohelper.core.clock_text import Notice
from ssohelper.system import notify
from tests.conftest import SCRIPT, Home
from tests.long_rows import long_after
from tests.processes import detached_processes
from tests.programs import require_program, run_program
from tests.shell.tab import Typist
from tests.torture.ground import wait_for

ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = f"{SCRIPT}-credentials"
ACCOUNT, ROLE = "000030000001", "ReadOnlyAccess"
NAME = "payments-prod.ReadOnlyAccess"
KEY = ("--session", "corp", "--account-id", ACCOUNT, "--role-name", ROLE)
# The first three run before our first line; the others at our first import of that name.
MODULES = (
    "sitecustomize", "usercustomize", "ssohelper", "json", "socket", "logging", "hashlib",
    "threading", "subprocess", "botocore", "urllib3", "click", "email", "ssl",
)  # fmt: skip
SHELLS = ("bash", "zsh", "fish")
_NO_RC = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}


class Repository:
    """The folder; `ran` returns which of its files Python ran, and in which command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._marker = folder / "marker"
        self._code = (
            f"import sys; open({str(self._marker)!r}, 'a').write("
            "'{name} in ' + ' '.join(sys.orig_argv) + '\\n')\n"
        )
        packages = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        for place in (folder, folder / "lib", folder / packages):
            place.mkdir(parents=True, exist_ok=True)
            for name in MODULES:
                (place / f"{name}.py").write_text(self._code.format(name=name))
        (folder / "startup.py").write_text(self._code.format(name="startup"))
        (folder / packages / "x.pth").write_text(self._code.format(name="pth"))
        self._plant_compiled()

    def _plant_compiled(self) -> None:
        """Put a compiled module into PYTHONPYCACHEPREFIX that Python takes for one of ours."""
        source = ssohelper.fastpath.published.__file__
        before, sys.pycache_prefix = sys.pycache_prefix, str(self.folder / "compiled")
        try:
            path = Path(importlib.util.cache_from_source(source))
        finally:
            sys.pycache_prefix = before
        path.parent.mkdir(parents=True)
        found = os.stat(source)
        head = (0, int(found.st_mtime), found.st_size)
        code = compile(self._code.format(name="compiled"), source, "exec")
        numbers = b"".join(number.to_bytes(4, "little") for number in head)
        path.write_bytes(importlib.util.MAGIC_NUMBER + numbers + marshal.dumps(code))

    @property
    def ran(self) -> list[str]:
        return self._marker.read_text().splitlines() if self._marker.exists() else []


def environments(here: str) -> dict[str, dict[str, str]]:
    return {
        "leading colon": {"PYTHONPATH": ":/opt/lib"},
        "absolute": {"PYTHONPATH": here},
        "home": {"PYTHONHOME": here},
        "dot": {"PYTHONPATH": "."},
        "empty": {"PYTHONPATH": ""},
        "relative": {"PYTHONPATH": "lib:../repository"},
        "relative home": {"PYTHONHOME": "."},
        "user base": {"PYTHONUSERBASE": here},
        "relative user base": {"PYTHONUSERBASE": "."},
        "compiled": {"PYTHONPYCACHEPREFIX": f"{here}/compiled"},
        "startup": {"PYTHONSTARTUP": f"{here}/startup.py", "PYTHONINSPECT": "1"},
        "library's name": {"PYTHONPLATLIBDIR": "lib", "PYTHONPATH": ":"},
        "warnings": {"PYTHONWARNINGS": "error::socket.Evil", "PYTHONPATH": ":"},
    }


ENVIRONMENTS = tuple(environments(""))
# Without PYTHONHOME: with it, a Python that is not protected would not start at all.
ALL = {
    "PYTHONPATH": ":/opt/lib:.:lib",
    "PYTHONUSERBASE": ".",
    "PYTHONPYCACHEPREFIX": "compiled",
    "PYTHONSTARTUP": "startup.py",
    "PYTHONINSPECT": "1",
    "PYTHONWARNINGS": "error::socket.Evil",
    "PYTHONBREAKPOINT": "socket.evil",
}


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Repository:
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def signed_in(home, emulator) -> Home:
    """A session whose token must be renewed before use, and a profile with its role."""
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_config(
        f"{home.config_file.read_text()}[profile {NAME}]\nregion = us-east-1\n"
        f"credential_process = {LAUNCHER} {' '.join(KEY)}\n"
    )
    token = emulator.issue_token("ana", start_url=emulator.world.start_url)
    home.write_token({**token, "expiresAt": "2020-01-01T00:00:00Z"})
    del home.env["PYTHONDONTWRITEBYTECODE"]
    return home


def test_each_planted_file_would_run(repository, tmp_path):
    """If a planted file could not run, the tests that nothing runs it would prove nothing."""
    for name, variables in environments(str(repository.folder)).items():
        if name in ("startup", "empty"):  # the first needs a stdin, the second names nothing
            continue
        before = len(repository.ran)
        python = getattr(sys, "_base_executable", sys.executable)
        inside = ROOT if name == "compiled" else Path.cwd()
        code = f"import sys; sys.path.append({str(ROOT)!r}); import socket, ssohelper.fastpath.published"
        argv = [python, "-c", code] if inside != ROOT else [python, "-P", "-c", code]
        run_program(argv, {"HOME": str(tmp_path), **variables})
        assert len(repository.ran) > before or "home" in name, name


@pytest.mark.parametrize("name", long_after(3, ENVIRONMENTS))
def test_the_launcher_its_broker_and_its_renewal(signed_in, emulator, repository, name):
    variables = environments(str(repository.folder))[name]
    answer = run_program([LAUNCHER, *KEY], {**signed_in.env, **variables})
    assert (answer.returncode, answer.stderr) == (0, "")
    assert json.loads(answer.stdout)["AccountId"] == ACCOUNT
    # A process of each kind ran: the broker still runs, the renewal has renewed.
    assert detached_processes(signed_in.path, "broker-process")
    assert emulator.counters["CreateToken.refresh_token"] == 1
    assert repository.ran == []


_BOTO3 = f"import boto3; print(boto3.Session(profile_name={NAME!r}).client('sts').get_caller_identity()['Arn'])"


@pytest.mark.network_client
@pytest.mark.parametrize("client", long_after(1, ["boto3", "aws"]))
def test_the_profiles_line_in_the_clients(signed_in, emulator, repository, client):
    # -I protects the client's own Python; the processes that it starts get the whole environment.
    argv = [sys.executable, "-I", "-c", _BOTO3]
    if client == "aws":
        program = require_program("aws")
        if not Path(program).read_bytes().startswith(b"#!/usr/bin/python3\n"):
            pytest.skip("this AWS CLI is no Python script, which could be started with -I")
        argv = ["/usr/bin/python3", "-I", program, "sts", "get-caller-identity", "--profile", NAME]
    answer = run_program(argv, {**signed_in.env, **ALL})
    assert f"assumed-role/AWSReservedSSO_{ROLE}" in answer.stdout, answer.stderr
    assert repository.ran == []


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_init_and_the_prompt(signed_in, repository, shell):
    init = f"{LAUNCHER} shell-init {shell}"
    load = f"{init} | source" if shell == "fish" else f'eval "$({init})"'
    show = "ssohelper_prompt >/dev/null; echo $SSOHELPER_PROMPT_TEXT"
    argv = [require_program(shell), _NO_RC[shell], "-c", f"{load}\n{show}"]
    answer = run_program(argv, {**signed_in.env, **ALL, "AWS_PROFILE": NAME})
    assert answer.stderr == ""
    assert answer.stdout.startswith(f"{NAME[:6]}")
    assert repository.ran == []


@pytest.mark.parametrize("shell", long_after(1, SHELLS))
def test_a_tab(signed_in, repository, shell):
    signed_in.env.update(ALL)
    with closing(Typist(shell, signed_in, repository.folder)) as typist:
        assert typist.words_after("ssohelper exec payments-pr\t\r")[:2] == ["exec", NAME]
    assert repository.ran == []


def test_a_process_that_lists_in_the_background(signed_in, emulator, repository):
    from ssohelper.app import App

    environ = {**signed_in.env, **ALL, "PYTHONPATH": str(repository.folder)}
    App(environ).start_listing_process("corp")
    assert wait_for(lambda: emulator.counters["ListAccounts"])
    assert wait_for(lambda: not detached_processes(signed_in.path, "--detached"))
    assert repository.ran == []


def test_the_users_own_notice_command_in_python(home, repository):
    """The script's own folder is not the current one."""
    script, told = home.path / "notice.py", home.path / "told"
    script.write_text(f"import json, sys; open({str(told)!r}, 'w').write(sys.argv[1])\n")
    notice = Notice("corp", None, "soon", "ssohelper login corp")
    command = sys.executable, str(script)
    assert notify.start_notify_command(notice, command, {**home.env, **ALL}) is None
    assert wait_for(lambda: told.exists() and told.read_text())
    assert (told.read_text(), repository.ran) == ("soon", [])


class TestTyped:
    """We cannot prevent what Python loads before our first line; only what comes after it."""

    @pytest.fixture
    def without_customize(self, repository) -> Repository:
        for name in ("*customize.py", "ssohelper.py"):
            for path in [*repository.folder.rglob(name)]:
                path.unlink()
        return repository

    def test_a_command_loads_nothing_of_it(self, signed_in, without_customize):
        env = {**signed_in.env, "PYTHONPATH": ":/opt/lib:lib"}
        for argv in ([SCRIPT, "list"], [sys.executable, "-m", "ssohelper", "list"]):
            answer = run_program([*argv, "-v"], env)
            assert answer.returncode == 0, answer.stderr
            assert "PYTHONPATH is set" in answer.stderr
            assert without_customize.ran == []
            quiet = run_program(argv, env)
            assert "PYTHONPATH" not in quiet.stderr

    def test_the_command_of_exec_gets_the_users_own_variables(self, signed_in, without_customize):
        env = {**signed_in.env, "PYTHONPATH": ":/opt/lib", "PYTHONUSERBASE": "/opt/base"}
        shown = "echo [$PYTHONPATH][$PYTHONUSERBASE][$PYTHONSAFEPATH]"
        answer = run_program([SCRIPT, "exec", NAME, "--", "sh", "-c", shown], env)  # fmt: skip
        assert answer.stdout == "[:/opt/lib][/opt/base][]\n", answer.stderr

    def test_modules_in_the_same_folder_as_this_package_can_be_imported(self, tmp_path):
        """`pip install --target FOLDER` with PYTHONPATH=FOLDER puts modules beside this package."""
        packages = Path(sys.executable).parent.parent
        drop = "from ssohelper.fastpath import spawn as p; p.drop_foreign_import_folders()"
        code = f"import sys; {drop}; print(*sys.path, sep='\\n')"
        env = {"PYTHONPATH": f"{ROOT}:{tmp_path}:{packages}"}
        answer = run_program([sys.executable, "-c", code], env, cwd=tmp_path)
        left = answer.stdout.splitlines()
        assert str(ROOT) in left, answer.stderr
        assert not {str(tmp_path), ""} & set(left)
