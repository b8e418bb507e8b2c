"""Makes the unified diff of two whole configs. Pure.

`config_edit` makes the diff of its own edits. This module compares a config with a saved version
that is restored. difflib takes 33 s on 10,000 profiles, line by line, so sections are compared
first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain
from typing import NamedTuple, TypeVar

from ssohelper.core.config_edit import diff_hunks

# Sections with more lines than this in total are not compared line by line.
_MOST_LINES = 2000
# The lines of one section of the config, or those before the first section.
_SectionLines = tuple[str, ...]
_T = TypeVar("_T")


class ChangedLines(NamedTuple):
    """Lines of a new text that replace the old text's lines `first` to `stop` - 1 (from 0).

    Lines end with their newline; the last line of a text may lack it.
    """

    first: int
    stop: int
    lines: tuple[str, ...]


def find_changed_lines(old_text: str, new_text: str) -> list[ChangedLines]:
    """Return the lines that `new_text` has in place of lines of `old_text`, from top to bottom.

    Changes of two sections are two items, so that a caller can use one of them without the other.
    """
    found: list[ChangedLines] = []
    at = 0
    is_open = False
    for sign, line in _compare_sections(split_at_sections(old_text), split_at_sections(new_text)):
        if sign == " ":
            at, is_open = at + 1, False
            continue
        is_open = is_open and not line.startswith("[")
        first, stop, lines = found.pop() if is_open else ChangedLines(at, at, ())
        if sign == "-":
            at = stop = at + 1
        found.append(ChangedLines(first, stop, lines + (line,) * (sign == "+")))
        is_open = True
    return found


def diff_texts(before: str, after: str, file_name: str) -> Iterator[str]:
    """Return the lines of the unified diff from `before` to `after`, without newlines."""
    signed_lines = list(_compare_sections(split_at_sections(before), split_at_sections(after)))
    if all(sign == " " for sign, _ in signed_lines):
        return
    yield f"--- {file_name}"
    yield f"+++ {file_name}"
    yield from diff_hunks(signed_lines)


def _compare_sections(
    old: list[_SectionLines], new: list[_SectionLines]
) -> Iterator[tuple[str, str]]:
    """Yield each line of both files with its sign: " " in both, "-" in the old, "+" in the new."""
    for olds, news in _pair_equal_and_changed_runs(old, new):
        if olds == news:
            yield from ((" ", line) for section in olds for line in section)
            continue
        for some, others in _pair_sections_by_header(olds, news):
            yield from _compare_lines(
                tuple(chain.from_iterable(some)), tuple(chain.from_iterable(others))
            )


def _pair_sections_by_header(
    old: Sequence[_SectionLines], new: Sequence[_SectionLines]
) -> Iterator[tuple[Sequence[_SectionLines], Sequence[_SectionLines]]]:
    """Yield pairs of sections that have the same header, and the sections between two pairs."""
    if len(old) == len(new):
        yield from ((old[n : n + 1], new[n : n + 1]) for n in range(len(old)))
        return
    matcher = SequenceMatcher(None, [one[0] for one in old], [one[0] for one in new], False)
    for tag, i, end, j, stop in matcher.get_opcodes():
        if tag == "equal":
            yield from ((old[i + n : i + n + 1], new[j + n : j + n + 1]) for n in range(end - i))
        else:
            yield old[i:end], new[j:stop]


def _compare_lines(old: _SectionLines, new: _SectionLines) -> Iterator[tuple[str, str]]:
    if len(old) + len(new) > _MOST_LINES:
        pairs = [(old, new)]
    else:
        pairs = [
            (tuple(olds), tuple(news)) for olds, news in _pair_equal_and_changed_runs(old, new)
        ]
    for olds, news in pairs:
        if olds == news:
            yield from ((" ", line) for line in olds)
        else:
            yield from (("-", line) for line in olds)
            yield from (("+", line) for line in news)


def _pair_equal_and_changed_runs(
    old: Sequence[_T], new: Sequence[_T]
) -> Iterator[tuple[Sequence[_T], Sequence[_T]]]:
    """Yield `old` and `new` in pairs of pieces, from top to bottom; a pair is equal or a change."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        yield old[old_from:old_to], new[new_from:new_to]


def split_at_sections(text: str) -> list[_SectionLines]:
    """Return the lines before the first section, then the lines of each section, with newlines."""
    *lines, last = text.split("\n")
    whole = [f"{line}\n" for line in lines] + [last] * bool(last)
    starts = [number for number, line in enumerate(whole) if line.startswith("[")]
    ends = [*starts, len(whole)]
    return [tuple(whole[a:b]) for a, b in zip([0, *starts], ends, strict=True) if a < b]
