"""Emulates the portal API: ListAccounts, ListAccountRoles, GetRoleCredentials and Logout.

Source: service model sso 2019-06-10. The real service also sends status 403 with "No access", which
the service model lacks.
"""

from typing import Any

from ssohelper.emulator.core import Center
from ssohelper.emulator.exchange import Answer, Request, json_answer, portal_error

# A client that does not encode this token in a URL loses it.
_PAGE_TOKEN = "emulator/page+&="  # noqa: S105
TOKEN_HEADER = "x-amz-sso_bearer_token"  # noqa: S105 (a header's name)


def list_accounts(center: Center, request: Request) -> Answer:
    """Answer ListAccounts. Wire: GET /assignment/accounts?max_result=&next_token="""
    sign_in = center.find_sign_in(request.headers.get(TOKEN_HEADER))
    accounts = sign_in.world.accounts
    ids = list(sign_in.world.roles_of(sign_in.person))
    page, after = _get_page_of_items(center, request, ids)
    names, emails = center.faults.account_names, center.faults.emails
    rows: list[dict[str, Any]] = [
        {
            "accountId": i,
            "accountName": names.get(i, accounts[i].name),
            "emailAddress": emails.get(i, accounts[i].email),
        }
        for i in page
    ]
    shown = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return json_answer({"nextToken": after, "accountList": shown})


def list_account_roles(center: Center, request: Request) -> Answer:
    """Answer ListAccountRoles. Wire: GET /assignment/roles?account_id=&max_result=&next_token="""
    sign_in = center.find_sign_in(request.headers.get(TOKEN_HEADER))
    account_id = _get_required_parameter(request, "account_id")
    roles = sign_in.world.roles_of(sign_in.person).get(account_id)
    if roles is None:
        raise portal_error("ForbiddenException", "No access")
    page, after = _get_page_of_items(center, request, list(roles))
    names = center.faults.role_names
    rows = [{"roleName": names.get(role, role), "accountId": account_id} for role in page]
    return json_answer({"nextToken": after, "roleList": rows})


def get_role_credentials(center: Center, request: Request) -> Answer:
    """Answer GetRoleCredentials. `expiration` is in milliseconds."""
    sign_in = center.find_sign_in(request.headers.get(TOKEN_HEADER))
    account_id = _get_required_parameter(request, "account_id")
    role = _get_required_parameter(request, "role_name")
    world, knobs = sign_in.world, center.faults
    # `role_names` of the fault settings changes names in the list of roles. Clients send a changed
    # name.
    real = next((true for true, shown in knobs.role_names.items() if shown == role), role)
    if real not in world.roles_of(sign_in.person).get(account_id, ()):
        raise portal_error("ForbiddenException", "No access")
    seconds = knobs.role_credentials_seconds
    if seconds is None:
        seconds = world.permission_sets[real].session_seconds
    arn = world.session_arn(account_id, real, sign_in.person)
    issued = center.issue_credentials(sign_in.person, account_id, real, arn, seconds)
    answer = {
        "accessKeyId": issued.access_key_id,
        "secretAccessKey": issued.secret_access_key,
        "sessionToken": issued.session_token,
        # AWS sends a whole number of seconds, expressed in milliseconds.
        "expiration": int(issued.expires_at) * 1000,
    }
    return json_answer({"roleCredentials": answer})


def log_out(center: Center, request: Request) -> Answer:
    """End the sign-in. Role credentials stay valid until they expire."""
    center.find_sign_in(request.headers.get(TOKEN_HEADER)).revoked = True
    return Answer(200, (), b"")


def _get_required_parameter(request: Request, name: str) -> str:
    value = request.query.get(name)
    if not value:
        raise portal_error("InvalidRequestException", f"{name} is required")
    return value


def _get_page_of_items(
    center: Center, request: Request, items: list[str]
) -> tuple[list[str], str | None]:
    size = center.faults.page_size
    asked = request.query.get("max_result")
    if asked is not None:
        if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= 100:
            raise portal_error("InvalidRequestException", "max_result must be from 1 to 100")
        size = min(size, int(asked))
    token = request.query.get("next_token")
    try:
        start = int(token.removeprefix(_PAGE_TOKEN)) if token else 0
    except ValueError as exc:
        raise portal_error("InvalidRequestException", "Invalid next_token") from exc
    end = start + size
    if center.faults.repeat_next_token:
        return items[start:end], token or f"{_PAGE_TOKEN}{min(size, len(items))}"
    return items[start:end], f"{_PAGE_TOKEN}{end}" if end < len(items) else None
