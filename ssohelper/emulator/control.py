"""Lets other processes control the emulator, with JSON requests to the paths under /_ctl/.

Requests that a web page sends are refused. The paths are:

GET  /_ctl/counters                          POST /_ctl/reset
GET  /_ctl/faults   POST /_ctl/faults        GET  /_ctl/world   POST /_ctl/world
POST /_ctl/revoke
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ssohelper.emulator.exchange import Answer, Refusal, Request, json_answer
from ssohelper.emulator.organization import WorldError
from ssohelper.emulator.service import Service
from ssohelper.emulator.world_file import world_file_content

_PREFIX = "/_ctl/"
# The methods of `World` that POST /_ctl/world may call. The keys
# of the request's JSON are the names of the method's arguments.
_WORLD_ACTION = re.compile(r"(add|remove|rename|move)_[a-z_]+|(un)?assign")


def handle_request(service: Service, request: Request) -> Answer:
    """Answer a control request, or pass any other request to the service.

    Status 200 means success, 400 a wrong body, 403 a web page's request, 404 an unknown path, and
    415 a body that is not JSON.
    """
    if request.host:
        return service.internet.handle(request, service.handle)
    if not request.path.startswith(_PREFIX):
        return service.handle(request)
    # A browser sends Origin or Sec-Fetch-Site with another site's request. Other programs send
    # neither header.
    if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
        return json_answer({"error": "web pages may not use the control interface"}, 403)
    run = _ACTIONS.get((request.method, request.path.removeprefix(_PREFIX)))
    if run is None:
        return json_answer({"error": "no control request has this method and path"}, 404)
    is_json = request.headers.get("content-type", "").split(";")[0] == "application/json"
    if request.method == "POST" and request.body and not is_json:
        return json_answer({"error": "Content-Type must be application/json"}, 415)
    try:
        body = {} if request.method == "GET" else request.json_object()
        return json_answer(run(service, body) or {})
    except Refusal:
        return json_answer({"error": "the body must be a JSON object"}, 400)
    except (ValueError, TypeError, KeyError) as exc:
        return json_answer({"error": str(exc)}, 400)


def _count_calls(service: Service) -> dict[str, Any]:
    calls = service.calls
    return {
        "counters": dict(service.counters),
        "by_status": dict(Counter(f"{call.operation} {call.status}" for call in calls)),
        "by_connection": dict(Counter(str(call.connection) for call in calls)),
        "by_token": dict(Counter(call.token for call in calls if call.token)),
    }


def _get_faults(service: Service) -> dict[str, Any]:
    return {**service.faults.knobs(), "auto_approve": service.auto_approve}


def _set_faults(service: Service, body: dict[str, Any]) -> dict[str, Any]:
    """Change how the emulator fails, and return all fault settings as GET /_ctl/faults does.

    The JSON body may have `clear`, `auto_approve`, `scripts`, and any setting of `Faults`.
    """
    if body.pop("clear", False):
        service.faults.clear()
    if "auto_approve" in body:
        service.auto_approve = body.pop("auto_approve")
    scripts = body.pop("scripts", [])
    service.faults.set(**body)
    for script in scripts:
        service.faults.script(**script)
    return _get_faults(service)


def _change_world(service: Service, actions: list[dict[str, Any]]) -> None:
    for action in actions:
        name = str(action.get("do"))
        if not _WORLD_ACTION.fullmatch(name) or not hasattr(service.world, name):
            raise WorldError(f"no action named {name!r}")
        getattr(service.world, name)(**{key: action[key] for key in action if key != "do"})


_ACTIONS: dict[tuple[str, str], Callable[[Service, dict[str, Any]], Any]] = {
    ("GET", "counters"): lambda service, _: _count_calls(service),
    ("POST", "reset"): lambda service, _: service.reset_counters(),
    ("GET", "faults"): lambda service, _: _get_faults(service),
    ("POST", "faults"): _set_faults,
    ("GET", "world"): lambda service, _: world_file_content(service.world),
    ("POST", "world"): lambda service, body: _change_world(service, body.get("actions", [body])),
    ("POST", "revoke"): lambda service, body: {"ended": service.end_sign_ins(body.get("person"))},
}
