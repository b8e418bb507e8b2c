"""The fields in which the user edits the options of a sync, with messages about invalid texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from ssohelper.actions.sync_choices import ACCOUNTS, FIELDS, FORM, REGION, ROLES, TEMPLATE
from ssohelper.core.text import show
from ssohelper.tui.keys import action_binding

LABELS = {ACCOUNTS: "accounts", ROLES: "roles", TEMPLATE: "names", FORM: "form", REGION: "region"}
# The placeholders of the fields for filters. Other empty fields show the option's default.
_EMPTY = {ACCOUNTS: "all; such as: pay* !*sandbox*", ROLES: "all; such as: Read* Admin"}


class SyncFields(VerticalScroll):
    """The fields of a sync's options, one on a line."""

    HELP_TEXT = (
        "The options of the sync: filters for the names or ids of accounts and for the names of "
        "roles (GLOB, or !GLOB to leave out; quotes keep blanks together), the template of new "
        "names, the form (process runs ssohelper for the credentials, sso is AWS's own), and the "
        "region of profiles. The list shows what the sync would do so; Apply writes exactly "
        "that, and remembers the options. The same on the command line: ssohelper profile sync "
        "--account GLOB --role GLOB"
    )
    DEFAULT_CSS = """
    SyncFields {
        height: auto; max-height: 60%; background: $surface; display: none;
        & Horizontal { height: auto; }
        & .field--label { width: 11; padding: 0 1; color: $text-muted; }
        & Input { width: 3fr; background: $panel; }
        & .field--problem { width: 2fr; height: auto; padding: 0 1; color: $text-error; }
        & #problem { height: auto; padding: 0 1; color: $text-error; display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("options.keep", "close(True)", priority=True),
        action_binding("options.cancel", "close(False)", priority=True),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    class Changed(Message):
        """The message that the user has changed the text of a field."""

    class Closed(Message):
        """The user leaves the fields. `keep` says whether to keep the texts."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def __init__(self) -> None:
        super().__init__(id="options")
        self.can_focus = False
        self._shown: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        for field in FIELDS:
            with Horizontal():
                yield Static(LABELS[field], classes="field--label", markup=False)
                yield Input(id=f"option-{field}", compact=True)
                yield Static("", id=f"problem-{field}", classes="field--problem", markup=False)
        # On a narrow screen, screens.tcss shows this widget in place of those beside the fields.
        yield Static("", id="problem", markup=False)

    def open(self, texts: Mapping[str, str], defaults: Mapping[str, str]) -> None:
        """Show the fields with these texts, or their defaults, and put the cursor into the first."""
        self._shown = dict(texts)
        for field in FIELDS:
            self._field(field).value = texts.get(field, "")
            self._field(field).placeholder = _EMPTY.get(field) or defaults.get(field, "")
        self.show_problems({})
        self.display = True
        self.screen.add_class("with-options")
        self._field(FIELDS[0]).focus()

    def close(self) -> None:
        """Hide the fields, so that the screen can use their lines again."""
        self.display = False
        self.screen.remove_class("with-options")

    @property
    def texts(self) -> dict[str, str]:
        return {field: self._field(field).value for field in FIELDS}

    def show_problems(self, problems: Mapping[str, str]) -> None:
        for field in FIELDS:
            text = problems.get(field, "")
            self.query_one(f"#problem-{field}", Static).update(Content(show(text)))
        self.set_class(bool(problems), "with-problem")
        below = "\n".join(f"{LABELS[field]}: {show(text)}" for field, text in problems.items())
        self.query_one("#problem", Static).update(Content(below))

    def go_to(self, field: str) -> None:
        self._field(field).focus()

    def _field(self, name: str) -> Input:
        return self.query_one(f"#option-{name}", Input)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display and self.texts != self._shown:
            self._shown = self.texts
            self.post_message(self.Changed())

    def action_close(self, keep: bool) -> None:
        self.post_message(self.Closed(keep))
