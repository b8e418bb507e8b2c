"""Answers the endpoint's clients with credentials, as JSON.

The local server has already checked the client's user, the Host header and the other `rules`.
"""

import hmac
import sys

from ssohelper.core.instants import to_iso
from ssohelper.core.local_http import HEALTH_PATH, Answer, HttpRules, Request
from ssohelper.core.model import Secret
from ssohelper.core.schema.credential_records import credential_document
from ssohelper.core.text import show, to_json
from ssohelper.endpoint.source import CredentialSource
from ssohelper.errors import (
    AwsUnreachable,
    LoginRequired,
    Refused,
    RoleNotAssigned,
    SsoHelperError,
)
from ssohelper.fastpath import CALL_SECONDS
from ssohelper.system import crash_report

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")

PATH = "/credentials"
# botocore waits 2 s for an answer, three times.
CONTAINER_SECONDS = 1.5
# Each takes a descriptor. Beyond this, the client that has been sending for longest is
# disconnected.
MOST_CLIENTS = 400
_CODES = (
    (LoginRequired, 401, "LoginRequired"),
    (RoleNotAssigned, 403, "AccessDenied"),
    (Refused, 403, "Refused"),
    (AwsUnreachable, 503, "AwsUnreachable"),
)


def _error_answer(status: int, code: str, message: str) -> Answer:
    return Answer(status, to_json({"code": code, "message": message}).encode())


# The answer to every request that is not allowed does not say why.
_FORBIDDEN = _error_answer(403, "Forbidden", "this request is not answered")
_RUNNING = Answer(200, b"")


class CredentialHandler:
    """Answers clients of this user or root: with the token at 127.0.0.1, or at a socket file."""

    def __init__(self, source: CredentialSource, account_id: str, port: int, token: Secret) -> None:
        """The port of a socket file is 0."""
        # Most clients leave out HTTP's default port.
        suffixes = (":80", "") if port == 80 else (f":{port}",)
        hosts = {f"{host}{suffix}" for host in ("127.0.0.1", "localhost") for suffix in suffixes}
        self.rules = HttpRules(
            frozenset(hosts if port else {"localhost"}), _FORBIDDEN, MOST_CLIENTS
        )
        self._source = source
        self._account_id = account_id
        self._is_socket = not port
        self._token = token.reveal().encode()

    def answer(self, request: Request) -> Answer:
        if request.target == HEALTH_PATH:
            return _RUNNING
        token = request.headers.get(b"authorization", b"")
        may = self._is_socket or hmac.compare_digest(token, self._token)
        if not may or request.target != ("/" if self._is_socket else PATH):
            return _FORBIDDEN
        try:
            return Answer(200, self._make_document())
        except SsoHelperError as failure:
            error = failure
        except Exception as failure:
            crash_report.report_crash(failure, sys.exc_info()[2])
            error = SsoHelperError("internal error")
        message = show(error.message + (f" ({error.hint})" if error.hint else ""))
        for kind, status, code in _CODES:
            if isinstance(error, kind):
                return _error_answer(status, code, message)
        return _error_answer(
            500, "LocalState" if error.exit_code == 7 else "InternalError", message
        )

    def _make_document(self) -> bytes:
        if self._is_socket:
            # These clients may wait: curl without limit, credential_process of Rust's SDK least,
            # above CALL_SECONDS. SDKs at the container address wait just 1 to 9 s.
            found = self._source.get_after_sign_in(CALL_SECONDS)
            return credential_document(found, self._account_id)
        found = self._source.get_credentials(CONTAINER_SECONDS)
        document = {
            "AccessKeyId": found.access_key_id,
            "SecretAccessKey": found.secret_access_key.reveal(),
            "Token": found.session_token.reveal(),
            "Expiration": to_iso(found.expires_at),
            "AccountId": self._account_id,
        }
        return to_json(document).encode()
