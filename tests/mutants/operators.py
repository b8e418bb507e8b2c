"""One-line changes of a module's source, each of which a test should notice."""

import ast
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

_SWAPPED = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "+"}


class Mutant(NamedTuple):
    """One change: `start` and `end` are offsets in bytes, `line` counts from 1."""

    start: int
    end: int
    text: str
    line: int
    what: str

    def applied_to(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants_of(source: str) -> list[Mutant]:
    """Return every change of this module, in the order of its lines."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    return sorted(finder.found)


def named_mutants(source: str) -> dict[str, Mutant]:
    """Return every change of this module by a name that stays while its line stays as it is."""
    data = source.encode()
    named: dict[str, Mutant] = {}
    for mutant in mutants_of(source):
        first = data.rfind(b"\n", 0, mutant.start) + 1
        line = data[first : data.find(b"\n", mutant.start)].decode()
        place = mutant.start - first - (len(line) - len(line.lstrip()))
        name = f"{line.strip()} @{place} {mutant.what}: {mutant.text}"
        number = 1
        while (whole := f"{name} #{number}") in named:
            number += 1
        named[whole] = mutant
    return named


class _Finder(ast.NodeVisitor):
    """Collects changes of what runs: not of annotations, docstrings, type checks, logs and reprs."""

    def __init__(self, source: str) -> None:
        self.found: list[Mutant] = []
        self._data = source.encode()
        self._lines = [0]
        for line in self._data.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name != "__repr__":
            for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
                self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) or ast.unparse(node).startswith("_log."):
            return
        if isinstance(node.value, ast.Call):
            self._add(node, "pass", "call removed")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self._negate(node.test)
            self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1 and (text := _SWAPPED.get(type(node.ops[0]))):
            self._between(node.left, node.comparators[0], f" {text} ", "comparison swapped")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        text = " or " if isinstance(node.op, ast.And) else " and "
        self._between(node.values[0], node.values[1], text, "and/or swapped")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        text = _ARITHMETIC.get(type(node.op))
        is_text = any(isinstance(side, ast.JoinedStr) for side in (node.left, node.right))
        if text and not is_text:
            self._between(node.left, node.right, f" {text} ", "arithmetic swapped")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._add(node, str(not node.value), "boolean flipped")
        elif isinstance(node.value, int):
            self._add(node, f"({node.value} + 1)", "number raised by one")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._add(node.value, "None", "None returned")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave texts alone: tests of words are not what this measures."""

    def _negate(self, test: ast.expr) -> None:
        start, end = self._span(test)
        self._append(start, end, f"not ({self._text(start, end)})", test.lineno, "if negated")

    def _between(self, left: ast.expr, right: ast.expr, text: str, what: str) -> None:
        """Replace the operator, with the parentheses of its sides left as they are."""
        start, end = self._span(left)[1], self._span(right)[0]
        between = self._text(start, end)
        closing = between[: between.rfind(")") + 1] if ")" in between else ""
        opening = between[between.find("(") :] if "(" in between else ""
        self._append(start, end, closing + text + opening, left.lineno, what)

    def _add(self, node: ast.expr | ast.stmt, text: str, what: str) -> None:
        start, end = self._span(node)
        self._append(start, end, text, node.lineno, what)

    def _append(self, start: int, end: int, text: str, line: int, what: str) -> None:
        self.found.append(Mutant(start, end, text, line, what))

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._lines[node.lineno - 1] + node.col_offset
        return start, self._lines[node.end_lineno - 1] + node.end_col_offset

    def _text(self, start: int, end: int) -> str:
        return self._data[start:end].decode()


def valid(source: bytes, mutant: Mutant) -> bool:
    """Return whether the changed module still compiles."""
    try:
        ast.parse(mutant.applied_to(source))
    except SyntaxError:
        return False
    return True


def sampled_from(modules: dict[str, str], dice: Random, count: int) -> Iterator[tuple[str, str]]:
    """Yield module and name of up to `count` changes, drawn evenly over all of all modules."""
    everything = [
        (module, name, mutant)
        for module in sorted(modules)
        for name, mutant in named_mutants(modules[module]).items()
    ]
    for module, name, mutant in dice.sample(everything, min(count * 2, len(everything))):
        if count and valid(modules[module].encode(), mutant):
            count -= 1
            yield module, name
