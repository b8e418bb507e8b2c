"""A notice beyond the terminal: detached, bounded, and never in anybody's way."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from ssohelper import notify

ENV = {"PATH": "/usr/bin:/bin"}


def wait_for(path: Path) -> str:
    ends_at = time.monotonic() + 30
    while not path.exists() or not path.read_text():
        assert time.monotonic() < ends_at, "it never came"
        time.sleep(0.01)
    return path.read_text()


def test_the_message_is_the_last_argument_whatever_is_in_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    message = 'it\'s $(touch /tmp/x); `id` "now"'
    script = f'printf "%s" "$1" > {out}.part; mv {out}.part {out}'
    assert notify.start(message, ("sh", "-c", script, "notify"), ENV) == []
    assert wait_for(out) == message


def test_a_command_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "_SECONDS", 0.3)
    pids = tmp_path / "pids"
    began = time.monotonic()
    notify.start("x", ("sh", "-c", f"sleep 600 & echo $! $$ > {pids}; wait"), ENV)
    assert time.monotonic() - began < 5
    for pid in wait_for(pids).split():
        ends_at = time.monotonic() + 30
        while alive(int(pid)):
            assert time.monotonic() < ends_at, "it was not ended"
            time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_it_has_no_stream_no_signal_mask_and_no_session_of_ours(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import os, signal, sys\n"
        "said = [os.readlink(f'/proc/self/fd/{n}') for n in range(3)]\n"
        "said += [str(len(signal.pthread_sigmask(signal.SIG_BLOCK, []))), str(os.getsid(0) == os.getpid())]\n"
        f"open('{out}', 'w').write(' '.join(said))\n"
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        notify.start("x", (sys.executable, "-c", code), ENV)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert wait_for(out) == "/dev/null /dev/null /dev/null 0 True"


@pytest.mark.parametrize("command", [("no-such-program",), ("./here",), ("/etc/passwd",), ("",)])
def test_what_cannot_be_started_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").write_text("#!/bin/sh\n")
    (tmp_path / "here").chmod(0o755)
    (tmp_path / "no-such-program").symlink_to(tmp_path / "here")
    assert notify.start("x", command, {"PATH": ":.:/usr/bin"}) == [command[0]]


def test_notify_send_needs_a_desktop(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {out}.part; mv {out}.part {out}\n')
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}{os.pathsep}/usr/bin"}
    notify.start("-x", (), env)
    notify.start("-x", (), {**env, "WAYLAND_DISPLAY": "wayland-0"})
    assert wait_for(out) == "--app-name|ssohelper|--|ssohelper|-x|"
