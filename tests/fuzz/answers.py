"""What is done to AWS's answers: status, headers, bytes, values, delivery."""

import json
import random
import time
from typing import Any

from ssohelper.emulator.faults import Faults
from tests.fuzz import mutations

_SECRET = "CNRY" + "x" * 36


def _good(operation: str) -> Any:
    """Return an answer as AWS gives it, of which the mutations are made."""
    ends_at = int(time.time()) + 3600
    token = {"accessToken": "CNRYat", "expiresIn": 3600, "refreshToken": "CNRYrt", "tokenType": "B"}
    keys: dict[str, Any] = {"accessKeyId": "ASIAFUZZFUZZFUZZFUZZ", "secretAccessKey": _SECRET}
    keys |= {"sessionToken": _SECRET * 10, "expiration": ends_at * 1000}
    accounts = [
        {"accountId": f"{n:012}", "accountName": f"account-{n}", "emailAddress": "a@b.c"}
        for n in range(3)
    ]
    roles = [{"roleName": f"Role{n:02}", "accountId": f"{n:012}"} for n in range(3)]
    return {
        "GetRoleCredentials": {"roleCredentials": keys},
        "ListAccounts": {"accountList": accounts, "nextToken": None},
        "ListAccountRoles": {"roleList": roles, "nextToken": None},
        "RegisterClient": {
            "clientId": "client",
            "clientSecret": _SECRET,
            "clientIdIssuedAt": ends_at - 3600,
            "clientSecretExpiresAt": ends_at,
        },
        "StartDeviceAuthorization": {
            "deviceCode": "CNRYdc",
            "userCode": "ABCD-EFGH",
            "verificationUri": "https://device.sso.us-east-1.amazonaws.com/",
            "verificationUriComplete": "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD",
            "expiresIn": 3,
            "interval": 1,
        },
        "Logout": {},
    }.get(operation, token)


OPERATIONS = (
    "GetRoleCredentials", "GetRoleCredentials", "GetRoleCredentials", "ListAccounts",
    "ListAccounts", "ListAccountRoles", "CreateToken", "CreateToken", "RegisterClient",
    "StartDeviceAuthorization", "Logout", "GetCallerIdentity",
)  # fmt: skip
_REFUSALS = (400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504)
_STATUSES = (*[200] * 4, 201, 204, 301, 307, *_REFUSALS)
_NAMES = (
    "UnauthorizedException", "ForbiddenException", "ResourceNotFoundException", "InvalidGrantException",
    "InvalidClientException", "ExpiredTokenException", "SlowDownException", "InternalServerException",
    "AuthorizationPendingException", "InvalidRequestException", "AccessDeniedException", "Nonsense",
)  # fmt: skip
_HTML = b"<!DOCTYPE html><html><body>sign in to the network</body></html>"
_STS = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::000000000000:assumed-role/"
    b"AWSReservedSSO_Role00_0123456789abcdef/ana</Arn><UserId>AROA:ana</UserId><Account>000000000000"
    b"</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def name_hostile(rng: random.Random, faults: Faults) -> str:
    """Let AWS name accounts with what a terminal acts on; return how."""
    listed = _good("ListAccounts")
    for account in listed["accountList"]:
        account["accountName"] += rng.choice(mutations.CONTROLS)
    faults.script("ListAccounts", 200, [], json.dumps(listed).encode(), times=20)
    return f"accounts named {[account['accountName'] for account in listed['accountList']]}"


def mutate(rng: random.Random, faults: Faults) -> str:
    """Script the next answers of one operation; return which, and how."""
    operation = rng.choice(OPERATIONS)
    times = rng.choice((1, 1, 1, 3, 20))
    if rng.random() < 0.12:
        kinds = {"reset": True}, {"close_after": rng.randrange(40)}, {"delay_seconds": 0.3}
        delivery: dict[str, Any] = rng.choice(kinds)
        faults.script(operation, times=times, **delivery)
        return f"{operation}: {delivery} x{times}"
    status = rng.choice(_STATUSES)
    body = _STS if operation == "GetCallerIdentity" else json.dumps(_good(operation)).encode()
    if status >= 400 and rng.random() < 0.7:
        error = {"__type": rng.choice(_NAMES), "error": "invalid_grant", "message": "no"}
        body = json.dumps(error).encode()
    if rng.random() < 0.1:
        body = _HTML
    if rng.random() < 0.9:
        body = rng.choice(mutations.CONTENT)(rng, body)
    headers = [("Content-Type", rng.choice(("application/json", "text/html", "x", "")))]
    if rng.random() < 0.3:
        headers.append(("x-amzn-ErrorType", rng.choice((*_NAMES, "\x9b", "a:b:c", "A" * 5000))))
    if rng.random() < 0.2:
        headers.append(("Retry-After", rng.choice(("0", "1", "86400", "-1", "soon", "9" * 50))))
    if rng.random() < 0.2:
        dates = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "x", ""
        headers.append(("Date", rng.choice(dates)))
    faults.script(operation, status, headers, body, times=times)
    return f"{operation}: {status} {headers[1:]} {body[:300]!r} x{times}"
