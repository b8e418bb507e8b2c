"""Makes the unified diff of two whole configs, and undoes a write in a config.

difflib takes 33 s on 10,000 profiles, line by line, so sections are compared first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from ssohelper.core.config_edit import diff_hunks
from ssohelper.core.config_text import ConfigText
from ssohelper.core.profile_origin import MARKERS
from ssohelper.errors import ConfigInvalid

# Sections with more lines than this in total are not compared line by line.
_MOST_LINES = 2000
_Lines = tuple[str, ...]


def diff_texts(before: str, after: str, file_name: str) -> Iterator[str]:
    signed_lines = list(_compare_sections(_split_at_headers(before), _split_at_headers(after)))
    if any(sign != " " for sign, _ in signed_lines):
        yield f"--- {file_name}"
        yield f"+++ {file_name}"
        yield from diff_hunks(signed_lines)


def _compare_sections(old: list[_Lines], new: list[_Lines]) -> Iterator[tuple[str, str]]:
    heads = SequenceMatcher(None, [one[0] for one in old], [one[0] for one in new], False)
    for _, i, end, j, stop in heads.get_opcodes():
        if end - i == stop - j:
            for one, other in zip(old[i:end], new[j:stop], strict=True):
                yield from _compare_lines(one, other)
        else:
            yield from (("-", line) for section in old[i:end] for line in section)
            yield from (("+", line) for section in new[j:stop] for line in section)


def _compare_lines(old: _Lines, new: _Lines) -> Iterator[tuple[str, str]]:
    opcodes = [("replace", 0, len(old), 0, len(new))]
    if old != new and len(old) + len(new) <= _MOST_LINES:
        opcodes = list(SequenceMatcher(None, old, new, False).get_opcodes())
    for tag, i, end, j, stop in opcodes:
        if tag == "equal" or old == new:
            yield from ((" ", line) for line in old[i:end])
        else:
            yield from (("-", line) for line in old[i:end])
            yield from (("+", line) for line in new[j:stop])


def _split_at_headers(text: str) -> list[_Lines]:
    *lines, last = text.split("\n")
    whole = [f"{line}\n" for line in lines] + [last] * bool(last)
    starts = [number for number, line in enumerate(whole) if line.startswith("[")]
    ends = [*starts, len(whole)]
    return [tuple(whole[a:b]) for a, b in zip([0, *starts], ends, strict=True) if a < b]


class ConfigSection(NamedTuple):
    """A section's lines up to its last key, and the blank and comment lines that follow it."""

    lines: _Lines = ()
    behind: _Lines = ()

    @property
    def text(self) -> str:
        return "\n".join(map(str.rstrip, self.lines))


_NONE = ConfigSection()


def sections_of_text(text: str) -> dict[str, ConfigSection]:
    """Return the sections by header line; first, the lines above them. The text may be invalid."""
    found = {"": _NONE}
    for lines in _split_at_headers(text if text.endswith("\n") or not text else f"{text}\n"):
        ends = (n + 1 for n, line in enumerate(lines) if line.strip()[:1] not in ("", "#", ";"))
        end = max(ends, default=0)
        found[lines[0].rstrip() if end else ""] = ConfigSection(lines[:end], lines[end:])
    return found


def changed_headers(old: dict[str, ConfigSection], new: dict[str, ConfigSection]) -> frozenset[str]:
    """Return the headers of sections that differ in the two configs, or are only in one."""
    return frozenset(h for h in old | new if old.get(h, _NONE).text != new.get(h, _NONE).text)


def config_without_write(before: str, after: str, current: str) -> str | None:
    """Return the config `current`, with the sections that a write changed restored.

    Returns None if such a section was edited since, or if the block between the marker lines of
    aws-sso-cli would change.
    """
    old, written, now = map(sections_of_text, (before, after, current))
    changed = changed_headers(old, written)
    if changed_headers(written, now) & changed:
        return None
    # A section that the write removed is put back behind the section that it followed.
    removed, anchor = defaultdict[str, list[ConfigSection]](list), ""
    for header, section in old.items():
        if header in written:
            anchor = header
        else:
            removed[anchor].append(section)
    lines = list[str]()
    for header, section in now.items():
        earlier = old.get(header, _NONE)
        lines += earlier.lines if header in changed else section.lines
        # What the user added behind the section stays.
        ours = written.get(header, _NONE).behind
        is_kept = section.behind[: len(ours)] == ours
        lines += (*earlier.behind, *section.behind[len(ours) :]) if is_kept else section.behind
        for one in removed[header]:
            lines += (*one.lines, *one.behind)
    restored = "".join(lines)
    try:
        ConfigText(restored.encode(), "")
    except ConfigInvalid:
        return None
    return restored if _aws_sso_cli_block(restored) == _aws_sso_cli_block(before) else None


def _aws_sso_cli_block(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.splitlines() if line.startswith(("[", *MARKERS))]
    marks = [number for number, line in enumerate(lines) if line in MARKERS]
    return lines[marks[0] : marks[-1] + 1] if marks else []
