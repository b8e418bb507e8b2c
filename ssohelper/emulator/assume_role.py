"""Emulates AssumeRole of STS: IAM roles with trust policies, external ids, session tags and MFA.

Sources: service model STS 2011-06-15; IAM user guide, "Methods to assume a role" (role chaining is
limited to one hour) and "Pass session tags in AWS STS".
"""

import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple
from xml.sax.saxutils import escape

from ssohelper.emulator.core import Center, IssuedCredentials
from ssohelper.emulator.exchange import Request
from ssohelper.emulator.organization import IamRole, unique_id_of_role

# The code that every MFA device of the emulator shows.
MFA_CODE = "246810"
_CHAINED_MOST_SECONDS = 3600
_LEAST_SECONDS = 900
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_TAG = re.compile(r"Tags\.member\.(\d+)\.(Key|Value)")
_TRANSITIVE = re.compile(r"TransitiveTagKeys\.member\.\d+")
_MOST_TAGS = 50


class Asked(NamedTuple):
    """The parameters of one AssumeRole request."""

    role_arn: str
    session_name: str
    seconds: int | None
    external_id: str | None
    tags: dict[str, str]
    transitive: tuple[str, ...]
    mfa: tuple[str, str] | None


class StsError(Exception):
    """Raised to answer an AssumeRole request with this error of STS."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def answer_assume_role(center: Center, caller: IssuedCredentials, request: Request) -> str:
    """Issue credentials of an IAM role; return the content of AssumeRoleResult.

    Wire: POST / with `Action=AssumeRole&RoleArn=…&RoleSessionName=…`.
    Raises: StsError: ValidationError (400) or AccessDenied (403).
    """
    asked = _parse_parameters({**request.query, **request.form()})
    role = _find_trusting_role(center, caller, asked)
    tags = {**dict(caller.transitive_tags), **asked.tags}
    if set(asked.tags) & {key for key, _ in caller.transitive_tags}:
        raise _make_validation_error(
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
    expires = datetime.fromtimestamp(int(issued.expires_at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    role_id = unique_id_of_role(role.account_id, role.name)
    return (
        f"<AssumedRoleUser><AssumedRoleId>{role_id}:{escape(asked.session_name)}</AssumedRoleId>"
        f"<Arn>{escape(issued.arn)}</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{issued.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{escape(issued.secret_access_key)}</SecretAccessKey>"
        f"<SessionToken>{escape(issued.session_token)}</SessionToken>"
        f"<Expiration>{expires}</Expiration></Credentials>"
    )


def _parse_parameters(fields: dict[str, str]) -> Asked:
    session_name = fields.get("RoleSessionName", "")
    if not _SESSION_NAME.fullmatch(session_name):
        raise _make_validation_error(
            f"Value '{session_name}' at 'roleSessionName' failed to satisfy constraint"
        )
    if "RoleArn" not in fields:
        raise _make_validation_error(
            "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
        )
    external_id = fields.get("ExternalId")
    if external_id is not None and not _EXTERNAL_ID.fullmatch(external_id):
        raise _make_validation_error("Value at 'externalId' failed to satisfy constraint")
    seconds = fields.get("DurationSeconds")
    if seconds is not None and not seconds.isdigit():
        raise _make_validation_error("Value at 'durationSeconds' failed to satisfy constraint")
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
        raise _make_validation_error("Duplicate, missing or too many tag keys")
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
        raise StsError(
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
        raise _make_validation_error(
            f"Value '{asked}' at 'durationSeconds' failed to satisfy constraint: Member must have "
            f"value greater than or equal to {_LEAST_SECONDS}"
        )
    if asked is not None and caller.is_role_session and asked > _CHAINED_MOST_SECONDS:
        raise _make_validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    if asked is not None and asked > role.most_seconds:
        raise _make_validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    usual = center.faults.assumed_role_seconds
    return usual if asked is None else asked


def _make_validation_error(message: str) -> StsError:
    return StsError(400, "ValidationError", message)
