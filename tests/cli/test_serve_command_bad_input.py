"""`serve` with invalid options: one line, the right exit code, and no file left over."""

import os
import socket
import subprocess
import threading

import pytest

from ssohelper import cli
from ssohelper.actions import selection
from ssohelper.app import App
from ssohelper.cli import serve_command
from ssohelper.errors import LocalState
from tests.cli.test_serve_command import SERVE, state
from tests.endpoint.conftest import emulator as emulator  # a fixture


def test_an_invalid_option_is_an_error_of_one_line(home, emulator, run):
    there = home.path / "there"
    there.write_text("mine")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for argv, code in {
            ("--port", port): 7,
            ("--socket", str(there)): 7,
            ("--socket", str(home.path / "absent" / "s")): 7,
            ("--socket", str(home.path / ("x" * 120))): 2,
        }.items():
            done = run("serve", "job", *argv)
            assert (done.returncode, done.stdout) == (code, ""), (argv, done.stderr)
            errors = [x for x in done.stderr.splitlines() if x.startswith("ssohelper: error: ")]
            assert len(errors) == 1, done.stderr
            assert "CNRY" not in done.stderr
    assert there.read_text() == "mine"


def test_a_relative_path_in_a_removed_folder_is_an_error_of_one_line(home, emulator):
    for option in ("--socket", "--env-file"):
        line = f"mkdir gone; cd gone; rmdir ../gone; {' '.join(SERVE)} {option} name"
        done = subprocess.run(
            ["sh", "-c", line], env=home.env, cwd=home.path, capture_output=True, timeout=60
        )
        assert done.returncode == 7
        assert done.stderr.startswith(b"ssohelper: error: the current folder no longer exists\n")


def refused(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_while_no_thread_can_be_started_it_is_an_error_of_one_line(home, emulator, monkeypatch):
    app = App(home.env)
    with serve_command._make_endpoint(app, selection.resolve_profile(app, "job", None)) as endpoint:
        endpoint.listen_on_port()
        with monkeypatch.context() as for_a_while:
            for_a_while.setattr(threading.Thread, "start", refused)
            for call in (endpoint.start, lambda: endpoint.source.get_credentials(1.5)):
                with pytest.raises(LocalState, match="no more threads can be started"):
                    call()
            serve_command._print_in_thread("lost, and no reason to end")
        assert endpoint.source.get_credentials(60.0).access_key_id
    assert os.listdir(state(home)) == []


def test_a_wrong_argument_is_an_error_of_one_line(home, emulator, capfd, monkeypatch):
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    wrong_ports = [["--port", port] for port in ("0", "65536", "x")]
    others = ["--bind", "0.0.0.0"], ["--env-file", ""], ["--socket", "a\nb"], ["no-such-profile"]
    for words in (*wrong_ports, *others):
        assert cli.run(["serve", *(words if len(words) == 1 else ["job", *words])]) == 2
        out, err = capfd.readouterr()
        assert (out, err.count("ssohelper: error: ")) == ("", 1), words
