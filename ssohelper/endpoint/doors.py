"""What a request gets: the container's JSON over TCP, the credential-process document on a socket."""

import socket
import sys
from collections.abc import Callable

from ssohelper import crash, peer
from ssohelper.actions.issuing import document_of
from ssohelper.core.instants import to_iso
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.core.text import show, to_json
from ssohelper.endpoint.request import Door, answer, is_right, refusal, said
from ssohelper.endpoint.source import Source
from ssohelper.errors import (
    AwsUnreachable,
    LoginRequired,
    Refused,
    RoleNotAssigned,
    SsoHelperError,
)

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")

PATH = "/credentials"
# botocore waits 2 s for an answer, three times: so this is said well before.
CONTAINER_SECONDS = 1.5
# No SDK limits a credential_process to less than Rust's; curl limits nothing.
_SOCKET_SECONDS = 18.0
_CODES = (
    (LoginRequired, 401, "LoginRequired"),
    (RoleNotAssigned, 403, "AccessDenied"),
    (Refused, 403, "Refused"),
    (AwsUnreachable, 503, "AwsUnreachable"),
)


class ContainerDoor:
    """127.0.0.1: a client of this user that has the token is answered."""

    def __init__(self, source: Source, account_id: str, port: int, token: Secret) -> None:
        # http's own port is left out by most clients.
        suffixes = (":80", "") if port == 80 else (f":{port}",)
        hosts = {f"{host}{suffix}" for host in ("127.0.0.1", "localhost") for suffix in suffixes}
        self._door = Door(PATH, frozenset(hosts), token)
        self._source = source
        self._account_id = account_id

    def welcome(self, connection: socket.socket) -> bool:
        """Return whether the client's own address is 127.0.0.1 and its user ours or root.

        Another address is no SDK's of this machine. Outside Linux the user is not known, and the
        token has to do.
        """
        try:
            if connection.getpeername()[0] != "127.0.0.1":
                return False
        except OSError:
            return False
        return peer.is_allowed(peer.peer_uid(connection), unknown=sys.platform != "linux")

    def answer(self, head: bytes) -> bytes:
        if not is_right(head, self._door):
            return refusal()
        return _answered(lambda: self._source.credentials(CONTAINER_SECONDS), self._document)

    def _document(self, found: RoleCredentials) -> bytes:
        return to_json(
            {
                "AccessKeyId": found.access_key_id,
                "SecretAccessKey": found.secret_access_key.reveal(),
                "Token": found.session_token.reveal(),
                "Expiration": to_iso(found.expires_at),
                "AccountId": self._account_id,
            }
        ).encode()


class SocketDoor:
    """A socket file: who may be here, by the kernel's word, is answered."""

    def __init__(self, source: Source, account_id: str) -> None:
        self._door = Door("/", frozenset({"localhost"}), None)
        self._source = source
        self._account_id = account_id

    def welcome(self, connection: socket.socket) -> bool:
        """Take our own processes, and root's: containers run as root, which can read all of ours."""
        return peer.is_allowed(peer.peer_uid(connection), unknown=False)

    def answer(self, head: bytes) -> bytes:
        if not is_right(head, self._door):
            return refusal()
        # Only here: clients of the other door give up after 1 to 9 s.
        wait = self._source.credentials_after_sign_in
        return _answered(lambda: wait(_SOCKET_SECONDS), self._document)

    def _document(self, found: RoleCredentials) -> bytes:
        return document_of(found, self._account_id)


def _answered(
    find: Callable[[], RoleCredentials], form: Callable[[RoleCredentials], bytes]
) -> bytes:
    try:
        return answer(200, form(find()))
    except SsoHelperError as error:
        return _error(error)
    except Exception as error:
        crash.report(error, sys.exc_info()[2])
        return _error(SsoHelperError("internal error"))


def _error(error: SsoHelperError) -> bytes:
    hint = f" ({error.hint})" if error.hint else ""
    message = show(f"{error.message}{hint}")
    for kind, status, code in _CODES:
        if isinstance(error, kind):
            return answer(status, said(code, message))
    return answer(500, said("LocalState" if error.exit_code == 7 else "InternalError", message))
