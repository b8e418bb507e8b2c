"""The rules for what a screen may not look like. Each takes a frame and yields findings."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from textual.geometry import Region

from tests.tui.cells import Box, Frame, Rgb

# WCAG's least contrast of texts, and of marks and faint texts.
TEXT_CONTRAST, MARK_CONTRAST = 4.5, 3.0
# A blank area with more lines and columns than this is a void, if a list has more to show.
VOID_LINES, VOID_COLUMNS = 6, 20
# So many cells may have a background that is not the theme's: a cursor, or a selection.
_FOREIGN_CELLS = 30
# Textual rounds each of the blends that make a colour.
_ROUNDING = 2

_CLOCK = re.compile(r"\d+[dhms](?: \d+[dhms])?(?![a-z\d])")
# A clock whose second part has no unit.
_HALF_CLOCK = re.compile(r"(?<![\w.:-])\d+[dh] \d{1,2}(?=…|$|  )")
# A clock whose word is cut: "5m lef", with the ellipsis or at the edge, before a widget's padding.
_HALF_WORD = re.compile(r"\d[dhms\d:]* (?:lef|le|l|ag)(?=…|\s*$|  )")
_COUNT = re.compile(r"\d+(?:/\d+)?")
# What a cut clock or count ends with.
_TAIL = re.compile(r"(?:^|(?<=[\s(·+~/|▏│]))(\d[\d/]*(?:[dhms] ?\d*)?)$")
_ACCOUNT_ID_DIGITS = 12


class Finding(NamedTuple):
    """What is wrong, and where. `rule` is the name of the rule."""

    rule: str
    frame: str
    size: str
    palette: str
    what: str


def check(frame: Frame, whole: Frame | None = None) -> list[Finding]:
    """Return all findings in `frame`. `whole` is a picture of the screen in which everything fits."""
    rules = {
        "overlap": overlaps(frame),
        "outside": outside(frame),
        "hidden answer": hidden_answers(frame),
        "cut number": cut_numbers(frame, whole),
        "void": voids(frame),
        "foreign background": foreign_backgrounds(frame),
        "invisible text": invisible_texts(frame),
        "too wide": too_wide(frame),
        "scrolls sideways": wide_lists(frame),
        "escaped newline": escaped_newlines(frame),
    }
    size = f"{frame.width}x{frame.height}"
    return [
        Finding(rule, frame.name, size, frame.palette.name, what)
        for rule, found in rules.items()
        for what in dict.fromkeys(found)
    ]


def overlaps(frame: Frame) -> Iterator[str]:
    """Yield siblings of one layer that are drawn over each other."""
    siblings: dict[tuple[int | None, str], list[Box]] = {}
    for box in frame.boxes:
        if box.seen.area and not box.is_overlay:
            siblings.setdefault((box.parent, box.layer), []).append(box)
    for group in siblings.values():
        for number, one in enumerate(group):
            for other in group[number + 1 :]:
                if one.seen.intersection(other.seen).area:
                    yield f"{one.name} {one.seen} and {other.name} {other.seen}"


def outside(frame: Frame) -> Iterator[str]:
    """Yield widgets of which a part is cut off and cannot be scrolled to."""
    for box in frame.boxes:
        if box.is_overlay:
            continue
        if box.region.width > box.seen.width and not box.can_scroll_x:
            yield f"{box.name} {box.region}: only {box.seen.width} columns are seen"
        elif box.region.height > box.seen.height and not box.can_scroll_y:
            yield f"{box.name} {box.region}: only {box.seen.height} lines are seen"


def hidden_answers(frame: Frame) -> Iterator[str]:
    """Yield buttons of a dialog that are not seen as a whole, also if it scrolls to them.

    A user who does not see an answer does not know that there is more to scroll to. The button
    after the fields of a form may be scrolled to: tab goes there, and enter in a field does the
    same.
    """
    if not frame.is_modal:
        return
    forms = {box.parent for box in frame.boxes if box.name.startswith("Input#")}
    for box in frame.boxes:
        is_answer = box.name.startswith("Button") and box.parent not in forms
        if is_answer and box.region != box.seen:
            yield f"{box.name} {box.region}: only {box.seen} is seen"


def cut_numbers(frame: Frame, whole: Frame | None) -> Iterator[str]:
    """Yield clocks and counts that are cut: by an ellipsis, or by the edge of their widget.

    At the edge only the whole screen tells whether something is missing: 1 may be 17.
    """
    numbers = _numbers_of(whole) if whole else frozenset[str]()
    for box in frame.boxes:
        if not box.is_leaf:
            continue
        for line in frame.text_in(box.seen):
            for found in (*_HALF_CLOCK.finditer(line), *_HALF_WORD.finditer(line)):
                yield f'{box.name}: "{found.group()}" in "{line.strip()}"'
            for place in re.finditer("…", line):
                tail = _TAIL.search(line[: place.start()])
                if tail and not _is_id(tail.group(1), numbers):
                    yield f'{box.name}: "{tail.group(1)}…" in "{line.strip()}"'
            tail = _TAIL.search(line)
            if tail and tail.group(1) not in numbers:
                begins = [number for number in numbers if number.startswith(tail.group(1))]
                if begins:
                    yield f'{box.name}: "{tail.group(1)}" of "{begins[0]}" in "{line.strip()}"'


def wide_lists(frame: Frame) -> Iterator[str]:
    """Yield lists whose lines end outside of the screen, where a clock would not be seen."""
    for box in frame.boxes:
        if box.is_wider and box.seen.area:
            yield f"{box.name} {box.seen}"


def escaped_newlines(frame: Frame) -> Iterator[str]:
    """Yield lines that show the escape of a newline: several lines were escaped as one text."""
    for line in frame.lines:
        text = "".join(run.text for run in line)
        if "\\x0a" in text:
            yield text.strip()


def _numbers_of(frame: Frame) -> frozenset[str]:
    text = "\n".join("".join(frame.cells_of(y)) for y in range(frame.height))
    return frozenset([*_CLOCK.findall(text), *_COUNT.findall(text)])


def _is_id(digits: str, numbers: frozenset[str]) -> bool:
    """Return whether this begins an account's id. No count that goes on begins with 0."""
    return digits.isdigit() and (
        digits.startswith("0")
        or any(len(each) == _ACCOUNT_ID_DIGITS and each.startswith(digits) for each in numbers)
    )


