"""Each rule of tests/tui/looks.py finds what is wrong in a screen that is broken on purpose."""

import asyncio

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, Static

from ssohelper.tui import themes
from ssohelper.tui.widgets.lines import LineView
from tests.tui.cells import PALETTES, Frame, Palette, take_frame
from tests.tui.looks import check

DARK, LIGHT, DARK_256, _, ANSI_DARK, ANSI_LIGHT, _ = PALETTES


class Raw(Widget):
    """Draws a text in the given style, as wide as the text is."""

    DEFAULT_CSS = "Raw { height: 1; }"

    def __init__(self, text: str, style: Style) -> None:
        super().__init__()
        self._text, self._style = text, style

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(self._text, self._style)])


class LongList(LineView):
    """A list with more lines than any screen here has."""

    def on_mount(self) -> None:
        self.set_lines([[(f"line {number}", "")] for number in range(100)])


def frame_of(
    *widgets: Widget, css: str = "", size: tuple[int, int] = (40, 20), palette: Palette = DARK
) -> Frame:
    """Return the frame of a screen with these widgets."""

    class Broken(App[None]):
        CSS = "Screen { background: $background; }" + css

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return {"muted-text-style": "none"}

        def compose(self) -> ComposeResult:
            yield from widgets

    async def go() -> Frame:
        app = Broken()
        app.animation_level = "none"
        for theme in (themes.DARK, themes.LIGHT, themes.DARK_256, themes.ANSI_DARK):
            app.register_theme(theme)
        app.register_theme(themes.ANSI_LIGHT)
        app.theme = palette.theme
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            return take_frame(app, "broken", palette)

    return asyncio.run(go())


def rules_of(frame: Frame, whole: Frame | None = None) -> set[str]:
    return {finding.rule for finding in check(frame, whole)}


def text(words: str, **styles: str) -> Static:
    made = Static(words, markup=False)
    for name, value in styles.items():
        setattr(made.styles, name, value)
    return made


def test_a_screen_without_faults_has_no_finding() -> None:
    frame = frame_of(
        Horizontal(LongList(), text("details", width="12")), text("2h 13m left  17/20", height="1")
    )
    assert check(frame, frame) == []


def test_siblings_that_are_drawn_over_each_other_are_found() -> None:
    lower = text("lower", height="3")
    lower.styles.offset = (0, -1)
    assert rules_of(frame_of(text("upper", height="3"), lower)) == {"overlap"}


def test_what_lies_over_a_screen_on_purpose_is_no_overlap() -> None:
    over = text("over", height="3", layer="above")
    frame = frame_of(text("upper", height="3"), over, css="Screen { layers: default above; }")
    assert rules_of(frame) == set()


def test_a_part_that_cannot_be_scrolled_to_is_found() -> None:
    def tall() -> Static:
        return text("\n".join(map(str, range(30))), height="30")

    assert "outside" in rules_of(frame_of(Vertical(tall(), id="v")))
    assert rules_of(frame_of(VerticalScroll(tall()))) == set()
    assert "outside" in rules_of(frame_of(Horizontal(text("x" * 60, width="60"))))


def test_an_answer_that_a_dialog_must_be_scrolled_to_is_found() -> None:
    def frame(lines: int) -> Frame:
        answer = Button("Yes", compact=True)
        page = VerticalScroll(text("\n".join("x" * lines), height=str(lines)), answer)
        css = "Button { background: $panel; color: $foreground; text-style: none; }"
        return frame_of(page, css=css)._replace(is_modal=True)

    assert rules_of(frame(10)) == set()
    assert rules_of(frame(30)) == {"hidden answer"}


@pytest.mark.parametrize(
    ("words", "width"),
    [
        ("41m of the sign-in; ends in 2h 13m", "33"),
        ("ends in 2h 13m", "12"),
        ("17 to add, 598 to change", "13"),
        ("rows 17/20", "9"),
    ],
)
def test_a_cut_clock_or_count_is_found(words: str, width: str) -> None:
    def frame(wide: str) -> Frame:
        cut = text(words, width=wide, height="1")
        cut.styles.text_wrap = "nowrap"
        return frame_of(cut)

    whole = frame("40")
    assert check(whole, whole) == []
    assert rules_of(frame(width), whole) == {"cut number"}


def test_a_list_with_a_clock_right_of_its_edge_is_found() -> None:
    def frame(gap: int) -> Frame:
        class Listed(LineView):
            def on_mount(self) -> None:
                self.set_lines([[(f"Developer{' ' * gap}7h 59m left", "")]])

        return frame_of(Listed())

    assert rules_of(frame(40)) == {"scrolls sideways"}
    assert rules_of(frame(2)) == set()


def test_a_hole_whose_background_is_not_the_themes_is_found() -> None:
    assert rules_of(frame_of(text("", height="5", background="#000000"))) == {"foreign background"}
    assert rules_of(frame_of(text("", height="5", background="black"), palette=LIGHT)) == {
        "foreign background"
    }


@pytest.mark.parametrize(
    ("color", "under", "palette"),
    [
        ("#505050", "#11151b", DARK),
        ("#444444", "#121212", DARK_256),
        ("blue", "default", ANSI_DARK),
        ("white", "default", ANSI_LIGHT),
        ("yellow", "default", ANSI_LIGHT),
    ],
)
def test_text_that_cannot_be_read_is_found(color: str, under: str, palette: Palette) -> None:
    frame = frame_of(Raw("words" + " " * 35, Style(color=color, bgcolor=under)), palette=palette)
    assert rules_of(frame) == {"invisible text"}


def test_a_line_that_is_wider_than_the_screen_is_found() -> None:
    frame = frame_of(text("words"))
    wider = (*frame.lines[0], frame.lines[0][0]._replace(x=40))
    assert rules_of(frame._replace(lines=(wider, *frame.lines[1:]))) == {"too wide"}
    assert rules_of(frame._replace(lines=frame.lines[1:])) == {"too wide"}
