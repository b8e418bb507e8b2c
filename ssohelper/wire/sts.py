"""Sends signed requests to STS, and asks it whose credentials these are.

Source: STS 2011-06-15, in AWS's query protocol: the request is a form, the answer is XML. botocore
could send it, but costs 0.3 s of CPU for its import and takes endpoint rules from the user's folder.
"""

import hmac
import re
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import ACCOUNT_ID, Role, RoleCredentials
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show
from ssohelper.errors import RoleNotAssigned, SsoHelperError
from ssohelper.wire.answers import (
    GET_NEW_CREDENTIALS,
    MESSAGE_LIMIT,
    AwsError,
    Meaning,
    aws_error_of,
    error_of_answer,
    invalid_answer_error,
)
from ssohelper.wire.transport import Answer, Transport, call_with_retries

_VERSION = "2011-06-15"
_NAMESPACE = f"{{https://sts.amazonaws.com/doc/{_VERSION}/}}"
_READ_TIMEOUT_SECONDS = 10.0
_IDENTITY_SECONDS = 12.0
# A role session's ARN ends with ROLE/SESSION; other identities are an IAM user, a federated user
# and the root user.
_ARN = re.compile(r"arn:aws[a-z-]*:(sts|iam)::([0-9]{12}):([A-Za-z0-9_+=,.@/-]{1,700})")
_ROLE_SESSION = re.compile(r"assumed-role/[A-Za-z0-9_+=,.@-]{1,64}/[A-Za-z0-9_+=,.@-]{2,64}")
_USER_ID = re.compile(r"[A-Za-z0-9_+=,.@:-]{1,193}")


class Identity(NamedTuple):
    arn: str
    account_id: str

    @property
    def role_session_name(self) -> str:
        """The name of the role session. Identity Center takes it from the user name."""
        return self.arn.rsplit("/", 1)[1]

    def is_role(self, role: Role, assumed: Role | None = None) -> bool:
        """Return whether this is the IAM role of a permission set, or the `assumed` role."""
        if assumed is not None:
            arn_begin = f":sts::{assumed.account_id}:assumed-role/{assumed.name}/"
            return self.account_id == assumed.account_id and arn_begin in self.arn
        # The role of a permission set is named AWSReservedSSO_<permission set>_<16 hex digits>.
        return self.account_id == role.account_id and f"_{role.name}_" in self.arn


class Sts:
    """Calls STS at one URL. Several threads may use it."""

    def __init__(self, region: str, service_url: str, environ: Mapping[str, str]) -> None:
        self._region = region
        self._parts = urlsplit(service_url)
        self.service = f"STS in {region}"
        self._transport = Transport(service_url, environ, self.service)

    def ask(
        self,
        form: Mapping[str, str | None],
        credentials: RoleCredentials,
        now: int,
        deadline: Deadline,
        element: str,
        meaning: Meaning,
    ) -> tuple[Answer, dict[str, str | None]]:
        """Send one signed request; return the answer, and the texts in this element of its XML.

        Raises: what `meaning` says of an error of STS, Throttled, AwsUnreachable, BadAnswer.
        """
        filled = {"Version": _VERSION} | {name: value for name, value in form.items() if value}
        body = urlencode(filled).encode()
        headers = make_signed_post_headers(
            self._parts.netloc,
            self._parts.path,
            body,
            credentials=credentials,
            region=self._region,
            now=now,
        )
        answer = self._transport.send(
            "POST",
            "" if self._parts.path else "/",
            headers={**headers, "Accept": "text/xml"},
            body=body,
            read_seconds=_READ_TIMEOUT_SECONDS,
            deadline=deadline,
        )
        if answer.status != 200:
            ours = _sts_error_of(answer)
            if ours is None:
                ours, meaning = aws_error_of(answer, is_oauth=False), lambda _error: None
            raise error_of_answer(answer, self.service, meaning, ours)
        root = _parse_xml(answer.body)
        found = None if root is None else root.find(f".//{_NAMESPACE}{element}")
        if found is None:
            raise invalid_answer_error(answer, self.service)
        return answer, {child.tag.removeprefix(_NAMESPACE): child.text for child in found}

    def get_caller_identity(
        self, credentials: RoleCredentials, clock: Callable[[], int], *, any_caller: bool = False
    ) -> Identity:
        """Return the identity of these credentials: a role session, or anyone with `any_caller`.

        `clock` is AWS's. Raises: RoleNotAssigned (STS refuses the credentials), AwsUnreachable,
        BadAnswer.
        """
        answer, texts = call_with_retries(
            lambda deadline: self.ask(
                {"Action": "GetCallerIdentity"},
                credentials,
                clock(),
                deadline,
                "GetCallerIdentityResult",
                _refusal_of_credentials,
            ),
            _IDENTITY_SECONDS,
            is_repeatable=True,
        )
        account_id = texts.get("Account") or ""
        arn = _ARN.fullmatch(texts.get("Arn") or "")
        damaged = (
            ("Account", ACCOUNT_ID.fullmatch(account_id)),
            ("Arn", arn and arn[2] == account_id),
            ("Arn", arn and (any_caller or (arn[1] == "sts" and _ROLE_SESSION.fullmatch(arn[3])))),
            ("UserId", _USER_ID.fullmatch(texts.get("UserId") or "")),
        )
        for field, is_good in damaged:
            if not is_good:
                raise invalid_answer_error(answer, self.service, Damaged(field))
        return Identity(texts["Arn"] or "", account_id)


def _refusal_of_credentials(error: AwsError) -> SsoHelperError | None:
    if error.status in (401, 403):
        return RoleNotAssigned(
            f"STS refuses these credentials ({error.name})", hint=GET_NEW_CREDENTIALS
        )
    return None


def make_signed_post_headers(
    host: str,
    path: str,
    body: bytes,
    *,
    credentials: RoleCredentials,
    region: str,
    now: int,
) -> dict[str, str]:
    """Return the headers of a POST to https://HOST/PATH, signed with AWS Signature Version 4.

    The signature covers the header Host too, which the caller must send. `now` is the time by AWS's
    clock (epoch seconds): AWS refuses a signature that is off by 5 min. Source: "AWS Signature
    Version 4 for API requests" (IAM user guide); a test compares with botocore's signature.
    """
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    signed = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": host,
        "x-amz-date": at,
    }
    # Only role credentials have a session token; an access key of an IAM user has none.
    if credentials.session_token.reveal():
        signed["x-amz-security-token"] = credentials.session_token.reveal()
    names = ";".join(signed)
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    request = f"POST\n{path or '/'}\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{at[:8]}/{region}/sts/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_access_key.reveal()}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    del signed["host"]
    return {
        **signed,
        "authorization": f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
    }


def _sts_error_of(answer: Answer) -> AwsError | None:
    """Return STS's error; None if another program sent the answer."""
    root = _parse_xml(answer.body)
    code = None if root is None else root.findtext(f"{_NAMESPACE}Error/{_NAMESPACE}Code")
    if root is None or not code:
        return None
    message = root.findtext(f"{_NAMESPACE}Error/{_NAMESPACE}Message") or ""
    return AwsError(show(code, 60), answer.status, show(message, 3 * MESSAGE_LIMIT))


def _parse_xml(body: bytes) -> ElementTree.Element | None:
    # A document type, which STS does not send, may define entities that grow without limit.
    if b"<!" in body:
        return None
    try:
        return ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        return None
