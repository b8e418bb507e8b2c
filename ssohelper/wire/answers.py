"""The only place that decides whether an answer came from AWS, and what it means.

An error is AWS's own if x-amzn-ErrorType names it, or if its JSON has an error code of AWS's API
models. Every other error came from a proxy, a gateway or a captive portal, and ends no sign-in.

Source: SSO Portal API and SSO OIDC API 2019-06-10, RFC 6749 §5.2, RFC 8628 §3.5. The portal really
sends ForbiddenException, although no model has it.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show
from ssohelper.errors import AnswerLost, AwsUnreachable, BadAnswer, SsoHelperError, Throttled
from ssohelper.wire.transport import Answer

# For sso-oidc, the OAuth error code in an error's body and the exception in its header.
_OAUTH_CODES = {
    "access_denied": "AccessDeniedException",
    "authorization_pending": "AuthorizationPendingException",
    "expired_token": "ExpiredTokenException",
    "invalid_client": "InvalidClientException",
    "invalid_client_metadata": "InvalidClientMetadataException",
    "invalid_grant": "InvalidGrantException",
    "invalid_redirect_uri": "InvalidRedirectUriException",
    "invalid_request": "InvalidRequestException",
    "invalid_scope": "InvalidScopeException",
    "server_error": "InternalServerException",
    "slow_down": "SlowDownException",
    "unauthorized_client": "UnauthorizedClientException",
    "unsupported_grant_type": "UnsupportedGrantTypeException",
}
_KNOWN_ERRORS = frozenset(_OAUTH_CODES.values()) | {
    "ForbiddenException",
    "InvalidRequestRegionException",
    "ResourceNotFoundException",
    "ThrottlingException",
    "TooManyRequestsException",
    "UnauthorizedException",
}
_THROTTLING = (
    "RequestLimitExceeded",
    "SlowDownException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
_ERROR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,79}")
MESSAGE_LIMIT = 120
_REQUEST_IDS = ("x-amzn-RequestId", "x-amz-request-id", "x-amzn-request-id")
REDIRECTED = "the network may want its own sign-in: open any page in a browser"
NOT_AWS = "check the network and HTTPS_PROXY, then try again"
REFUSED = "try again in a minute; if this repeats, give your administrator this message"
_GATEWAY_GOT_NO_ANSWER = (502, 504)
LATER = "try again in a minute"
GET_NEW_CREDENTIALS = "to get new credentials: ssohelper cache clear, then try again"
_T = TypeVar("_T")


class AwsError(NamedTuple):
    """An error that AWS itself sent. The message is sanitised."""

    name: str
    status: int
    message: str


Meaning = Callable[[AwsError], SsoHelperError | None]


def parse_answer_record(
    answer: Answer,
    service: str,
    meaning: Meaning,
    parse: Callable[[dict[str, Any]], _T],
    *,
    is_oauth: bool = True,
) -> _T:
    """Return what `parse` (a function of core.schema) makes of a good answer's JSON.

    `meaning` returns the exception for an error of AWS, or None for a general one. `is_oauth`: the
    service sends OAuth's error codes, as sso-oidc does. Raises: the exception from `meaning`;
    Throttled (any 429), AwsUnreachable (5xx, and every error that is not AWS's), AnswerLost (502 or
    504 of a gateway), BadAnswer (any other answer).
    """
    if answer.status != 200:
        ours = aws_error_of(answer, is_oauth=is_oauth)
        raise error_of_answer(answer, service, meaning, ours)
    found = _parse_json_or_none(answer.body)
    if not isinstance(found, dict):
        raise invalid_answer_error(answer, service)
    try:
        return parse(found)
    except Damaged as damage:
        raise invalid_answer_error(answer, service, damage) from damage


def error_of_answer(
    answer: Answer, service: str, meaning: Meaning, ours: AwsError | None
) -> SsoHelperError:
    """Return the error for an answer without status 200. `ours` is None if AWS did not send it."""
    meant = meaning(ours) if ours else None
    if meant is not None:
        return meant
    if answer.status == 429 or (ours is not None and ours.name in _THROTTLING):
        return Throttled(
            f"{service} is throttling ({ours.name if ours else answer.status})",
            hint=LATER,
            retry_after_seconds=_retry_after_seconds(answer),
        )
    if 300 <= answer.status < 400:
        return BadAnswer(
            f"{service} answered with a redirect ({answer.status}), which is not followed",
            hint=REDIRECTED,
        )
    if 200 <= answer.status < 300:
        return invalid_answer_error(answer, service)
    if ours is None:
        return _error_not_from_aws(answer, service)
    if ours.status >= 500:
        return AwsUnreachable(f"{service} answered {ours.status}", hint=LATER)
    text = ": ".join(part for part in (ours.name, ours.message) if part)
    return BadAnswer(f"{service} refused ({ours.status}) {text}", hint=REFUSED)


def aws_error_of(answer: Answer, *, is_oauth: bool = True) -> AwsError | None:
    """Return AWS's error; None if another program sent the answer."""
    found = _parse_json_or_none(answer.body)
    body = found if isinstance(found, dict) else {}
    # The header is like "InvalidGrantException:http://internal.amazon.com/coral/…sso.oidc/".
    name = _error_name_in_text(answer.headers.get("x-amzn-ErrorType", ""))
    if not name:
        codes = (body.get(key) for key in ("__type", "code", "error"))
        code = next((code for code in codes if isinstance(code, str)), "")
        # Of AWS's services, only sso-oidc sends OAuth error codes. Proxies send them too, and their
        # 403 must not count as AWS's refusal of a role.
        name = (_OAUTH_CODES.get(code) if is_oauth else None) or _error_name_in_text(code)
        if name not in _KNOWN_ERRORS:
            return None
    texts = (body.get(key) for key in ("error_description", "message", "Message"))
    message = next((text for text in texts if isinstance(text, str)), "")
    return AwsError(name, answer.status, show(message, MESSAGE_LIMIT))


