"""Finds which kind of value TAB must complete: parses the command line up to the cursor.

Reads no files. All commands are in `tree.TREE`, which tests/completion_tree.py makes from click's
commands, because importing click here would cost 20 ms of the 60 ms that completion may take.
"""

from typing import NamedTuple

from ssohelper.completion.tree import TREE

_ALIASES = {"ls": "list"}
# The value of this option decides which session's accounts and roles are offered.
_SESSION_OPTION = "--session"
_COMMON = "*"


class Option(NamedTuple):
    """An option: its names, the kind of its value ("" for a flag), if it may repeat, its help."""

    names: tuple[str, ...]
    kind: str
    repeats: bool
    help: str


class Command(NamedTuple):
    """A command or group. `arguments` are kinds of values; a "*" after one allows many values."""

    path: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[str, ...]
    subcommands: dict[str, str]


class CompletionRequest(NamedTuple):
    """What the user wants completed: a value of this `kind`, of which `word` is typed so far.

    `prefix` is the text before `word` in the same shell word, such as `--session=`. `used` are the
    values and options already on the line, `session` is the value of --session.
    `may_begin_with_dash` says that a word such as "-x" here cannot be mistaken for an option.
    """

    kind: str
    word: str
    prefix: str
    command: Command
    used: tuple[str, ...]
    session: str | None
    may_begin_with_dash: bool


def parse_completion_request(words: list[str], word: str) -> CompletionRequest:
    """Return which value is to be completed at the cursor, where `word` is typed so far.

    `words` are the words before it, the first of which is the program's name.
    """
    parser = _Parser()
    for earlier in words[1:]:
        parser.read_word(earlier)
    return parser.request_at_cursor(word)


class _Parser:
    """Parses the words before the cursor, one by one."""

    def __init__(self) -> None:
        self._command = find_command_by_words("")
        self._used: list[str] = []
        # Names of the options on the line that cannot be repeated.
        self._used_options: list[str] = []
        # The last option on the line, if its value is expected as the next word.
        self._open_option: Option | None = None
        self._session: str | None = None
        self._options_ended = False

    def read_word(self, word: str) -> None:
        """Parse the next word before the cursor."""
        if self._open_option is not None:
            self._end_open_option_with_value(self._open_option, word)
        elif word == "--" and not self._options_ended:
            self._options_ended = True
        elif word.startswith("-") and word != "-" and not self._options_ended:
            self._read_option(word)
        elif self._command.subcommands:
            name = _ALIASES.get(word, word)
            self._command = find_command_by_words(f"{self._command.path} {name}".strip())
        else:
            self._used.append(word)

    def request_at_cursor(self, word: str) -> CompletionRequest:
        """Return which value is to be completed at the cursor, where `word` is typed so far."""
        if self._open_option is not None:
            return self._make_request(self._open_option.kind, word)
        if self._options_ended and self._command.path == "exec":
            return self._make_request("command", word)
        if word.startswith("-") and not self._options_ended:
            name, equals, value = word.partition("=")
            option = self._find_option_by_name(name) if equals else None
            if option is None:
                return self._make_request("option", word)
            return self._make_request(option.kind, value, prefix=f"{name}=")
        if self._command.subcommands:
            return self._make_request("subcommand", word)
        return self._make_request(self._kind_of_next_argument(), word)

    def _make_request(self, kind: str, word: str, prefix: str = "") -> CompletionRequest:
        is_value = (
            self._options_ended or bool(prefix) or self._open_option is not None or kind == "option"
        )
        used = (*self._used, *self._used_options)
        return CompletionRequest(kind, word, prefix, self._command, used, self._session, is_value)

    def _kind_of_next_argument(self) -> str:
        kinds = self._command.arguments
        if len(self._used) < len(kinds):
            return kinds[len(self._used)].rstrip("*")
        return kinds[-1].rstrip("*") if kinds and kinds[-1].endswith("*") else "option"

    def _read_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self._find_option_by_name(name)
        if option is not None and not option.repeats:
            self._used_options += option.names
        if option is not None and option.kind:
            if equals:
                self._end_open_option_with_value(option, value)
            else:
                self._open_option = option

    def _end_open_option_with_value(self, option: Option, value: str) -> None:
        if _SESSION_OPTION in option.names:
            self._session = value
        self._open_option = None

    def _find_option_by_name(self, name: str) -> Option | None:
        return next((found for found in self._command.options if name in found.names), None)


def find_command_by_words(path: str) -> Command:
    """Return the command whose words are `path`, such as "profile sync".

    For an unknown command, the result has neither options nor arguments.
    """
    sections = _parse_command_tree()
    title, lines = sections.get(path, ("", []))
    options: list[Option] = []
    arguments: list[str] = []
    for line in lines:
        if line == "+":
            options += [_parse_option_line(common) for common in sections[_COMMON][1]]
        elif line.startswith("<"):
            arguments.append(line[1:])
        else:
            options.append(_parse_option_line(line))
    return Command(
        path, title, tuple(options), tuple(arguments), _subcommands_and_helps_of(path, sections)
    )


def _subcommands_and_helps_of(
    path: str, sections: dict[str, tuple[str, list[str]]]
) -> dict[str, str]:
    start = f"{path} " if path else ""
    return {
        name.removeprefix(start): title
        for name, (title, _lines) in sections.items()
        if name.startswith(start)
        and name not in ("", path, _COMMON)
        and " " not in name.removeprefix(start)
    }


def _parse_option_line(line: str) -> Option:
    declaration, _, help_text = line.partition(" ")
    names, _, kind = declaration.removesuffix("*").partition("=")
    return Option(tuple(names.split("/")), kind, declaration.endswith("*"), help_text)


def _parse_command_tree() -> dict[str, tuple[str, list[str]]]:
    """Return each command's help text and lines in TREE (tree.py describes their form), by path."""
    found: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for line in TREE.splitlines():
        if line.startswith("["):
            path, _, title = line[1:].partition("] ")
            lines = []
            found[path.rstrip("]")] = (title, lines)
        else:
            lines.append(line)
    return found
