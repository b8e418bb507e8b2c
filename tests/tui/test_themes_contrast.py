"""The contrast of every theme, computed from its colours: WCAG asks 4.5 for text, 3 for marks."""

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from ssohelper.core.account_colors import COLORS
from ssohelper.tui import themes
from ssohelper.tui.widgets import account_styles

THEMES = (themes.DARK, themes.LIGHT, themes.DARK_256, themes.LIGHT_256)
STATES = ("muted", "success", "warning", "error", "accent", "secondary", "primary")
BACKGROUNDS = ("background", "surface", "panel")
TEXTS = [
    *(
        (text, under)
        for under in BACKGROUNDS
        for text in ("foreground", *(f"text-{s}" for s in STATES))
    ),
    ("block-cursor-foreground", "block-cursor-background"),
    ("input-selection-foreground", "input-selection-background"),
    *(("text-disabled", under) for under in BACKGROUNDS),
    ("footer-key-foreground", "footer-background"),
    ("footer-description-foreground", "footer-background"),
]
MARKS = [
    ("scrollbar", "scrollbar-background"),
    ("primary", "background"),
    ("block-cursor-background", "background"),
]


def in_256(color: Color) -> Color:
    """Return the colour that a terminal with 256 colours shows in its place."""
    shown = RichColor.from_rgb(*color.rgb).downgrade(ColorSystem.EIGHT_BIT)
    return Color(*shown.get_truecolor())


def luminance(color: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, two: Color) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def colors_of(theme: Theme) -> dict[str, Color]:
    variables = {**theme.to_color_system().generate(), **theme.variables}
    wanted = {name for pair in (*TEXTS, *MARKS) for name in pair}
    parsed = {name: Color.parse(variables[name]) for name in wanted}
    return {n: in_256(c) for n, c in parsed.items()} if theme.name.endswith("256") else parsed


# Colours 0 to 15 of xterm, its foreground and background: XTerm-col.ad, and -rv for the dark one.
XTERM = {
    "black": "#000000", "red": "#cd0000", "green": "#00cd00", "yellow": "#cdcd00",
    "blue": "#0000ee", "magenta": "#cd00cd", "cyan": "#00cdcd", "white": "#e5e5e5",
    "bright_black": "#7f7f7f", "bright_red": "#ff0000", "bright_green": "#00ff00",
    "bright_yellow": "#ffff00", "bright_blue": "#5c5cff", "bright_magenta": "#ff00ff",
    "bright_cyan": "#00ffff", "bright_white": "#ffffff",
}  # fmt: skip


@pytest.mark.parametrize("theme", [themes.ANSI_DARK, themes.ANSI_LIGHT], ids=lambda t: t.name)
@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, 4.5), (MARKS, 3.0)], ids=["text", "marks"])
def test_the_terminals_own_colours_can_be_read(theme, pairs, least):
    variables = {**theme.to_color_system().generate(), **theme.variables}
    default = {True: "#000000", False: "#ffffff"}

    def shown(name: str, *, is_text: bool) -> Color:
        value = variables[name].removeprefix("ansi_")
        if value in ("default", "transparent"):
            return Color.parse(default[theme.dark != is_text])
        return Color.parse(XTERM[value])

    ratios = {
        (one, other): contrast(shown(one, is_text=True), shown(other, is_text=False))
        for one, other in pairs
    }
    assert {pair: f"{ratio:.2f}" for pair, ratio in ratios.items() if ratio < least} == {}
    # A colour may be that of the background: in Solarized Light, for example, white is.
    assert {variables[name] for name in ("text-muted", "text-disabled")} == {"ansi_default"}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, 4.5), (MARKS, 3.0)], ids=["text", "marks"])
def test_text_and_marks_can_be_read(theme, pairs, least):
    colors = colors_of(theme)
    ratios = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair in pairs}
    assert {pair: f"{ratio:.2f}" for pair, ratio in ratios.items() if ratio < least} == {}


@pytest.mark.parametrize("theme", [themes.DARK_256, themes.LIGHT_256], ids=lambda t: t.name)
def test_with_256_colours_the_panes_stay_apart_and_grey_stays_grey(theme: Theme) -> None:
    variables = {**theme.to_color_system().generate(), **theme.variables}
    shown = [in_256(Color.parse(variables[name])) for name in BACKGROUNDS]
    assert len(set(shown)) == 3
    greys = ("text-muted", "scrollbar", "scrollbar-background", "foreground")
    for color in (*shown, *(in_256(Color.parse(variables[name])) for name in greys)):
        assert len(set(color.rgb)) == 1


@pytest.mark.parametrize(
    ("variables", "ends"),
    [
        ({"TERM": "xterm-256color"}, "-256"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ""),
        ({"TERM": "xterm-direct", "COLORTERM": "24bit"}, ""),
    ],
)
@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_terminal_decides_which_palette_is_used(monkeypatch, variables, ends, name):
    for variable in ("TERM", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    app: App[None] = App()
    assert themes.textual_theme_name(app, name) == f"ssohelper-{name}{ends}"


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_colours_of_accounts_can_be_read(theme: Theme) -> None:
    table = account_styles.ON_DARK if theme.dark else account_styles.ON_LIGHT
    assert set(table) == set(COLORS)
    assert len(set(table.values())) == len(COLORS)
    variables = theme.to_color_system().generate()
    under = Color.parse(variables["background"])
    ratios = {name: contrast(in_256(Color.parse(color)), under) for name, color in table.items()}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_the_marks_of_accounts_can_be_seen_with_xterms_colours() -> None:
    for styles, under in (
        (account_styles.ANSI_ON_DARK, Color(0, 0, 0)),
        (account_styles.ANSI_ON_LIGHT, Color(255, 255, 255)),
    ):
        assert len(set(map(str, styles.values()))) == len(COLORS)
        for style in styles.values():
            assert style.color is not None
            assert contrast(Color.parse(XTERM[style.color.name]), under) >= 3
