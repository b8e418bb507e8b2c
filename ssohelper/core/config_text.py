"""Reads ~/.aws/config as lines: which belong to which section and key. Pure.

configparser drops comments and order and takes three times as long. This reader follows its rules
(strict, no inline comments, continuation by indentation), to refuse the same files as botocore.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, NoReturn

from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

_OPEN_HEADER = "the section's header is not closed"
# Characters that are split into lines at a time: all lines of 20,000 profiles would take 14 MB.
_SPLIT_CHARACTERS = 1 << 16
# The most characters of a value that shares one string with equal values, such as a region.
_SHARED_CHARACTERS = 24
# Matches a section header without quotes, which is read without shlex: 25 µs less for each profile.
_PLAIN_HEADER = re.compile(r"[a-z-]+[ \t]+([A-Za-z0-9._@/+%:=,-]+)")
_LONE_RETURN = re.compile(r"\r(?!\n)")
# configparser adds the keys of the section [DEFAULT] to every other section.
DEFAULT_SECTION = "DEFAULT"


# The first words of the hint for a config value that is in quotes.
REMOVE_QUOTES = "remove the quotes"


def is_quoted(value: str) -> bool:
    """Return whether the value is one text in quotes, which AWS tools take as a part of the value."""
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


class Key(NamedTuple):
    """A key: the lines of its value, and their numbers in the file, from 0."""

    parts: Sequence[str]
    lines: Sequence[int]

    @property
    def value(self) -> str:
        """Return the key's value as configparser joins it. A nested block begins with a newline."""
        return "\n".join(self.parts).rstrip()

    @property
    def is_nested(self) -> bool:
        return len(self.parts) > 1 and not self.parts[0]

    @property
    def content_lines(self) -> list[int]:
        """The numbers of the value's lines, without blank ones."""
        return [line for line, part in zip(self.lines, self.parts, strict=True) if part] or [
            self.lines[0]
        ]


class Section:
    """A config section and its keys. `header` is the text in brackets: `profile a`, `default`."""

    # With an object for each key, 20,000 profiles would take 8 MB more.
    __slots__ = ("_first_lines", "_further_lines", "_values", "header", "line")

    def __init__(self, header: str, line: int) -> None:
        self.header = header
        self.line = line
        self._values: dict[str, str] = {}
        # The line of each key; None if the keys are one line each, directly below the header.
        self._first_lines: list[int] | None = None
        # By key, the lines of its value after the first one.
        self._further_lines: dict[str, list[tuple[str, int]]] | None = None

    def add_key(self, name: str, value: str, line: int) -> None:
        usual_line = self.line + 1 + len(self._values)
        if self._first_lines is None and line != usual_line:
            self._first_lines = list(range(self.line + 1, usual_line))
        if self._first_lines is not None:
            self._first_lines.append(line)
        self._values[name] = value

    def add_line_of_value(self, name: str, part: str, line: int) -> None:
        if self._further_lines is None:
            self._further_lines = {}
        self._further_lines.setdefault(name, []).append((part, line))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def keys(self) -> dict[str, Key]:
        return {
            name: self._make_key(name, value, number)
            for number, (name, value) in enumerate(self._values.items())
        }

    def _make_key(self, name: str, value: str, number: int) -> Key:
        first = self.line + 1 + number if self._first_lines is None else self._first_lines[number]
        further = self._further_lines.get(name, ()) if self._further_lines else ()
        return Key((value, *(part for part, _ in further)), (first, *(line for _, line in further)))

    @property
    def last_line(self) -> int:
        return max((key.content_lines[-1] for key in self.keys.values()), default=self.line)

    @property
    def has_long_value(self) -> bool:
        return bool(self._further_lines)

    def values(self) -> Mapping[str, str]:
        """Return the value of each key, by name. The mapping may be the section's own."""
        if not self._further_lines:
            return self._values
        return {name: key.value for name, key in self.keys.items()}


