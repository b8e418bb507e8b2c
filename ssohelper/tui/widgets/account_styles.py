"""The styles of the account colours in the setting `colors."PATTERN"`, for each kind of theme."""

from collections.abc import Callable
from typing import Any

from rich.style import Style
from textual.app import App

from ssohelper.core.account_colors import COLORS

ON_DARK = {
    "black": "#a8a8a8",
    "red": "#ff8787",
    "green": "#87d787",
    "yellow": "#ffd75f",
    "blue": "#5fafff",
    "magenta": "#d787ff",
    "cyan": "#5fd7d7",
    "white": "#eeeeee",
}
ON_LIGHT = {
    "black": "#1c1c1c",
    "red": "#af0000",
    "green": "#005f00",
    "yellow": "#5f5f00",
    "blue": "#005faf",
    "magenta": "#870087",
    "cyan": "#005f5f",
    "white": "#585858",
}
# With the theme "ansi" the terminal decides how colours look. Colours that cannot be seen on a
# light background fill the cell beside a black mark, which is half a cell wide.
ANSI_ON_DARK = {name: Style(color=f"bright_{name}") for name in COLORS}
ANSI_ON_LIGHT = {
    name: Style(color="black", bgcolor=name)
    if name in ("green", "yellow", "cyan", "white")
    else Style(color=name)
    for name in COLORS
}


def make_style_finder(app: App[Any]) -> Callable[[str], Style]:
    """Return a function that returns the style of a colour in the app's present theme."""

    def find_style(color: str) -> Style:
        theme = app.current_theme
        if theme.ansi:
            return (ANSI_ON_DARK if theme.dark else ANSI_ON_LIGHT)[color]
        return Style(color=(ON_DARK if theme.dark else ON_LIGHT)[color])

    return find_style
