"""Makes botocore clients for calls that must be signed, with limits on time and size.

No client reads ~/.aws/config, since botocore takes 550 ms to read 10,000 profiles. No client reads
AWS_DATA_PATH or ~/.aws/models, so that signed requests go only to the host that was checked. No
client follows a redirect or searches for credentials.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import botocore.session
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
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as UrllibReadTimeout

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleCredentials
from ssohelper.core.service_hosts import is_loopback_url
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    NoConnection,
    SsoHelperError,
    Throttled,
)
from ssohelper.wire.answers import MESSAGE_LIMIT, NOT_AWS, REDIRECTED, REFUSED, parse_retry_after
from ssohelper.wire.connection import CHECK_NETWORK, CONNECT_SECONDS, certificate_error
from ssohelper.wire.tls import find_ca_bundle
from ssohelper.wire.transport import ANSWER_LIMIT_BYTES, READ_SECONDS, ignore_tls_key_log

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

# Takes the values from three of botocore's settings, so that it reads no config file and no
# credentials file, and ignores AWS_PROFILE.
_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, "", None),
    "credentials_file": (None, None, "", None),
}
# botocore's settings with the values that ssohelper needs, so that botocore ignores the environment
# variables of these settings: some values of these variables make botocore fail.
_OWN_VALUES = {
    "defaults_mode": (None, None, "legacy", None),
    "request_checksum_calculation": (None, None, "when_supported", None),
    "response_checksum_validation": (None, None, "when_supported", None),
    "sts_regional_endpoints": (None, None, "regional", None),
}
# The errors that botocore's parsers raise for malformed answers, some of which are plain Python
# errors.
_PARSER_ERRORS = (
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
    """An error that AWS sent to a botocore client: code, HTTP status, sanitised message."""

    code: str
    status: int
    message: str
    retry_after_seconds: float | None


class _BuiltInModels(Loader):  # type: ignore[misc]
    """Loads botocore's service models, without a search of its 400 folders, which takes 35 ms."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that ssohelper calls with botocore."""
        return ["sts"]


def make_botocore_client(
    service: str,
    region: str,
    service_url: str,
    environ: Mapping[str, str],
    credentials: RoleCredentials,
) -> Any:
    """Return a botocore client that signs with these credentials, for this host only.

    After a 429 or 5xx botocore retries by its own rules, with at most three tries in all.
    """
    ignore_tls_key_log()
    session = botocore.session.Session(session_vars=_NO_FILES | _OWN_VALUES)
    # By default the loader also reads AWS_DATA_PATH and ~/.aws/models, in which an endpoint rule
    # set could send requests to any host.
    own_data = _BuiltInModels([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    session.register_component("data_loader", own_data)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 3, "mode": "standard"},
        # A request to this machine must not pass through a proxy, which would see it.
        proxies={} if is_loopback_url(service_url) else None,
        user_agent_appid="ssohelper",
    )
    client = session.create_client(
        service,
        region_name=region,
        endpoint_url=service_url,
        config=config,
        verify=find_ca_bundle(environ),
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key.reveal(),
        aws_session_token=credentials.session_token.reveal(),
    )
    # Limit the origin of requests and the size of answers. botocore has no public API for this, but
    # every request goes through the attribute http_session.
    client._endpoint.http_session = _BoundedSession(client._endpoint.http_session, service_url)
    return client


@contextmanager
def translate_botocore_errors(
    service: str, explain: Callable[[Refusal], SsoHelperError | None] | None = None
) -> Iterator[None]:
    """Turn botocore's errors into ssohelper's; `explain` may return a special error for a refusal.

    `service` names the service in messages: "the sign-in service in eu-west-1".
    Raises: Throttled (429), AwsUnreachable (no connection, 5xx), BadAnswer (all other errors).
    """
    try:
        yield
    except ClientError as cause:
        refusal = aws_error_from_botocore(cause)
        ours = explain(refusal) if explain else None
        raise (ours or _exception_for_aws_error(service, refusal)) from cause
    except SSLError as cause:
        raise certificate_error(service) from cause
    except (HTTPClientError, BotoConnectionError) as cause:
        kind = NoConnection if isinstance(cause, BotoConnectionError) else AwsUnreachable
        raise kind(
            f"{service} cannot be reached ({_describe_error(cause)})",
            hint=CHECK_NETWORK,
        ) from cause
    except _PARSER_ERRORS as cause:
        raise BadAnswer(
            f"{service} gave an answer that makes no sense ({_describe_error(cause)})", hint=NOT_AWS
        ) from cause


