"""The screen as the terminal shows it: the cells' texts and colours, and the widgets' places.

The colours are those after Textual's filters (NO_COLOR) and after Rich has replaced what the
terminal lacks. Only public names of Textual and Rich are used.
"""

import html
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, NamedTuple
from unittest import mock

from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.color import ColorSystem, ColorType
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.errors import NoWidget
from textual.geometry import Region
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.widget import Widget

from ssohelper.tui import themes
from ssohelper.tui.widgets.key_bar import KeyBar

Rgb = tuple[int, int, int]

# Colours 0 to 15 of xterm (XTerm-col.ad), in the order of their numbers.
XTERM_16: tuple[str, ...] = (
    "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5",
    "#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
)  # fmt: skip
# xterm draws faint text with two thirds of its colour.
_FAINT = 2 / 3
# The names of the theme's colours that may be the background of an area. `panel-darken-1` is the
# background of the palette of commands.
_BACKGROUNDS = (
    "background", "surface", "panel", "panel-darken-1", "footer-background",
    "block-cursor-background", "block-cursor-blurred-background", "input-cursor-background",
    "scrollbar", "scrollbar-background", "primary",
)  # fmt: skip
# Other values of a theme's variables are those that depend on what is below: `auto 87%`.
_COLOR = re.compile(r"#\w+|ansi_\w+")
# Textual's tint of the background of a field that has the focus.
_FOCUS_TINT = 0.05


class Palette(NamedTuple):
    """A kind of terminal: the theme that is used on it, and the colours that it has."""

    name: str
    theme: str
    has_256: bool = False
    is_light: bool = False
    no_color: bool = False

    @property
    def default_text(self) -> Rgb:
        """Return the terminal's own colour of texts, xterm's."""
        return (0, 0, 0) if self.is_light else (229, 229, 229)

    @property
    def default_background(self) -> Rgb:
        """Return the terminal's own background, xterm's."""
        return (255, 255, 255) if self.is_light else (0, 0, 0)


PALETTES = (
    Palette("truecolor", themes.DARK.name),
    Palette("truecolor-light", themes.LIGHT.name, is_light=True),
    Palette("256", themes.DARK_256.name, has_256=True),
    Palette("256-light", themes.LIGHT_256.name, has_256=True, is_light=True),
    Palette("ansi-dark", themes.ANSI_DARK.name),
    Palette("ansi-light", themes.ANSI_LIGHT.name, is_light=True),
    Palette("no-color", themes.NO_COLOR.name, no_color=True),
)


class Run(NamedTuple):
    """Neighbouring cells of one line with one look. `x` is the column of the first."""

    x: int
    text: str
    color: Rgb
    background: Rgb
    is_dim: bool

    @property
    def cells(self) -> int:
        return cell_len(self.text)


class Box(NamedTuple):
    """A widget of the current screen. `parent` is its parent's number in Frame.boxes, or None.

    `seen` is the part of `region` that its parents do not cut off. `can_scroll_x` and `_y`: a
    parent scrolls to the rest. `has_more`: a list that shows a part of its lines; `is_wider`: its
    lines are wider than it is.
    """

    name: str
    parent: int | None
    region: Region
    seen: Region
    layer: str
    is_overlay: bool
    is_leaf: bool
    is_disabled: bool
    can_scroll_x: bool
    can_scroll_y: bool
    has_more: bool
    is_wider: bool


class Frame(NamedTuple):
    """A screen at one size in one palette. `backgrounds` are those that its theme may draw."""

    name: str
    palette: Palette
    width: int
    height: int
    lines: tuple[tuple[Run, ...], ...]
    boxes: tuple[Box, ...]
    is_modal: bool
    backgrounds: frozenset[Rgb]

    def text_in(self, region: Region) -> list[str]:
        """Return the text in a region, line by line; a wide character counts as its cells."""
        lines = (self.cells_of(y) for y in range(region.y, min(region.bottom, self.height)))
        return ["".join(line[region.x : region.right]) for line in lines]

    def cells_of(self, y: int) -> list[str]:
        """Return the text of each cell of a line. The second cell of a wide character is empty."""
        cells: list[str] = []
        for run in self.lines[y]:
            for character in run.text:
                size = cell_len(character)
                if size == 0 and cells:
                    cells[-1] += character
                else:
                    cells += [character, *[""] * (size - 1)]
        return cells


class _SegmentConsole(Console):
    """Keeps the segments that Textual prints for a screenshot."""

    printed: ClassVar[list[Segment]] = []

    def print(self, *objects: Any, **_options: Any) -> None:
        type(self).printed = list(self.render(objects[0]))

    def export_svg(self, **_options: Any) -> str:
        return ""


def take_frame(app: App[Any], name: str, palette: Palette) -> Frame:
    """Return what the terminal shows now."""
    with mock.patch("textual.app.Console", _SegmentConsole):
        app.export_screenshot()
    lines: list[list[Run]] = [[]]
    for segment in _SegmentConsole.printed:
        if segment.control:
            continue
        if segment.text == "\n":
            lines.append([])
            continue
        x = lines[-1][-1].x + lines[-1][-1].cells if lines[-1] else 0
        lines[-1].append(Run(x, segment.text, *look(segment.style or Style(), palette)))
    return Frame(
        name,
        palette,
        *app.size,
        tuple(map(tuple, lines)),
        tuple(_boxes(app.screen)),
        app.screen.is_modal,
        _theme_backgrounds(app, palette),
    )


