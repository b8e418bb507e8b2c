"""Emulates GetCallerIdentity and AssumeRole of STS, in AWS's query protocol.

Each request's signature is verified. Sources: service model STS 2011-06-15, AWS Signature Version
4; IAM user guide, "Methods to assume a role". Session tags are not emulated.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable
from fnmatch import fnmatchcase
from urllib.parse import quote
from xml.sax.saxutils import escape

from ssohelper.emulator.core import Center, IssuedCredentials
from ssohelper.emulator.exchange import STS_NAMESPACE, Answer, Refusal, Request, iso_time, sts_error
from ssohelper.emulator.organization import IamRole, unique_id_of_role

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8}/[\w-]+/[\w-]+/aws4_request),"
    r"\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})"
)
# The code that every MFA device of the emulator shows.
MFA_CODE = "246810"
_CHAINED_MOST_SECONDS = 3600
_LEAST_SECONDS = 900
_REQUIRED = ("RoleArn", "RoleSessionName")
_CONSTRAINTS = {
    "RoleSessionName": re.compile(r"[\w+=,.@-]{2,64}", re.ASCII),
    "RoleArn": re.compile(r".+"),
    "ExternalId": re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII),
    "DurationSeconds": re.compile(r"[0-9]+"),
}


def answer_sts_request(center: Center, request: Request) -> Answer:
    action = request.fields().get("Action", "")
    if action not in _RESULTS:
        raise sts_error(400, "InvalidAction", f"Could not find operation {action}")
    caller = _find_signing_credentials(center, request)
    result = _RESULTS[action](center, caller, request)
    body = (
        f'<{action}Response xmlns="{STS_NAMESPACE}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Answer(200, (("Content-Type", "text/xml"),), body.encode())


def _answer_caller_identity(_center: Center, caller: IssuedCredentials, _request: Request) -> str:
    user_id = unique_id_of_role(caller.account_id, caller.role_name)
    if caller.is_role_session:
        user_id += f":{escape(caller.arn.rsplit('/', 1)[1])}"
    return (
        f"<Arn>{escape(caller.arn)}</Arn><UserId>{user_id}</UserId>"
        f"<Account>{caller.account_id}</Account>"
    )


def _find_signing_credentials(center: Center, request: Request) -> IssuedCredentials:
    text = request.headers.get("authorization")
    match = _AUTHORIZATION.fullmatch(text.strip()) if text else None
    if match is None:
        raise sts_error(
            403, "MissingAuthenticationToken", "Request is missing Authentication Token"
        )
    issued = center.issued.get(match[1])
    if issued is None or request.headers.get("x-amz-security-token", "") != issued.session_token:
        message = "The security token included in the request is invalid."
        raise sts_error(403, "InvalidClientTokenId", message)
    if issued.expires_at <= center.now():
        message = "The security token included in the request is expired"
        raise sts_error(403, "ExpiredToken", message)
    computed = _compute_signature(request, match[2], match[3], issued.secret_access_key)
    if not hmac.compare_digest(computed, match[4]):
        message = "The request signature we calculated does not match the signature you provided."
        raise sts_error(403, "SignatureDoesNotMatch", message)
    return issued


def _compute_signature(request: Request, scope: str, signed: str, secret: str) -> str:
    pairs = sorted((quote(k, "-_.~"), quote(v, "-_.~")) for k, v in request.query.items())
    values = {name: request.headers.get(name, "") for name in signed.split(";")}
    canonical = "\n".join(
        (
            request.method,
            quote(request.path, "/-_.~") or "/",
            "&".join(f"{k}={v}" for k, v in pairs),
            "".join(f"{name}:{' '.join(value.split())}\n" for name, value in values.items()),
            signed,
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    when = request.headers.get("x-amz-date", "")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{when}\n{scope}\n{digest}"
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _answer_assume_role(center: Center, caller: IssuedCredentials, request: Request) -> str:
    """Issue credentials of an IAM role; return the content of AssumeRoleResult.

    Wire: POST / with `Action=AssumeRole&RoleArn=…&RoleSessionName=…`.
    """
    fields = request.fields()
    for name, pattern in _CONSTRAINTS.items():
        is_left_out = name not in fields and name not in _REQUIRED
        if not is_left_out and not pattern.fullmatch(fields.get(name, "")):
            shown = f"{name[0].lower()}{name[1:]}"
            raise _validation_error(
                f"Value '{fields.get(name)}' at '{shown}' failed to satisfy constraint"
            )
    role = _find_trusting_role(center, caller, fields)
    session_name = fields["RoleSessionName"]
    issued = center.issue_credentials(
        caller.person,
        role.account_id,
        role.name,
        f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        _choose_session_seconds(center, caller, role, fields.get("DurationSeconds")),
    )
    role_id = unique_id_of_role(role.account_id, role.name)
    return (
        f"<AssumedRoleUser><AssumedRoleId>{role_id}:{escape(session_name)}</AssumedRoleId>"
        f"<Arn>{escape(issued.arn)}</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{issued.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{escape(issued.secret_access_key)}</SecretAccessKey>"
        f"<SessionToken>{escape(issued.session_token)}</SessionToken>"
        f"<Expiration>{iso_time(issued.expires_at)}</Expiration></Credentials>"
    )


def _find_trusting_role(
    center: Center, caller: IssuedCredentials, fields: dict[str, str]
) -> IamRole:
    # Only IAM users have MFA devices. A role session has none, whatever device its request names.
    has_mfa = not caller.is_role_session and "SerialNumber" in fields
    for role in (r for w in center.worlds for r in w.iam_roles.values()):
        if (
            role.arn == fields["RoleArn"]
            and any(_names_caller(pattern, caller) for pattern in role.trusts)
            and role.external_id in (None, fields.get("ExternalId"))
            and (not role.needs_mfa or (has_mfa and fields.get("TokenCode") == MFA_CODE))
        ):
            return role
    # As at AWS, the message is the same for a role that does not exist and for a role that does
    # not trust the caller.
    raise sts_error(
        403,
        "AccessDenied",
        f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: "
        f"{fields['RoleArn']}",
    )


def _names_caller(pattern: str, caller: IssuedCredentials) -> bool:
    """Return whether the trust policy's principal is the caller: an account, a role or a session.

    The ARN of a permission set's role is compared without its path.
    """
    account = caller.account_id
    if pattern in (account, f"arn:aws:iam::{account}:root"):
        return True
    plain = re.sub(r":role/(.+/)?", ":role/", pattern)
    own = [caller.arn]
    if caller.is_role_session:
        own.append(f"arn:aws:iam::{account}:role/{caller.arn.split('/')[1]}")
    return any(fnmatchcase(arn, plain) for arn in own)


def _choose_session_seconds(
    center: Center, caller: IssuedCredentials, role: IamRole, asked: str | None
) -> float:
    if asked is None:
        return center.faults.assumed_role_seconds
    seconds = int(asked)
    if seconds < _LEAST_SECONDS:
        raise _validation_error(
            f"Value '{asked}' at 'durationSeconds' failed to satisfy constraint: Member must have "
            f"value greater than or equal to {_LEAST_SECONDS}"
        )
    if caller.is_role_session and seconds > _CHAINED_MOST_SECONDS:
        raise _validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    if seconds > role.most_seconds:
        raise _validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def _validation_error(message: str) -> Refusal:
    return sts_error(400, "ValidationError", message)


_RESULTS: dict[str, Callable[[Center, IssuedCredentials, Request], str]] = {
    "GetCallerIdentity": _answer_caller_identity,
    "AssumeRole": _answer_assume_role,
}
