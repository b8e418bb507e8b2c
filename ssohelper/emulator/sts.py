"""Emulates GetCallerIdentity and AssumeRole of STS, in AWS's query protocol.

Each request's signature is verified. Sources: service model STS 2011-06-15, AWS Signature Version
4; IAM user guide, "Methods to assume a role" and "Pass session tags in AWS STS".
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import NamedTuple
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
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_TAG = re.compile(r"Tags\.member\.(\d+)\.(Key|Value)")
_TRANSITIVE = re.compile(r"TransitiveTagKeys\.member\.\d+")
_MOST_TAGS = 50


def answer_sts_request(center: Center, request: Request) -> Answer:
    """Answer a signed request. Wire: POST / with `Action=…&Version=2011-06-15`."""
    action = find_sts_action(request)
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


def find_sts_action(request: Request) -> str:
    return request.fields().get("Action", "")


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


class Asked(NamedTuple):
    """The parameters of one AssumeRole request."""

    role_arn: str
    session_name: str
    seconds: int | None
    external_id: str | None
    tags: dict[str, str]
    transitive: tuple[str, ...]
    mfa: tuple[str, str] | None


def _answer_assume_role(center: Center, caller: IssuedCredentials, request: Request) -> str:
    """Issue credentials of an IAM role; return the content of AssumeRoleResult.

    Wire: POST / with `Action=AssumeRole&RoleArn=…&RoleSessionName=…`.
    """
    asked = _parse_parameters(request.fields())
    role = _find_trusting_role(center, caller, asked)
    tags = {**dict(caller.transitive_tags), **asked.tags}
    if set(asked.tags) & {key for key, _ in caller.transitive_tags}:
        raise _validation_error(
            "One of the specified transitive tag keys can't be set because it conflicts"
        )
    seconds = _check_session_duration(center, caller, role, asked.seconds)
    kept = {key for key, _ in caller.transitive_tags} | set(asked.transitive)
    issued = center.issue_credentials(
        caller.person,
        role.account_id,
        role.name,
        f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{asked.session_name}",
        seconds,
        tags=tuple(sorted(tags.items())),
        transitive_tags=tuple(sorted((key, tags[key]) for key in kept if key in tags)),
    )
    role_id = unique_id_of_role(role.account_id, role.name)
    return (
        f"<AssumedRoleUser><AssumedRoleId>{role_id}:{escape(asked.session_name)}</AssumedRoleId>"
        f"<Arn>{escape(issued.arn)}</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{issued.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{escape(issued.secret_access_key)}</SecretAccessKey>"
        f"<SessionToken>{escape(issued.session_token)}</SessionToken>"
        f"<Expiration>{iso_time(issued.expires_at)}</Expiration></Credentials>"
    )


def _parse_parameters(fields: dict[str, str]) -> Asked:
    session_name = fields.get("RoleSessionName", "")
    if not _SESSION_NAME.fullmatch(session_name):
        raise _validation_error(
            f"Value '{session_name}' at 'roleSessionName' failed to satisfy constraint"
        )
    if "RoleArn" not in fields:
        raise _validation_error(
            "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
        )
    external_id = fields.get("ExternalId")
    if external_id is not None and not _EXTERNAL_ID.fullmatch(external_id):
        raise _validation_error("Value at 'externalId' failed to satisfy constraint")
    seconds = fields.get("DurationSeconds")
    if seconds is not None and not seconds.isdigit():
        raise _validation_error("Value at 'durationSeconds' failed to satisfy constraint")
    serial, code = fields.get("SerialNumber"), fields.get("TokenCode")
    return Asked(
        fields["RoleArn"],
        session_name,
        None if seconds is None else int(seconds),
        external_id,
        _parse_tags(fields),
        tuple(value for name, value in fields.items() if _TRANSITIVE.fullmatch(name)),
        (serial, code) if serial and code else None,
    )


def _parse_tags(fields: dict[str, str]) -> dict[str, str]:
    parts: dict[str, dict[str, str]] = {}
    for name, value in fields.items():
        found = _TAG.fullmatch(name)
        if found:
            parts.setdefault(found.group(1), {})[found.group(2)] = value
    tags = {part["Key"]: part.get("Value", "") for part in parts.values() if part.get("Key")}
    if len(tags) != len(parts) or len(tags) > _MOST_TAGS:
        raise _validation_error("Duplicate, missing or too many tag keys")
    return tags


def _find_trusting_role(center: Center, caller: IssuedCredentials, asked: Asked) -> IamRole:
    role = next(
        (r for w in center.worlds for r in w.iam_roles.values() if r.arn == asked.role_arn), None
    )
    is_trusted = (
        role is not None
        and any(_names_caller(pattern, caller) for pattern in role.trusts)
        and role.external_id in (None, asked.external_id)
        and (not asked.tags or role.allows_tags)
        and (not role.needs_mfa or _has_valid_mfa_code(caller, asked))
    )
    if role is None or not is_trusted:
        # As at AWS, the message is the same for a role that does not exist and for a role that does
        # not trust the caller.
        raise sts_error(
            403,
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: "
            f"{asked.role_arn}",
        )
    return role


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


def _has_valid_mfa_code(caller: IssuedCredentials, asked: Asked) -> bool:
    # Only IAM users have MFA devices. A role session has none, whatever device its request names.
    return not caller.is_role_session and asked.mfa is not None and asked.mfa[1] == MFA_CODE


def _check_session_duration(
    center: Center, caller: IssuedCredentials, role: IamRole, asked: int | None
) -> float:
    if asked is not None and asked < _LEAST_SECONDS:
        raise _validation_error(
            f"Value '{asked}' at 'durationSeconds' failed to satisfy constraint: Member must have "
            f"value greater than or equal to {_LEAST_SECONDS}"
        )
    if asked is not None and caller.is_role_session and asked > _CHAINED_MOST_SECONDS:
        raise _validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    if asked is not None and asked > role.most_seconds:
        raise _validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    usual = center.faults.assumed_role_seconds
    return usual if asked is None else asked


def _validation_error(message: str) -> Refusal:
    return sts_error(400, "ValidationError", message)


_RESULTS: dict[str, Callable[[Center, IssuedCredentials, Request], str]] = {
    "GetCallerIdentity": _answer_caller_identity,
    "AssumeRole": _answer_assume_role,
}