def _retry_after_seconds(answer: Answer) -> float | None:
    """Return None if the header is a date or invalid."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if re.fullmatch("[0-9]{1,5}", value) else None


def describe_answer_content(answer: Answer) -> str:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    begin = answer.body[:200].lstrip().lower()
    if kind in ("text/html", "application/xhtml+xml") or begin.startswith((b"<!doctype", b"<html")):
        return "an HTML page, perhaps of a proxy or captive portal"
    if not begin:
        return "an empty answer, perhaps of a proxy"
    if begin.startswith((b"{", b"[")):
        return "JSON that is not AWS's, perhaps of a proxy"
    return "text that is not AWS's, perhaps of a proxy"


def _error_not_from_aws(answer: Answer, service: str) -> AwsUnreachable:
    status = answer.status
    if status == 408:
        return AwsUnreachable(f"{service} answered 408: the request was too slow", hint=LATER)
    if status >= 500:
        kind = AnswerLost if status in _GATEWAY_GOT_NO_ANSWER else AwsUnreachable
        sender = f", {describe_answer_content(answer)}" if answer.body.strip() else ""
        return kind(f"{service} answered {status}{sender}", hint=LATER)
    return AwsUnreachable(
        f"{service} cannot be reached: {status} came with {describe_answer_content(answer)}",
        hint=_network_hint_for_answer(answer),
    )


def invalid_answer_error(answer: Answer, service: str, damage: Damaged | None = None) -> BadAnswer:
    """Return the error for a success whose body, or the field that `damage` names, is not AWS's."""
    what = f"{service} gave an answer that makes no sense"
    if damage is not None:
        what += f": {damage}"
        if any(answer.headers.get(name) for name in _REQUEST_IDS):
            return BadAnswer(what, hint=LATER)
    return BadAnswer(
        f"{what} ({describe_answer_content(answer)})", hint=_network_hint_for_answer(answer)
    )


def _network_hint_for_answer(answer: Answer) -> str:
    if "HTML" in describe_answer_content(answer):
        return "open any page in a browser: the network may want a sign-in; check HTTPS_PROXY too"
    return NOT_AWS


def _error_name_in_text(text: str) -> str:
    """Return the name from "Name:http://..." or "com.amazonaws...#Name"; "" if there is none."""
    name = text.partition(":")[0].rpartition("#")[2].strip()
    return name if _ERROR_NAME.fullmatch(name) else ""


def _parse_json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
