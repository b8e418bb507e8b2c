"""The program that shows a notice outside the terminal: detached, with the notice as its argument."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.core.clock_text import Notice
from ssohelper.system import notify
from tests.processes import is_running
from tests.torture import ground

ENV = {"PATH": "/usr/bin:/bin"}


def notice(message: str = "x") -> Notice:
    return Notice("corp", 4_000_000_000, message, "ssohelper login corp")


def wait_for(path: Path) -> str:
    assert ground.wait_for(lambda: path.exists() and path.read_text())
    return path.read_text()


def test_any_message_is_the_last_argument(tmp_path):
    out = tmp_path / "out"
    message = 'it\'s $(touch /tmp/x); `id` "now"'
    script = f'printf "%s" "$1" > {out}.part; mv {out}.part {out}'
    assert notify.start_notify_command(notice(message), ("sh", "-c", script, "notify"), ENV) is None
    assert wait_for(out) == message


def test_session_time_and_command_are_environment_variables(tmp_path):
    out = tmp_path / "out"
    names = ("SESSION", "AT", "COMMAND")
    values = "|".join(f"$SSOHELPER_NOTICE_{name}" for name in names)
    notify.start_notify_command(notice(), ("sh", "-c", f'echo "{values}" > {out}'), ENV)
    assert wait_for(out) == "corp|2096-10-02T07:06:40Z|ssohelper login corp\n"


def test_the_caller_may_exit_while_the_command_hangs(tmp_path):
    pid = tmp_path / "pid"
    code = (
        "from ssohelper.system import notify\n"
        "from ssohelper.core.clock_text import Notice\n"
        f"command = ('sh', '-c', 'echo $$ > {pid}; exec sleep 600')\n"
        "assert notify.start_notify_command(Notice('corp', None, 'x', 'y'), command, {'PATH': '/usr/bin:/bin'}) is None\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    hanging = int(wait_for(pid))
    assert is_running(hanging)
    os.kill(hanging, signal.SIGKILL)


def test_the_command_inherits_no_streams_no_signal_state_and_no_process_session(tmp_path):
    out = tmp_path / "out"
    code = (
        "import os, signal, sys\n"
        "said = [os.readlink(f'/proc/self/fd/{n}') for n in range(3)]\n"
        "said += [str(len(signal.pthread_sigmask(signal.SIG_BLOCK, [])))]\n"
        # Python ignores SIGPIPE and SIGXFSZ; a shell that starts a job with `&` ignores these two.
        "said += [str(signal.getsignal(s) is signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGQUIT)]\n"
        "said += [str(os.getsid(0) == os.getpid())]\n"
        f"open('{out}.part', 'w').write(' '.join(said)); os.rename('{out}.part', '{out}')\n"
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        notify.start_notify_command(notice(), (sys.executable, "-c", code), ENV)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert wait_for(out) == "/dev/null /dev/null /dev/null 0 False False True"


@pytest.mark.parametrize(
    "command", [("no-such-program",), ("./here",), ("/etc/passwd",), ("",), ("desktop",)]
)
def test_a_command_that_cannot_be_started_is_named(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").write_text("#!/bin/sh\n")
    (tmp_path / "here").chmod(0o755)
    (tmp_path / "no-such-program").symlink_to(tmp_path / "here")
    environ = {"PATH": ".:/usr/bin", "DISPLAY": ":0"}
    problem = notify.start_notify_command(notice(), command, environ)
    assert problem == f'"{command[0]}" could not be started to show a notice (setting "notify")'


class TestDesktop:
    @pytest.fixture
    def out(self, tmp_path) -> Path:
        for name in ("notify-send", "osascript"):
            out, program = tmp_path / "out", tmp_path / name
            program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {out}.part; mv {out}.part {out}\n')
            program.chmod(0o755)
        return tmp_path / "out"

    @pytest.fixture
    def env(self, tmp_path) -> dict[str, str]:
        return {"PATH": f"{tmp_path}{os.pathsep}/usr/bin"}

    @pytest.mark.skipif(sys.platform != "linux", reason="notify-send is Linux's")
    def test_notify_send_shows_the_notice(self, out, env):
        env["WAYLAND_DISPLAY"] = "wayland-0"
        assert notify.start_notify_command(notice("-x"), "desktop", env) is None
        assert wait_for(out) == "--app-name|ssohelper|--|ssohelper|-x|"

    @pytest.mark.skipif(sys.platform != "linux", reason="notify-send is Linux's")
    def test_without_a_desktop_a_warning_is_returned(self, out, env):
        assert "there is no desktop" in (
            notify.start_notify_command(notice(), "desktop", env) or ""
        )
        assert not out.exists()

    def test_osascript_gets_the_text_as_an_argument(self, out, env, monkeypatch):
        """Checks the command line only: it is not run on macOS."""
        monkeypatch.setattr(notify.sys, "platform", "darwin")
        message = 'a "quoted" & text'
        assert notify.start_notify_command(notice(message), "desktop", env) is None
        words = wait_for(out).split("|")
        assert words[-2] == message
        assert message not in "".join(words[:-2])
        assert words[:2] == ["-e", "on run argv"]
