"""Reads the text of ~/.aws/config: which line belongs to which section and key.

configparser drops comments and order and takes three times as long. This reader follows its rules
(strict, no inline comments, continuation by indentation), and refuses the files that botocore does.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NoReturn

from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

_OPEN_HEADER = "the section's header is not closed"
# Characters split into lines at a time: all lines of 20,000 profiles would take 14 MB.
_SPLIT_CHARACTERS = 1 << 16
# Equal values up to this length, such as regions, share one string.
_SHARED_CHARACTERS = 24
# A header without quotes is read without shlex: 25 µs less for each profile.
_PLAIN_HEADER = re.compile(r"[a-z-]+[ \t]+([A-Za-z0-9._@/+%:=,-]+)")
_LONE_RETURN = re.compile(r"\r(?!\n)")
# configparser adds the keys of the section [DEFAULT] to every other section.
DEFAULT_SECTION = "DEFAULT"


# The hint for a value in quotes begins with this.
REMOVE_QUOTES = "remove the quotes"


def is_quoted(value: str) -> bool:
    """Return whether the value is in quotes. AWS tools read the quotes as a part of the value."""
    return len(value) > 1 and value[0] in "\"'" and value.find(value[0], 1) == len(value) - 1


def section_name(header: str, kind: str) -> str | None:
    """Return the name in a header `kind NAME` as botocore reads it; None for other headers."""
    if not header.startswith(kind):
        return None
    plain = _PLAIN_HEADER.fullmatch(header)
    if plain:
        return plain.group(1)
    from shlex import split  # imported here, since few headers have quotes

    try:
        words = split(header)
    except ValueError:
        return None
    return words[1] if len(words) == 2 else None


class Section:
    """A config section. `header` is the text in brackets, such as `profile a`."""

    __slots__ = ("_values", "header", "line")

    def __init__(self, header: str, line: int) -> None:
        self.header = header
        self.line = line
        self._values: dict[str, str] = {}

    def values(self) -> dict[str, str]:
        """Return the values as configparser joins them. A nested block begins with a newline."""
        return self._values

    def lines_of_keys(self, lines: Sequence[str]) -> dict[str, list[int]]:
        """Return the numbers, from 0, of each key's lines that are not blank.

        `lines` are the whole file's lines. The numbers are not stored: 20,000 profiles need 8 MB
        for them.
        """
        number, found = self.line, dict[str, list[int]]()
        for name, value in self._values.items():
            _, *further = value.split("\n")
            number += 1
            while _split_key(lines[number].strip())[0] != name:
                number += 1
            found[name] = [number]
            for part in filter(None, further):
                number += 1
                while lines[number].strip() != part:
                    number += 1
                found[name].append(number)
        return found

    def last_line(self, lines: Sequence[str]) -> int:
        return max((found[-1] for found in self.lines_of_keys(lines).values()), default=self.line)


class ConfigText:
    """One AWS config file. Errors name it by `origin`. Most of its lines end with `newline`.

    [DEFAULT] is in `defaults`, not in `sections`.
    """

    def __init__(self, data: bytes, origin: str) -> None:
        self.origin = origin
        self.data = data
        text = _decode_config(data, origin)
        self.newline = _most_frequent_newline(text)
        self.sections: dict[str, Section] = {}
        self.defaults = Section(DEFAULT_SECTION, 0)
        _Reader(self).read(text)

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def lines(self) -> list[str]:
        """The lines are not stored: those of 20,000 profiles take 14 MB."""
        return self.text.split("\n")

    def refuse_line(self, line: int, what: str, hint: str | None = None) -> NoReturn:
        """Raise ConfigInvalid for this line, which counts from 0."""
        if is_quoted(self.lines[line].partition("=")[2].strip()):
            hint = f"{REMOVE_QUOTES} in line {line + 1}"
        raise _invalid_line_error(self.origin, line + 1, what, hint)

    def refuse_key(
        self, section: Section, key: str, what: str, hint: str | None = None
    ) -> NoReturn:
        """Raise ConfigInvalid for this key's line in the section or [DEFAULT], else the header."""
        for one in (section, self.defaults):
            if key in one.values():
                self.refuse_line(one.lines_of_keys(self.lines)[key][0], what, hint)
        self.refuse_line(section.line, what, hint)


