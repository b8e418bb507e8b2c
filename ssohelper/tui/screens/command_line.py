"""Asks for a command line, grants and sign-ins, then runs the command as each of several roles."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, Static

from ssohelper.actions import credentials, environment, run, selection
from ssohelper.actions.role_runs import RoleRun
from ssohelper.core.policy import Way
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import FEW_NAMES, count_text, shortened_name_list, show
from ssohelper.errors import UsageProblem
from ssohelper.tui import background
from ssohelper.tui.messages import LOW_LINES
from ssohelper.tui.screens.ask import AskScreen, RefusalLine
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.grant import (
    ensure_grant,
    find_ungranted_rows,
    question_number_text,
)
from ssohelper.tui.screens.run_progress import RunScreen
from ssohelper.tui.screens.ticked_sign_ins import act_on_each, role_label
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints
from ssohelper.tui.widgets.lines import Line, WrappedView, text_lines

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.tui.dialog_app import DialogApp

# For more roles than this, a second question lists them, so that Enter alone starts no command.
_MOST_AT_ONCE = 20
# How many lines the dialog needs besides its list of roles: usually, and on a screen of few lines.
_OTHER_LINES, _OTHER_LINES_WHEN_LOW = 12, 9


class CommandScreen(AskScreen):
    """Asks for a command line. Its result can be split, and its program exists; else it is None."""

    HELP_TEXT = (
        "The command runs as each of these roles, without a terminal, and its output is shown. The "
        "line is split into words as a shell does, but no shell runs it: write sh -c '…' for "
        "pipes and variables. Guarded roles need a grant first. The arrows and page down scroll "
        f"the list of roles. A second question follows if there are more than {_MOST_AT_ONCE} roles."
    )
    CSS = "CommandScreen #roles { height: auto; min-height: 1; }"
    SCROLL_KEYS = "page down, ↓: more"  # does not name j, since letters go to the text field
    BINDINGS: ClassVar[list[BindingType]] = [
        # The field has the focus, and these keys scroll the list above it.
        Binding("up", "scroll_roles('up')", show=False),
        Binding("down", "scroll_roles('down')", show=False),
        Binding("pageup", "scroll_roles('page_up')", show=False),
        Binding("pagedown", "scroll_roles('page_down')", show=False),
    ]
    app: DialogApp

    def __init__(self, rows: Sequence[RoleRow], guarded: Sequence[RoleRow], line: str = "") -> None:
        """`guarded` are the rows whose roles are guarded and have no grant."""
        command = "ssohelper exec ROLE -- COMMAND"
        super().__init__(_command_question(rows), line, command, self._check_command)
        self._roles = _role_lines(rows, guarded) if len(rows) > 1 else []
        self._guarded = f"{len(guarded)} guarded (@@), asked for first" if guarded else ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._question)), classes="dialog--title")
            yield WrappedView(id="roles")
            yield Static(Content(show(self._guarded)), id="guarded", classes="dialog--note")
            yield Input(
                self._value,
                placeholder="such as: aws sts get-caller-identity",
                id="answer",
                compact=True,
            )
            yield RefusalLine()
            yield Static(Content(f"$ {show(self._command)}"), classes="dialog--command")
            yield KeyHints([(ENTER, "run"), ("ask.cancel", "cancel")])

    def on_mount(self) -> None:
        self.query_one("#answer").focus()
        view = self.query_one(WrappedView)
        view.can_focus = False
        view.display = bool(self._roles)
        view.set_lines(self._roles)
        self.watch_scroll_keys(view)
        self.query_one("#guarded").display = bool(self._guarded)

    def on_resize(self, event: Resize) -> None:
        """Limit the list of roles to the lines that the rest of the dialog leaves free."""
        is_low = event.size.height < LOW_LINES
        others = _OTHER_LINES_WHEN_LOW if is_low else _OTHER_LINES
        self.query_one(WrappedView).styles.max_height = max(1, event.size.height - others)

    def action_scroll_roles(self, where: str) -> None:
        getattr(self.query_one(WrappedView), f"scroll_{where}")(animate=False)

    def _check_command(self, line: str) -> None:
        words = split_command(line)
        if not words:
            raise UsageProblem("no command is typed")
        run.find_program(words[0], self.app.services.environ)


class _CancelledError(Exception):
    """Raised if the user leaves the question for a grant. Then no command is run."""


def split_command(line: str) -> list[str]:
    """Return the words of a command line, split as a shell does. Raises: UsageProblem."""
    try:
        return shlex.split(line)
    except ValueError as cause:
        raise UsageProblem(f"the line cannot be split: {str(cause).lower()}") from cause


async def run_command(app: DialogApp, rows: Sequence[RoleRow], granted: Callable[[], None]) -> None:
    """Ask for a command line and run it as each of these roles.

    Call it in a worker.

    For many roles, a second question follows, then those for grants and sign-ins. If the user
    leaves the question for a grant, nothing runs. If a role got no sign-in, the user is asked
    whether to run the command as the others. `granted` is called after a grant, and at the end.
    """
    services = app.services
    guarded = await find_ungranted_rows(app, rows)
    line = await _ask_for_command(app, rows, guarded)
    if line is None:
        app.show_done("nothing was run")
        return
    argv = split_command(line)
    ready: list[RoleRow] = []

    async def make_row_ready(row: RoleRow) -> None:
        place = question_number_text(row, guarded)
        if not await ensure_grant(app, row.key, granted, place):
            raise _CancelledError
        await background.run(app, lambda: _ensure_signed_in(services, row))
        ready.append(row)

    try:
        await act_on_each(app, rows, make_row_ready, "accounts.command", may_ask=lambda _row: False)
    except _CancelledError:
        ready.clear()
    if not ready:
        await _say_nothing_was_run(app, guarded)
        return
    ready.sort(key=rows.index)
    if len(ready) < len(rows) and not await _confirm_fewer_roles(app, ready, len(rows), line):
        await _say_nothing_was_run(app, guarded)
        return
    await app.push_screen_wait(RunScreen([RoleRun(services, row, argv) for row in ready], argv))
    granted()


async def _ask_for_command(
    app: DialogApp, rows: Sequence[RoleRow], guarded: Sequence[RoleRow]
) -> str | None:
    typed = ""
    while True:
        line = await app.push_screen_wait(CommandScreen(rows, guarded, typed))
        if line is None or len(rows) <= _MOST_AT_ONCE:
            return line
        typed = line
        question = f"run {line} as each of {_role_count_text(rows)}?"
        if await app.push_screen_wait(ConfirmScreen(question, lines=_role_lines(rows, guarded))):
            return line


async def _say_nothing_was_run(app: DialogApp, guarded: Sequence[RoleRow]) -> None:
    """Say that nothing was run, and which of the guarded roles stay granted until when."""
    in_force = await background.run(app, app.services.grants.list_in_force)
    ends = {grant.key: grant.ends_at for grant in in_force}
    still = [
        f"{role_label(row)} until {datetime.fromtimestamp(ends[row.key]):%H:%M}"
        for row in guarded
        if row.key in ends
    ]
    if still:
        app.show_warning(f"nothing was run; still granted: {shortened_name_list(still, FEW_NAMES)}")
    else:
        app.show_done("nothing was run")


async def _confirm_fewer_roles(
    app: DialogApp, ready: Sequence[RoleRow], count: int, line: str
) -> bool:
    question = f"run {line} as these {len(ready)} of {count} roles only?"
    return await app.push_screen_wait(ConfirmScreen(question, lines=_role_lines(ready)))


def _role_lines(rows: Sequence[RoleRow], guarded: Sequence[RoleRow] = ()) -> list[Line]:
    keys = {row.key for row in guarded}
    others = [row for row in rows if row.key not in keys]
    return text_lines([*(f"@@ {role_label(row)}" for row in guarded), *map(role_label, others)])


def _command_question(rows: Sequence[RoleRow]) -> str:
    if len(rows) == 1:
        return f"Command to run as {role_label(rows[0])}"
    return f"Command to run as each of {_role_count_text(rows)}"


def _role_count_text(rows: Sequence[RoleRow]) -> str:
    accounts = count_text(len({row.account.id for row in rows}), "account")
    return f"{count_text(len(rows), 'ticked role')} in {accounts}"


def _ensure_signed_in(services: App, row: RoleRow) -> None:
    """Raise LoginRequired if the role's credentials need a sign-in that is missing."""
    profile = selection.resolve_chosen_role(services, row.key, row.profiles)
    if (
        credentials.find_cached_credentials(services, profile.session, profile.role, Way.EXEC)
        is None
    ):
        environment.renew_and_load_outlook(services, profile.session)
