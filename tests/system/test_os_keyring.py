"""The wrapping key in a real gnome-keyring, and in one that is locked, stopped, killed or absent."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

from ssohelper.errors import KeyringUnavailable
from ssohelper.fastpath import KEYRING_PROCESS
from ssohelper.system.os_keyring import OsKeyring, keyring_child_environment
from tests.keyring.conftest import desktop as desktop  # a fixture
from tests.long_rows import long_after

# A child that was told to hang is killed by its starter; a test fails only if it never ends.
_LONG_SECONDS = 60


def make(home, name: str = "sign-ins") -> OsKeyring:
    """Return the keyring as a new process of this home sees it."""
    return OsKeyring(name, str(home.path / "keyring.lock"), home.env)


def start_child(home, verb: str) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "ssohelper", KEYRING_PROCESS, verb, "sign-ins"]
    argv.append(str(home.path / "keyring.lock"))
    env = keyring_child_environment(home.env)
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True)


def test_a_key_is_made_once_and_found_by_other_processes(home, desktop):
    assert make(home).find() is None
    key = make(home).create()
    assert make(home).find() == key == make(home).create()
    assert make(home, "others").find() is None
    make(home).delete()
    assert make(home).find() is None
    make(home).delete()  # a missing key is no error


@pytest.mark.long
def test_two_processes_that_make_a_key_at_once_get_the_same_one(home, desktop):
    children = [start_child(home, "create") for _ in range(4)]
    answers = {child.communicate()[0] for child in children}
    key = make(home).find()
    assert key is not None
    assert {answer.splitlines()[-1] for answer in answers} == {f"found {key.reveal()}"}


def test_the_key_stays_when_the_daemon_starts_again(home, desktop):
    key = make(home).create()
    desktop.restart()
    assert make(home).find() == key


def test_a_locked_keyring_is_not_an_empty_one(home, desktop):
    key = make(home).create()
    desktop.restart(unlock=False)
    for ask in (make(home).find, make(home).create, make(home).delete):
        with pytest.raises(KeyringUnavailable) as caught:
            ask()
        assert "ssohelper config set storage file" in str(caught.value.hint)
    desktop.restart()
    assert make(home).find() == key


def test_a_stopped_daemon_is_not_waited_for(home, desktop):
    key = make(home).create()
    desktop.stop()
    with pytest.raises(KeyringUnavailable, match="does not answer"):
        make(home).find()
    desktop.go_on()
    assert make(home).find() == key


def test_a_failure_is_shared_by_all_that_ask_at_once(home, desktop, monkeypatch):
    desktop.stop()
    # A failure counts for 1 s, which 100 threads of a busy machine may outlast: time stands still.
    lock = str(home.path / "keyring.lock")
    keyring = OsKeyring("sign-ins", lock, home.env, monotonic=lambda: 9.0)
    start = Mock(wraps=keyring._start_keyring_child)
    monkeypatch.setattr(keyring, "_start_keyring_child", start)
    with ThreadPoolExecutor(100) as pool:
        asked = [pool.submit(keyring.find) for _ in range(100)]
        assert {type(one.exception(_LONG_SECONDS)) for one in asked} == {KeyringUnavailable}
    assert start.call_count == 1


def test_an_answer_that_was_asked_for_early_is_taken(home, desktop):
    key = make(home).create()
    keyring = make(home)
    for _ in range(2):
        keyring.start_asking_for_key()
    assert keyring.find() == key
    desktop.kill()
    assert keyring.find() == key  # a known key needs no keyring


def test_no_child_outlives_the_wait_for_it(home, desktop):
    desktop.stop()
    keyring = make(home)
    keyring.start_asking_for_key()
    child = keyring._early
    assert child is not None
    with pytest.raises(KeyringUnavailable):
        keyring.find()
    assert child._process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "address", long_after(2, [None, "unix:path=/nonexistent/bus", "", "no address"])
)
def test_without_a_bus_or_without_a_keyring_on_it_there_is_none(home, desktop, address):
    desktop.kill()
    if address is not None:
        home.env["DBUS_SESSION_BUS_ADDRESS"] = address
    for ask in (make(home).find, make(home).create):
        with pytest.raises(KeyringUnavailable, match="not available"):
            ask()


def test_a_bus_that_accepts_and_says_nothing_is_not_waited_for(home):
    path = home.path / "silent"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen(5)
        home.env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={path}"
        with pytest.raises(KeyringUnavailable, match="not available"):
            make(home).find()


@pytest.mark.parametrize("delay_seconds", long_after(1, [0.1, 0.6, 0.0, 0.3, 1.0]))
def test_a_writer_that_is_killed_at_any_moment_loses_no_key(home, desktop, delay_seconds):
    """The steps of a write are: read, write, read again."""
    child = start_child(home, "create")
    time.sleep(delay_seconds)  # whatever the child has done by then is right
    child.kill()
    child.communicate()
    first = make(home).find()
    key = make(home).create()
    assert first in (None, key)
    assert make(home).find() == key


def test_a_daemon_that_is_killed_during_a_write_loses_no_key(home, desktop):
    child = start_child(home, "create")
    assert child.stdout is not None
    assert child.stdout.readline() == "asking\n"
    desktop.kill()
    child.communicate()
    desktop.start()
    first = make(home).find()
    assert first in (None, make(home).create())


def test_no_code_is_loaded_that_a_variable_or_a_file_names(home, desktop):
    """PYTHON_KEYRING_BACKEND, keyringrc.cfg, properties and entry points choose nothing."""
    folder, trace = home.path / "evil", home.path / "loaded"
    (folder / "evil-1.0.dist-info").mkdir(parents=True)
    (folder / "evil.py").write_text(
        f"open({str(trace)!r}, 'a').write('loaded')\nfrom keyring.backends.null import Keyring\n"
    )
    (folder / "evil-1.0.dist-info" / "METADATA").write_text("Name: evil\nVersion: 1.0\n")
    entry_points = folder / "evil-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text("[keyring.backends]\nevil = evil\n")
    rc = f"[backend]\ndefault-keyring = evil.Keyring\nkeyring-path = {folder}\n"
    for place in (".config/python_keyring", ".local/share/python_keyring"):
        (home.path / place).mkdir(parents=True)
        (home.path / place / "keyringrc.cfg").write_text(rc)
    home.env.update(
        PYTHON_KEYRING_BACKEND="evil.Keyring",
        PYTHONPATH=str(folder),
        KEYRING_PROPERTY_PREFERRED_COLLECTION="/evil",
        KEYRING_PROPERTY_SCHEME="KeePassXC",
    )
    key = make(home).create()
    assert make(home).find() == key
    assert not trace.exists()


def test_a_keyring_without_a_class_of_ours_is_not_used(home, monkeypatch):
    """A plain text keyring of another package would be chosen by `keyring` itself."""
    program = (
        "from ssohelper import keyring_process as p\n"
        "p._BACKENDS = {'linux': ('keyring.backends.null:Keyring', 'keyring.backends.fail:Keyring',\n"
        "                         'no.such.module:Keyring')}\n"
        "p.run_keyring_process(['create', 'sign-ins', '/nonexistent'])\n"
    )
    said = subprocess.check_output([sys.executable, "-c", program], env=home.env, text=True)
    assert said.startswith("asking\nunavailable ")


def test_cron_finds_the_bus_of_the_users_desktop(home, desktop):
    del home.env["DBUS_SESSION_BUS_ADDRESS"]
    os.symlink(home.path / "desktop" / "bus", home.path / "xdg-run" / "bus")
    assert make(home).find() is None
