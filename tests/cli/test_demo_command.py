"""demo and emulator serve: all of it in a throw-away home, and nothing of it left behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import pexpect
import pytest

from ssohelper.cli import demo_command
from ssohelper.cli import run as main
from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.world import demo_world
from ssohelper.emulator.world_file import world_file_content
from tests.cli.test_serve_command import free_port
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.endpoint.world import wait_for
from tests.long_rows import long_after
from tests.people import sign_in
from tests.programs import require_program, run_program
from tests.terminal import Conversation

ROOT = Path(__file__).resolve().parents[2]
ARN = "arn:aws:sts::000040000001:assumed-role/AWSReservedSSO_ReadOnlyAccess_"
SIGN_IN_URL = r"http://127\.0\.0\.1:\d+/authorize\?[^\s\x1b]+"


class Person(Home):
    """A home with AWS files of the person's own, and a folder for what is temporary."""

    @property
    def temporary(self) -> Path:
        return self.path / "tmp"

    def everything(self) -> dict[str, tuple[int, int, bytes]]:
        """Return mode, time of change and content of all that is in the home."""
        # The time of `temporary` changes when something passes through it.
        paths = [path for path in self.path.rglob("*") if path != self.temporary]
        contents = [path.read_bytes() if path.is_file() else b"" for path in paths]
        facts = [(path.lstat().st_mode, path.lstat().st_mtime_ns) for path in paths]
        return {str(path): (*f, c) for path, f, c in zip(paths, facts, contents, strict=True)}

    def processes(self, *, brokers: bool = True) -> list[int]:
        """Return who runs with this home's TMPDIR: the demo and all that it started.

        A broker ends itself 8 s after its last caller.
        """
        mark = f"TMPDIR={self.temporary}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                is_broker = b"broker-process" in path.with_name("cmdline").read_bytes()
                if mark in path.read_bytes().split(b"\0") and (brokers or not is_broker):
                    found.append(int(path.parent.name))
            except OSError:
                continue  # the process has ended meanwhile
        return found


@pytest.fixture
def person(home) -> Person:
    found = Person(*home)
    found.temporary.mkdir()
    found.env["TMPDIR"] = str(found.temporary)
    found.write_config("[default]\nregion = eu-north-1\n\n[profile mine]\noutput = text\n")
    found.write_token({"accessToken": "mine"})
    (found.path / ".aws" / "credentials").write_text("[mine]\naws_access_key_id = AKIA\n")
    return found


