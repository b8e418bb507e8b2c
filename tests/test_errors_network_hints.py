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


def test_every_place_that_raises_one_gives_a_hint():
    calls = [
        (f"{path.relative_to(_ROOT)}:{node.lineno}", node)
        for path in sorted(_ROOT.rglob("*.py"))
        if path.name != "errors.py" and "emulator" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id in _KINDS
    ]
    assert len(calls) > 30
    assert [at for at, call in calls if "hint" not in {one.arg for one in call.keywords}] == []


def test_one_that_comes_from_another_process_has_a_hint_too():
    assert {bool(getattr(errors, name)("no answer").hint) for name in _KINDS} == {True}
