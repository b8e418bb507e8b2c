"""Which value stands under the cursor: the words of the line, walked along the command tree.

Works on text alone. The tree is `tree.TREE`, made from click's by tests/completion_tree.py; click
itself would cost 20 ms of the 60 that a TAB may take.
"""

from typing import NamedTuple

from ssohelper.completion.tree import TREE

_ALIASES = {"ls": "list"}
# A value after this option decides whose accounts and roles are offered.
_SESSION_OPTION = "--session"
_COMMON = "*"


class Option(NamedTuple):
    """An option: its names, the kind of its value (empty for a flag), whether it may come again."""

    names: tuple[str, ...]
    kind: str
    repeats: bool
    help: str


class Command(NamedTuple):
    """A command or group; `arguments` are kinds, a last one with "*" repeats."""

    path: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[str, ...]
    subcommands: dict[str, str]


class Asked(NamedTuple):
    """What to offer: `kind` of value, `head` that stands before it (`--session=`), `word` so far.

    `used` are words that stand there already, `session` is what --session said; `may_begin_with_dash`
    where a word such as "-x" is no option.
    """

    kind: str
    word: str
    head: str
    command: Command
    used: tuple[str, ...]
    session: str | None
    may_begin_with_dash: bool


def asked_for(words: list[str], word: str) -> Asked:
    """Return what stands at `word`, after `words`: the command's own name and all that follows."""
    walk = _Walk()
    for earlier in words[1:]:
        walk.step(earlier)
    return walk.asked(word)


class _Walk:
    """Where the words before the cursor have led to."""

    def __init__(self) -> None:
        self._command = command_at("")
        self._used: list[str] = []
        # Names of options that stand there and cannot come again.
        self._spent: list[str] = []
        self._waiting: Option | None = None
        self._session: str | None = None
        self._ended = False

    def step(self, word: str) -> None:
        if self._waiting is not None:
            self._take(self._waiting, word)
        elif word == "--" and not self._ended:
            self._ended = True
        elif word.startswith("-") and word != "-" and not self._ended:
            self._step_option(word)
        elif self._command.subcommands:
            name = _ALIASES.get(word, word)
            self._command = command_at(f"{self._command.path} {name}".strip())
        else:
            self._used.append(word)

    def asked(self, word: str) -> Asked:
        if self._waiting is not None:
            return self._asked(self._waiting.kind, word)
        if self._ended and self._command.path == "exec":
            return self._asked("command", word)
        if word.startswith("-") and not self._ended:
            name, equals, value = word.partition("=")
            option = self._option(name) if equals else None
            if option is None:
                return self._asked("option", word)
            return self._asked(option.kind, value, head=f"{name}=")
        if self._command.subcommands:
            return self._asked("subcommand", word)
        return self._asked(self._argument(), word)

    def _asked(self, kind: str, word: str, head: str = "") -> Asked:
        is_value = self._ended or bool(head) or self._waiting is not None or kind == "option"
        used = (*self._used, *self._spent)
        return Asked(kind, word, head, self._command, used, self._session, is_value)

    def _argument(self) -> str:
        kinds = self._command.arguments
        if len(self._used) < len(kinds):
            return kinds[len(self._used)].rstrip("*")
        return kinds[-1].rstrip("*") if kinds and kinds[-1].endswith("*") else "option"

    def _step_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self._option(name)
        if option is not None and not option.repeats:
            self._spent += option.names
        if option is not None and option.kind:
            if equals:
                self._take(option, value)
            else:
                self._waiting = option

    def _take(self, option: Option, value: str) -> None:
        if _SESSION_OPTION in option.names:
            self._session = value
        self._waiting = None

    def _option(self, name: str) -> Option | None:
        return next((found for found in self._command.options if name in found.names), None)


def command_at(path: str) -> Command:
    """Return the command of this path ("profile sync"); an unknown one has nothing."""
    sections = _sections()
    title, lines = sections.get(path, ("", []))
    options: list[Option] = []
    arguments: list[str] = []
    for line in lines:
        if line == "+":
            options += [_option_of(common) for common in sections[_COMMON][1]]
        elif line.startswith("<"):
            arguments.append(line[1:])
        else:
            options.append(_option_of(line))
    return Command(path, title, tuple(options), tuple(arguments), _subcommands(path, sections))


def _subcommands(path: str, sections: dict[str, tuple[str, list[str]]]) -> dict[str, str]:
    start = f"{path} " if path else ""
    return {
        name.removeprefix(start): title
        for name, (title, _lines) in sections.items()
        if name.startswith(start)
        and name not in ("", path, _COMMON)
        and " " not in name.removeprefix(start)
    }


def _option_of(line: str) -> Option:
    said, _, explained = line.partition(" ")
    names, _, kind = said.removesuffix("*").partition("=")
    return Option(tuple(names.split("/")), kind, said.endswith("*"), explained)


def _sections() -> dict[str, tuple[str, list[str]]]:
    """Return title and lines of each command by its path; TREE's docstring has the format."""
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
