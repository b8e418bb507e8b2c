"""macOS and Windows, as far as Linux can show: each command there, and what is not there is said.

`tests/other_system.py` shows our modules another system. What that system would say to them
nobody has tried: docs/reference/other-systems.md says so.
"""

import configparser
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import platformdirs
import platformdirs.windows
import pytest

from ssohelper.app import App
from ssohelper.emulator.server import Emulator
from ssohelper.fastpath import folders, peer
from ssohelper.wire import local_server
from tests.conftest import Home
from tests.endpoint.world import ACCOUNT, ROLE, prepared, small_center
from tests.fastpath.test_peer import Told, xucred
from tests.long_rows import long_after
from tests.other_system import ELSEWHERE, ROOT, SCRIPTS
from tests.programs import run_program

NOT_ON_WINDOWS = {
    "ssohelper.actions.run_child", "ssohelper.cli.serve_command", "ssohelper.endpoint.serving",
    "ssohelper.stores.endpoint_files", "ssohelper.tui.terminal_driver",
    "ssohelper.tui.terminal_output",
}  # fmt: skip


@pytest.fixture
def center(home) -> Iterator[Emulator]:
    """A small Identity Center; `home` has a signed-in session and the profile `job`."""
    with small_center() as running:
        prepared(home, running)
        yield running