_FOLDERS = ("SSOHELPER_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def hostile(person: Person) -> dict[str, str]:
    """Return variables that the demo must ignore: using one would fail, or write outside its home."""
    elsewhere = person.path / "elsewhere"
    elsewhere.mkdir()
    return {
        "AWS_PROFILE": "mine",
        "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_CONFIG_FILE": str(elsewhere / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(elsewhere / "credentials"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_REGION": "nowhere",
        "SSOHELPER_FORM": "sso",
        "SSOHELPER_NAME_TEMPLATE": "{role_name}",
        **dict.fromkeys(_FOLDERS, str(elsewhere)),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "UV_CACHE_DIR": "/",  # as if from uvx: everything lies in its cache
        "CI": "true",
    }


class TestNarrated:
    def test_the_main_job_is_told_and_nothing_is_left(self, person, run):
        variables = hostile(person)
        before = person.everything()
        done = run("demo", env=variables)
        assert (done.returncode, done.stderr) == (0, "")
        told = done.stdout
        steps = [
            f"$ ssohelper setup {START_URL}",
            "/device?user_code=",
            'signed in to "demo"',
            "+[profile payments-dev.ReadOnlyAccess]",
            "20 profiles added",
            "$ ssohelper list payments",
            "000040000001\tpayments-dev\tReadOnlyAccess\tpayments-dev.ReadOnlyAccess",
            "nothing to change",
            ARN,
            "$ ssohelper status",
            "valid",
            "renewed automatically",
            "(assumed)",
            "000040000001\tReadOnlyAccess\t",
        ]
        places = [told.find(step) for step in steps]
        assert -1 not in places, steps[places.index(-1)] + "\n" + told
        assert told.find(ARN) < told.find("$ ssohelper status")
        assert "Traceback" not in told
        assert "CNRY" not in told
        assert person.everything() == before
        assert list(person.temporary.iterdir()) == []
        wait_for(lambda: not person.processes(brokers=False), RUN_SECONDS)

    def test_more_signals_do_not_stop_the_cleaning(self, person):
        """A terminal that is closed sends several signals, one after the other."""
        with subprocess.Popen(
            [SCRIPT, "demo"],
            env=person.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as demo:
            assert demo.stdout is not None
            homes = person.temporary
            wait_for(lambda: list(homes.glob("ssohelper-demo-*")) != [], RUN_SECONDS)
            demo.send_signal(signal.SIGSTOP)  # it must not come to its own end meanwhile
            [filled] = homes.glob("ssohelper-demo-*")
            for number in range(3000):
                (filled / str(number)).touch()
            demo.send_signal(signal.SIGTERM)
            demo.send_signal(signal.SIGCONT)
            # From the removal's beginning to its end.
            wait_for(lambda: demo.poll() is not None or len(list(filled.glob("*"))) < 3000)
            while demo.poll() is None:
                demo.send_signal(signal.SIGINT)
                time.sleep(0.001)
        assert list(person.temporary.iterdir()) == []


def test_a_signal_that_is_pending_at_the_first_one_prints_nothing(tmp_path):
    """Python prints a traceback for a pending signal whose handler becomes SIG_IGN."""
    code = (
        "import signal\n"
        "from ssohelper.cli.demo_command import _make_home as ends\n"
        "every = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}\n"
        "with ends():\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, every)\n"
        "    for number in every:\n"
        "        signal.raise_signal(number)\n"
        "    signal.pthread_sigmask(signal.SIG_UNBLOCK, every)\n"
    )
    for _ in range(2):
        done = run_program([sys.executable, "-c", code], cwd=tmp_path)
        assert "race condition" not in done.stderr
        assert done.returncode != 0


class TestOnATerminal:
    def start(self, person: Person, *, shell: str, **variables: str) -> Any:
        environ = {**person.env, "TERM": "xterm", "SHELL": shell, **variables}
        return Conversation([SCRIPT, "demo"], environ, person.path, (60, 1000))

    @pytest.mark.long
    @pytest.mark.parametrize("shell", ["bash", "zsh"])
    def test_ana_signs_in_and_a_shell_opens(self, person, shell):
        program = require_program(shell)
        opened = person.browser(visits=False)
        history = person.path / "history"
        (person.path / ".zshrc").write_text("touch $ZDOTDIR/run-by-the-demo\n")
        own = hostile(person) | {"HISTFILE": str(history), "ZDOTDIR": str(person.path)}
        before = person.everything()
        child = self.start(person, shell=program, PS1="demo> ", **own)
        try:
            child.expect(SIGN_IN_URL)
            url = child.match.group()
            sign_in(url, "ana")
            child.expect_exact("[Y/n/d/c]")
            child.sendline("")
            child.expect_exact("20 profiles added")
            child.expect_exact("Leave with: exit")
            child.sendline("ssohelper list payments-prod BreakGlass; echo code=$?")
            child.expect(r"000030000001\s.*payments-prod\.BreakGlassAdmin")
            child.expect_exact("code=0")
            child.sendline("ssohelper use payments-dev.ReadOnlyAccess; echo code=$?")
            child.expect_exact("code=0")
            # The shell's prompt shows the time left.
            child.expect(r"payments-dev\.ReadOnlyAccess \S*[78]h")
            child.sendline("ssohelper whoami; echo code=$?")
            child.expect_exact("code=0")
            assert "000040000001" in child.before
            child.sendline("exit")
            child.expect(pexpect.EOF)
        finally:
            child.close(force=True)
        assert child.exitstatus == 0
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}\n", opened.read_text())
        opened.unlink()
        assert not history.exists()
        assert person.everything() == before
        assert list(person.temporary.iterdir()) == []
        wait_for(lambda: not person.processes(), RUN_SECONDS)

    def test_over_ssh_it_signs_in_by_itself(self, person):
        child = self.start(person, shell="/bin/sh", SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
        child.expect_exact("It signs in ana by itself")
        child.expect_exact("[Y/n/d/c]")
        child.sendintr()
        assert child.ended()[0] == 130


class TestEmulatorServe:
    @pytest.mark.parametrize("number", long_after(1, [signal.SIGTERM, signal.SIGINT]))
    def test_port_world_and_ready_file(self, home, tmp_path, number):
        world, ready = tmp_path / "world.json", tmp_path / "ready.json"
        other = demo_world()
        other.start_url, other.name = "https://other.awsapps.com/start", "Other"
        world.write_text(json.dumps(world_file_content(other)))
        port = free_port()
        argv = ["--port", str(port), "--world", str(world), "--ready-file", str(ready)]
        serving = subprocess.Popen(
            [SCRIPT, "emulator", "serve", *argv],
            env=home.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wait_for(lambda: ready.exists() or serving.poll() is not None, RUN_SECONDS)
        told = json.loads(ready.read_text())
        assert told["url"] == f"http://127.0.0.1:{port}"
        assert told["start_url"] == "https://other.awsapps.com/start"
        assert (told["region"], "AWS_PROFILE" in told["unset"]) == ("us-east-1", True)
        assert told["environment"]["AWS_ENDPOINT_URL_SSO_OIDC"] == told["url"]
        with urllib.request.urlopen(f"{told['url']}/device", timeout=30) as page:
            assert b"Other" in page.read()
        assert serving.stdout is not None
        # All of it was written before the ready file was.
        lines = os.read(serving.stdout.fileno(), 1 << 16).decode().splitlines(keepends=True)
        assert lines[-1] == "People: ana, ben, chi, dora, emil, finn\n"
        person = "import sys; from tests.people import sign_in; sign_in(sys.argv[1])"
        browser = tmp_path / "browser"
        browser.write_text(
            f"#!/bin/sh\ncd {ROOT} && exec {sys.executable} -c '{person}' \"$1\" >/dev/null 2>&1\n"
        )
        browser.chmod(0o755)
        typed = "".join(lines[2:5]) + lines[5].rstrip("\n") + " --yes && ssohelper list payments"
        environ = {**home.env, "BROWSER": str(browser), "AWS_PROFILE": "somebodys"}
        other_shell = run_program(["/bin/sh", "-c", typed], environ)
        assert "payments-prod\tReadOnlyAccess" in other_shell.stdout, other_shell.stderr
        assert not home.config_file.exists()
        serving.send_signal(number)
        said = serving.communicate(timeout=RUN_SECONDS)[0]
        assert (serving.returncode, "Traceback" in said) == (0, False)
        assert told["url"] in lines[0]
        assert not ready.exists()

    @pytest.fixture
    def taken_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            yield str(taken.getsockname()[1])

    def test_a_port_that_is_taken(self, run, tmp_path, taken_port):
        ready = tmp_path / "ready.json"
        done = run("emulator", "serve", "--port", taken_port, "--ready-file", str(ready))
        assert done.returncode == 7
        assert f"error: port {taken_port} cannot be used" in done.stderr
        assert not ready.exists()

    @pytest.mark.parametrize(
        ("argv", "code", "says"),
        [
            (["--world", "absent.json"], 2, "absent.json"),
            (["--port", "65536"], 2, "65536"),
            (["--ready-file", "absent/ready.json"], 7, "absent/ready.json"),
            (["--ready-file", ".aws/ready.json"], 2, ".aws"),
            (["--ready-file", "link/ready.json"], 2, ".aws"),
            (["--world", "bad.json"], 3, "bad.json"),
            (["--world", "deep.json"], 3, "deep.json"),
        ],
    )
    def test_a_bad_option(self, run, home, argv, code, says):
        (home.path / "link").symlink_to(".aws")
        (home.path / "bad.json").write_text("{")
        (home.path / "deep.json").write_text("[" * 100_000)
        done = run("emulator", "serve", *argv)
        assert (done.returncode, len(done.stderr.splitlines()) < 3) == (code, True)
        assert says in done.stderr.splitlines()[0]
        assert "Traceback" not in done.stderr


# -- the demo's home --


def test_variables_that_lead_out_of_the_home_are_left_out(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    own = {"AWS_PROFILE", "SSOHELPER_HOME", "XDG_STATE_HOME", "ZDOTDIR", "HISTFILE", "PIPX_HOME"}
    for name in own:
        monkeypatch.setenv(name, "/own")
    monkeypatch.setenv("EDITOR", "vi")
    environ = demo_command._make_environment(home, {"AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:1"})
    assert not own & environ.keys()
    assert environ["EDITOR"] == "vi"
    assert environ["AWS_ENDPOINT_URL_SSO"] == "http://127.0.0.1:1"
    assert environ["HOME"] == environ["USERPROFILE"] == str(home)
    assert Path(environ["XDG_RUNTIME_DIR"]).stat().st_mode & 0o777 == 0o700
    assert environ["PATH"].endswith(os.environ["PATH"])
    assert (home / ".zshrc").exists()


def test_a_demo_ends_with_exit_1_after_a_command_that_fails(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(demo_command, "_run_and_print", lambda *_: 4)
    assert main(["demo"]) == 1
    assert "the demo stopped" in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_home_that_a_process_still_writes_to_is_removed_as_soon_as_that_works(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tries: list[Path] = []

    def remove(path: Path, *, ignore_errors: bool) -> None:
        assert ignore_errors
        tries.append(path)
        if len(tries) >= 3:
            path.rmdir()

    monkeypatch.setattr(shutil, "rmtree", remove)
    with demo_command._make_home() as home:
        assert home.stat().st_mode & 0o777 == 0o700
    assert (tries, home.exists()) == ([home] * 3, False)
