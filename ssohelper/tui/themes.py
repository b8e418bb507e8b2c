"""Themes: dark, light, or the terminal's own colours. No state is shown by a colour alone."""

import os
from typing import Any

from textual.app import App as TextualApp
from textual.theme import Theme

from ssohelper.app import App
from ssohelper.tui.keys import textual_keymap


def _variables(*, muted: str, track: str, bar: str, cursor: str) -> dict[str, str]:
    """Return the colours that Textual would choose with too little or too much contrast."""
    return {
        # An opaque colour, because a line is drawn without knowing the background under it.
        "text-muted": muted,
        "block-cursor-text-style": "none",
        "block-cursor-foreground": cursor,
        "scrollbar": bar,
        "scrollbar-hover": bar,
        "scrollbar-active": muted,
        "scrollbar-background": track,
        "scrollbar-background-hover": track,
        "scrollbar-background-active": track,
        "scrollbar-corner-color": track,
    }


DARK = Theme(
    name="ssohelper-dark",
    primary="#4c9bf5",
    secondary="#6cc7b5",
    accent="#f2b155",
    success="#6fcf87",
    warning="#f0c25a",
    error="#f2777a",
    foreground="#d9dfe8",
    background="#11151b",
    surface="#171c24",
    panel="#222a36",
    dark=True,
    variables=_variables(muted="#98a3b3", track="#11151b", bar="#3b475a", cursor="#0b0f14")
    | {"footer-key-foreground": "#f2b155"},
)
LIGHT = Theme(
    name="ssohelper-light",
    primary="#0a5dbd",
    secondary="#0b7566",
    accent="#8a4f00",
    success="#136f2f",
    warning="#7a5600",
    error="#b3261e",
    foreground="#1c232e",
    background="#fbfcfd",
    surface="#f2f5f8",
    panel="#e1e7ee",
    dark=False,
    variables=_variables(muted="#5a6576", track="#eef1f4", bar="#b4bfcc", cursor="#ffffff")
    | {"footer-key-foreground": "#8a4f00"},
)
NAMES = {"dark": DARK.name, "light": LIGHT.name, "ansi": "ansi-dark"}


def apply_settings(app: TextualApp[Any], services: App) -> None:
    """Use the theme and the keys of the settings.

    If the settings have no theme, the environment variable TEXTUAL_THEME decides.
    """
    for theme in (DARK, LIGHT):
        app.register_theme(theme)
    named = os.environ.get("TEXTUAL_THEME", "")
    default = named if named in app.available_themes else DARK.name
    if not services.locations.settings_file.exists() and "SSOHELPER_THEME" not in services.environ:
        # The settings are not read, since there are none. To import tomllib for them would take 4
        # ms.
        _set_first_theme(app, default)
        return
    settings = services.settings
    is_set = settings.origin("theme") != "default"
    _set_first_theme(app, NAMES[settings.get("theme")] if is_set else default)
    app.set_keymap(textual_keymap(settings.keymap()))


def _set_first_theme(app: TextualApp[Any], name: str) -> None:
    """Set the theme before the program starts.

    To set `app.theme` would compute all styles twice, which takes 2 ms.
    """
    if name in (DARK.name, LIGHT.name):
        app.set_reactive(TextualApp.theme, name)
        theme = app.current_theme
        app.set_class(True, f"-theme-{name}", update=False)
        app.set_class(theme.dark, "-dark-mode", update=False)
        app.set_class(not theme.dark, "-light-mode", update=False)
    else:
        app.theme = name
    app.stylesheet.set_variables(app.get_css_variables())
