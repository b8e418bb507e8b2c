"""/_ctl/…: the knobs for other processes, as JSON. A web page cannot reach it.

GET  /_ctl/counters                          POST /_ctl/reset
GET  /_ctl/faults   POST /_ctl/faults        GET  /_ctl/world   POST /_ctl/world
POST /_ctl/approve  POST /_ctl/token         POST /_ctl/revoke  GET  /_ctl/identity?access_key_id=
"""

import base64
from collections.abc import Callable
from typing import Any

from ssohelper.emulator.exchange import Answer, Refusal, Request, json_answer
from ssohelper.emulator.organization import World, WorldError
from ssohelper.emulator.service import Service
from ssohelper.emulator.world_file import to_file

_PREFIX = "/_ctl/"
# What POST /_ctl/world may do; each takes its method's arguments by name.
WORLD_ACTIONS = (
    "add_ou",
    "add_account",
    "remove_account",
    "rename_account",
    "move_account",
    "add_group",
    "add_person",
    "add_to_group",
    "add_permission_set",
    "remove_permission_set",
    "assign",
    "unassign",
)


def answered(service: Service, request: Request) -> Answer:
    """Answer a control request by its knob, every other one as the service does.

    A knob says 200, 400 with what is wrong, 403 to a page, 404.
    """
    if not request.path.startswith(_PREFIX):
        return service.handle(request)
    if _from_a_page(request):
        return json_answer({"error": "the control interface answers no web page"}, 403)
    run = _ACTIONS.get((request.method, request.path))
    if run is None:
        return json_answer({"error": "no such control"}, 404)
    is_json = request.headers.get("content-type", "").split(";")[0] == "application/json"
    if request.method == "POST" and request.body and not is_json:
        return json_answer({"error": "Content-Type must be application/json"}, 415)
    try:
        asked = {} if request.method == "GET" else request.json_object()
        return json_answer(run(service, asked, request.query))
    except Refusal:
        return json_answer({"error": "the body must be a JSON object"}, 400)
    except (ValueError, TypeError, KeyError) as exc:
        return json_answer({"error": str(exc)}, 400)


def _from_a_page(request: Request) -> bool:
    # Programs send neither header; every browser sends at least one from a foreign page.
    site = request.headers.get("sec-fetch-site", "none")
    return "origin" in request.headers or site != "none"


def _counters(service: Service, _asked: dict[str, Any], _query: dict[str, str]) -> Any:
    return service.tally.summary()


def _reset(service: Service, _asked: dict[str, Any], _query: dict[str, str]) -> Any:
    service.tally.reset()
    return {}


def _faults(service: Service, _asked: dict[str, Any], _query: dict[str, str]) -> Any:
    return {**service.faults.knobs(), "auto_approve": service.center.auto_approve}


def _set_faults(service: Service, asked: dict[str, Any], _query: dict[str, str]) -> Any:
    """`clear`, `auto_approve`, `forget_clients`, `scripts`, `fail`, `before`; the rest are knobs."""
    asked = dict(asked)
    if asked.pop("clear", False):
        service.faults.clear()
    if "auto_approve" in asked:
        service.center.auto_approve = asked.pop("auto_approve")
    if asked.pop("forget_clients", False):
        service.forget_clients()
    scripts, failures = asked.pop("scripts", []), asked.pop("fail", [])
    callbacks = asked.pop("before", [])
    service.faults.set(**asked)
    for script in scripts:
        if "body_base64" in script:
            script["body"] = base64.b64decode(script.pop("body_base64"))
        service.faults.script(**script)
    for failure in failures:
        service.faults.fail(**failure)
    for callback in callbacks:
        service.faults.before(
            callback["operation"], _callback(service, callback), callback.get("call", 1)
        )
    return _faults(service, {}, {})


def _callback(service: Service, asked: dict[str, Any]) -> Callable[[], object]:
    def run() -> None:
        for action in asked.get("world", []):
            change_world(service.center.world, action)
        if "revoke" in asked:
            service.revoke_session(asked["revoke"])

    return run


def change_world(world: World, action: dict[str, Any]) -> None:
    """Do one thing to the world: `{"do": "assign", "principal": …, …}`."""
    arguments = dict(action)
    name = arguments.pop("do", None)
    if name not in WORLD_ACTIONS:
        raise WorldError(f"no action {name!r}; there are: {', '.join(WORLD_ACTIONS)}")
    getattr(world, name)(**arguments)


def _world(service: Service, _asked: dict[str, Any], _query: dict[str, str]) -> Any:
    return to_file(service.center.world)


def _change_world(service: Service, asked: dict[str, Any], _query: dict[str, str]) -> Any:
    """One action, or `{"actions": [...]}`."""
    for action in asked.get("actions", [asked]):
        change_world(service.center.world, action)
    return {}


def _approve(service: Service, asked: dict[str, Any], _query: dict[str, str]) -> Any:
    service.approve_device(asked["user_code"], asked["person"], bool(asked.get("deny")))
    return {}


def _token(service: Service, asked: dict[str, Any], _query: dict[str, str]) -> Any:
    if "scopes" in asked:
        asked["scopes"] = tuple(asked["scopes"])
    return service.token_for(**asked)


def _revoke(service: Service, asked: dict[str, Any], _query: dict[str, str]) -> Any:
    return {"ended": service.revoke_session(asked.get("person"))}


def _identity(service: Service, _asked: dict[str, Any], query: dict[str, str]) -> Any:
    found = service.identity_of(query.get("access_key_id", ""))
    if found is None:
        raise WorldError("no such access key id")
    shown = ("person", "account_id", "role_name", "arn", "issued_at", "expires_at")
    return {name: getattr(found, name) for name in shown}


_Action = Callable[[Service, dict[str, Any], dict[str, str]], Any]
_ACTIONS: dict[tuple[str, str], _Action] = {
    ("GET", "/_ctl/counters"): _counters,
    ("POST", "/_ctl/reset"): _reset,
    ("GET", "/_ctl/faults"): _faults,
    ("POST", "/_ctl/faults"): _set_faults,
    ("GET", "/_ctl/world"): _world,
    ("POST", "/_ctl/world"): _change_world,
    ("POST", "/_ctl/approve"): _approve,
    ("POST", "/_ctl/token"): _token,
    ("POST", "/_ctl/revoke"): _revoke,
    ("GET", "/_ctl/identity"): _identity,
}
