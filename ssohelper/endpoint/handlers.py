"""What a request gets: the container's JSON over TCP, the credential-process document on a socket.

The local server has checked the client's user, the Host and all else that `rules` says.
"""

import hmac
import sys
from collections.abc import Callable

from ssohelper import crash
from ssohelper.actions.issuing import document_of
from ssohelper.core.instants import to_iso
from ssohelper.core.local_http import Answer, Request, Rules
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.core.text import show, to_json
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


def _said(status: int, code: str, message: str) -> Answer:
    """Return an error as the SDKs read it."""
    return Answer(status, to_json({"code": code, "message": message}).encode())


# The one answer to every wrong request: it tells nothing.
_FORBIDDEN = _said(403, "Forbidden", "this request is not answered")


class ContainerDoor:
    """127.0.0.1: a client of this user that has the token is answered."""

    def __init__(self, source: Source, account_id: str, port: int, token: Secret) -> None:
        # http's own port is left out by most clients.
        suffixes = (":80", "") if port == 80 else (f":{port}",)
        hosts = {f"{host}{suffix}" for host in ("127.0.0.1", "localhost") for suffix in suffixes}
        self.rules = Rules(frozenset(hosts), _FORBIDDEN)
        self._source = source
        self._account_id = account_id
        self._token = token

    def answer(self, request: Request) -> Answer:
        token = request.headers.get(b"authorization", b"")
        is_known = hmac.compare_digest(token, self._token.reveal().encode())
        if request.target != PATH or not is_known:
            return _FORBIDDEN
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
    """A socket file: processes of this user and of root are answered, by the kernel's record."""

    def __init__(self, source: Source, account_id: str) -> None:
        self.rules = Rules(frozenset({"localhost"}), _FORBIDDEN)
        self._source = source
        self._account_id = account_id

    def answer(self, request: Request) -> Answer:
        if request.target != "/":
            return _FORBIDDEN
        # Only here: clients of the other entry point give up after 1 to 9 s.
        wait = self._source.credentials_after_sign_in
        return _answered(lambda: wait(_SOCKET_SECONDS), self._document)

    def _document(self, found: RoleCredentials) -> bytes:
        return document_of(found, self._account_id)


def _answered(
    find: Callable[[], RoleCredentials], form: Callable[[RoleCredentials], bytes]
) -> Answer:
    try:
        return Answer(200, form(find()))
    except SsoHelperError as error:
        return _error(error)
    except Exception as error:
        crash.report(error, sys.exc_info()[2])
        return _error(SsoHelperError("internal error"))


def _error(error: SsoHelperError) -> Answer:
    hint = f" ({error.hint})" if error.hint else ""
    message = show(f"{error.message}{hint}")
    for kind, status, code in _CODES:
        if isinstance(error, kind):
            return _said(status, code, message)
    return _said(500, "LocalState" if error.exit_code == 7 else "InternalError", message)
