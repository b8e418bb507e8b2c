"""A desktop's keyring for tests: a private D-Bus and a real gnome-keyring-daemon on it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_BUS = """<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""
_PASSWORD = b"the password of the login keyring"
_SECONDS = 60


class Desktop:
    """The bus and the keyring's daemon. Nothing on this bus starts by itself."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self.address = f"unix:path={folder}/bus"
        (folder / "bus.conf").write_text(_BUS.format(path=folder / "bus"))
        self._bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--print-address=1"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._bus.stdout is not None
        assert self._bus.stdout.readline(), "dbus-daemon did not start"
        self.daemon: subprocess.Popen[bytes] | None = None

    def start(self, *, unlock: bool = True) -> None:
        """Start the daemon; its keyring is unlocked, or stays locked."""
        how = ["--unlock"] if unlock else ["--start"]
        self.daemon = subprocess.Popen(
            [
                *("gnome-keyring-daemon", "--foreground", *how, "--components=secrets"),
                f"--control-directory={self._folder}/control",
            ],
            env={**self._environ, "DBUS_SESSION_BUS_ADDRESS": self.address},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self.daemon.stdin is not None
        if unlock:
            self.daemon.stdin.write(_PASSWORD)
        self.daemon.stdin.close()
        self._wait_for_name()

    def restart(self, *, unlock: bool = True) -> None:
        """End the daemon, and start it again with the same keyring."""
        self.kill()
        self.start(unlock=unlock)

    def stop(self) -> None:
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon = None

    def end(self) -> None:
        self.kill()
        self._bus.kill()
        self._bus.communicate()

    def _wait_for_name(self) -> None:
        # The daemon owns its name only once it answers.
        ends_at = time.monotonic() + _SECONDS
        while not self._has_owner():
            assert time.monotonic() < ends_at, "gnome-keyring-daemon did not start"
            time.sleep(0.05)

    def _has_owner(self) -> bool:
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        bus = DBusAddress(
            "/org/freedesktop/DBus",
            bus_name="org.freedesktop.DBus",
            interface="org.freedesktop.DBus",
        )
        connection = open_dbus_connection(self.address)
        try:
            call = new_method_call(bus, "NameHasOwner", "s", ("org.freedesktop.secrets",))
            return bool(connection.send_and_get_reply(call).body[0])
        finally:
            connection.close()


@contextmanager
def run_desktop(folder: Path, environ: dict[str, str]) -> Iterator[Desktop]:
    """Yield a desktop whose keyring is unlocked, and let the environment lead to it."""
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder.mkdir(mode=0o700)
    desktop = Desktop(folder, {**os.environ, **environ})
    try:
        desktop.start()
        environ["DBUS_SESSION_BUS_ADDRESS"] = desktop.address
        yield desktop
    finally:
        desktop.end()