def aws_error_from_botocore(error: ClientError) -> Refusal:
    """Return the error that the service sent, sanitised and shortened."""
    answer = error.response if isinstance(error.response, dict) else {}
    error_body = answer.get("Error") if isinstance(answer.get("Error"), dict) else {}
    meta = answer.get("ResponseMetadata") or {}
    headers = meta.get("HTTPHeaders") or {}
    status = meta.get("HTTPStatusCode")
    return Refusal(
        code=show(str((error_body or {}).get("Code") or ""), 60),
        status=status if isinstance(status, int) else 0,
        message=show(str((error_body or {}).get("Message") or ""), MESSAGE_LIMIT),
        retry_after_seconds=parse_retry_after(headers.get("retry-after")),
    )


def run_until_deadline(deadline: Deadline, work: Callable[[], _T], what: str = "AWS") -> _T:
    """Run `work` and return its result; give up at the deadline.

    `work` runs in a thread, because a server that sends one byte a second never exceeds a read
    timeout. After the deadline the thread continues, but as a daemon it does not keep the process
    alive. Raises: AwsUnreachable at the deadline, and any error that `work` raises.
    """
    outcome: list[tuple[_T | None, BaseException | None]] = []

    def run_work() -> None:
        try:
            outcome.append((work(), None))
        except BaseException as cause:
            outcome.append((None, cause))

    worker = threading.Thread(target=run_work, daemon=True, name="ssohelper-call")
    worker.start()
    worker.join(deadline.seconds_left())
    if not outcome:
        raise AwsUnreachable(f"{what} gave no answer in time", hint=CHECK_NETWORK)
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


class _BoundedSession:
    """botocore's HTTP session, restricted to one origin and to answers of at most 4 MiB."""

    def __init__(self, inner: Any, service_url: str) -> None:
        self._inner = inner
        self._scheme_host_and_port = _scheme_host_and_port(service_url)

    def send(self, request: Any) -> Any:
        if _scheme_host_and_port(request.url) != self._scheme_host_and_port:
            raise ConfigInvalid(
                f'a signed request would go to "{show(urlsplit(request.url).netloc, 120)}", which '
                "is not the host that was checked",
                hint="unset AWS_DATA_PATH, and remove endpoint rules from ~/.aws/models",
            )
        request.stream_output = True
        # Log only host and path, because queries, headers and bodies hold secrets.
        url, began = urlsplit(request.url), time.monotonic()
        _log.debug("%s %s%s", request.method, url.netloc, url.path)
        response = self._inner.send(request)
        try:
            body = _read_whole_body(response.raw)
        except UrllibReadTimeout as cause:
            raise ReadTimeoutError(endpoint_url=request.url, error=cause) from cause
        except (HTTPError, OSError) as cause:
            raise ConnectionClosedError(endpoint_url=request.url, error=cause) from cause
        if len(body) > ANSWER_LIMIT_BYTES:
            response.raw.close()
            body = b""
        response._content = body
        milliseconds = (time.monotonic() - began) * 1000
        _log.debug("%s after %.0f ms", response.status_code, milliseconds)
        return response

    def close(self) -> None:
        self._inner.close()


def _scheme_host_and_port(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _read_whole_body(raw: Any) -> bytes:
    """Return the body of an answer; if it is too long, slightly more than its first 4 MiB.

    Raises: IncompleteRead for a body that was cut short. botocore disables urllib3's check for such
    a body. urllib3 makes the check when a read finds no more bytes, so this function reads to the
    end.
    """
    raw.enforce_content_length = True
    body = bytearray()
    while len(body) <= ANSWER_LIMIT_BYTES:
        piece = raw.read(1 << 16)
        if not piece:
            break
        body += piece
    return bytes(body)


def _exception_for_aws_error(service: str, refusal: Refusal) -> SsoHelperError:
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
        return BadAnswer(
            f"{service} answered with a redirect ({status}), which is not followed",
            hint=REDIRECTED,
        )
    text = ": ".join(part for part in (refusal.code, refusal.message) if part)
    if not refusal.code:
        return AwsUnreachable(
            f"{service} cannot be reached: {status} came with text that is not AWS's, "
            "perhaps of a proxy",
            hint=NOT_AWS,
        )
    return BadAnswer(f"{service} refused ({status}) {text}", hint=REFUSED)


def _describe_error(cause: Exception) -> str:
    """Describe an error by its class only, since its message may quote a request."""
    name = type(cause).__name__.removesuffix("Error").removesuffix("Exception")
    # "HTTPClient" becomes "HTTP client".
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)
    return " ".join(word if word.isupper() else word.lower() for word in words) or "unknown"
