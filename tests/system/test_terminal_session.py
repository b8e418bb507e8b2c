"""The terminal session to which a grant is bound."""

import os
import sys
from unittest.mock import Mock

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
    # A grant is compared with user, boot and clocks, too.
    here = terminal_session.find_grant_context(4_000_000_000)
    assert (here.uid, here.now, here.session) == (os.geteuid(), 4_000_000_000, found)
    assert here.boot
    assert 0 < here.uptime <= terminal_session.find_grant_context(0).uptime


@pytest.mark.usefixtures("on_terminal")
@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [(os, "getsid", 2**22 + 1), (calling_process, "find_caller", ("cron", ""))],
)
def test_without_its_leader_or_a_terminal_there_is_none(monkeypatch, owner, name, value):
    monkeypatch.setattr(owner, name, lambda *_: value)
    assert terminal_session.find_terminal_session() is None


@pytest.mark.parametrize("has_terminal", [True, False])
def test_on_macos_it_is_the_session_when_there_is_a_terminal(monkeypatch, has_terminal):
    opened = Mock(return_value=os.dup(0), side_effect=None if has_terminal else OSError)
    monkeypatch.setattr(terminal_session.sys, "platform", "darwin")
    monkeypatch.setattr(terminal_session.os, "open", opened)
    found = terminal_session.find_terminal_session()
    assert found == (TerminalSession(os.getsid(0), 0, "") if has_terminal else None)
    assert opened.call_args.args[0] == "/dev/tty"
