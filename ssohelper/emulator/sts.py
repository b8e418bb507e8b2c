"""Emulates GetCallerIdentity and AssumeRole of STS, in AWS's query protocol.

The request's signature is verified, so that a client that mixes up two sets of credentials is
refused. Sources: service model STS 2011-06-15, AWS Signature Version 4.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape

from ssohelper.emulator import assume_role
from ssohelper.emulator.assume_role import StsError
from ssohelper.emulator.core import Center, IssuedCredentials
from ssohelper.emulator.exchange import STS_NAMESPACE, Answer, Refusal, Request, sts_refusal
from ssohelper.emulator.organization import unique_id_of_role

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request,"
    r"\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})"
)


class Signature(NamedTuple):
    """The parts of an Authorization header of AWS Signature Version 4."""

    access_key_id: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    value: str


def answer_sts_request(center: Center, request: Request) -> Answer:
    """Answer a signed request. Wire: POST / with `Action=…&Version=2011-06-15`."""
    action = find_sts_action(request)
    if action not in _RESULTS:
        raise _sts_refusal(400, "InvalidAction", f"Could not find operation {action}")
    caller = find_signing_credentials(center, request)
    try:
        result = _RESULTS[action](center, caller, request)
    except StsError as refused:
        raise _sts_refusal(refused.status, refused.code, refused.message) from None
    body = (
        f'<{action}Response xmlns="{STS_NAMESPACE}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Answer(200, (("Content-Type", "text/xml"),), body.encode())


def find_sts_action(request: Request) -> str:
    """Return the operation that the request names, or ""."""
    return {**request.query, **request.form()}.get("Action", "")


def _answer_caller_identity(_center: Center, caller: IssuedCredentials, _request: Request) -> str:
    """Return the account, ARN and user id of the signed request's credentials."""
    user_id = unique_id_of_role(caller.account_id, caller.role_name)
    if caller.is_role_session:
        user_id += f":{escape(caller.arn.rsplit('/', 1)[1])}"
    return (
        f"<Arn>{escape(caller.arn)}</Arn><UserId>{user_id}</UserId>"
        f"<Account>{caller.account_id}</Account>"
    )


_RESULTS: dict[str, Callable[[Center, IssuedCredentials, Request], str]] = {
    "GetCallerIdentity": _answer_caller_identity,
    "AssumeRole": assume_role.answer_assume_role,
}


def find_signing_credentials(center: Center, request: Request) -> IssuedCredentials:
    """Return the issued credentials that signed the request.

    Raises: Refusal (403) with an error of STS: MissingAuthenticationToken, InvalidClientTokenId,
    ExpiredToken or SignatureDoesNotMatch.
    """
    text = request.headers.get("authorization")
    match = _AUTHORIZATION.fullmatch(text.strip()) if text else None
    if match is None:
        raise _sts_refusal(
            403, "MissingAuthenticationToken", "Request is missing Authentication Token"
        )
    key, day, region, service, signed, value = match.groups()
    signature = Signature(key, day, region, service, tuple(signed.split(";")), value)
    issued = center.issued.get(key)
    if issued is None or request.headers.get("x-amz-security-token", "") != issued.session_token:
        message = "The security token included in the request is invalid."
        raise _sts_refusal(403, "InvalidClientTokenId", message)
    if issued.expires_at <= center.now():
        message = "The security token included in the request is expired"
        raise _sts_refusal(403, "ExpiredToken", message)
    if not hmac.compare_digest(
        _compute_signature(request, signature, issued.secret_access_key), value
    ):
        message = "The request signature we calculated does not match the signature you provided."
        raise _sts_refusal(403, "SignatureDoesNotMatch", message)
    return issued


def _compute_signature(request: Request, signature: Signature, secret: str) -> str:
    scope = f"{signature.day}/{signature.region}/{signature.service}/aws4_request"
    canonical = hashlib.sha256(_canonical_request(request, signature).encode()).hexdigest()
    when = request.headers.get("x-amz-date", "")
    to_sign = f"AWS4-HMAC-SHA256\n{when}\n{scope}\n{canonical}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def _canonical_request(request: Request, signature: Signature) -> str:
    pairs = sorted((quote(k, "-_.~"), quote(v, "-_.~")) for k, v in request.query.items())
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signature.headers
    )
    return "\n".join(
        (
            request.method,
            quote(request.path, "/-_.~") or "/",
            "&".join(f"{k}={v}" for k, v in pairs),
            headers,
            ";".join(signature.headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _sts_refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(sts_refusal(status, code, message))
