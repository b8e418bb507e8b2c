"""Runs the broker's process: serves callers on the socket that the starting process passed on."""

import contextlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ssohelper.actions.chain_issuing import Work
from ssohelper.app import App
from ssohelper.broker.loop import Loop
from ssohelper.broker.requests import Reply
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.collaborators.storage import Storage
from ssohelper.core.model import SsoSession
from ssohelper.core.redaction import redacted
from ssohelper.errors import SsoHelperError
from ssohelper.fastpath.spawn import PASSED_DESCRIPTOR
from ssohelper.system import crash_report

if TYPE_CHECKING:
    from ssohelper.stores.config_store import ConfigStore
    from ssohelper.system.os_keyring import OsKeyring
    from ssohelper.wire.assume_role import Sts
    from ssohelper.wire.portal import Portal


def run_broker(argv: list[str]) -> int:
    """Run `broker-process SESSION ADDRESS`: serve on the listening socket, descriptor 3."""
    if sys.platform == "win32" or len(argv) != 2:
        return 2
    _start_own_process_session()
    address = argv[1]
    listener = socket.socket(fileno=PASSED_DESCRIPTOR)
    listener.set_inheritable(False)
    shared = _SharedByAllCalls(os.environ)
    _start_asking_keyring_if_needed(shared)
    identity = _read_device_and_inode(address)

    def remove_socket_file() -> None:
        # A newer broker may have its socket file at the same path: that file is not removed.
        if identity is not None and _read_device_and_inode(address) == identity:
            with contextlib.suppress(OSError):
                os.unlink(address)

    try:
        Loop(_BrokerWork(lambda: _BrokerApp(shared)), listener).run_until_idle(remove_socket_file)
    except Exception as error:
        # After this error the broker ends, and callers start another broker; after five brokers
        # without an answer, callers ask AWS themselves.
        crash_report.log_crash(error, sys.exc_info()[2])
        remove_socket_file()
        return 1
    return 0


class _BrokerWork(Work):
    """The broker's work. Its replies hold the warnings that this process, without stderr, logs.

    An example is a token file that was open to other users: its mode is set once.
    """

    def __init__(self, current_app: Callable[[], App]) -> None:
        super().__init__(current_app)
        self._logged = _LoggedWarnings()
        logging.getLogger().addHandler(self._logged)

    def get_reply_with_credentials(self, get_credentials: Callable[[App], bytes]) -> Reply:
        """Return a reply with what `get_credentials` returns, and with all warnings until now."""
        reply = super().get_reply_with_credentials(get_credentials)
        logged, self._logged.messages = self._logged.messages, []
        return reply._replace(warnings=(*reply.warnings, *logged))


class _LoggedWarnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(redacted(record.getMessage()))


class _SharedByAllCalls:
    """Holds what all calls of this broker share: connections to AWS, parsed config, keyring."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self.config: ConfigStore | None = None
        self.portals: dict[SsoSession, Portal] = {}
        self.sts_clients: dict[tuple[str, str], Sts] = {}
        # The keyring is asked for ssohelper's key only once, for all roles and callers.
        self.keyring: OsKeyring | None = None
        self.lock = threading.Lock()


class _BrokerStorage(Storage):
    """The `Storage` of one call, with the keyring that all calls share."""

    def __init__(self, app: App, shared: "_SharedByAllCalls") -> None:
        super().__init__(app)
        self._shared = shared

    @cached_property
    def keyring(self) -> "OsKeyring":
        with self._shared.lock:
            self._shared.keyring = self._shared.keyring or super().keyring
            return self._shared.keyring


class _BrokerApp(App):
    """The `App` for one call to AWS: reads the present settings, collects the call's warnings."""

    def __init__(self, shared: _SharedByAllCalls) -> None:
        super().__init__(shared.environ)
        self._shared = shared
        self.sts_clients = shared.sts_clients

    @cached_property
    def storage(self) -> Storage:
        return _BrokerStorage(self, self._shared)

    @cached_property
    def config(self) -> "ConfigStore":
        with self._shared.lock:
            self._shared.config = self._shared.config or super().config
            return self._shared.config

    @cached_property
    def aws(self) -> AwsClients:
        return _BrokerAwsClients(self, self._shared)


class _BrokerAwsClients(AwsClients):
    """The clients for one call to AWS, whose portal uses the connections of earlier calls."""

    def __init__(self, app: App, shared: "_SharedByAllCalls") -> None:
        super().__init__(app)
        self._shared = shared

    def portal(self, session: SsoSession) -> "Portal":
        # Each call gets its own Portal, because a Portal's warnings go to the call's callers only.
        portal = super().portal(session)
        with self._shared.lock:
            portal.reuse_connections_of(self._shared.portals.setdefault(session, portal))
        return portal


def _start_asking_keyring_if_needed(shared: "_SharedByAllCalls") -> None:
    """If sign-ins are in the keyring, ask it for ssohelper's key while the broker starts."""
    with contextlib.suppress(SsoHelperError):  # the first call reports an error in the settings
        app = _BrokerApp(shared)
        if app.storage.find_present_storage() == "keyring":
            app.storage.keyring.start_asking_for_key()


def _start_own_process_session() -> None:
    """Leave the process session of the starting process, if posix_spawn could not do that."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setsid()


def _read_device_and_inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
