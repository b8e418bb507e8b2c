"""Asks for a grant before a guarded role is used: the user types a reason and the account's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from ssohelper.actions import guards
from ssohelper.core import grants
from ssohelper.core.instants import duration_text
from ssohelper.core.model import RoleKey
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background, dialog_sizes
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import action_binding
from ssohelper.tui.screens.ask import RefusalLine
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


class GrantScreen(Dialog["str | None"]):
    """Asks for a grant. Its result is the typed reason, or None if the user left."""

    # Keys typed before the dialog is shown go to the dialog: see StartedActions.
    TAKES_HELD_KEYS = True
    CSS_PATH = "../styles/screens.tcss"
    HORIZONTAL_BREAKPOINTS = dialog_sizes.COLUMNS
    VERTICAL_BREAKPOINTS = dialog_sizes.LINES
    # On a low screen the error replaces the notice's end; a label still names the account.
    CSS = """
    GrantScreen #which { padding-top: 1; }
    GrantScreen.-low #which { padding-top: 0; }
    GrantScreen.-low.refused .dialog--title { max-height: 1; }
    """
    HELP_TEXT = "A question: to use a guarded role, type a reason and the account's name."
    BINDINGS: ClassVar[list[BindingType]] = [action_binding("grant.cancel", "cancel")]

    def __init__(
        self,
        word: str,
        notice: str,
        command: str,
        check: Callable[[str], object] = lambda _word: None,
    ) -> None:
        """`check` raises an SsoHelperError if the typed word is not `word`; the dialog shows it."""
        super().__init__()
        self._check = check
        self._word, self._notice, self._command = word, notice, command

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._notice)), classes="dialog--title")
            yield Static("reason, for the journal", id="why", classes="dialog--note", markup=False)
            yield Input(placeholder="INC-4711", id="reason", compact=True)
            yield Static(
                Content(f"type the account's name ({show(self._word)}) to go on"),
                id="which",
                classes="dialog--note",
            )
            yield Input(id="word", compact=True)
            yield RefusalLine()
            yield Static(Content(f"$ {show(self._command)}"), classes="dialog--command")
            yield KeyHints([(ENTER, "go on"), ("grant.cancel", "cancel")])

    def on_mount(self) -> None:
        self.query_one("#reason", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        reason, word = (self.query_one(f"#{name}", Input) for name in ("reason", "word"))
        if not reason.value.strip() or event.input is reason:
            (word if reason.value.strip() else reason).focus()
            return
        try:
            self._check(word.value)
        except SsoHelperError as error:
            self.add_class("refused")
            self.query_one(RefusalLine).show_refusal(error, word)
        else:
            self.dismiss(reason.value)

    def action_cancel(self) -> None:
        self.dismiss(None)


async def find_ungranted_rows(app: DialogApp, rows: Sequence[RoleRow]) -> list[RoleRow]:
    """Return the rows of guarded roles that have no grant now. Call it in a worker."""
    services = app.services
    return await background.run(
        app, lambda: [row for row in rows if guards.role_needs_grant(services, row.key)]
    )


def question_number_text(row: RoleRow, guarded: Sequence[RoleRow]) -> str:
    """Return the number of a role's question, `1 of 3`, or "" if there is one at most."""
    if len(guarded) < 2 or row not in guarded:
        return ""
    return f"{guarded.index(row) + 1} of {len(guarded)}"


async def ensure_grant(
    app: DialogApp, key: RoleKey, granted: Callable[[], None], place: str = ""
) -> bool:
    """Ask for a grant if the role is guarded and has none now.

    Return whether to go on.

    Only workers may call this. `granted` is called after a grant. Raises: SsoHelperError if no
    grant is possible here.
    """
    services = app.services
    if not await background.run(app, lambda: guards.role_needs_grant(services, key)):
        return True
    word, notice = guards.make_grant_question(services, key)
    command = f"ssohelper guard grant {word_as_typed(key.text)} --reason TEXT"
    reason = await app.push_screen_wait(
        GrantScreen(
            word,
            f"{place}: {notice}" if place else notice,
            command,
            lambda typed: guards.check_typed_word(services, key, typed, word),
        )
    )
    if reason is None:
        services.vault.journal_refusal(key, "the user left the question for a grant")
        app.show_done("nothing was granted", command)
        return False
    made = await background.run(
        app, lambda: guards.grant_role(services, key, reason, grants.DEFAULT_SECONDS)
    )
    granted()
    app.show_done(f"granted for {duration_text(made.ends_at - made.granted_at)}", command)
    return True
