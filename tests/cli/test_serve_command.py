"""`serve`: what it prints, its files, its socket, its end."""

import json
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from ssohelper import cli
from ssohelper.actions import selection
from ssohelper.app import App
from ssohelper.cli import output, serve_command
from ssohelper.core.model import Profile, Role, SsoSession
from ssohelper.errors import LocalState
from tests.conftest import SCRIPT, Home
from tests.endpoint.conftest import emulator as emulator  # a fixture
from tests.endpoint.test_handlers import NOBODY, as_nobody
from tests.endpoint.world import ACCOUNT, ROLE, START_URL, Program, wait_for
from tests.long_rows import long_after
from tests.programs import require_program, run_program

SERVE = [SCRIPT, "serve", "job"]


def state(home: Home) -> Path:
    return home.path / ".local" / "state" / "ssohelper" / "serve"


def asked_at(path: Path, data: bytes = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("number", "code"),
    long_after(1, [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]),
)
def test_it_ends_at_once_and_removes_its_files(home, emulator, number, code):
    path = home.path / "sso.sock"
    with Program([*SERVE, "--socket", str(path), "--port", str(free_port())], home) as program:
        program.says("credential_process = ")
        assert path.is_socket()
        assert os.listdir(state(home))
        assert program.ends(number, seconds=30) == code
    assert not path.exists()
    assert os.listdir(state(home)) == []


def test_under_nohup_it_survives_the_terminal(home, emulator):
    path = home.path / "sso.sock"
    with Program([require_program("nohup"), *SERVE, "--socket", str(path)], home) as program:
        program.says("until Ctrl-C")
        # Of two pending signals the lower number is delivered first.
        program.process.send_signal(signal.SIGHUP)
        assert program.ends(signal.SIGTERM) == 143


def test_a_shell_that_evaluates_its_output_uses_the_role(home, emulator):
    with Program(SERVE, home) as program:
        program.says("AWS_DEFAULT_REGION")
        printed = "".join(program.out)
        token = next(state(home).glob("*/token")).read_text()
        assert token not in printed + "".join(program.err)
        who = f"{printed}\n{require_program('aws')} sts get-caller-identity --query Account --output text"
        done = run_program(
            ["sh", "-c", who.replace("unset -v", "unset")],
            {**home.env, "AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": "AKIAOLD"},
        )
        assert (done.returncode, done.stdout.strip()) == (0, ACCOUNT), done.stderr


