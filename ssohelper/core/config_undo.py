"""Finds the changes to the config that undo a write of ssohelper, also after later edits.

This module touches no disk.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from ssohelper.core.config_diff import find_changed_lines
from ssohelper.core.config_edit import (
    AddComment,
    AddSection,
    Change,
    EditSection,
    RemoveSection,
)
from ssohelper.core.config_text import ConfigText, Section
from ssohelper.core.profile_origin import MARKERS
from ssohelper.core.text import is_harmless


def changes_that_undo_write(
    before: ConfigText, after: ConfigText, current: ConfigText
) -> list[Change]:
    """Return the changes to the config `current` that undo the write from `before` to `after`.

    Keys that were edited after the write keep their value. In a section that the write added, keys
    that were added after the write stay.
    """
    old_headers = find_old_headers(before, after)
    changes: list[Change] = []
    for header, written in after.sections.items():
        present = current.sections.get(header)
        old = before.sections.get(old_headers.get(header, header))
        if present is None:
            continue
        if old is None:
            changes += _changes_that_remove_section(present, written)
        else:
            changes += _changes_that_restore_keys(present, written, old, before)
    removed = before.sections.keys() - after.sections.keys() - set(old_headers.values())
    for header in before.sections:
        if header in removed and header not in current.sections:
            changes.append(_change_that_adds_section_again(before, before.sections[header]))
    changes += _changes_that_add_markers(before, after, current)
    return changes


def _changes_that_add_markers(
    before: ConfigText, after: ConfigText, current: ConfigText
) -> Iterator[Change]:
    """Yield the changes that add aws-sso-cli's markers again if the write removed them.

    A BEGIN marker is added before the section that followed it, an END marker after the section
    that preceded it. Comments that were between a marker and its section stay between them.
    """
    if not any(marker in before.text for marker in MARKERS):
        return
    _, end = MARKERS
    present, written = (
        Counter(line.rstrip() for line in text.lines if line.rstrip() in MARKERS)
        for text in (current, after)
    )
    old = [(number, line) for number, line in enumerate(before.lines) if line.rstrip() in MARKERS]
    removed = {
        number
        for change in find_changed_lines(before.text, after.text)
        for number in range(change.first, change.stop)
    }
    for number, line in old:
        if number not in removed:
            continue
        marker = line.rstrip()
        is_gone = written[marker] == present[marker] < sum(one.rstrip() == marker for _, one in old)
        is_end = marker == end
        near = [
            section
            for section in before.sections.values()
            if (section.line < number if is_end else section.line > number)
            and section.header in current.sections
        ]
        if is_gone and near and is_end:
            section = max(near, key=_number_of_first_line)
            here = current.sections[section.header].last_line
            between = before.lines[section.last_line + 1 : number]
            yield AddComment(
                here + _count_lines_to_marker(between, current.lines[here + 1 :]), line
            )
        elif is_gone and near:
            section = min(near, key=_number_of_first_line)
            here = current.sections[section.header].line
            between = before.lines[section.line - 1 : number : -1]
            count = _count_lines_to_marker(between, current.lines[:here][::-1])
            yield AddComment(here - 1 - count, line)


def _count_lines_to_marker(old: Sequence[str], present: Sequence[str]) -> int:
    """Return how many lines to leave between a section and a marker that is added again.

    `old` are the lines that were between the section and aws-sso-cli's marker before the write.
    `present` are the config's lines now, from the section towards the marker's place. The lines to
    leave are the comments of `old`, new comments among these, and as many blank lines next to the
    marker as in `old`.
    """
    lines = [line.strip() for line in old]
    comments = Counter(line for line in lines if line)
    count = 0
    for number, line in enumerate(map(str.strip, present), 1):
        if (line and not line.startswith(("#", ";"))) or line in MARKERS:
            break
        if comments[line] > 0:
            comments[line] -= 1
            count = number
    blanks = next((n for n, line in enumerate(reversed(lines)) if line), len(lines))
    while blanks and count < len(present) - 1 and not present[count].strip():
        count, blanks = count + 1, blanks - 1
    return count


def _number_of_first_line(section: Section) -> int:
    return section.line


def find_old_headers(before: ConfigText, after: ConfigText) -> dict[str, str]:
    """Return a dict from new to old header of each config section that the write renamed.

    A renamed section is one with the same keys and values under another header.
    """
    removed = {
        tuple(sorted(section.values().items())): header
        for header, section in before.sections.items()
        if header not in after.sections and section.keys
    }
    found = {}
    for header, section in after.sections.items():
        if header not in before.sections:
            old = removed.pop(tuple(sorted(section.values().items())), None)
            if old is not None:
                found[header] = old
    return found


def _changes_that_remove_section(present: Section, written: Section) -> list[Change]:
    """Return the change that removes a section which ssohelper added.

    If keys of the section were added or changed after the write, only ssohelper's keys are removed.
    """
    values, written_values = present.values(), written.values()
    to_keep = [key for key, value in values.items() if written_values.get(key) != value]
    if not to_keep:
        return [RemoveSection(present.header)]
    drop = tuple(key for key in values if key not in to_keep)
    return [EditSection(present.header, drop=drop)] if drop else []


def _changes_that_restore_keys(
    present: Section, written: Section, old: Section, before: ConfigText
) -> list[Change]:
    """Return the change that restores the old values of a section's keys that ssohelper changed.

    Each key gets the line that it had in the config `before` the write, as the user spelled it.
    """
    now, written_values, old_values = present.values(), written.values(), old.values()
    assign, drop, spelled = [], [], []
    for key in {**written_values, **old_values}:
        wrote = written_values.get(key)
        was = old_values.get(key)
        if wrote == was or now.get(key) != wrote:
            continue
        if was is None:
            drop.append(key)
        elif was and "\n" not in was:
            assign.append((key, was))
            line = before.lines[old.keys[key].lines[0]].strip()
            if is_harmless(line):
                spelled.append((key, line))
    header = old.header if old.header != present.header else None
    if not assign and not drop and header is None:
        return []
    return [EditSection(present.header, tuple(assign), tuple(drop), header, tuple(spelled))]


def _change_that_adds_section_again(before: ConfigText, section: Section) -> AddSection:
    """Return the change that adds a removed section again, with its original lines.

    Comment lines are left out, because they stayed in the file when the section was removed.
    """
    lines = before.lines[section.line : section.last_line + 1]
    without_comments = [line for line in lines if not line.lstrip().startswith(("#", ";"))]
    return AddSection(section.header, (), tuple(without_comments))
