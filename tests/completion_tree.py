"""The command tree for completions, made from click's: `python -m tests.completion_tree` writes it.

A TAB has no time for click, so what it knows of commands and options is kept as text in
ssohelper/completion/tree.py. tests/completion/test_entry.py fails when that is stale.
"""

from pathlib import Path

import click

from ssohelper import settings
from ssohelper.cli import COMMANDS, main
from ssohelper.core.console_urls import SERVICES
from ssohelper.core.text import show

PLACE = Path(__file__).resolve().parent.parent / "ssohelper" / "completion" / "tree.py"
HEAD = '''"""The command tree as text. Made by `python -m tests.completion_tree`: do not edit.

`[path] help` begins a command, `*` the options that "+" stands for; `NAMES=KIND* help` is an option
(a flag without KIND, "*" when it may come again), `<KIND*` an argument ("*": any number of them).
"""

TREE = """\\
'''
# "*": each session's name.
SETTINGS = sorted(
    [setting.key for setting in settings.SETTINGS]
    + [f"sessions.*.{setting.key}" for setting in settings.SESSION_SETTINGS]
)
# Parameters named so are completed so; by command and name where that is not enough.
KINDS = {
    "account_id": "account_id",
    "accounts": "account_glob",
    "default_region": "region",
    "env_file": "files",
    "key": "words:" + ",".join(SETTINGS),
    "profile": "profile",
    "profile add.role": "address",
    "profile rm.names": "managed_profile",
    "profile show.name": "any_profile",
    "query": "query",
    "region": "region",
    "role_name": "role",
    "roles": "role_glob",
    "service": "words:" + ",".join(SERVICES),
    "session": "session",
    "session_name": "session",
    "shell": "words:bash,zsh,fish,pwsh",
    "socket_file": "files",
    "start_url": "files",
}
COMMON = {"as_json", "session", "verbose"}
HELP = "-h/--help Show the help and exit."
LONGEST_HELP = 70


def tree_text() -> str:
    """Return what ssohelper/completion/tree.py must hold."""
    root = click.Context(main, info_name="ssohelper")
    shared = [_option_line("", param) for param in main.get_params(root) if param.name in COMMON]
    lines = ["[*]", *shared, HELP]
    for path, command, said in _commands("", main):
        lines += [f"[{path}] {said}".rstrip(), *_lines_of(path, command)]
    return HEAD + "".join(f"{line}\n" for line in lines) + '"""\n'


def _commands(path: str, command: click.Command) -> list[tuple[str, click.Command, str]]:
    said = COMMANDS[path][2] if path in COMMANDS else command.get_short_help_str(LONGEST_HELP)
    found = [(path, command, _plain(said) if path else "")]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for sub in command.list_commands(context):
            child = command.get_command(context, sub)
            if child is not None and not child.hidden:
                found += _commands(f"{path} {sub}".strip(), child)
    return found


def _lines_of(path: str, command: click.Command) -> list[str]:
    shared = {param.name for param in command.params} >= COMMON
    lines = ["+"] if shared else [HELP]
    for param in command.params:
        if isinstance(param, click.Argument):
            lines.append(f"<{_kind(path, param)}" + ("*" if param.nargs == -1 else ""))
        elif not (shared and param.name in COMMON) and not getattr(param, "hidden", False):
            lines.append(_option_line(path, param))
    return lines


def _option_line(path: str, param: click.Parameter) -> str:
    assert isinstance(param, click.Option)
    takes_none = param.is_flag or param.count
    kind = "" if takes_none else f"={_kind(path, param)}"
    again = "*" if param.multiple or param.count else ""
    names = "/".join([*param.opts, *param.secondary_opts])
    return f"{names}{kind}{again} {_plain(param.help or '')}".rstrip()


def _kind(path: str, param: click.Parameter) -> str:
    if isinstance(param.type, click.Choice):
        return "words:" + ",".join(map(str, param.type.choices))
    if isinstance(param.type, click.Path):
        return "folders" if not param.type.file_okay else "files"
    return KINDS.get(f"{path}.{param.name}") or KINDS.get(param.name or "", "text")


def _plain(text: str) -> str:
    line = show(" ".join(text.split())).replace("\\", "").replace('"', "'")
    return line if len(line) <= LONGEST_HELP else line[: LONGEST_HELP - 1].rstrip() + "…"


if __name__ == "__main__":
    PLACE.write_text(tree_text(), encoding="utf-8")