def test_json_has_the_same_values(home, emulator):
    with Program([*SERVE, "--json"], home) as program:
        program.says("\n}\n")
        printed = json.loads("".join(program.out))
        data = printed["data"]
        assert "warning" not in "".join(program.err)
    # The JSON too says that no notice will come.
    [warning] = printed["warnings"]
    assert warning.startswith('the sign-in to "corp" may end at any time')
    assert data["environment"]["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == data["url"]
    assert "AWS_PROFILE" in data["unset"]
    assert (data["socket"], data["env_file"], data["token_folder"]) == (None, None, None)


class TestEnvFile:
    def test_the_address_survives_a_restart_and_the_token_is_new(self, home, emulator):
        # A program that listens there meanwhile gets the old token from each running container.
        path = home.path / "job.env"
        seen = []
        for _ in range(2):
            with Program([*SERVE, "--env-file", str(path)], home) as program:
                program.says(str(path))
                assert path.stat().st_mode & 0o777 == 0o600
                path.chmod(0o644)  # which the next start corrects
                seen.append(path.read_text().splitlines())
                assert program.ends(signal.SIGTERM) == 143
        same = [old == new for old, new in zip(*seen, strict=True)]
        assert same == [True, False, True, True]
        assert seen[0][1].startswith("AWS_CONTAINER_AUTHORIZATION_TOKEN=")

    def test_an_env_file_in_another_users_folder_is_refused(self, home, emulator, run):
        shared, foreign = home.path / "shared", home.path / "foreign"
        shared.mkdir()
        shared.chmod(0o777)
        foreign.mkdir()
        if os.geteuid() == 0:
            os.chown(foreign, NOBODY, NOBODY)
        for folder in (shared, foreign, home.path / "absent"):
            if folder == foreign and os.geteuid() != 0:
                continue
            done = run("serve", "job", "--env-file", str(folder / "job.env"))
            assert (done.returncode, done.stdout) == (7, ""), folder
            assert done.stderr.startswith("ssohelper: error: ")
            assert list(folder.glob("*")) == []

    def test_another_file_at_its_path_is_not_overwritten(self, home, emulator, run):
        path = home.path / ".env"
        path.write_text("DATABASE_URL=x\n")
        path.chmod(0o644)
        assert run("serve", "job", "--env-file", str(path)).returncode == 7
        assert path.read_text() == "DATABASE_URL=x\n"
        assert path.stat().st_mode & 0o777 == 0o644

    def test_when_its_port_is_taken_another_one_is_used(self, home, emulator):
        path = home.path / "job.env"
        with Program([*SERVE, "--env-file", str(path)], home) as first:
            first.says(str(path))
            before = path.read_text().splitlines()
            with Program([*SERVE, "--env-file", str(path)], home) as second:
                second.says(str(path))
                assert "is taken" in "".join(second.err)
            after = path.read_text().splitlines()
        same = [old == new for old, new in zip(before, after, strict=True)]
        assert same == [False, False, True, True]


class TestTokenFolder:
    """A container that mounts the folder reads the token with each request."""

    def serve(self, home: Home, *more: str) -> Program:
        words = ["--env-file", str(home.path / "job.env"), "--token-folder", str(home.path / "t")]
        return Program([*SERVE, *words, *more], home)

    def test_a_folder_that_others_may_enter_is_refused(self, home, emulator, run):
        folder = home.path / "open $HOME"
        folder.mkdir(mode=0o755)
        done = run("serve", "job", "--token-folder", str(folder))
        assert (done.returncode, done.stdout) == (7, "")
        assert f'other users may enter the folder "{folder}"' in done.stderr
        assert f"hint: chmod 700 '{folder}'" in done.stderr
        assert list(folder.iterdir()) == []

    def test_two_endpoints_cannot_share_a_folder(self, home, emulator, run):
        with self.serve(home) as program:
            program.says("job.env")
            token = (home.path / "t" / "token").read_bytes()
            done = run("serve", "job", "--token-folder", str(home.path / "t"))
            assert (done.returncode, "another endpoint" in done.stderr) == (7, True)
            assert (home.path / "t" / "token").read_bytes() == token

    def test_the_token_and_the_socket_of_a_killed_endpoint_are_replaced(self, home, emulator):
        path, seen = home.path / "sso.sock", set()
        for _ in range(2):
            with self.serve(home, "--socket", str(path)) as program:
                program.says("http://localhost/")
                assert "AUTHORIZATION_TOKEN=" not in (home.path / "job.env").read_text(), "a secret"
                seen.add((home.path / "t" / "token").read_bytes())
                program.ends(signal.SIGKILL)
            assert [path.name for path in (home.path / "t").iterdir()] == ["token"]
            assert path.is_socket()
        # Without a newline, which every SDK refuses.
        assert [len(token) for token in seen] == [43, 43]
        assert len(os.listdir(state(home))) == 1

    def test_a_path_that_an_env_file_cannot_hold_is_refused(self, home, emulator, run):
        words = ["--env-file", str(home.path / "e"), "--token-folder", str(home.path / "a b")]
        done = run("serve", "job", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert not (home.path / "a b").exists()

    def test_without_an_env_file_it_prints_what_a_container_needs(self, home, emulator):
        with Program([*SERVE, "--token-folder", str(home.path / "t")], home) as program:
            program.says("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:")
            printed = "".join(program.out)
            assert f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={home.path}/t/token\n" in printed
            assert (home.path / "t" / "token").read_text() not in printed


class TestSocket:
    def test_it_answers_with_a_credential_process_document(self, home, emulator):
        path = home.path / "sso.sock"
        with Program([*SERVE, "--socket", str(path)], home) as program:
            program.says("http://localhost/")
            assert path.stat().st_mode & 0o777 == 0o600
            head, _, body = asked_at(path).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            document = json.loads(body)
            assert (document["Version"], document["AccountId"]) == (1, ACCOUNT)
            for wrong in (
                b"GET / HTTP/1.1\r\nHost: evil.com\r\n\r\n",
                b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
                b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n",
            ):
                assert asked_at(path, wrong).startswith(b"HTTP/1.1 403 ")

    @pytest.mark.needs_root
    def test_another_user_gets_nothing_even_when_the_mode_allows_connecting(
        self, home, emulator, tmp_path_factory
    ):
        path = Path(f"/tmp/ssohelper-test-{os.getpid()}.sock")
        with Program([*SERVE, "--socket", str(path)], home) as program:
            program.says("http://localhost/")
            assert as_nobody(lambda: asked_at(path)) == "PermissionError"
            path.chmod(0o666)
            came = as_nobody(lambda: asked_at(path))
            assert came in ("b''", "ConnectionResetError", "BrokenPipeError")
            assert program.ends(signal.SIGTERM) == 143
        assert not path.exists()

    def test_a_socket_that_another_user_could_replace_is_refused(self, home, emulator, run):
        # A container would use that user's credentials as ours.
        shared = home.path / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        done = run("serve", "job", "--socket", str(shared / "sso.sock"))
        assert (done.returncode, done.stdout) == (7, "")
        assert "others may write in the folder" in done.stderr
        assert list(shared.iterdir()) == []

    def test_a_socket_in_a_folder_whose_name_is_not_utf8(self, home, emulator):
        folder = os.fsencode(home.path) + b"/\xff"
        os.mkdir(folder)
        for number, sockets in ((signal.SIGKILL, [b"s"]), (signal.SIGTERM, [])):
            line = f"cd {os.fsdecode(folder)}; exec {' '.join(SERVE)} --socket s"
            with Program(["/bin/sh", "-c", line], home) as program:
                program.says("http://localhost/")
                program.ends(number)
            assert os.listdir(folder) == sockets


def test_many_idle_clients_leave_the_descriptors_that_answering_needs(home, emulator):
    port = free_port()
    line = f"ulimit -n 80; exec {' '.join(SERVE)} --port {port} --socket {home.path}/sso.sock"
    with Program(["/bin/sh", "-c", line], home) as program:
        program.says("credential_process = ")
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(150)]
        for _ in range(5):
            assert asked_at(home.path / "sso.sock").startswith(b"HTTP/1.1 200 ")
        for client in idle:
            client.close()


def test_signed_out_it_does_not_start(home, emulator, run):
    for path in home.token_folder.iterdir():
        path.unlink()
    done = run("serve", "job")
    assert (done.returncode, done.stdout) == (4, "")


def test_a_notice_is_printed_and_passed_to_the_users_command(home, emulator):
    folder = home.path / ".config/ssohelper"
    folder.mkdir(parents=True)
    programs = home.path / "programs"
    programs.mkdir()
    lines = f'printf "%s\\n" "$@" >> {home.path}/told\nexec sleep 600\n'
    (programs / "mine").write_text(f"#!/bin/sh\n{lines}")
    (programs / "mine").chmod(0o755)
    (folder / "config.toml").write_text(f'notify = ["{programs}/mine", "--title", "aws"]\n')
    token = emulator.issue_token("ana", start_url="https://d-0000000000.awsapps.com/start")
    del token["refreshToken"]
    home.write_token(token)
    with Program(SERVE, home) as program:
        program.says('ssohelper: notice: you must sign in to "corp" before')
        told = home.path / "told"
        wait_for(lambda: told.exists() and len(told.read_text().splitlines()) >= 3)
        said = told.read_text().splitlines()
        assert said[:2] == ["--title", "aws"]
        assert 'you must sign in to "corp"' in said[2]
        assert program.ends(signal.SIGTERM, seconds=30) == 143  # the hanging command delays nothing


def test_a_stopped_terminal_delays_nothing(home, monkeypatch):
    stopped = threading.Event()
    said: list[str] = []

    def say(text: str) -> None:
        stopped.wait(60)
        said.append(text)

    monkeypatch.setattr(output, "say", say)
    app = App(home.env)
    session = SsoSession("corp", START_URL, "us-east-1", ("sso:account:access",))
    role = Profile("job", session, Role(ACCOUNT, ROLE), None)
    with serve_command._make_endpoint(app, role) as endpoint:
        # A warning comes from the thread that answers a request or renews.
        endpoint._make_new_app().warn("three")
        for words in ("one", "two"):
            serve_command._print_in_thread(f"ssohelper: notice: {words}")
        assert said == []
        stopped.set()
        wait_for(lambda: len(said) == 3)
    assert sorted(said) == [
        "ssohelper: notice: one",
        "ssohelper: notice: two",
        "ssohelper: warning: three",
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- invalid options: one line, the right exit code, and no file left over --


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
