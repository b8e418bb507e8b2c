"""Changes the text of ~/.aws/config line by line; lines that no change affects stay as they are.

The new text and its diff are made from the replaced and added lines: difflib takes 33 s on 10,000
profiles.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ssohelper.core.config_text import ConfigText, Section
from ssohelper.core.text import is_harmless, show
from ssohelper.errors import ConfigInvalid

_HEADER = re.compile(r"(profile|sso-session) [A-Za-z0-9][A-Za-z0-9._-]*")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_CONTEXT = 3
# Matches secrets, which a diff's context lines may contain.
_SECRET = re.compile(r"(?i)^(.\s*aws_(?:secret_access_key|session_token|security_token)\s*[=:]).*")
_NO_NEWLINE = "\\ No newline at end of file"


class AddSection(NamedTuple):
    """Adds a section at the end of ~/.aws/config."""

    header: str
    keys: tuple[tuple[str, str], ...]


class EditSection(NamedTuple):
    """Sets and removes keys of a section, and renames the section if `new_header` is set."""

    header: str
    assign: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()
    new_header: str | None = None


class RemoveSection(NamedTuple):
    """Removes an existing section. The comments inside the section stay in the file."""

    header: str


class RemoveLines(NamedTuple):
    """Removes the comment lines with these numbers (from 0), which belong to no section."""

    lines: tuple[int, ...]


Change = AddSection | EditSection | RemoveSection | RemoveLines


def edited_config(text: ConfigText, changes: Sequence[Change]) -> bytes:
    """Return the text with these changes, after parsing it again to check it.

    Raises: ConfigInvalid for what cannot be written safely.
    """
    if not changes:
        return text.data
    after = Edits(text, changes).text().encode()
    _check_changed_config(text, changes, after)
    return after


def unified_diff(text: ConfigText, changes: Sequence[Change], file_name: str) -> Iterator[str]:
    if changes:
        yield f"--- {file_name}"
        yield f"+++ {file_name}"
        yield from diff_hunks(list(Edits(text, changes).signed_lines()))


def lines_of_changed_sections(text: ConfigText, changes: Sequence[Change]) -> list[list[str]]:
    named = [c.header for c in changes if isinstance(c, EditSection | RemoveSection)]
    sections = [text.sections[header] for header in named if header in text.sections]
    lines = text.lines
    return [lines[one.line : one.last_line(lines) + 1] for one in sections]


class Edits:
    """New lines: `replaced[n]` replace line n, `after[n]` follow line n (-1: at the file's top)."""

    def __init__(self, text: ConfigText, changes: Sequence[Change]) -> None:
        self._lines = text.lines
        self._end = "\r" if text.newline == "\r\n" else ""
        self._has_final_newline = self._lines[-1] == ""
        self._is_empty = self._lines == [""]
        self.replaced: dict[int, list[str]] = {}
        self.after: dict[int, list[str]] = {}
        self._added: list[str] = []
        for change in changes:
            self._apply_change(text, change)
        self._append_new_sections()

    def text(self) -> str:
        new = list(self.after.get(-1, ()))
        at = 0
        for line in sorted(line for line in self.replaced.keys() | self.after.keys() if line >= 0):
            new += self._lines[at:line]
            new += self.replaced.get(line, [self._lines[line]])
            new += self.after.get(line, [])
            at = line + 1
        new += self._lines[at:]
        if not self._has_final_newline and len(self._lines) - 1 in self.replaced:
            new.append("")
        return "\n".join(new)

    def signed_lines(self) -> Iterator[tuple[str, str]]:
        yield from (("+", f"{line}\n") for line in self.after.get(-1, ()))
        last = len(self._lines) - 1
        for number, line in enumerate(self._lines[: last if self._has_final_newline else None]):
            new = self.replaced.get(number)
            yield " " if new is None else "-", line if number == last else f"{line}\n"
            for added in (*(new or ()), *self.after.get(number, ())):
                yield "+", f"{added}\n"

    # -- applying one change to the config's lines -----------------------------------------

    def _apply_change(self, text: ConfigText, change: Change) -> None:
        if isinstance(change, AddSection):
            self._add_section(change)
            return
        if isinstance(change, RemoveLines):
            for line in change.lines:
                comment = self._lines[line]
                if not comment.startswith("#") or not is_harmless(comment.rstrip("\r")):
                    what = f'the line "{show(comment, 80)}" is not a comment: it stays as it is'
                    raise ConfigInvalid(what)
                self.replaced[line] = []
            return
        section = text.sections.get(change.header)
        if section is None:
            raise ConfigInvalid(f"{text.origin}: there is no section [{show(change.header)}]")
        if isinstance(change, RemoveSection):
            self._remove_section(section)
        else:
            self._edit_section(section, change)

    def _add_section(self, change: AddSection) -> None:
        if self._added or not self._is_empty:
            self._added.append(self._end)
        _check_section_header(change.header)
        self._added.append(f"[{change.header}]{self._end}")
        self._added += [_config_line_of_key(name, value) + self._end for name, value in change.keys]

    def _remove_section(self, section: Section) -> None:
        for line in range(section.line, section.last_line(self._lines) + 1):
            if not self._lines[line].lstrip().startswith(("#", ";")):
                self.replaced[line] = []
        # ssohelper writes a blank line before each section that it adds.
        before = section.line - 1
        if before >= 0 and not self._lines[before].strip():
            self.replaced[before] = []

    def _edit_section(self, section: Section, change: EditSection) -> None:
        if change.new_header is not None:
            _check_section_header(change.new_header)
            end = self._line_ending_of(section.line)
            self.replaced[section.line] = [f"[{change.new_header}]{end}"]
        lines_of_keys = section.lines_of_keys(self._lines)
        dropped = [lines_of_keys[name] for name in change.drop if name in lines_of_keys]
        for lines in dropped:
            self.replaced |= {line: [] for line in lines}
        new = []
        for name, value in change.assign:
            lines = lines_of_keys.get(name, [])
            self.replaced |= {line: [] for line in lines}
            if lines:
                self.replaced[lines[0]] = self._key_lines([(name, value)], lines[0])
            else:
                new.append((name, value))
        if new and dropped:
            # New keys take the place and the indentation of a removed key, so that no neighbouring
            # line becomes part of another value.
            place = min(dropped)[0]
            self.replaced[place] = self._key_lines(new, place)
        elif new:
            # Indented like the last key: otherwise an indented header on the next line would become
            # a part of the new value.
            *_, last = ([section.line], *lines_of_keys.values())
            self.after.setdefault(last[-1], []).extend(self._key_lines(new, last[0]))

    def _append_new_sections(self) -> None:
        last = len(self._lines) - (2 if self._has_final_newline else 1)
        touches_last = bool(self._added) or last in self.after
        if not self._has_final_newline and touches_last:
            ending = self.replaced.setdefault(last, [self._lines[last]])
            if ending and self._end and not ending[-1].endswith("\r"):
                ending[-1] += "\r"
        if self._added:
            self.after.setdefault(last, []).extend(self._added)

    # -- making lines of the config and of its diff ----------------------------------------

    def _key_lines(self, pairs: Sequence[tuple[str, str]], like_line: int) -> list[str]:
        line = self._lines[like_line]
        margin, end = line[: len(line) - len(line.lstrip())], self._line_ending_of(like_line)
        return [f"{margin}{_config_line_of_key(name, value)}{end}" for name, value in pairs]

    def _line_ending_of(self, line_number: int) -> str:
        if line_number == len(self._lines) - 1:  # the file's last line, which has no newline
            return self._end
        return "\r" if self._lines[line_number].endswith("\r") else ""


def diff_hunks(signed_lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield a unified diff's hunks, given the lines of both files, with " " before common lines."""
    old = new = at = 0
    for first, last in _find_hunk_ranges(signed_lines):
        start = max(0, first - _CONTEXT)
        old += start - at  # these lines between two hunks are the same in both files
        new += start - at
        at = min(len(signed_lines), last + 1 + _CONTEXT)
        body = signed_lines[start:at]
        signs = [sign for sign, _ in body]
        removed, added = len(body) - signs.count("+"), len(body) - signs.count("-")
        before, after = f"{old + (removed > 0)},{removed}", f"{new + (added > 0)},{added}"
        yield f"@@ -{before} +{after} @@"
        for sign, line in body:
            yield hide_secret(sign + line.rstrip("\r\n"))
            if not line.endswith("\n"):
                yield _NO_NEWLINE
        old, new = old + removed, new + added


def _find_hunk_ranges(signed_lines: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """Return the first and last changed line of each hunk; their context lines do not overlap."""
    groups: list[tuple[int, int]] = []
    for number in (at for at, (sign, _) in enumerate(signed_lines) if sign != " "):
        if groups and number - groups[-1][1] <= 2 * _CONTEXT:
            groups[-1] = (groups[-1][0], number)
        else:
            groups.append((number, number))
    return groups


def hide_secret(line: str) -> str:
    return _SECRET.sub(r"\1(not shown)", line)


def _check_section_header(header: str) -> None:
    if not _HEADER.fullmatch(header):
        raise ConfigInvalid(f'"[{show(header, 80)}]" cannot be written as a section header')


def _config_line_of_key(name: str, value: str) -> str:
    if not _KEY.fullmatch(name) or not value or value != value.strip() or not is_harmless(value):
        raise ConfigInvalid(f'the line "{show(name, 40)} = {show(value, 80)}" cannot be written')
    return f"{name} = {value}"


# -- checking the changed config -------------------------------------------------------------------


def _check_changed_config(text: ConfigText, changes: Sequence[Change], after: bytes) -> None:
    found = ConfigText(after, text.origin)
    expected = {header: section.values() for header, section in text.sections.items()}
    for change in changes:
        if isinstance(change, EditSection | RemoveSection):
            expected.pop(change.header, None)
    for change in changes:
        if isinstance(change, EditSection):
            # From the old text, since another section may have been renamed to this header.
            old = text.sections[change.header].values()
            keys = {name: value for name, value in old.items() if name not in change.drop}
            expected[change.new_header or change.header] = keys | dict(change.assign)
        elif isinstance(change, AddSection):
            expected[change.header] = dict(change.keys)
    if {header: section.values() for header, section in found.sections.items()} != expected:
        raise ConfigInvalid(
            f"{text.origin}: this change would alter other sections or keys of the file",
            hint="nothing was written; please report this with the file's section and key names",
        )
