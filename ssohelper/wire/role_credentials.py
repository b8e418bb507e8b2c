"""Gets role credentials from AWS. Only the vault calls this (an import rule checks that)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.model import AccessToken, Role, RoleCredentials
from ssohelper.core.schema import credential_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show
from ssohelper.errors import RoleNotAssigned, SourceRejected, SsoHelperError
from ssohelper.wire.answers import GET_NEW_CREDENTIALS, AwsError, invalid_answer_error

if TYPE_CHECKING:
    from ssohelper.core.chains import AssumeRole
    from ssohelper.core.deadline import Deadline
    from ssohelper.wire.portal import Portal
    from ssohelper.wire.sts import Sts

# STS refuses the credentials that signed the request: they are expired, revoked, or of another
# partition.
_SOURCE_REJECTED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId")


class AssumedRole(NamedTuple):
    """The credentials of an assumed role; `answered_at` is AWS's time of the answer, if known."""

    credentials: RoleCredentials
    answered_at: float | None


def get_role_credentials(
    portal: Portal, token: AccessToken, role: Role, deadline: Deadline
) -> RoleCredentials:
    """Exchange a token for one role's credentials. One request: the caller paces and retries.

    Wire: GET /federation/credentials; `expiration` arrives in milliseconds. Raises: the errors of
    `Portal.send_get_request`.
    """
    return portal.send_get_request(
        "/federation/credentials",
        {"role_name": role.name, "account_id": role.account_id},
        token,
        deadline,
        what=f'the role "{role.name}" in {role.account_id}',
        read=lambda found: schema.credentials_from_portal(found.get("roleCredentials")),
    )


def assume_role(
    sts: Sts, asked: AssumeRole, source: RoleCredentials, now: int, deadline: Deadline
) -> AssumedRole:
    """Assume a role of a chain with these credentials. One request: the caller retries.

    `now` is the time by AWS's clock. Raises: SourceRejected, RoleNotAssigned (AccessDenied,
    ValidationError), Throttled, AwsUnreachable, BadAnswer."""
    form: dict[str, str | None] = {
        "Action": "AssumeRole",
        "RoleArn": asked.role_arn,
        "RoleSessionName": asked.session_name,
        "ExternalId": asked.external_id,
        "DurationSeconds": str(asked.duration_seconds) if asked.duration_seconds else None,
    }
    arn = show(asked.role_arn, 200)

    def meaning(error: AwsError) -> SsoHelperError | None:
        if error.name in _SOURCE_REJECTED:
            return SourceRejected(
                f"STS refuses the credentials that would assume {arn} ({error.name})",
                hint=GET_NEW_CREDENTIALS,
            )
        if error.name in ("AccessDenied", "AccessDeniedException"):
            return RoleNotAssigned(
                f"AWS does not let you assume {arn}: {error.message}",
                hint="its trust policy must name your role, and your role must allow "
                "sts:AssumeRole; check external_id too",
            )
        if error.name == "ValidationError":
            return RoleNotAssigned(
                f"STS refuses to assume {arn}: {error.message}",
                hint="check role_arn, duration_seconds, external_id and role_session_name in "
                "~/.aws/config",
            )
        return None

    answer, texts = sts.ask(form, source, now, deadline, "Credentials", meaning)
    try:
        return AssumedRole(schema.credentials_from_sts(texts), answer.answered_at)
    except Damaged as damage:
        raise invalid_answer_error(answer, sts.service, damage) from damage
