"""Runs the broker's process: serves callers on the socket that the starting process passed on."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable

from ssohelper.actions.broker_work import Work
from ssohelper.app import App
from ssohelper.broker.loop import Loop
from ssohelper.broker.requests import Reply
from ssohelper.core.redaction import redacted
from ssohelper.errors import SsoHelperError
from ssohelper.fastpath import broker_client
from ssohelper.fastpath.spawn import PASSED_DESCRIPTOR
from ssohelper.system import crash_report


def run_broker(argv: list[str]) -> int:
    """Run `broker-process SESSION ADDRESS`: serve on the listening socket, descriptor 3."""
    if sys.platform == "win32" or len(argv) != 2:
        return 2
    with contextlib.suppress(OSError):
        os.setsid()  # done here if posix_spawn could not do it
    address = argv[1]
    listener = socket.socket(fileno=PASSED_DESCRIPTOR)
    listener.set_inheritable(False)
    first = App()
    first.aws.portals = {}
    with contextlib.suppress(SsoHelperError):  # the first call reports an error in the settings
        if first.protections.load_storage().storage == "keyring":
            first.storage.keyring.start_asking_for_key()
    identity = broker_client.read_socket_id(address)

    def remove_socket_file() -> None:
        # A newer broker may have its socket file at the same path.
        if identity is not None and broker_client.read_socket_id(address) == identity:
            with contextlib.suppress(OSError):
                os.unlink(address)

    try:
        work = _BrokerWork(lambda: _make_next_app(first))
        Loop(work, listener).run_until_idle(remove_socket_file)
    except Exception as error:
        # Callers start another broker. After five brokers without an answer they ask AWS
        # themselves.
        crash_report.log_crash(error, sys.exc_info()[2])
        remove_socket_file()
        return 1
    return 0


class _BrokerWork(Work):
    """The broker's work. Replies carry the warnings, because this process has no stderr."""

    def __init__(self, current_app: Callable[[], App]) -> None:
        super().__init__(current_app)
        self._logged = _LoggedWarnings()
        logging.getLogger().addHandler(self._logged)

    def reply_with(self, get_credentials: Callable[[App], bytes]) -> Reply:
        reply = super().reply_with(get_credentials)
        logged, self._logged.messages = self._logged.messages, []
        return reply._replace(warnings=(*reply.warnings, *logged))


class _LoggedWarnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(redacted(record.getMessage()))


def _make_next_app(first: App) -> App:
    """Return an App with the present settings that shares parsed config, keyring and connections."""
    made = App(first.environ)
    made.config = first.config
    made.storage.earlier = first.storage
    made.aws.portals = first.aws.portals
    made.vault.sts_clients = first.vault.sts_clients
    return made
