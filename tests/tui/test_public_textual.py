"""The program uses only public names of Textual, so that `textual>=8,<9` holds.

Two kinds of private names are looked for: names that begin with an underscore on another object
or in an import, and names of our own classes that a class of Textual below them uses too.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import ssohelper.tui
from ssohelper.cli import pickers

# The methods of named tuples are public too (typing.NamedTuple).
_PRIVATE = re.compile(r"(?!_(?:replace|asdict|make|fields)$)_[a-z]\w*")


def _modules() -> list[ModuleType]:
    names = (
        found.name for found in pkgutil.walk_packages(ssohelper.tui.__path__, "ssohelper.tui.")
    )
    return [*map(importlib.import_module, names), pickers]


MODULES = {module.__name__: module for module in _modules()}


def own_classes(kind: type) -> set[type]:
    """Return the classes of the full screen's modules that derive from this class of Textual."""
    return {
        each
        for module in MODULES.values()
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, kind)
        if each.__module__.startswith("ssohelper.")
    }


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))


def _foreign_names(tree: ast.AST) -> Iterator[str]:
    """Yield private names that are imported, or used on an object other than `self`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = [*(node.module or "").split("."), *(name.name for name in node.names)]
            yield from (f"import of {part}" for part in parts if _PRIVATE.fullmatch(part))
        elif isinstance(node, ast.Import):
            parts = [part for name in node.names for part in name.name.split(".")]
            yield from (f"import of {part}" for part in parts if _PRIVATE.fullmatch(part))
        elif isinstance(node, ast.Attribute) and _PRIVATE.fullmatch(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("getattr", "setattr", "delattr", "hasattr"):
                named = node.args[1]
                if isinstance(named, ast.Constant) and _PRIVATE.fullmatch(str(named.value)):
                    yield ast.unparse(node)
        elif isinstance(node, ast.Attribute) and node.attr == "__dict__":
            yield ast.unparse(node)


def _own_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the private names that a class's body defines, assigns or reads on `self`."""
    names: set[str] = set()
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(inner.name)
            elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                if inner.value.id in ("self", "cls"):
                    names.add(inner.attr)
            elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                names.add(inner.target.id)
            elif isinstance(inner, ast.Assign):
                names |= {target.id for target in inner.targets if isinstance(target, ast.Name)}
    return {name for name in names if _PRIVATE.fullmatch(name)}


@cache
def _names_of_class(kind: type) -> set[str]:
    return _own_names(ast.parse(textwrap.dedent(inspect.getsource(kind))).body)


@pytest.mark.parametrize("name", MODULES)
def test_no_private_name_of_another_object_is_used(name: str) -> None:
    assert list(_foreign_names(_tree(MODULES[name]))) == []


def _classes() -> list[type]:
    found = [
        kind
        for module in MODULES.values()
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and _textual_bases(kind)
    ]
    return sorted(set(found), key=lambda kind: kind.__qualname__)


def _textual_bases(kind: type) -> list[type]:
    return [base for base in kind.__mro__ if base.__module__.split(".")[0] == "textual"]


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: kind.__qualname__)
def test_no_class_shares_a_private_name_with_textual(kind: type) -> None:
    theirs: set[str] = set()
    for base in _textual_bases(kind):
        theirs |= {name for name in vars(base) if _PRIVATE.fullmatch(name)}
        theirs |= _names_of_class(base)
    assert sorted(_names_of_class(kind) & theirs) == []
