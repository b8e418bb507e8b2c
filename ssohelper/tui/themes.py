"""Themes: dark, light, or the terminal's own colours. No state is shown by a colour alone."""

import os
from typing import Any

from textual.app import App as TextualApp
from textual.theme import Theme

from ssohelper.app import App

# The terminal's own text or background colour.
_DEFAULT = "ansi_default"
# The colours of each theme. The two for terminals with 256 colours are from their palette: Rich would
# replace the bluish greys of the others by black, or by a dark blue or teal, and no pane be visible.
# The ansi themes use only the half of the 16 colours that can be read with xterm's values. The one for
# NO_COLOR has the terminal's own text and background alone; its cursors are drawn in reverse.
_COLOURS = {
    #              dark       light      dark-256   light-256  ansi-dark     ansi-light     no-color
    "primary":    ("#4c9bf5", "#0a5dbd", "#5fafff", "#005faf", "ansi_cyan",       "ansi_blue",       _DEFAULT),
    "secondary":  ("#6cc7b5", "#0b7566", "#5fd7af", "#005f5f", "ansi_cyan",       "ansi_blue",       _DEFAULT),
    "accent":     ("#f2b155", "#8a4f00", "#ffaf5f", "#875f00", "ansi_yellow",     "ansi_magenta",    _DEFAULT),
    "success":    ("#6fcf87", "#136f2f", "#87d787", "#005f00", "ansi_green",      "ansi_blue",       _DEFAULT),
    "warning":    ("#f0c25a", "#7a5600", "#ffd75f", "#5f5f00", "ansi_yellow",     "ansi_magenta",    _DEFAULT),
    "error":      ("#f2777a", "#b3261e", "#ff8787", "#af0000", "ansi_bright_red", "ansi_red",        _DEFAULT),
    "foreground": ("#d9dfe8", "#1c232e", "#d0d0d0", "#1c1c1c", _DEFAULT,          _DEFAULT,          _DEFAULT),
    "background": ("#11151b", "#fbfcfd", "#121212", "#ffffff", _DEFAULT,          _DEFAULT,          _DEFAULT),
    "surface":    ("#171c24", "#f2f5f8", "#1c1c1c", "#f0f0f0", _DEFAULT,          _DEFAULT,          _DEFAULT),
    "panel":      ("#222a36", "#e1e7ee", "#303030", "#dfdfdf", _DEFAULT,          _DEFAULT,          _DEFAULT),
    # Of less important text, of the scroll bar and its track, and of text on a cursor. An ansi theme
    # dims the terminal's text colour (`TuiApp.get_theme_variable_defaults`).
    "muted":      ("#98a3b3", "#556070", "#a8a8a8", "#585858", _DEFAULT,          _DEFAULT,          _DEFAULT),
    "bar":        ("#66758a", "#788594", "#767676", "#808080", "ansi_cyan",       "ansi_blue",       _DEFAULT),
    "track":      ("#11151b", "#eef1f4", "#121212", "#f0f0f0", _DEFAULT,          _DEFAULT,          _DEFAULT),
    "cursor":     ("#0b0f14", "#ffffff", "#080808", "#ffffff", "ansi_black",      "ansi_bright_white", _DEFAULT),
    "footer-key": ("#f2b155", "#8a4f00", "#ffaf5f", "#5f5f00", "ansi_cyan",       "ansi_blue",       _DEFAULT),
}  # fmt: skip


