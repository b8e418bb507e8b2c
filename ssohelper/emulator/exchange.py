"""Requests and answers as values, with AWS's error formats. Touches no socket."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

Headers = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    connection: int = 0

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises: InvalidRequestException, as sso-oidc does."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as exc:
            raise oidc_error("InvalidRequestException", "Invalid request") from exc
        if not isinstance(value, dict):
            raise oidc_error("InvalidRequestException", "Invalid request")
        return value

    def form(self) -> dict[str, str]:
        """Return the fields of a form body; a repeated field has its first value."""
        return fields(self.body.decode("utf-8", "replace"))


def request_of(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    connection: int = 0,
) -> Request:
    """Return the request with header names in lower case."""
    low = {name.lower(): value for name, value in headers.items()}
    return Request(method, path, fields(query), low, body, connection)


class Delivery(NamedTuple):
    """How the bytes of an answer are sent: delays, cuts and resets."""

    delay_seconds: float = 0.0
    seconds_per_byte: float = 0.0
    close_after: int | None = None  # bytes of the body sent before the connection closes
    reset: bool = False  # a TCP reset in place of an answer
    never: bool = False  # the request is read and never answered


class Answer(NamedTuple):
    """One HTTP answer, and how it is sent."""

    status: int
    headers: Headers
    body: bytes
    delivery: Delivery | None = None


class Refusal(Exception):
    """An error answer, raised at any depth of the service."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def fields(text: str) -> dict[str, str]:
    """Return the fields of a query string or form; a repeated field has its first value."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=1000):
        found.setdefault(name, value)
    return found


def json_answer(value: Any, status: int = 200, headers: Headers = ()) -> Answer:
    """Return a JSON answer in the format of the AWS services."""
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Answer(status, (("Content-Type", "application/json"), *headers), body)


# Exception -> (HTTP status, `error`). Source: sso-oidc 2019-06-10 service model.
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
# ForbiddenException is not in the portal's service model, but the real service sends it.
PORTAL_ERRORS = {
    "InvalidRequestException": 400,
    "UnauthorizedException": 401,
    "ForbiddenException": 403,
    "ResourceNotFoundException": 404,
    "TooManyRequestsException": 429,
    "InternalServerException": 500,
}


def oidc_refusal(name: str, description: str = "") -> Answer:
    """Return an sso-oidc error: the exception's name in a header, the OAuth code in the body."""
    status, code = OIDC_ERRORS[name]
    header = f"{name}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
    body = {"error": code, "error_description": description or code.replace("_", " ")}
    return json_answer(body, status, (("x-amzn-ErrorType", header),))


def portal_refusal(name: str, message: str) -> Answer:
    """Return a portal error: the exception's name in a header and in the body's `__type`."""
    header = f"{name}:http://internal.amazon.com/coral/com.amazonaws.switchboard.portal/"
    body = {"message": message, "__type": f"com.amazonaws.switchboard.portal#{name}"}
    return json_answer(body, PORTAL_ERRORS[name], (("x-amzn-ErrorType", header),))


def oidc_error(name: str, description: str = "") -> Refusal:
    """Return an sso-oidc error to raise."""
    return Refusal(oidc_refusal(name, description))


def portal_error(name: str, message: str) -> Refusal:
    """Return a portal error to raise."""
    return Refusal(portal_refusal(name, message))
