"""Bindings from the table of actions, so that settings, help and footer name the same keys."""

from collections.abc import Mapping

from textual.binding import Binding

from ssohelper.core.keymap import ACTIONS, keys_of


def bound(
    name: str, action: str | None = None, *, show: bool = True, priority: bool = False
) -> Binding:
    """Return the binding of `SCREEN.ACTION`; it runs the action of that name, or the one given."""
    found = ACTIONS[name]
    return Binding(
        ",".join(keys_of(found.keys)),
        action or name.partition(".")[2],
        found.label,
        id=name,
        show=show,
        priority=priority,
        tooltip=found.what,
    )


def chosen_keys(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what the settings chose as Textual's keymap, which goes by the bindings' names."""
    return {name: ",".join(keys_of(keys)) for name, keys in settings.items()}
