"""Answers of a proxy, a gateway or a captive portal: none of them takes good credentials away."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.torture.faults import make_old
from tests.torture.ground import Ground, ground, helper, wrong_in
from tests.torture.rows import Dice, Row, first_of

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_JSON = {"Content-Type": "application/json"}
_PASSWORD, _BLOCKED = {"Proxy-Authenticate": "Basic"}, '{"error":"blocked","policy":"cloud"}'
_PORTAL = "<!DOCTYPE html><html><body>Please sign in to this network</body></html>"
# None has the header that names an error of AWS's, or its JSON with a code that AWS has.
KINDS: dict[str, dict[str, Any]] = {
    **{
        f"{status}, an HTML page": {"status": status, "headers": _HTML, "body": _PORTAL}
        for status in (403, 401, 400, 404)
    },
    "407, the proxy wants a password": {"status": 407, "headers": _PASSWORD, "body": ""},
    "403, nothing in it": {"status": 403},
    "401, nothing in it": {"status": 401},
    "403, another program's JSON": {"status": 403, "headers": _JSON, "body": _BLOCKED},
    "401, a gateway's JSON": {
        "status": 401,
        "headers": _JSON,
        "body": '{"message":"Unauthorized"}',
    },
    "451, text": {"status": 451, "headers": {"Content-Type": "text/plain"}, "body": "not allowed"},
    "302 to a captive portal": {"status": 302, "headers": {"Location": "http://192.0.2.1/"}},
    "200, a captive portal's page": {"status": 200, "headers": _HTML, "body": _PORTAL},
}


def proxy_answers(dice: Dice) -> list[Row]:
    """12 kinds of answers that are not AWS's, to the role call and to the token's renewal"""
    kinds = list(KINDS)
    chosen = dice.of("proxy").sample(kinds, dice.count(len(kinds), 4))
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(taken_by, chosen))
    taken = [f"{kind}: {why}" for kind, why in zip(chosen, said, strict=True) if why]
    return [
        Row(
            f"{len(chosen)} kinds of answers of a proxy, to the role call and the token's renewal",
            f"{len(taken)} took good credentials away{first_of(taken)}",
            "0",
            not taken,
        )
    ]


def taken_by(kind: str) -> str | None:
    """Return what this kind of answer took away; None for nothing."""
    with ground(accounts=3) as place:
        place.sign_in()
        first = place.run(*helper())
        if first.code:
            return f"no credentials to begin with: {first.err[-200:]}"
        return _at_the_role_call(place, kind) or _at_the_renewal(place, kind)


def _at_the_role_call(place: Ground, kind: str) -> str | None:
    # In the last 16 min of an hour AWS is asked first.
    make_old(place, left=600, life=3600)
    place.emulator.faults.script("GetRoleCredentials", **KINDS[kind], times=1000)
    before = place.kept().read_bytes(), place.token_file.read_bytes()
    for _ in range(2):
        answer = place.run(*helper())
        if answer.code:
            return f"exit {answer.code} for cached credentials: {answer.err[-200:]}"
    if (place.kept().read_bytes(), place.token_file.read_bytes()) != before:
        return "the cached credentials or the token changed"
    # A role without cached credentials: not "denied", not "signed out".
    refused = place.run(*helper(1))
    if refused.code != 6:
        return f"exit {refused.code} without cached credentials: {refused.err[-200:]}"
    place.emulator.faults.clear()
    return _works(place)


def _at_the_renewal(place: Ground, kind: str) -> str | None:
    token = json.loads(place.token_file.read_text())
    place.token_file.write_text(json.dumps({**token, "expiresAt": "2020-01-01T00:00:00Z"}))
    place.emulator.faults.script("CreateToken.refresh_token", **KINDS[kind], times=1000)
    refused = place.run(*helper(2))
    if refused.code != 6:
        return f"exit {refused.code} for a token that is not renewed: {refused.err[-200:]}"
    if json.loads(place.token_file.read_text())["refreshToken"] != token["refreshToken"]:
        return "the refresh token is gone"
    place.emulator.faults.clear()
    return _works(place)


def _works(place: Ground) -> str | None:
    """Return what is wrong once the proxy is gone."""
    for account in (0, 1):
        answer = place.run(*helper(account))
        if answer.code:
            return f"exit {answer.code} once AWS answers: {answer.err[-200:]}"
        if why := wrong_in(place, answer, helper(account)):
            return why
    return None
