"""Tells a double click on a line of a list."""

from textual.events import Click

_MOST_SECONDS = 1.0


def is_double_click(event: Click, key: object, last: tuple[object, float]) -> bool:
    """Return whether this click is the second one on the line with this key.

    `last` is what was clicked last in the list, and when: Textual also counts clicks on a dialog
    that has closed since, and on a line that has moved away.
    """
    return event.chain > 1 and last[0] == key and event.time - last[1] <= _MOST_SECONDS
