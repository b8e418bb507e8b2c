"""The terminal session to which a grant is bound."""

import os
import sys

import pytest

from ssohelper.core.grants import TerminalSession
from ssohelper.fastpath import calling_process
from ssohelper.system import terminal_session

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def on_terminal(monkeypatch):
    monkeypatch.setattr(calling_process, "find_caller", lambda: ("bash", "pts/3"))
    # The tests may run in a session whose leader has ended.
    monkeypatch.setattr(os, "getsid", lambda _process: os.getpid())


@pytest.mark.usefixtures("on_terminal")
def test_it_is_the_session_of_the_controlling_terminal():
    found = terminal_session.find_terminal_session()
    assert found is not None
    assert (found.leader, found.terminal) == (os.getsid(0), "pts/3")
    assert found.started > 0
    assert terminal_session.find_terminal_session() == found


@pytest.mark.usefixtures("on_terminal")
def test_without_its_leader_there_is_none(monkeypatch):
    monkeypatch.setattr(os, "getsid", lambda _process: 2**22 + 1)
    assert terminal_session.find_terminal_session() is None


def test_without_a_terminal_there_is_none(monkeypatch):
    monkeypatch.setattr(calling_process, "find_caller", lambda: ("cron", ""))
    assert terminal_session.find_terminal_session() is None


@pytest.mark.usefixtures("on_terminal")
def test_a_grant_is_compared_with_user_boot_and_clocks():
    here = terminal_session.find_grant_context(4_000_000_000)
    assert (here.uid, here.now) == (os.geteuid(), 4_000_000_000)
    assert here.session == terminal_session.find_terminal_session()
    assert here.boot
    assert 0 < here.uptime <= terminal_session.find_grant_context(0).uptime


@pytest.mark.parametrize(("has_terminal", "terminal"), [(True, ""), (False, None)])
def test_on_macos_it_is_the_session_when_there_is_a_terminal(monkeypatch, has_terminal, terminal):
    def open_terminal(path: str, _flags: int) -> int:
        assert path == "/dev/tty"
        if not has_terminal:
            raise OSError("no such device")
        return os.dup(0)

    monkeypatch.setattr(terminal_session.sys, "platform", "darwin")
    monkeypatch.setattr(terminal_session.os, "open", open_terminal)
    found = terminal_session.find_terminal_session()
    assert found == (None if terminal is None else TerminalSession(os.getsid(0), 0, terminal))
