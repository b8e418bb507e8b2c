"""Each error of the network says what to do next: every place that makes one is looked at."""

import ast
from pathlib import Path

import ssohelper
from ssohelper import errors
from ssohelper.errors import AwsUnreachable

_ROOT = Path(ssohelper.__file__).parent
_KINDS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, AwsUnreachable)
}


def _calls() -> list[tuple[str, ast.Call]]:
    found = []
    for path in sorted(_ROOT.rglob("*.py")):
        if path.name == "errors.py" or "emulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _name(node.func) in _KINDS:
                found.append((f"{path.relative_to(_ROOT)}:{node.lineno}", node))
    return found


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def test_every_place_that_raises_one_gives_a_hint():
    calls = _calls()
    assert len(calls) > 30
    without = [
        place for place, call in calls if "hint" not in {keyword.arg for keyword in call.keywords}
    ]
    assert without == []


def test_one_that_comes_from_another_process_has_a_hint_too():
    assert {bool(getattr(errors, name)("no answer").hint) for name in _KINDS} == {True}
