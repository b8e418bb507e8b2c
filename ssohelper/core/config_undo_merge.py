"""Undoes a write of the config byte for byte, also if the user edited the config since. Pure.

`config_undo` compares sections and keys to decide which of them an undo changes. This module merges
lines: where the user did not edit the written lines, it takes the lines of the version before the
write, so that comments, blank lines, delimiters and line ends are restored too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from operator import itemgetter

from ssohelper.core.config_diff import ChangedLines, find_changed_lines
from ssohelper.core.config_edit import edited_config
from ssohelper.core.config_text import ConfigText
from ssohelper.core.config_undo import changes_that_undo_write, find_old_headers
from ssohelper.core.profile_origin import MARKERS
from ssohelper.errors import ConfigInvalid


def config_without_write(before: ConfigText, after: ConfigText, current: ConfigText) -> bytes:
    """Return the config `current` without what the write from `before` to `after` changed.

    Later edits stay. Lines that were not edited get the bytes that they had before the write.
    Raises: ConfigInvalid for a file or a value that cannot be written safely.
    """
    # The result must have the sections, keys and values of `by_keys`. If the merged lines have
    # others, `by_keys` itself is returned.
    by_keys = edited_config(current, changes_that_undo_write(before, after, current))
    target = ConfigText(by_keys, current.origin)
    restored = find_changed_lines(after.text, before.text)
    edited = find_changed_lines(after.text, current.text)
    free = list(_changes_without_overlap(restored, edited))
    for refused in (frozenset[str](), _find_edited_sections(after, current)):
        kept = list(_changes_outside_sections(free, after, refused))
        with suppress(ConfigInvalid):
            merged = ConfigText(_merge_lines(after, kept, edited), current.origin)
            content = edited_config(merged, changes_that_undo_write(before, after, merged))
            found = ConfigText(content, current.origin)
            if _has_sections_and_keys_of_target(found, target, before, after, current):
                return content
    return by_keys


def _find_edited_sections(after: ConfigText, current: ConfigText) -> frozenset[str]:
    """Return the headers of the sections whose keys or values were edited since the write."""
    old, new = (
        {header: section.values() for header, section in text.sections.items()}
        for text in (after, current)
    )
    return frozenset(header for header in old | new if old.get(header) != new.get(header))


def _changes_without_overlap(
    ours: Sequence[ChangedLines], theirs: Sequence[ChangedLines]
) -> Iterator[ChangedLines]:
    """Yield the changes in `ours` that replace no line that a change in `theirs` replaces too."""
    at = 0
    for one in ours:
        while at < len(theirs) and theirs[at].stop <= one.first:
            at += 1
        other = theirs[at] if at < len(theirs) else None
        if other is None or not (other.first < one.stop and one.first < other.stop):
            yield one


def _changes_outside_sections(
    changes: Sequence[ChangedLines], text: ConfigText, headers: Collection[str]
) -> Iterator[ChangedLines]:
    """Yield those changes to lines of `text` that affect no section with one of these headers."""
    starts = [(section.line, header) for header, section in text.sections.items()]
    refused = {line for line, header in starts if header in headers}
    for one in changes:
        is_added = one.first == one.stop  # a change that only adds lines, below line `first` - 1
        first = bisect_right(starts, one.first - is_added, key=itemgetter(0))
        stop = bisect_right(starts, max(one.first, one.stop - 1), key=itemgetter(0))
        touched = {header for _, header in starts[max(0, first - 1) : stop]}
        touched |= {line[1 : line.rfind("]")] for line in one.lines if line.startswith("[")}
        if touched.isdisjoint(headers):
            # The blank line above a section with one of `headers` belongs to that section, so it
            # stays.
            keeps_blank = one.stop in refused and not text.lines[one.stop - 1].strip()
            yield one._replace(stop=max(one.first, one.stop - keeps_blank))


def _merge_lines(
    base: ConfigText, ours: Sequence[ChangedLines], theirs: Sequence[ChangedLines]
) -> bytes:
    """Return the text of `base` with the undo's changes (`ours`) and the user's changes (`theirs`).

    At one position, changes that only add lines come first. Lines that the user added where the
    write removed aws-sso-cli's BEGIN marker come before that marker, so outside of its block.
    """
    old = _split_with_newlines(base.text)
    lines: list[str] = []
    at = 0
    last = [one for one in ours if _is_begin_marker(one)]
    rest = [one for one in ours if not _is_begin_marker(one)]
    for first, stop, new in sorted([*rest, *theirs, *last], key=itemgetter(0, 1)):
        lines += [*old[at:first], *new]
        at = stop
    lines += old[at:]
    # In a file without a final newline, the line that was the last one may now have lines below it.
    ended = [line if line.endswith("\n") else line + base.newline for line in lines[:-1]]
    return "".join(ended + lines[-1:]).encode()


def _is_begin_marker(change: ChangedLines) -> bool:
    begin, _ = MARKERS
    found = [line.rstrip() for line in change.lines if line.rstrip() in MARKERS]
    return change.first == change.stop and found == [begin]


def _split_with_newlines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + [last] * bool(last)


def _has_sections_and_keys_of_target(
    merged: ConfigText,
    target: ConfigText,
    before: ConfigText,
    after: ConfigText,
    current: ConfigText,
) -> bool:
    """Return whether the config `merged` has the same sections, keys and values as `target`.

    A section that was not edited since the write may instead have its keys and values from before
    the write: `target` may lack old nested values, as `changes_that_undo_write` restores none.
    """
    if merged.defaults.values() != target.defaults.values() or _count_marker_lines(
        merged
    ) != _count_marker_lines(target):
        return False
    if merged.sections.keys() != target.sections.keys():
        return False
    edited = _find_edited_sections(after, current)
    new_headers = {old: new for new, old in find_old_headers(before, after).items()}
    for header, section in merged.sections.items():
        values, old = section.values(), before.sections.get(header)
        is_restored = new_headers.get(header, header) not in edited
        if values != target.sections[header].values() and not (
            is_restored and old and values == old.values()
        ):
            return False
    return True


def _count_marker_lines(text: ConfigText) -> Counter[str]:
    return Counter(line.rstrip() for line in text.lines if line.rstrip() in MARKERS)
