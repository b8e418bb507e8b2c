"""Defines HTTP requests and answers as values, and AWS's three error formats. Uses no socket."""

import json
import uuid
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
Headers = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]  # header names are in lower case
    body: bytes
    connection: int = 0
    host: str = ""  # the name of the host that the emulator plays; "" for its own address

    def json_object(self) -> dict[str, Any]:
        """Return the body. Raises: InvalidRequestException, an error of sso-oidc, if it is no JSON
        object.
        """
        value = parse_json_object(self.body or b"{}")
        if value is None:
            raise oidc_error("InvalidRequestException", "Invalid request")
        return value

    def form(self) -> dict[str, str]:
        return parse_form_fields(self.body.decode("utf-8", "replace"))

    def fields(self) -> dict[str, str]:
        """Return the fields of the query and of a posted form; the form wins."""
        return {**self.query, **(self.form() if self.method == "POST" else {})}

    def find_cookie(self, name: str, known: Container[str]) -> str | None:
        for pair in self.headers.get("cookie", "").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name and value in known:
                return value
        return None


def make_request(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    connection: int = 0,
    host: str = "",
) -> Request:
    """Return the request, with header names in lower case."""
    low = {name.lower(): value for name, value in headers.items()}
    return Request(method, path, parse_form_fields(query), low, body, connection, host)


class Delivery(NamedTuple):
    """How the server sends an answer: late, slowly, cut off, with a TCP reset, or never."""

    delay_seconds: float = 0.0
    seconds_per_byte: float = 0.0
    close_after: int | None = None  # the connection is closed after this many bytes of the body
    reset: bool = False  # the client gets a TCP reset instead of the answer
    never: bool = False  # the server reads the request and never answers it


class Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes
    delivery: Delivery = Delivery()


class Refusal(Exception):
    """Raised anywhere in the emulator to send this error answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def parse_json_object(text: str | bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def parse_form_fields(text: str) -> dict[str, str]:
    """If a field is repeated, the first value counts."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=1000):
        found.setdefault(name, value)
    return found


def json_answer(value: Any, status: int = 200, headers: Headers = ()) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Answer(status, (("Content-Type", "application/json"), *headers), body)


# HTTP status and `error` in the JSON body. Source: service model sso-oidc 2019-06-10.
OIDC_ERRORS = {
    "AuthorizationPendingException": (400, "authorization_pending"),
    "SlowDownException": (400, "slow_down"),
    "ExpiredTokenException": (400, "expired_token"),
    "InvalidGrantException": (400, "invalid_grant"),
    "InvalidClientException": (401, "invalid_client"),
    "InvalidRequestException": (400, "invalid_request"),
    "InvalidRequestRegionException": (400, "invalid_request"),
    "UnauthorizedClientException": (400, "unauthorized_client"),
    "UnsupportedGrantTypeException": (400, "unsupported_grant_type"),
    "InvalidScopeException": (400, "invalid_scope"),
    "InvalidClientMetadataException": (400, "invalid_client_metadata"),
    "InvalidRedirectUriException": (400, "invalid_redirect_uri"),
    "AccessDeniedException": (400, "access_denied"),
    "InternalServerException": (500, "server_error"),
}
# The HTTP status of each STS error. Source: service model STS 2011-06-15, and "Common errors".
STS_ERRORS = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "InternalFailure": 500,
    "InvalidClientTokenId": 403,
    "ServiceUnavailable": 503,
    "Throttling": 400,
    "ValidationError": 400,
}
# The real portal sends ForbiddenException too, although its service model does not have it.
PORTAL_ERRORS = {
    "InvalidRequestException": 400,
    "UnauthorizedException": 401,
    "ForbiddenException": 403,
    "ResourceNotFoundException": 404,
    "TooManyRequestsException": 429,
    "InternalServerException": 500,
}


def oidc_error(name: str, description: str = "") -> Refusal:
    status, code = OIDC_ERRORS[name]
    header = f"{name}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
    body = {"error": code, "error_description": description or code.replace("_", " ")}
    return Refusal(json_answer(body, status, (("x-amzn-ErrorType", header),)))


def portal_error(name: str, message: str) -> Refusal:
    header = f"{name}:http://internal.amazon.com/coral/com.amazonaws.switchboard.portal/"
    body = {"message": message, "__type": f"com.amazonaws.switchboard.portal#{name}"}
    return Refusal(json_answer(body, PORTAL_ERRORS[name], (("x-amzn-ErrorType", header),)))


def sts_error(status: int, code: str, message: str) -> Refusal:
    body = (
        f'<ErrorResponse xmlns="{STS_NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return Refusal(Answer(status, (("Content-Type", "text/xml"),), body.encode()))


def iso_time(instant: float) -> str:
    return datetime.fromtimestamp(int(instant), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