def there(platform: str, home: Home, *argv: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as on the other system."""
    return run_program(
        [*ELSEWHERE, platform, *argv], {**home.env, "PYTHONPATH": str(ROOT), **more}, cwd=home.path
    )


@pytest.mark.parametrize(
    ("platform", "absent"), long_after(1, [("win32", NOT_ON_WINDOWS), ("darwin", set())])
)
def test_every_module_is_there_but_those_that_say_why_not(home, platform, absent):
    done = there(platform, home, "modules")
    assert done.returncode == 0, done.stderr
    found = dict(line.split(": ") for line in done.stdout.splitlines() if line)
    assert set(found) == absent
    assert [why for why in found.values() if "Windows" not in why] == []


class TestWindows:
    @pytest.mark.parametrize(
        "line",
        long_after(
            2, ["serve job", "exec --server job -- tool", "serve --help", "serve --socket x"]
        ),
    )
    def test_what_is_not_there_is_one_line_and_what_to_type(self, home, line):
        done = there("win32", home, *line.split())
        what = "serve" if line.startswith("serve") else "exec --server"
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines() == [
            f"ssohelper: error: {what} does not exist on Windows",
            'ssohelper: hint: run it in WSL, or use $env:AWS_PROFILE = "PROFILE": '
            "SDKs then renew credentials",
        ]

    def test_from_setup_to_credentials(self, home, emulator):
        """No launcher, no broker, no published response; locks are msvcrt's."""
        command = home.path / "Scripts" / "ssohelper.exe"
        command.parent.mkdir()
        command.touch(0o755)
        home.env.update({SCRIPTS: str(command.parent), "LOCALAPPDATA": str(home.path / "Local")})
        opened = home.browser()
        own = "[profile mine]\r\nregion = eu-west-3\r\n\r\n"
        home.config_file.parent.mkdir()
        home.config_file.write_bytes(own.encode())
        url = emulator.world.start_url
        done = there("win32", home, "setup", url, "--region", "us-east-1", "--yes")
        assert done.returncode == 0, done.stderr
        assert len(opened.read_text().split()) == 1
        assert emulator.counters["authorize"] == 1
        config = configparser.RawConfigParser()
        config.read(home.config_file)
        lines = [config[name].get("credential_process") for name in config.sections()]
        [line, *_] = [line for line in lines if line]
        words = line.split()
        assert words[:2] == [str(command), "credential-process"]
        listed = there("win32", home, "list")
        assert len(listed.stdout.splitlines()) > 3
        state = json.loads(there("win32", home, "status", "--json").stdout)["data"]
        assert home.config_file.read_bytes().startswith(own.encode())
        assert [session["state"] for session in state["sessions"]] == ["valid"]
        assert there("win32", home, "profile", "sync", "--yes").returncode == 0
        before = emulator.counters["GetRoleCredentials"]
        with ThreadPoolExecutor(5) as pool:
            asked = list(pool.map(lambda _: there("win32", home, *words[1:]), range(5)))
        assert {each.returncode for each in asked} == {0}, asked
        # There is no broker on Windows: each that comes at the same moment asks for itself.
        assert before < emulator.counters["GetRoleCredentials"] <= before + 5
        before = emulator.counters["GetRoleCredentials"]
        again = there("win32", home, *words[1:])
        assert again.stdout in {each.stdout for each in asked}
        assert emulator.counters["GetRoleCredentials"] == before
        assert {"Cache", "sign-ins"} <= set(os.listdir(home.path / "Local/ssohelper"))
        assert {"credentials", "locks"} <= set(os.listdir(home.path / "Local/ssohelper/Cache"))
        assert not (home.path / ".cache").exists()
        assert not (home.path / ".local").exists()

    def test_a_token_is_renewed(self, home, center):
        """Windows renames no file that is open; nothing is written where the lock's byte is."""
        path = home.write_token(center.issue_token("ana", seconds=0))
        script = 'ulimit -f 1000; exec "$@"'
        key = ["--session", "corp", "--account-id", ACCOUNT, "--role-name", ROLE]
        environ = {**home.env, "PYTHONPATH": str(ROOT)}
        for program in (["sh", "-c", script, "sh", *ELSEWHERE], ELSEWHERE):
            done = run_program([*program, "win32", "credential-process", *key], environ)
            assert done.returncode == 0, done.stderr
        assert center.counters["CreateToken.refresh_token"] == 1
        assert list(path.parent.glob(".ssohelper-*")) == []

    def test_the_folders_are_those_of_platformdirs(self, monkeypatch):
        """The system says where LOCALAPPDATA is, whatever the environment says."""
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr(platformdirs, "PlatformDirs", platformdirs.windows.Windows)
        monkeypatch.setattr(platformdirs.windows, "get_win_folder", lambda _: r"D:\Local")
        environ = {"HOME": "/c/elsewhere", "LOCALAPPDATA": r"C:\Users\ana\AppData\Local"}
        for ours, wanted in (
            (folders.cache_folder(environ), "D:/Local/ssohelper/Cache"),
            (folders.runtime_folder(environ), "D:/Local/ssohelper/Cache"),
            (folders.state_folder(environ), "D:/Local/ssohelper"),
            (folders.settings_file(environ), "D:/Local/ssohelper/config.toml"),
        ):
            assert ours.replace("\\", "/") == wanted

    def test_the_config_is_where_botocore_looks_whatever_home_says(self, monkeypatch):
        monkeypatch.setenv("HOME", "/users/ana")
        monkeypatch.setattr(sys, "platform", "win32")
        app = App({"HOME": "/c/elsewhere"})
        assert app.locations.aws_config_file == Path("/users/ana/.aws/config")
        assert app.locations.token_folder == Path("/users/ana/.aws/sso/cache")


class TestMacOs:
    def test_another_user_is_not_answered_and_an_unknown_one_over_tcp_alone(self, monkeypatch):
        """The kernel tells a unix socket's user, and never that of a TCP client."""
        for module in (peer, local_server):
            monkeypatch.setattr(module, "sys", SimpleNamespace(platform="darwin"))
        answers = (xucred(os.geteuid()), xucred(0), xucred(65534), None)
        ours = [local_server._is_client_ours(cast(socket.socket, Told(each))) for each in answers]
        assert ours == [True, True, False, None]
        with (
            socket.create_server(("127.0.0.1", 0)) as listening,
            socket.create_connection(listening.getsockname()),
            listening.accept()[0] as accepted,
        ):
            assert peer.find_peer_uid(accepted) is None
            assert local_server._is_client_ours(accepted) is True

    def test_a_socket_s_path_is_shorter_there(self, home, center):
        path = "/" + "x" * 103
        done = there("darwin", home, "serve", "job", "--socket", path)
        assert done.returncode == 2
        assert "at most 103 are possible" in done.stderr

    def test_credentials(self, home, center):
        key = ["--session", "corp", "--account-id", ACCOUNT, "--role-name", ROLE]
        for _ in range(2):
            done = there("darwin", home, "credential-process", *key)
            assert json.loads(done.stdout)["AccountId"] == ACCOUNT, done.stderr
        assert center.counters["GetRoleCredentials"] == 1


def test_the_page_names_what_is_not_there():
    page = (ROOT / "docs" / "reference" / "other-systems.md").read_text()
    assert {"serve", "exec --server"} <= set(re.findall(r"`([^`]+)`", page))
    assert "untested" in page
