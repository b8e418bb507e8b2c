"""Every flag of every command is used by a test of `make test`."""

import ast
from pathlib import Path

import click
import pytest

from ssohelper.cli import main
from tests.long_rows import is_long

HERE = Path(__file__).resolve().parent
# Every command takes these; tests/cli/test_help.py checks that.
COMMON = {"--help", "--json", "--session", "--verbose"}


def flags_of(path: str, command: click.Command) -> list[str]:
    """Return `COMMAND --flag` for each option of the command and of those below it."""
    found = [
        f"{path} {parameter.opts[-1]}"
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.opts[-1] not in COMMON
    ]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found += flags_of(f"{path} {name}".strip(), command.get_command(context, name))
    return found


@pytest.fixture(scope="module")
def words_of_modules() -> list[set[str]]:
    """The words in the texts of each module of the tests, without its tests for `make torture`."""
    return [_words(ast.parse(path.read_text())) for path in HERE.parent.rglob("*.py")]


def _words(module: ast.Module) -> set[str]:
    tests = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]
    long = {id(node) for each in tests if is_long(module, each) for node in ast.walk(each)}
    nodes = (node for node in ast.walk(module) if id(node) not in long)
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {word.strip("\"'=") for text in texts if isinstance(text, str) for word in text.split()}


@pytest.mark.parametrize("flag", flags_of("", main))
def test_a_test_uses_the_flag(flag, words_of_modules):
    assert any(words >= set(flag.split()) for words in words_of_modules)