class _Reader:
    """Reads sections and keys as configparser.RawConfigParser._read does, with line numbers."""

    def __init__(self, config: ConfigText) -> None:
        self._config = config
        self._section: Section | None = None
        # The lines of the last value; empty after a header.
        self._value: list[str] = []
        self._indent = 0
        # How many blank lines to add to the value if another line of the value follows.
        self._blanks = 0
        # The values that have several lines, each with its section and key.
        self._long: list[tuple[Section, str, list[str]]] = []
        self._bad_nested_lines: list[int] = []
        self._shared: dict[str, str] = {}

    def read(self, text: str) -> None:
        for number, line in enumerate(_each_line(text)):
            value = line.strip()
            if not value:
                self._blanks += 1
            elif value[0] not in "#;":
                self._read_line(number, line, value)
        self._join_long_values()
        # botocore reads nested blocks in sections only.
        if self._bad_nested_lines and self._config.sections:
            what = 'a line of a nested block has no "="'
            self._config.refuse_line(self._bad_nested_lines[0], what)

    def _join_long_values(self) -> None:
        for section, name, parts in self._long:
            section.values()[name] = "\n".join(parts)

    def _read_line(self, number: int, line: str, value: str) -> None:
        indent = 0 if line[0] == value[0] else len(line) - len(line.lstrip())
        blanks, self._blanks = self._blanks, 0
        if self._section is not None and self._value and indent > self._indent:
            if len(self._value) == 1:
                name = next(reversed(self._section.values()))
                self._long.append((self._section, name, self._value))
            self._value += [*[""] * blanks, value]
            pieces = () if self._value[0] else value.splitlines()
            if any(piece.strip() and "=" not in piece for piece in pieces):
                self._bad_nested_lines.append(number)
            return
        self._indent = indent
        end = value.rfind("]") if value[0] == "[" else -1
        if end > 1:
            self._start_section(number, value[1:end])
        elif self._section is None:
            what = "there is a line before the first section"
            self._config.refuse_line(number, _OPEN_HEADER if value[0] == "[" else what)
        else:
            self._start_key(number, value, self._section)

    def _start_section(self, number: int, header: str) -> None:
        sections = self._config.sections
        if header in sections:
            self._refuse_second(number, f'section "[{show(header, 80)}]"', sections[header].line)
        if header == DEFAULT_SECTION:
            self._section = self._config.defaults
            if not self._section.values():  # a second [DEFAULT] adds keys to the first one
                self._section.line = number
        else:
            self._section = sections[header] = Section(header, number)
        self._value = []

    def _start_key(self, number: int, value: str, section: Section) -> None:
        name, found, rest = _split_key(value)
        if not found:
            what = _OPEN_HEADER if value[0] == "[" else 'a line has no "="'
            # The message does not show the line, because a line may be part of a secret.
            self._config.refuse_line(number, what)
        if not name:
            self._config.refuse_line(number, 'there is no key before the "="')
        values = section.values()
        if name in values:
            self._join_long_values()
            first = section.lines_of_keys(self._config.lines)[name][0]
            self._refuse_second(number, f'key "{show(name, 80)}"', first)
        self._value = [self._share(rest.strip())]
        values[self._share(name)] = self._value[0]

    def _refuse_second(self, line: int, what: str, first: int) -> NoReturn:
        hint = "the AWS tools refuse the whole file: remove one of the two"
        self._config.refuse_line(line, f"the {what} exists twice, first in line {first + 1}", hint)

    def _share(self, text: str) -> str:
        return self._shared.setdefault(text, text) if len(text) <= _SHARED_CHARACTERS else text


def _split_key(line: str) -> tuple[str, str, str]:
    name, found, rest = line.partition("=")
    if ":" in name:
        name, found, rest = line.partition(":")
    return name.rstrip().lower(), found, rest


def _each_line(text: str) -> Iterator[str]:
    start = 0
    while (end := text.find("\n", start + _SPLIT_CHARACTERS)) >= 0:
        yield from text[start:end].split("\n")
        start = end + 1
    yield from text[start:].split("\n")


def _most_frequent_newline(text: str) -> str:
    returns = text.count("\r\n") if "\r" in text else 0
    return "\r\n" if 2 * returns > text.count("\n") else "\n"


def _decode_config(data: bytes, origin: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, cause.start) + 1
        what = f"the byte at offset {cause.start} is not UTF-8"
        raise _invalid_line_error(origin, line, what, "save the file as UTF-8") from cause
    if text.startswith("\ufeff"):
        what = "the file begins with a byte order mark, which the AWS tools refuse"
        raise _invalid_line_error(origin, 1, what, "save the file as UTF-8 without BOM")
    lone = _LONE_RETURN.search(text) if "\r" in text else None
    if lone:
        line = text.count("\n", 0, lone.start()) + 1
        what = "a carriage return without a newline after it"
        raise _invalid_line_error(origin, line, what)
    return text


def _invalid_line_error(
    origin: str, line: int, what: str, hint: str | None = None
) -> ConfigInvalid:
    error = ConfigInvalid(f"{origin}:{line}: {what}", hint=hint)
    error.line = line
    return error