class ConfigText:
    """One AWS config file. `origin` names it in errors; `newline` ends most of its lines.

    `defaults` is the section [DEFAULT], which is not in `sections`.
    """

    def __init__(self, data: bytes, origin: str) -> None:
        self.origin = origin
        self.data = data
        text = _decode_config(data, origin)
        self.newline = _most_frequent_newline(text)
        self.sections: dict[str, Section] = {}
        self.defaults = Section(DEFAULT_SECTION, 0)
        _Reader(self).read(text)
        self._check_nested_lines()

    @property
    def text(self) -> str:
        return self.data.decode()

    @cached_property
    def lines(self) -> list[str]:
        return self.split_into_lines()

    def split_into_lines(self) -> list[str]:
        """Return the lines without keeping them: those of 20,000 profiles take 14 MB."""
        return self.text.split("\n")

    def refuse_line(self, line: int, what: str, hint: str | None = None) -> NoReturn:
        """Raise ConfigInvalid for this line, which counts from 0."""
        if is_quoted(self.lines[line].partition("=")[2].strip()):
            hint = f"{REMOVE_QUOTES} in line {line + 1}"
        raise _invalid_line_error(self.origin, line + 1, what, hint)

    def _check_nested_lines(self) -> None:
        if not self.sections:
            return
        for section in (self.defaults, *self.sections.values()):
            if not section.has_long_value:
                continue
            for key in section.keys.values():
                if not key.is_nested:
                    continue
                for part, line in zip(key.parts, key.lines, strict=True):
                    for piece in part.splitlines():
                        if piece.strip() and "=" not in piece:
                            self.refuse_line(line, 'a line of a nested block has no "="')


class _Reader:
    """Reads sections and keys as configparser.RawConfigParser._read does, with line numbers."""

    def __init__(self, config: ConfigText) -> None:
        self._config = config
        self._section: Section | None = None
        self._key = ""  # the key to which the last line belongs; "" after a header
        self._indent = 0
        # Blank lines belong to a value only if another line of it follows.
        self._blank_lines: list[int] = []
        self._shared: dict[str, str] = {}

    def read(self, text: str) -> None:
        for number, line in enumerate(_each_line(text)):
            value = line.strip()
            if not value:
                self._blank_lines.append(number)
            elif value[0] not in "#;":
                self._read_line(number, line, value)

    def _read_line(self, number: int, line: str, value: str) -> None:
        indent = 0 if line[0] == value[0] else len(line) - len(line.lstrip())
        if self._section is not None and self._key and indent > self._indent:
            for blank in self._blank_lines:
                self._section.add_line_of_value(self._key, "", blank)
            self._blank_lines.clear()
            self._section.add_line_of_value(self._key, value, number)
            return
        self._blank_lines.clear()
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
            first = sections[header].line + 1
            self._config.refuse_line(
                number,
                f'the section "[{show(header, 80)}]" exists twice, first in line {first}',
                hint="the AWS tools refuse the whole file: remove one of the two",
            )
        if header == DEFAULT_SECTION:
            self._section = self._config.defaults
            self._section.line = number
        else:
            self._section = sections[header] = Section(header, number)
        self._key = ""

    def _start_key(self, number: int, value: str, section: Section) -> None:
        name, found, rest = value.partition("=")
        if ":" in name:
            name, found, rest = value.partition(":")
        name = name.rstrip().lower()
        if not found:
            what = _OPEN_HEADER if value[0] == "[" else 'a line has no "="'
            # The error message does not show the line, which may be part of a secret key.
            self._config.refuse_line(number, what)
        if not name:
            self._config.refuse_line(number, 'there is no key before the "="')
        if name in section:
            first = section.keys[name].lines[0] + 1
            self._config.refuse_line(
                number,
                f'the key "{show(name, 80)}" exists twice, first in line {first}',
                hint="the AWS tools refuse the whole file: remove one of the two",
            )
        self._key = self._share(name)
        section.add_key(self._key, self._share(rest.strip()), number)

    def _share(self, text: str) -> str:
        return self._shared.setdefault(text, text) if len(text) <= _SHARED_CHARACTERS else text


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
