"""botocore clients for AWS's services: endpoints, retries, time and size limits, our errors.

No client reads ~/.aws/config (10,000 profiles cost 550 ms there, and nothing in it may move a
token), none follows a redirect, none looks for credentials by itself.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.httpsession import URLLib3Session
from botocore.parsers import ResponseParserError
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as UrllibReadTimeout

from ssohelper.core.deadline import Deadline
from ssohelper.core.endpoints import general_endpoint_warning, is_loopback_url
from ssohelper.core.model import RoleCredentials
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, BadAnswer, SsoHelperError, Throttled

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
# The longest real answer is a page of 100 accounts, 20 kB. A hostile one must not fill memory.
_ANSWER_LIMIT_BYTES = 4 << 20
_MESSAGE_LIMIT = 120
# Found nowhere: neither the config nor the credentials file is read, and AWS_PROFILE names nothing.
_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, "", None),
    "credentials_file": (None, None, "", None),
}


_NONSENSE = (
    BotoCoreError,
    ResponseParserError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)


class Refusal(NamedTuple):
    """An answer that says no: AWS's name for it, the HTTP status, the message made harmless."""

    code: str
    status: int
    message: str
    retry_after_seconds: float | None


def make_client(
    service: str,
    region: str,
    endpoint: str,
    environ: Mapping[str, str],
    *,
    attempts: int = 3,
    read_timeout: float = READ_SECONDS,
    credentials: RoleCredentials | None = None,
    connections: int = 10,
) -> Any:
    """Return a botocore client for this endpoint, unsigned unless credentials are given.

    `attempts` counts the first try too; 429 and 5xx are tried again by botocore's own rules.
    """
    _log_no_tls_keys()
    session = botocore.session.Session(session_vars=dict(_NO_FILES))
    config = Config(
        signature_version=None if credentials else UNSIGNED,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_timeout,
        retries={"total_max_attempts": max(1, attempts), "mode": "standard"},
        max_pool_connections=connections,
        # A proxy on the way to this very machine would see the token for nothing.
        proxies={} if is_loopback_url(endpoint) else None,
        user_agent_appid="ssohelper",
    )
    client = session.create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        config=config,
        verify=_certificates(environ),
        **_keys(credentials),
    )
    # botocore has no public place for a size limit; this one attribute is where answers come in.
    client._endpoint.http_session = _BoundedSession(client._endpoint.http_session)
    return client


def plain_session(endpoint: str, environ: Mapping[str, str]) -> "_BoundedSession":
    """Return botocore's HTTP session for what no client exists: same limits, no redirects."""
    _log_no_tls_keys()
    inner = URLLib3Session(
        verify=_certificates(environ),
        proxies={} if is_loopback_url(endpoint) else get_environ_proxies(endpoint),
        timeout=(CONNECT_SECONDS, READ_SECONDS),
    )
    return _BoundedSession(inner)


def _certificates(environ: Mapping[str, str]) -> str | bool:
    # botocore's own two variables; an empty one, which it trips over, is none.
    return environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or True


def _log_no_tls_keys() -> None:
    # urllib3's and Python's TLS contexts obey it whenever they are made, also for a proxy's sake;
    # with the keys in a file, tokens could be read off the network.
    if os.environ.pop("SSLKEYLOGFILE", None):
        _log.warning("SSLKEYLOGFILE is ignored: with it tokens could be read off the network")


def warn_about_general_endpoint(environ: Mapping[str, str], warn: Callable[[str], None]) -> None:
    """Say once that AWS_ENDPOINT_URL moves no token."""
    message = general_endpoint_warning(environ)
    if message:
        warn(message)


@contextmanager
def translated(
    service: str, refused: Callable[[Refusal], SsoHelperError | None] | None = None
) -> Iterator[None]:
    """Turn botocore's errors into ours; `refused` is asked first what a refusal means here.

    `service` names who was asked, for people: "the sign-in service in eu-west-1".
    Raises: Throttled (429), AwsUnreachable (no connection, 5xx), BadAnswer (the rest).
    """
    try:
        yield
    except ClientError as cause:
        refusal = refusal_of(cause)
        ours = refused(refusal) if refused else None
        raise (ours or _general(service, refusal)) from cause
    except SSLError as cause:
        raise AwsUnreachable(
            f"{service} cannot be reached: its TLS certificate cannot be checked",
            hint="behind a proxy of your company AWS_CA_BUNDLE names the file with its certificate",
        ) from cause
    except (HTTPClientError, BotoConnectionError) as cause:
        raise AwsUnreachable(
            f"{service} cannot be reached ({_kind(cause)})",
            hint="check the network, then try again",
        ) from cause
    except _NONSENSE as cause:
        # botocore's parsers raise plain Python errors on answers of the wrong shape.
        raise BadAnswer(f"{service} gave an answer that makes no sense ({_kind(cause)})") from cause


