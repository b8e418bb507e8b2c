"""Every flag of every command is used by a test of `make test`."""

import ast
from pathlib import Path

import click

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


def _words(module: ast.Module) -> set[str]:
    """Return the words in the texts of a module of the tests, without its tests for `make torture`."""
    tests = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]
    long = {id(node) for each in tests if is_long(module, each) for node in ast.walk(each)}
    nodes = (node for node in ast.walk(module) if id(node) not in long)
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {word.strip("\"'=") for text in texts if isinstance(text, str) for word in text.split()}


def test_each_flag_is_used_by_a_test():
    texts = [path.read_text() for path in HERE.parent.rglob("*.py")]
    modules = [_words(ast.parse(text)) for text in texts if "--" in text]
    flags = flags_of("", main)
    assert len(flags) > 100
    unused = [flag for flag in flags if not any(words >= set(flag.split()) for words in modules)]
    assert unused == []
