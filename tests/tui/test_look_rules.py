"""Each rule of tests/tui/looks.py finds what is wrong in a screen that is broken on purpose."""

import asyncio
from collections.abc import Iterable

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, Static

from ssohelper.core.text import show
from ssohelper.tui import themes
from ssohelper.tui.widgets.lines import LineView
from tests.tui.cells import PALETTES, XTERM_16, Frame, Palette, look, take_frame, to_svg
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


@pytest.mark.parametrize(
    "words", ["ends in 2h 1…", "17 to add, 5…", "(2h…", "7h 59m lef", "4:12 l…"]
)
def test_an_ellipsis_in_a_clock_or_count_is_found(words: str) -> None:
    assert rules_of(frame_of(text(words))) == {"cut number"}


def test_a_cut_account_id_or_name_is_no_cut_count() -> None:
    whole = frame_of(text("000040000001 payments-12"))
    assert rules_of(frame_of(text("00004…")), whole) == set()
    assert rules_of(frame_of(text("payments-1…")), whole) == set()


def test_a_list_with_a_clock_right_of_its_edge_is_found() -> None:
    def frame(gap: int) -> Frame:
        class Listed(LineView):
            def on_mount(self) -> None:
                self.set_lines([[(f"Developer{' ' * gap}7h 59m left", "")]])

        return frame_of(Listed())

    assert rules_of(frame(40)) == {"scrolls sideways"}
    assert rules_of(frame(2)) == set()


def test_a_widget_without_content_beside_a_list_with_more_is_found() -> None:
    def frame(words: str, long: bool) -> Frame:
        listed = LongList() if long else text("all", width="1fr")
        return frame_of(Horizontal(listed, text(words, width="22", height="1fr")), size=(60, 20))

    assert rules_of(frame("", long=True)) == {"void"}
    assert rules_of(frame("details", long=True)) == set()
    assert rules_of(frame("", long=False)) == set()


def test_an_area_without_a_widget_below_a_list_with_more_is_found() -> None:
    def frame(height: int) -> Frame:
        listed = LongList()
        listed.styles.height = height
        return frame_of(listed)

    assert rules_of(frame(8)) == {"void"}
    assert rules_of(frame(18)) == set()


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


def test_256_colours_are_those_that_the_terminal_has() -> None:
    style = Style(color="#5f6672", bgcolor="#11151b")
    assert look(style, DARK)[0] == (0x5F, 0x66, 0x72)
    assert look(style, DARK_256)[0] != (0x5F, 0x66, 0x72)
    assert look(Style(color="blue"), ANSI_DARK)[0] == (0, 0, 0xEE)
    assert XTERM_16[4] == "#0000ee"


def test_marks_may_have_less_contrast_than_text_and_faint_text_too() -> None:
    style = Style(color="#6b7280", bgcolor="#11151b")  # a contrast of 3.8
    assert rules_of(frame_of(Raw("━" * 40, style))) == set()
    assert rules_of(frame_of(Raw("words" + " " * 35, style))) == {"invisible text"}


def test_what_a_dialog_darkens_is_not_looked_at() -> None:
    class Dialog(ModalScreen[None]):
        CSS = "Dialog { background: $background 60%; align: center middle; } Static { width: 20; }"

        def compose(self) -> ComposeResult:
            yield Static("answer", markup=False)

    async def go() -> Iterable[str]:
        app: App[None] = App()
        app.register_theme(themes.DARK)
        app.theme = themes.DARK.name
        async with app.run_test(size=(40, 20)) as pilot:
            await app.screen.mount(text("below", color="#505050"))
            await pilot.pause()
            before = rules_of(take_frame(app, "broken", DARK))
            await app.push_screen(Dialog())
            await pilot.pause()
            return before, rules_of(take_frame(app, "broken", DARK))

    assert asyncio.run(go()) == ({"invisible text"}, set())


def test_a_line_that_is_wider_than_the_screen_is_found() -> None:
    frame = frame_of(text("words"))
    wider = (*frame.lines[0], frame.lines[0][0]._replace(x=40))
    assert rules_of(frame._replace(lines=(wider, *frame.lines[1:]))) == {"too wide"}
    assert rules_of(frame._replace(lines=frame.lines[1:])) == {"too wide"}


def test_lines_that_were_escaped_as_one_text_are_found() -> None:
    assert rules_of(frame_of(text(show("one\ntwo")))) == {"escaped newline"}


def test_a_picture_has_the_texts_and_colours_of_the_frame() -> None:
    svg = to_svg(frame_of(text("<words> & more", color="#fedcba")))
    assert "&lt;words&gt;\xa0&amp;\xa0more" in svg
    assert 'fill="#fedcba"' in svg