def refusal_of(error: ClientError) -> Refusal:
    """Return what the service said, made harmless and short."""
    answer = error.response if isinstance(error.response, dict) else {}
    said = answer.get("Error") if isinstance(answer.get("Error"), dict) else {}
    meta = answer.get("ResponseMetadata") or {}
    headers = meta.get("HTTPHeaders") or {}
    status = meta.get("HTTPStatusCode")
    return Refusal(
        code=show(str((said or {}).get("Code") or ""), 60),
        status=status if isinstance(status, int) else 0,
        message=show(str((said or {}).get("Message") or ""), _MESSAGE_LIMIT),
        retry_after_seconds=_seconds(headers.get("retry-after")),
    )


def within(deadline: Deadline, work: Callable[[], _T], what: str = "AWS") -> _T:
    """Return what `work` returns, or give up on it at the deadline.

    It runs in a daemon thread: a server that drips one byte a second passes every read timeout,
    and a thread left behind does not keep the process alive.
    Raises: AwsUnreachable at the deadline; whatever `work` raises.
    """
    outcome: list[tuple[_T | None, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((work(), None))
        except BaseException as cause:
            outcome.append((None, cause))

    worker = threading.Thread(target=run, daemon=True, name="ssohelper-call")
    worker.start()
    worker.join(deadline.left())
    if not outcome:
        raise AwsUnreachable(
            f"{what} gave no answer in time", hint="check the network, then try again"
        )
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


def answered_at(client: Any) -> float | None:
    """Return when the client's last answer was given, by AWS's clock; None when it did not say."""
    found: float | None = client._endpoint.http_session.answered_at
    return found


class _BoundedSession:
    """botocore's HTTP session, that reads no more of an answer than is sensible."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        # By AWS's clock, as the last answer's Date says it.
        self.answered_at: float | None = None

    def send(self, request: Any) -> Any:
        request.stream_output = True
        # Host and path alone: queries, headers and bodies hold secrets.
        place, began = urlsplit(request.url), time.monotonic()
        _log.debug("%s %s%s", request.method, place.netloc, place.path)
        response = self._inner.send(request)
        self.answered_at = _instant(response.headers.get("Date"))
        try:
            body = _read_all(response.raw)
        except UrllibReadTimeout as cause:
            raise ReadTimeoutError(endpoint_url=request.url, error=cause) from cause
        except (HTTPError, OSError) as cause:
            raise ConnectionClosedError(endpoint_url=request.url, error=cause) from cause
        if len(body) > _ANSWER_LIMIT_BYTES:
            response.raw.close()
            body = b""
        response._content = body
        milliseconds = (time.monotonic() - began) * 1000
        _log.debug("%s after %.0f ms", response.status_code, milliseconds)
        return response

    def close(self) -> None:
        self._inner.close()


def _read_all(raw: Any) -> bytes:
    """Return the body, or a little more than the limit of it.

    Raises: IncompleteRead for one that was cut short. botocore switches urllib3's check off, and
    urllib3 makes it on the read that finds nothing: so all is read, to the end.
    """
    raw.enforce_content_length = True
    body = bytearray()
    while len(body) <= _ANSWER_LIMIT_BYTES:
        piece = raw.read(1 << 16)
        if not piece:
            break
        body += piece
    return bytes(body)


def _general(service: str, refusal: Refusal) -> SsoHelperError:
    status = refusal.status
    if status == 429 or refusal.code == "TooManyRequestsException":
        return Throttled(
            f"{service} is throttling (429)",
            hint="try again in a minute",
            retry_after_seconds=refusal.retry_after_seconds,
        )
    if status >= 500:
        return AwsUnreachable(f"{service} answered {status}", hint="try again in a minute")
    if 300 <= status < 400:
        return BadAnswer(f"{service} answered with a redirect ({status}), which is not followed")
    said = ": ".join(part for part in (refusal.code, refusal.message) if part)
    return BadAnswer(f"{service} refused ({status}) {said}".rstrip())


def _keys(credentials: RoleCredentials | None) -> dict[str, str]:
    if credentials is None:
        return {}
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key.reveal(),
        "aws_session_token": credentials.session_token.reveal(),
    }


def _seconds(text: Any) -> float | None:
    """Return Retry-After in seconds; its date form, and nonsense, are None."""
    return float(text) if isinstance(text, str) and text.isdigit() and len(text) < 6 else None


def _kind(cause: Exception) -> str:
    """Return what kind of trouble it was: the class alone, for messages quote requests."""
    name = type(cause).__name__.removesuffix("Error").removesuffix("Exception")
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)  # "HTTPClient": HTTP, Client
    return " ".join(word if word.isupper() else word.lower() for word in words) or "unknown"


def _instant(date: str | None) -> float | None:
    """Return epoch seconds of an HTTP Date (RFC 9110, 5.6.7)."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None