@cache
def look(style: Style, palette: Palette) -> tuple[Rgb, Rgb, bool]:
    """Return text colour, background, and whether the text is faint, as the terminal draws them."""
    color = _shown(style.color, palette, palette.default_text)
    background = _shown(style.bgcolor, palette, palette.default_background)
    if style.reverse:
        color, background = background, color
    if style.conceal:
        color = background
    if style.dim:
        color = _blend(background, color, _FAINT)
    return color, background, bool(style.dim)


def _shown(color: RichColor | None, palette: Palette, default: Rgb) -> Rgb:
    if color is None or color.type is ColorType.DEFAULT:
        return default
    if palette.has_256 and color.type is ColorType.TRUECOLOR:
        color = color.downgrade(ColorSystem.EIGHT_BIT)
    if color.number is not None and color.number < len(XTERM_16):
        color = RichColor.parse(XTERM_16[color.number])
    red, green, blue = color.get_truecolor()
    return red, green, blue


def _blend(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _boxes(screen: Screen[Any]) -> Iterator[Box]:
    numbers: dict[Any, int] = {}
    for widget in screen.walk_children(Widget):
        try:
            place = screen.find_widget(widget)
        except NoWidget:
            continue  # the screen does not display this widget
        if not widget.visible or not widget.display:
            continue
        parents = [each for each in widget.ancestors if isinstance(each, Widget)]
        number = numbers[widget] = len(numbers)
        box = Box(
            f"{type(widget).__name__}{f'#{widget.id}' if widget.id else ''}",
            numbers.get(widget.parent),
            place.region,
            place.region.intersection(place.clip),
            widget.layer,
            widget.styles.overlay == "screen",
            not any(child.display for child in widget.children),
            widget.disabled,
            any(each.max_scroll_x > 0 and each.allow_horizontal_scroll for each in parents),
            any(each.max_scroll_y > 0 and each.allow_vertical_scroll for each in parents),
            isinstance(widget, ScrollView) and widget.max_scroll_y > 0,
            isinstance(widget, ScrollView) and widget.show_horizontal_scrollbar,
        )
        yield box
        if isinstance(widget, KeyBar):
            for item in widget.items:
                if not item.active.enabled:
                    region = Region(place.region.x + item.x, place.region.y, item.width, 1)
                    numbers[item] = len(numbers)
                    yield box._replace(
                        name=f"{box.name}.{item.label}", parent=number, region=region,
                        seen=region.intersection(place.clip), is_disabled=True,
                    )  # fmt: skip


def _theme_backgrounds(app: App[Any], palette: Palette) -> frozenset[Rgb]:
    """Return the backgrounds of the theme's colours, also those that are drawn half transparent."""
    found: set[Rgb] = set()
    transparent: list[Color] = []
    for name in _BACKGROUNDS:
        value = app.theme_variables[name]
        if not _COLOR.fullmatch(value):
            continue
        color = Color.parse(value)
        if color.a < 1:
            transparent.append(color)
        elif color.ansi is None:
            found.add(color.rgb)
        else:
            is_own = color.ansi < 0
            shown = palette.default_background if is_own else Color.parse(XTERM_16[color.ansi]).rgb
            found.add(shown)
    for view in app.screen.query(ScrollView):
        bar = view.styles.scrollbar_color
        found.add(bar.rgb if bar.ansi is None else Color.parse(XTERM_16[max(0, bar.ansi)]).rgb)
    # The field that has the focus is tinted.
    tint = Color.parse(app.theme_variables["foreground"])
    if tint.ansi is None:
        transparent.append(tint.with_alpha(_FOCUS_TINT))
    found |= {_blend(under, over.rgb, over.a) for under in found for over in transparent}
    if palette.no_color:
        found.add(palette.default_text)  # a cursor is drawn in reversed colours
    if palette.has_256:
        for red, green, blue in list(found):
            shown = _shown(
                RichColor.from_rgb(red, green, blue), palette, palette.default_background
            )
            found.add(shown)
    return frozenset(found)


def to_svg(frame: Frame) -> str:
    """Draw the frame as an SVG in exactly the colours that were checked."""
    width, height = 8, 17
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{frame.width * width}" '
        f'height="{frame.height * height}" font-family="monospace" font-size="13.3" shape-rendering="crispEdges">'
    ]
    for y, line in enumerate(frame.lines):
        for run in line:
            parts.append(
                f'<rect x="{run.x * width}" y="{y * height}" width="{run.cells * width}" '
                f'height="{height}" fill="{_hex(run.background)}"/>'
            )
            words = run.text.strip()
            if words:
                x = run.x + cell_len(run.text) - cell_len(run.text.lstrip())
                # SVG draws several blanks as one.
                shown = html.escape(words).replace(" ", "\N{NO-BREAK SPACE}")
                parts.append(
                    f'<text x="{x * width}" y="{y * height + 13}" '
                    f'textLength="{cell_len(words) * width}" fill="{_hex(run.color)}">{shown}</text>'
                )
    return "\n".join([*parts, "</svg>\n"])


def _hex(color: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
