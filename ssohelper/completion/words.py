"""Finds which kind of value TAB must complete: parses the command line up to the cursor.

`tree.TREE` has all commands: importing click would cost 20 ms of TAB's 60.
"""

from typing import NamedTuple

from ssohelper.completion.tree import TREE

_ALIASES = {"ls": "list"}


class Option(NamedTuple):
    """`kind` is the kind of the option's value, "" for a flag."""

    names: tuple[str, ...]
    kind: str
    repeats: bool
    help: str


class Command(NamedTuple):
    """`arguments` are kinds of values; a "*" after one allows many values."""

    path: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[str, ...]
    subcommands: dict[str, str]

    def find_option(self, name: str) -> Option | None:
        return next((option for option in self.options if name in option.names), None)


class CompletionRequest(NamedTuple):
    """What the user wants completed: a value of this `kind`, of which `word` is typed so far.

    `prefix` is the text before `word` in the same shell word, such as `--session=`. `used` are the
    values and options on the line. With `may_begin_with_dash`, a word such as "-x" is no option
    here.
    """

    kind: str
    word: str
    prefix: str
    command: Command
    used: tuple[str, ...]
    session: str | None
    may_begin_with_dash: bool


def parse_completion_request(words: list[str], word: str) -> CompletionRequest:
    """`words` come before the cursor, with the program's name; `word` is typed so far."""
    command, session, options_ended = find_command(""), None, False
    used: list[str] = []
    used_options: list[str] = []  # those that cannot be repeated
    open_option: Option | None = None  # the last option, if its value is the next word
    for text in words[1:]:
        if open_option is not None:
            session = text if "--session" in open_option.names else session
            open_option = None
        elif text == "--" and not options_ended:
            options_ended = True
        elif text.startswith("-") and text != "-" and not options_ended:
            name, equals, value = text.partition("=")
            option = command.find_option(name)
            if option is not None and not option.repeats:
                used_options += option.names
            if option is not None and option.kind and not equals:
                open_option = option
            elif name == "--session" and option is not None:
                session = value
        elif command.subcommands:
            command = find_command(f"{command.path} {_ALIASES.get(text, text)}".strip())
        else:
            used.append(text)
    kinds, prefix = command.arguments, ""
    if open_option is not None:
        kind = open_option.kind
    elif options_ended and command.path == "exec":
        kind = "command"
    elif word.startswith("-") and not options_ended:
        name, equals, value = word.partition("=")
        option = command.find_option(name) if equals else None
        kind = "option"
        if option is not None:
            kind, word, prefix = option.kind, value, f"{name}="
    elif command.subcommands:
        kind = "subcommand"
    elif len(used) < len(kinds) or (kinds and kinds[-1].endswith("*")):
        kind = kinds[min(len(used), len(kinds) - 1)].rstrip("*")
    else:
        kind = "option"
    is_value = options_ended or bool(prefix) or open_option is not None or kind == "option"
    return CompletionRequest(kind, word, prefix, command, (*used, *used_options), session, is_value)


def find_command(path: str) -> Command:
    """Return the command whose words are `path`. An unknown command has no options."""
    found, common = Command(path, "", (), (), {}), list[Option]()
    for section in TREE.split("\n["):
        head, *lines = section.removeprefix("[").splitlines()
        usage, _, title = head.partition("] ")
        name, *arguments = usage.removesuffix("]").split(" <")
        parent, _, last = name.rpartition(" ")
        options = [_parse_option_line(line) for line in lines]
        if name == "*":
            common = options
        elif name == path:
            found = Command(name, title, (*common, *options), tuple(arguments), found.subcommands)
        elif parent == path:
            found.subcommands[last] = title
    return found


def _parse_option_line(line: str) -> Option:
    declaration, _, help_text = line.partition(" ")
    names, _, kind = declaration.removesuffix("*").partition("=")
    return Option(tuple(names.split("/")), kind, declaration.endswith("*"), help_text)
