"""Exchanges role credentials for another role's (STS AssumeRole). Only the vault calls this.

Source: STS 2011-06-15, in AWS's query protocol: the request is a form, the answer is XML.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from ssohelper.core.chains import AssumeRole
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleCredentials
from ssohelper.core.schema import credential_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    RoleNotAssigned,
    SourceRejected,
    SsoHelperError,
    Throttled,
)
from ssohelper.wire.answers import (
    LATER,
    MESSAGE_LIMIT,
    REFUSED,
    AwsError,
    error_for_success_not_from_aws,
    error_of_answer,
    invalid_answer_error,
    retry_after_seconds,
)
from ssohelper.wire.signature import make_signed_post_headers
from ssohelper.wire.transport import Answer, Transport

_VERSION = "2011-06-15"
_NAMESPACE = f"{{https://sts.amazonaws.com/doc/{_VERSION}/}}"
_READ_TIMEOUT_SECONDS = 10.0
_THROTTLING = (
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
)
# The error codes with which STS refuses the credentials of a request: they are expired, revoked, or
# of another partition.
_SOURCE_REJECTED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId")


class AssumedRole(NamedTuple):
    """The credentials of an assumed role; `answered_at` is AWS's time of the answer, if known."""

    credentials: RoleCredentials
    answered_at: float | None


class Sts:
    """Calls STS at one URL. Several threads may use it."""

    def __init__(self, region: str, service_url: str, environ: Mapping[str, str]) -> None:
        self._region = region
        self._parts = urlsplit(service_url)
        self._service = f"STS in {region}"
        self._transport = Transport(service_url, environ, self._service)

    def assume_role(
        self, asked: AssumeRole, source: RoleCredentials, now: int, deadline: Deadline
    ) -> AssumedRole:
        """Assume the role; return its credentials, and AWS's time in the answer if there is one.

        `now` is the time by AWS's clock. One request: the caller retries.
        Raises: SourceRejected, RoleNotAssigned (AccessDenied, ValidationError), Throttled,
        AwsUnreachable, BadAnswer.
        """
        body = urlencode(_request_form_of(asked)).encode()
        headers = make_signed_post_headers(
            self._parts.netloc,
            self._parts.path,
            body,
            credentials=source,
            region=self._region,
            service="sts",
            now=now,
        )
        path = "" if self._parts.path else "/"
        answer = self._transport.send(
            "POST",
            path,
            headers={**headers, "Accept": "text/xml"},
            body=body,
            read_seconds=_READ_TIMEOUT_SECONDS,
            deadline=deadline,
        )
        if answer.status != 200:
            raise self._exception_for_sts_error(answer, asked)
        return AssumedRole(self._parse_credentials(answer), answer.answered_at)

    def _parse_credentials(self, answer: Answer) -> RoleCredentials:
        root = _parse_xml(answer.body)
        found = None if root is None else root.find(f".//{_NAMESPACE}Credentials")
        if found is None:
            raise error_for_success_not_from_aws(answer, self._service)
        texts = {child.tag.removeprefix(_NAMESPACE): child.text for child in found}
        try:
            return schema.credentials_from_sts(texts)
        except Damaged as damage:
            raise invalid_answer_error(answer, self._service, damage) from damage

    def _exception_for_sts_error(self, answer: Answer, asked: AssumeRole) -> SsoHelperError:
        ours = _sts_error_of(answer)
        if ours is None:
            return error_of_answer(
                answer, self._service, lambda _exception_for_sts_error: None, is_oauth=False
            )
        if ours.name in _THROTTLING or answer.status == 429:
            return Throttled(
                f"{self._service} is throttling ({ours.name})",
                hint=LATER,
                retry_after_seconds=retry_after_seconds(answer.headers),
            )
        if answer.status >= 500:
            return AwsUnreachable(f"{self._service} answered {answer.status}", hint=LATER)
        arn = show(asked.role_arn, 200)
        if ours.name in _SOURCE_REJECTED:
            return SourceRejected(
                f"STS refuses the credentials that would assume {arn} ({ours.name})",
                hint="to get new credentials: ssohelper cache clear, then try again",
            )
        if ours.name in ("AccessDenied", "AccessDeniedException"):
            return RoleNotAssigned(
                f"AWS does not let you assume {arn}: {ours.message}",
                hint="its trust policy must name your role, and your role must allow "
                "sts:AssumeRole; check external_id too",
            )
        if ours.name == "ValidationError":
            return RoleNotAssigned(
                f"STS refuses to assume {arn}: {ours.message}",
                hint="check role_arn, duration_seconds, external_id and role_session_name in "
                "~/.aws/config",
            )
        return BadAnswer(
            f"{self._service} refused ({answer.status}) {ours.name}: {ours.message}", hint=REFUSED
        )


def _request_form_of(asked: AssumeRole) -> dict[str, str]:
    fields = {
        "Action": "AssumeRole",
        "Version": _VERSION,
        "RoleArn": asked.role_arn,
        "RoleSessionName": asked.session_name,
        "ExternalId": asked.external_id,
        "DurationSeconds": asked.duration_seconds and str(asked.duration_seconds),
    }
    return {name: value for name, value in fields.items() if value}


def _sts_error_of(answer: Answer) -> AwsError | None:
    """Return STS's error from the answer's XML; None if another program sent the answer."""
    root = _parse_xml(answer.body)
    code = None if root is None else root.findtext(f"{_NAMESPACE}Error/{_NAMESPACE}Code")
    if root is None or not code:
        return None
    message = root.findtext(f"{_NAMESPACE}Error/{_NAMESPACE}Message") or ""
    return AwsError(show(code, 60), answer.status, show(message, 3 * MESSAGE_LIMIT))


def _parse_xml(body: bytes) -> ElementTree.Element | None:
    # XML with a document type is refused, since it may define entities that grow without limit. STS
    # sends none.
    if b"<!" in body:
        return None
    try:
        return ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        return None