def voids(frame: Frame) -> Iterator[str]:
    """Yield large areas without content, in a screen in which a list has more to show."""
    if not any(box.has_more and box.seen.area for box in frame.boxes):
        return
    taken: list[Region] = []
    for box in frame.boxes:
        if not box.is_leaf or not box.seen.area:
            continue
        taken.append(box.seen)
        is_large = box.seen.height > VOID_LINES and box.seen.width > VOID_COLUMNS
        if is_large and not any(line.strip() for line in frame.text_in(box.seen)):
            yield f"{box.name} {box.seen} has no content"
    for area in _areas(frame):
        found = _largest_free(area, taken)
        if found is not None:
            yield f"nothing is drawn in {found}"


def _areas(frame: Frame) -> list[Region]:
    """Return the areas that belong to the screen: of a dialog not what is below it."""
    if not frame.is_modal:
        return [Region(0, 0, frame.width, frame.height)]
    return [box.seen for box in frame.boxes if box.parent is None]


def _largest_free(area: Region, taken: list[Region]) -> Region | None:
    """Return the tallest rectangle of the area that is a void and that no widget takes."""
    best: Region | None = None
    # For each column the number of free lines that end at this line.
    heights = [0] * area.width
    for y in range(area.y, area.bottom):
        is_free = [True] * area.width
        for region in taken:
            if region.y <= y < region.bottom:
                start, end = max(region.x, area.x) - area.x, min(region.right, area.right) - area.x
                is_free[start:end] = [False] * max(0, end - start)
        heights = [height + 1 if free else 0 for height, free in zip(heights, is_free, strict=True)]
        tall = "".join("1" if height > VOID_LINES else "0" for height in heights)
        for found in re.finditer(f"1{{{VOID_COLUMNS + 1},}}", tall):
            height = min(heights[found.start() : found.end()])
            if best is None or height > best.height:
                best = Region(
                    area.x + found.start(), y - height + 1, found.end() - found.start(), height
                )
    return best


def foreign_backgrounds(frame: Frame) -> Iterator[str]:
    """Yield backgrounds of many blank cells that are not the theme's."""
    areas = _areas(frame)
    codes = [box.seen for box in frame.boxes if box.name == "Static#qr"]
    cells: dict[Rgb, int] = {}
    for y, line in enumerate(frame.lines):
        for run in line:
            is_here = any(area.contains(run.x, y) for area in areas)
            if is_here and not run.text.strip() and not any(c.contains(run.x, y) for c in codes):
                cells[run.background] = cells.get(run.background, 0) + run.cells
    for color, count in cells.items():
        if count > _FOREIGN_CELLS and not _is_near(color, frame.backgrounds):
            yield f"{color}: {count} cells"


def _is_near(color: Rgb, colors: Iterable[Rgb]) -> bool:
    """Return whether it is one of the colours, but for rounding."""
    return any(
        max(abs(a - b) for a, b in zip(color, other, strict=True)) <= _ROUNDING for other in colors
    )


def invisible_texts(frame: Frame) -> Iterator[str]:
    """Yield texts and marks with too little contrast. Below a dialog everything is darkened."""
    areas = _areas(frame)
    disabled = [box.seen for box in frame.boxes if box.is_disabled]
    for y, line in enumerate(frame.lines):
        for run in line:
            if not run.text.strip() or not any(area.contains(run.x, y) for area in areas):
                continue
            is_text = any(character.isalnum() for character in run.text) and not run.is_dim
            is_text = is_text and not any(region.contains(run.x, y) for region in disabled)
            found = contrast(run.color, run.background)
            if found < (TEXT_CONTRAST if is_text else MARK_CONTRAST):
                yield (
                    f'"{run.text.strip()[:30]}" {run.color} on {run.background}: {found:.2f} '
                    f"({'text' if is_text else 'mark'})"
                )


@cache
def contrast(one: Rgb, other: Rgb) -> float:
    """Return WCAG's ratio of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Rgb) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def too_wide(frame: Frame) -> Iterator[str]:
    """Yield lines that do not have exactly the screen's width, and a wrong number of lines."""
    if len(frame.lines) != frame.height:
        yield f"{len(frame.lines)} lines"
    for y, line in enumerate(frame.lines):
        cells = sum(run.cells for run in line)
        if cells != frame.width:
            yield f"line {y} has {cells} cells"
