"""Gets role credentials from the portal. Only the vault calls this (an import rule checks that)."""

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import AccessToken, Role, RoleCredentials
from ssohelper.core.schema import credential_records as schema
from ssohelper.wire.portal import Portal


def get_role_credentials(
    portal: Portal, token: AccessToken, role: Role, deadline: Deadline
) -> RoleCredentials:
    """Exchange a token for one role's credentials. One request: the caller paces and retries.
    Wire: GET /federation/credentials; `expiration` arrives in milliseconds.
    Raises: TokenRejected (401), RoleNotAssigned (AWS's own 400, 403, 404), Throttled,
    AwsUnreachable, BadAnswer."""
    return portal.send_get_request(
        "/federation/credentials",
        {"role_name": role.name, "account_id": role.account_id},
        token,
        deadline,
        what=f'the role "{role.name}" in {role.account_id}',
        read=lambda found: schema.credentials_from_portal(found.get("roleCredentials")),
    )