def _make_theme(name: str, number: int, *, dark: bool, **more: str) -> Theme:
    """Return the theme in this column. `more` are variables of Textual that it alone changes."""
    colours: dict[str, Any] = {role: row[number] for role, row in _COLOURS.items()}
    muted, bar, track = colours.pop("muted"), colours.pop("bar"), colours.pop("track")
    cursor, footer_key, mark = colours.pop("cursor"), colours.pop("footer-key"), colours["primary"]
    is_ansi = colours["background"] == _DEFAULT
    variables = {
        # The colour of the example texts in empty input fields.
        "text-disabled": muted,
        # An opaque colour, because a line is drawn without knowing the background under it.
        "text-muted": muted,
        "block-cursor-text-style": "none",
        "button-focus-text-style": "bold",
        "block-cursor-foreground": cursor,
        "input-selection-background": mark,
        "input-selection-foreground": cursor,
        "scrollbar": bar,
        "scrollbar-hover": bar,
        "scrollbar-active": mark if is_ansi else muted,
        "scrollbar-background": track,
        "scrollbar-background-hover": track,
        "scrollbar-background-active": track,
        "scrollbar-corner-color": track,
        "footer-key-foreground": footer_key,
    }
    if is_ansi:  # Textual would draw these parts half transparent, magenta, or black on blue
        variables |= {
            "ansi-background": cursor,
            "ansi-foreground": muted,
            "foreground-muted": muted,
            "block-cursor-background": mark,
            "block-cursor-blurred-foreground": cursor,
            "block-cursor-blurred-background": mark,
            "border": mark,
            "border-blurred": muted,
            "input-cursor-background": mark,
            "input-cursor-foreground": cursor,
            "input-cursor-text-style": "none",
            "screen-selection-background": mark,
            "screen-selection-foreground": cursor,
        }
        colours["boost"] = _DEFAULT
    variables |= {variable.replace("_", "-"): value for variable, value in more.items()}
    return Theme(f"ssohelper-{name}", ansi=is_ansi, dark=dark, variables=variables, **colours)


DARK = _make_theme("dark", 0, dark=True)
LIGHT = _make_theme("light", 1, dark=False)
DARK_256 = _make_theme("dark-256", 2, dark=True, block_cursor_blurred_background="#444444")
LIGHT_256 = _make_theme("light-256", 3, dark=False)
ANSI_DARK = _make_theme("ansi-dark", 4, dark=True)
ANSI_LIGHT = _make_theme("ansi-light", 5, dark=False)
NO_COLOR = _make_theme(
    "no-color",
    6,
    dark=True,
    block_cursor_text_style="reverse",
    button_focus_text_style="bold reverse",
    input_cursor_text_style="reverse",
)
NAMES = ("auto", "dark", "light", "ansi")
_NAMES_256 = {DARK.name: DARK_256.name, LIGHT.name: LIGHT_256.name}


def textual_theme_name(app: TextualApp[Any], name: str, *, is_light: bool = False) -> str:
    """Return Textual's name for a theme of the settings, in the colours that the terminal has."""
    if app.no_color:
        return NO_COLOR.name
    if name == "ansi":
        return (ANSI_LIGHT if is_light else ANSI_DARK).name
    found = (LIGHT if name == "light" or (name == "auto" and is_light) else DARK).name
    return _NAMES_256[found] if app.console.color_system == "256" else found


def apply_theme(app: TextualApp[Any], services: App, *, is_light: bool = False) -> None:
    """Give the app the theme of the settings, else of TEXTUAL_THEME, else of the background."""
    for theme in (DARK, LIGHT, DARK_256, LIGHT_256, ANSI_DARK, ANSI_LIGHT, NO_COLOR):
        app.register_theme(theme)
    named = os.environ.get("TEXTUAL_THEME", "")
    default = (
        named
        if named in app.available_themes and not app.no_color
        else textual_theme_name(app, "auto", is_light=is_light)
    )
    if not has_settings(services) and "SSOHELPER_THEME" not in services.environ:
        _set_first_theme(app, default)
        return
    settings = services.settings
    is_set = settings.origin("theme") != "default"
    _set_first_theme(
        app,
        textual_theme_name(app, settings.get("theme"), is_light=is_light) if is_set else default,
    )


def has_settings(services: App) -> bool:
    """Without a file, the settings are not read: to import tomllib for them would take 4 ms."""
    return services.locations.settings_file.exists()


def _set_first_theme(app: TextualApp[Any], name: str) -> None:
    """Set the app's first theme; to set `app.theme` would compute all styles twice (2 ms)."""
    if name in {*_NAMES_256, *_NAMES_256.values()}:
        app.set_reactive(TextualApp.theme, name)
        theme = app.current_theme
        app.set_class(True, f"-theme-{name}", update=False)
        app.set_class(theme.dark, "-dark-mode", update=False)
        app.set_class(not theme.dark, "-light-mode", update=False)
    else:
        app.theme = name
    app.stylesheet.set_variables(app.get_css_variables())
