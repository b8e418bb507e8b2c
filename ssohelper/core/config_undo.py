"""Finds the config without a write of ssohelper, also if other parts were edited since. Pure."""

from collections.abc import Sequence
from operator import itemgetter

from ssohelper.core.config_diff import ChangedLines, find_changed_lines, split_at_sections
from ssohelper.core.config_text import ConfigText
from ssohelper.core.profile_origin import MARKERS
from ssohelper.errors import ConfigInvalid

_BEGIN, _ = MARKERS


def config_without_write(before: str, after: str, current: str) -> str | None:
    """Return the config `current` without what the write from `before` to `after` changed.

    Lines that the write changed get their bytes from before it; all other lines stay. Returns None
    if one of these lines, or a key of a section that the write changed, was edited since.
    """
    old, written, present = map(key_lines_by_header, (before, after, current))
    changed = changed_headers(old, written)
    base = _with_last_newline(after)
    restored, edited = (
        find_changed_lines(base, _with_last_newline(text)) for text in (before, current)
    )
    if changed_headers(written, present) & changed or _do_overlap(restored, edited):
        return None
    merged = _merge_lines(base, restored, edited)
    for last in (text.rpartition("\n")[2] for text in (before, current)):
        if last and merged.endswith(f"\n{last}\n"):
            merged = merged.removesuffix("\n")
    expected = {header: lines for header, lines in present.items() if header not in changed}
    expected |= {header: lines for header, lines in old.items() if header in changed}
    try:
        ConfigText(merged.encode(), "")
    except ConfigInvalid:
        return None
    return merged if key_lines_by_header(merged) == expected else None


def key_lines_by_header(text: str) -> dict[str, tuple[str, ...]]:
    """Return the lines of each section, without blanks and comments, by the section's first line.

    The text may be invalid.
    """
    found: dict[str, tuple[str, ...]] = {}
    for header, *lines in split_at_sections(text):
        if header.startswith("["):
            keys = (line.rstrip() for line in lines if line.strip()[:1] not in ("", "#", ";"))
            found[header.rstrip()] = (*found.get(header.rstrip(), ()), *keys)
    return found


def changed_headers(
    old: dict[str, tuple[str, ...]], new: dict[str, tuple[str, ...]]
) -> frozenset[str]:
    """Return the headers of the sections that only one of two configs has, or with other keys."""
    return frozenset(header for header in old | new if old.get(header) != new.get(header))


def _do_overlap(ours: Sequence[ChangedLines], theirs: Sequence[ChangedLines]) -> bool:
    """Return whether one change of `theirs` replaces or separates lines that `ours` replace."""
    at = 0
    for one in ours:
        # The user's lines after a BEGIN marker would be in the block that aws-sso-cli rewrites.
        begins = any(line.rstrip() == _BEGIN for line in one.lines)
        while at < len(theirs) and theirs[at].stop <= one.first:
            at += 1
        for other in theirs[at : at + 1]:
            if other.first < one.stop + begins and one.first < other.stop:
                return True
    return False


def _merge_lines(base: str, ours: Sequence[ChangedLines], theirs: Sequence[ChangedLines]) -> str:
    """Return the text `base` with the undo's changes (`ours`) and the user's changes (`theirs`).

    Lines that both add at one place: ours come first, but a BEGIN marker comes last, since
    aws-sso-cli rewrites what is below it.
    """
    old = [f"{line}\n" for line in base.split("\n")[:-1]]
    lines: list[str] = []
    at = 0
    ordered = [(*one, any(line.rstrip() == _BEGIN for line in one.lines)) for one in ours]
    ordered += [(*one, False) for one in theirs]
    for first, stop, new, _ in sorted(ordered, key=itemgetter(0, 1, 3)):
        lines += [*old[at:first], *new]
        at = stop
    return "".join([*lines, *old[at:]])


def _with_last_newline(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"
