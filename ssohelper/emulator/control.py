"""Lets other processes control the emulator, with JSON requests to the paths under /_ctl/.

Requests that a web page sends are refused. The paths are:

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
from ssohelper.emulator.world_file import world_file_content

_PREFIX = "/_ctl/"
# The methods of `World` that POST /_ctl/world may call. The keys
# of the request's JSON are the names of the method's arguments.
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
    "add_iam_role",
    "remove_iam_role",
    "assign",
    "unassign",
)


def handle_request(service: Service, request: Request) -> Answer:
    """Answer a control request, or pass any other request to the service.

    The status of a control answer is 200 for success, 400 for a wrong body, 403 for a request from
    a web page, 404 for an unknown path, and 415 for a body that is not JSON.
    """
    if request.host:
        return service.internet.handle(request, service.handle)
    if not request.path.startswith(_PREFIX):
        return service.handle(request)
    if _is_from_web_page(request):
        return json_answer({"error": "web pages may not use the control interface"}, 403)
    run = _ACTIONS.get((request.method, request.path))
    if run is None:
        return json_answer({"error": "no control request has this method and path"}, 404)
    is_json = request.headers.get("content-type", "").split(";")[0] == "application/json"
    if request.method == "POST" and request.body and not is_json:
        return json_answer({"error": "Content-Type must be application/json"}, 415)
    try:
        body = {} if request.method == "GET" else request.json_object()
        return json_answer(run(service, body, request.query))
    except Refusal:
        return json_answer({"error": "the body must be a JSON object"}, 400)
    except (ValueError, TypeError, KeyError) as exc:
        return json_answer({"error": str(exc)}, 400)


def _is_from_web_page(request: Request) -> bool:
    # A browser sends Origin or Sec-Fetch-Site with a request of another site's page. Other programs
    # send neither header.
    site = request.headers.get("sec-fetch-site", "none")
    return "origin" in request.headers or site != "none"


def _get_counters(service: Service, _body: dict[str, Any], _query: dict[str, str]) -> Any:
    return service.tally.summary()


def _reset_counters(service: Service, _body: dict[str, Any], _query: dict[str, str]) -> Any:
    service.tally.reset()
    return {}


def _get_faults(service: Service, _body: dict[str, Any], _query: dict[str, str]) -> Any:
    return {**service.faults.knobs(), "auto_approve": service.center.auto_approve}


def _post_faults(service: Service, body: dict[str, Any], _query: dict[str, str]) -> Any:
    """Change how the emulator fails, and return all fault settings as GET /_ctl/faults does.

    The JSON body may have `clear`, `auto_approve`, `forget_clients`, `scripts`, `fail`, `before`,
    and any setting of `Faults` by its name.
    """
    body = dict(body)
    if body.pop("clear", False):
        service.faults.clear()
    if "auto_approve" in body:
        service.center.auto_approve = body.pop("auto_approve")
    if body.pop("forget_clients", False):
        service.forget_clients()
    scripts, failures = body.pop("scripts", []), body.pop("fail", [])
    callbacks = body.pop("before", [])
    service.faults.set(**body)
    for script in scripts:
        if "body_base64" in script:
            script["body"] = base64.b64decode(script.pop("body_base64"))
        service.faults.script(**script)
    for failure in failures:
        service.faults.fail(**failure)
    for callback in callbacks:
        service.faults.run_before(
            callback["operation"],
            _make_later_world_change(service, callback),
            callback.get("call", 1),
        )
    return _get_faults(service, {}, {})


def _make_later_world_change(service: Service, body: dict[str, Any]) -> Callable[[], object]:
    def change_world_and_revoke() -> None:
        for action in body.get("world", []):
            change_world(service.center.world, action)
        if "revoke" in body:
            service.end_sign_ins(body["revoke"])

    return change_world_and_revoke


def change_world(world: World, action: dict[str, Any]) -> None:
    """Make one change to the organization, such as `{"do": "assign", "principal": …, …}`."""
    arguments = dict(action)
    name = arguments.pop("do", None)
    if name not in WORLD_ACTIONS:
        raise WorldError(f"no action named {name!r}; the actions are: {', '.join(WORLD_ACTIONS)}")
    getattr(world, name)(**arguments)


def _get_world(service: Service, _body: dict[str, Any], _query: dict[str, str]) -> Any:
    return world_file_content(service.center.world)


def _post_world(service: Service, body: dict[str, Any], _query: dict[str, str]) -> Any:
    """Change the organization. The JSON body is one action for `change_world`, or a list of them:
    `{"actions": [...]}`."""
    for action in body.get("actions", [body]):
        change_world(service.center.world, action)
    return {}


def _approve_device(service: Service, body: dict[str, Any], _query: dict[str, str]) -> Any:
    service.approve_device(body["user_code"], body["person"], bool(body.get("deny")))
    return {}


def _issue_token(service: Service, body: dict[str, Any], _query: dict[str, str]) -> Any:
    if "scopes" in body:
        body["scopes"] = tuple(body["scopes"])
    return service.issue_token(**body)


def _revoke_session(service: Service, body: dict[str, Any], _query: dict[str, str]) -> Any:
    return {"ended": service.end_sign_ins(body.get("person"))}


def _get_identity(service: Service, _body: dict[str, Any], query: dict[str, str]) -> Any:
    found = service.find_credentials_by_access_key(query.get("access_key_id", ""))
    if found is None:
        raise WorldError("this emulator has not issued this access key id")
    shown = ("person", "account_id", "role_name", "arn", "issued_at", "expires_at")
    return {name: getattr(found, name) for name in shown}


_Action = Callable[[Service, dict[str, Any], dict[str, str]], Any]
_ACTIONS: dict[tuple[str, str], _Action] = {
    ("GET", "/_ctl/counters"): _get_counters,
    ("POST", "/_ctl/reset"): _reset_counters,
    ("GET", "/_ctl/faults"): _get_faults,
    ("POST", "/_ctl/faults"): _post_faults,
    ("GET", "/_ctl/world"): _get_world,
    ("POST", "/_ctl/world"): _post_world,
    ("POST", "/_ctl/approve"): _approve_device,
    ("POST", "/_ctl/token"): _issue_token,
    ("POST", "/_ctl/revoke"): _revoke_session,
    ("GET", "/_ctl/identity"): _get_identity,
}
