"""The message line above the footer: the last message, and a lasting note at the right."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.events import Resize
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from ssohelper.core.text import show
from ssohelper.tui.list_states import LineNote
from ssohelper.tui.messages import LOW_LINES, Kind, Message
from ssohelper.tui.widgets.cells import fitted

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

# How often the line is drawn again, because it shows the age of a list of roles.
_CHECK_SECONDS = 5
# If a message and the lasting note do not both fit, the note names its session only if it takes at
# most a third of the line. Otherwise `LineNote.shortest` is shown.
_LEAST_SHARE = 3
# If less is left for the message, the note is not shown: a message is news, and goes away.
_LEAST_CELLS_OF_MESSAGE = 16
# If a message is cut, its beginning keeps at least a fourth of the line, and the reason the rest.
_LEAST_BEGINNING = 4
# The pattern of a name in quotes, which is not cut if it ends within this part of the line.
_NAME, _MOST_WITH_NAMES = r'"[^"/\\]*"', 2 / 3
# The pattern of a path of several folders. Its groups are the first folder and the last name.
_PATH = r'(?<![^\s"(])((?:~|[A-Za-z]:)?[/\\][^/\\\s"]*)[^\s"]*([/\\][^/\\\s":]+)'
# Replacements that shorten a path: to `/home/…/usage.json`, then to `…/usage.json`.
_SHORTER_PATHS = (r"\1/…\2", r"…\2")


class Shown(NamedTuple):
    """What the message line shows: a message and, at its right end, a lasting note."""

    message: Message | None
    mark: str


def fitted_message(message: Message, width: int) -> str:
    """Return the message in exactly `width` cells, padded, or cut so that the reason stays.

    First its paths get shorter, then a hint is cut, or a command line dropped: a part of one is of
    no use. Then the text is cut before its last colon, but not in a session's name.
    """
    texts = [message.text, *(re.sub(_PATH, path, message.text) for path in _SHORTER_PATHS)]
    more = message.line.removeprefix(message.text)
    for needed in (more, ""):
        for text in texts:
            if cell_len(text + needed) <= width:
                is_command = not needed and message.more.startswith("$ ")
                return fitted(text if is_command else text + more, width)
    beginning, colon, reason = texts[-1].rpartition(": ")
    least = max(width // _LEAST_BEGINNING, _width_to_last_name(beginning, width))
    left = min(cell_len(beginning), max(least, width - cell_len(reason) - 2))
    return fitted(beginning, left) + fitted(colon + reason, width - left)


def _width_to_last_name(beginning: str, width: int) -> int:
    """Return the width up to the last quoted name that leaves room for the reason, or 0."""
    ends = [cell_len(beginning[: found.end()]) + 1 for found in re.finditer(_NAME, beginning)]
    return max((end for end in ends if end <= width * _MOST_WITH_NAMES), default=0)


def running_sign_ins_note(app: DialogApp) -> LineNote | None:
    """Return the note about sign-ins that go on without a dialog, or None."""
    running = [one for one in app.sign_ins.values() if one.runs_in_background]
    if not running:
        return None
    sessions_key, dialog_key = app.key_of("app.sessions"), app.key_of("sessions.sign_in")
    if len(running) > 1:
        text = f"{len(running)} sign-ins are running"
        return LineNote(f"{text} · {sessions_key} shows them", text, f"{len(running)} sign-ins")
    [sign_in] = running
    name, keys = sign_in.session.name, f"{sessions_key}, then {dialog_key}"
    state = "asks something" if sign_in.question else sign_in.page.waits_for
    return LineNote(
        f'sign-in to "{show(name, 24)}": {state} · {keys} shows it',
        f"{show(name, 12)} sign-in · {keys}",
        f"sign-in · {sessions_key}",
    )


class MessageLine(Widget):
    """Shows the app's last message, and a note about sign-ins or lists that were not refreshed."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "message-line--warn",
        "message-line--bad",
    }
    DEFAULT_CSS = """
    MessageLine {
        dock: bottom; margin-bottom: 1; height: 1; background: $surface; color: $foreground;
        &:hover { background: $panel; }
        & > .message-line--warn { color: $text-warning; text-style: bold; }
        & > .message-line--bad { color: $text-error; text-style: bold; }
    }
    """
    app: DialogApp

    def __init__(self, *, in_dialog: bool = False) -> None:
        """With `in_dialog` show messages only: the screen below shows the lasting note."""
        super().__init__()
        self._in_dialog = in_dialog
        self._shown = Shown(None, "")

    def on_mount(self) -> None:
        self.app.messages_changed.subscribe(self, lambda _nothing: self.update())
        self.set_interval(_CHECK_SECONDS, self.update)
        self.update()

    def on_resize(self, event: Resize) -> None:
        self.update()

    def update(self) -> None:
        shown = self._choose_content(max(0, self.app.size.width - 2))
        is_low = self._in_dialog or self.app.size.height < LOW_LINES
        self.display = bool(shown.message or shown.mark) or not is_low
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def _choose_content(self, width: int) -> Shown:
        message, found = self.app.messages.shown, self._find_lasting_note()
        if found is None:
            return Shown(message, "")
        for mark in (found.text, found.short):
            free = width - cell_len(mark) - 4
            if free >= (cell_len(message.line) + 2 if message else 0):
                return Shown(message, mark)
        if message and width - cell_len(found.shortest) < _LEAST_CELLS_OF_MESSAGE:
            return Shown(message, "")
        is_small = cell_len(found.short) + 2 <= width // _LEAST_SHARE
        return Shown(message, found.short if is_small else found.shortest)

    def _find_lasting_note(self) -> LineNote | None:
        if self._in_dialog:
            return None
        # That a list waits for a sign-in is no news while the user signs in.
        signing_in = {name for name, one in self.app.sign_ins.items() if one.runs_in_background}
        now = self.app.services.clock.now()
        failed = self.app.list_states.failure_note(now, signing_in=signing_in)
        running = running_sign_ins_note(self.app)
        if failed and running:
            return LineNote(f"{failed.text}; {running.text}", failed.short, failed.shortest)
        return failed or running

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        message, mark = self._shown
        kind = message.kind if message else None
        right = f"  {Kind.WARNING.sign} {mark} " if mark else " "
        left_width = max(0, width - cell_len(right) - 1)
        sign = f"{kind.sign} " if kind else ""
        strong = base
        if kind is not None and kind.style:
            strong = base + self.get_component_rich_style(
                f"message-line--{kind.style}", partial=True
            )
        warn = base + self.get_component_rich_style("message-line--warn", partial=True)
        text_width = max(0, left_width - cell_len(sign))
        text = fitted_message(message, text_width) if message else " " * text_width
        strip = Strip([Segment(f" {sign}", strong), Segment(text, base), Segment(right, warn)])
        return strip.adjust_cell_length(width, base)

    async def on_click(self) -> None:
        await self.run_action("app.messages")


class AgingLine(Static):
    """Shows a text that depends on the time, and draws it again when it has changed."""

    DEFAULT_CSS = "AgingLine { height: 1; }"
    app: DialogApp

    def __init__(self, text: str, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(show(text), id=id, classes=classes, markup=False)
        self._text = text
        self._make_text: Callable[[int], str] = lambda _now: text

    def on_mount(self) -> None:
        self.set_interval(1.0, self._update_text)

    def set_text(self, make_text: Callable[[int], str]) -> None:
        """Show what `make_text` returns for the time now, in epoch seconds, from now on."""
        self._make_text = make_text
        self._update_text()

    def _update_text(self) -> None:
        text = self._make_text(self.app.services.clock.now())
        if text != self._text:
            self._text = text
            self.update(Content(show(text)), layout=False)
