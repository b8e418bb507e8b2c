"""Themes: dark, light, or the terminal's own colours. No state is shown by a colour alone."""

import os
from collections.abc import Mapping
from typing import Any

from textual.app import App as TextualApp
from textual.theme import Theme

from ssohelper.app import App

# The terminal's own text or background colour.
_DEFAULT = "ansi_default"


def _theme_variables(*, muted: str, track: str, bar: str, mark: str, cursor: str) -> dict[str, str]:
    """Return the colours of a theme that replace Textual's where those have a wrong contrast."""
    return {
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
        "scrollbar-active": muted,
        "scrollbar-background": track,
        "scrollbar-background-hover": track,
        "scrollbar-background-active": track,
        "scrollbar-corner-color": track,
    }


def _ansi_theme_variables(*, text: str, mark: str, cursor: str) -> dict[str, str]:
    """Return colours for parts that Textual would draw half transparent, or black on blue."""
    return {
        **_theme_variables(muted=text, track="ansi_default", bar=mark, mark=mark, cursor=cursor),
        "ansi-background": cursor,
        "ansi-foreground": text,
        "foreground-muted": text,
        "footer-key-foreground": mark,
        "block-cursor-background": mark,
        "block-cursor-blurred-foreground": cursor,
        "block-cursor-blurred-background": mark,
        "border": mark,
        "border-blurred": text,
        "input-cursor-background": text,
        "input-cursor-foreground": cursor,
        "input-cursor-text-style": "none",
        "screen-selection-background": mark,
        "screen-selection-foreground": cursor,
    }


def _ansi_theme(
    name: str,
    *,
    dark: bool,
    main: str,
    accent: str,
    success: str,
    error: str,
    text: str,
    cursor: str,
    more: Mapping[str, str] = {},
) -> Theme:
    """Return a theme on the terminal's own background. Warnings have the colour `accent`."""
    return Theme(
        name=name,
        ansi=True,
        primary=main,
        secondary=main,
        accent=accent,
        success=success,
        warning=accent,
        error=error,
        foreground=_DEFAULT,
        background=_DEFAULT,
        surface=_DEFAULT,
        panel=_DEFAULT,
        boost=_DEFAULT,
        dark=dark,
        variables={**_ansi_theme_variables(text=text, mark=main, cursor=cursor), **more},
    )


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
    variables=_theme_variables(
        muted="#98a3b3", track="#11151b", bar="#66758a", mark="#4c9bf5", cursor="#0b0f14"
    )
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
    variables=_theme_variables(
        muted="#556070", track="#eef1f4", bar="#788594", mark="#0a5dbd", cursor="#ffffff"
    )
    | {"footer-key-foreground": "#8a4f00"},
)
# The dark and the light theme for terminals with 256 colours, from their palette. Rich would
# replace the bluish greys of the other two themes by black, or by a dark blue or teal: the panes
# would not be visible.
DARK_256 = Theme(
    name="ssohelper-dark-256",
    primary="#5fafff",
    secondary="#5fd7af",
    accent="#ffaf5f",
    success="#87d787",
    warning="#ffd75f",
    error="#ff8787",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    dark=True,
    variables=_theme_variables(
        muted="#a8a8a8", track="#121212", bar="#767676", mark="#5fafff", cursor="#080808"
    )
    | {"footer-key-foreground": "#ffaf5f", "block-cursor-blurred-background": "#444444"},
)
LIGHT_256 = Theme(
    name="ssohelper-light-256",
    primary="#005faf",
    secondary="#005f5f",
    accent="#875f00",
    success="#005f00",
    warning="#5f5f00",
    error="#af0000",
    foreground="#1c1c1c",
    background="#ffffff",
    surface="#f0f0f0",
    panel="#dfdfdf",
    dark=False,
    variables=_theme_variables(
        muted="#585858", track="#f0f0f0", bar="#808080", mark="#005faf", cursor="#ffffff"
    )
    | {"footer-key-foreground": "#5f5f00"},
)
# Themes of the terminal's own 16 colours. They use only the half of these colours that can be read
# on the terminal's background with xterm's values.
ANSI_DARK = _ansi_theme(
    "ssohelper-ansi-dark",
    dark=True,
    main="ansi_cyan",
    accent="ansi_yellow",
    success="ansi_green",
    error="ansi_bright_red",
    text="ansi_white",
    cursor="ansi_black",
)
ANSI_LIGHT = _ansi_theme(
    "ssohelper-ansi-light",
    dark=False,
    main="ansi_blue",
    accent="ansi_magenta",
    success="ansi_blue",
    error="ansi_red",
    text="ansi_black",
    cursor="ansi_bright_white",
)
# For NO_COLOR: the terminal's own text and background alone. Cursors are drawn in reverse.
NO_COLOR = _ansi_theme(
    "ssohelper-no-color",
    dark=True,
    main=_DEFAULT,
    accent=_DEFAULT,
    success=_DEFAULT,
    error=_DEFAULT,
    text=_DEFAULT,
    cursor=_DEFAULT,
    more={
        "block-cursor-text-style": "reverse",
        "button-focus-text-style": "bold reverse",
        "input-cursor-text-style": "reverse",
    },
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
