"""Asks for a command line, grants and sign-ins, then runs the command as each of several roles."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Input, Static

from ssohelper.actions import run
from ssohelper.actions.flows import runs
from ssohelper.actions.role_runs import AT_ONCE, RoleRun, RunGroup, State
from ssohelper.core.keymap import WantedAction
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import count_text, show
from ssohelper.errors import Interrupted, LoginRequired, UsageProblem
from ssohelper.tui import background, dialog_sizes
from ssohelper.tui.copying import copy_text
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import action_binding
from ssohelper.tui.messages import LOW_LINES
from ssohelper.tui.screens.ask import AskScreen, RefusalLine
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.screen_dialogue import ScreenDialogue, run_with
from ssohelper.tui.screens.sign_in_offer import find_ungranted_rows, offer_sign_in, role_label
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.columns import widest_cells
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints
from ssohelper.tui.widgets.lines import Chooser, Line, WrappedView, text_lines, wrapped
from ssohelper.tui.widgets.message_line import MessageLine

if TYPE_CHECKING:
    from ssohelper.core.model import SsoSession
    from ssohelper.tui.dialog_app import DialogApp

_DRAW_SECONDS = 0.1
_STATE_WIDTH, _CODE_WIDTH = 9, 9
# How many lines the dialog needs besides its texts, its runs and the output: for the border, the
# progress, and the blank lines above output and command. The second is for a screen of few lines.
_FRAME_LINES, _FRAME_LINES_WHEN_LOW = 5, 3
# How many lines the dialog leaves free above and below itself, unless the screen has few lines.
_FREE_LINES = 2
# The fewest lines for the output, and the share of all lines that the list of runs may have.
_LEAST_OUTPUT_LINES, _RUNS_SHARE = 3, 0.4
# In fewer columns than this, a row has no words but the role's name: a sign shows the state.
_NARROW = 70


class RunScreen(Dialog[bool]):
    """Runs the command as each role, and shows the output of the run under the cursor.

    Its result is whether to run the command again as the roles that failed.
    """

    HELP_TEXT = (
        "One command as several roles, four at a time. Each has the keys of its role in its "
        "environment, as `ssohelper exec` gives them, and no terminal. The last 64 KiB of each "
        "output are kept. Stop sends SIGTERM, and SIGKILL three seconds later. What a command "
        "leaves running is ended with it, unless it runs in a session of its own (setsid). At the "
        "end, the roles that failed come first."
    )
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    RunScreen .dialog--title { padding-bottom: 0; }
    RunScreen .dialog #runs { height: auto; min-height: 1; }
    RunScreen .dialog #output { height: 1fr; min-height: 2; margin-top: 1; }
    RunScreen.-low .dialog #output { margin-top: 0; }
    """
    HORIZONTAL_BREAKPOINTS = dialog_sizes.COLUMNS
    VERTICAL_BREAKPOINTS = dialog_sizes.LINES
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("run.stop"),
        action_binding("run.copy"),
        action_binding("run.copy_all"),
        action_binding("run.again"),
        action_binding("run.close"),
    ]
    app: DialogApp

    def __init__(self, group: RunGroup, argv: Sequence[str]) -> None:
        super().__init__()
        self._group, self._line = group, shlex.join(argv)
        self._runs: Sequence[RoleRun] = group.runs
        runs = group.runs
        self._role_width = widest_cells(run.row.role_name for run in runs)
        # The session is not shown if all runs have the same.
        self._has_sessions = len({run.row.session_name for run in runs}) > 1
        self._changed = threading.Event()
        # The greatest number of output lines so far: the dialog grows, but does not shrink.
        self._output_lines = _LEAST_OUTPUT_LINES
        group.changed = self._changed.set

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Content(show(self._line)), classes="dialog--title")
            yield Static("", id="progress", classes="dialog--note", markup=False)
            yield Chooser(self._draw_run, key_of=lambda at: self._runs[at].row.key, id="runs")
            yield WrappedView(id="output")
            yield Static("", id="command", classes="dialog--command", markup=False)
            yield KeyHints((f"run.{name}", name) for name in ("stop", "copy", "again", "close"))
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        chooser = self.query_one("#runs", Chooser)
        chooser.set_count(len(self._runs))
        chooser.focus()
        # If the full screen ends while this dialog is open, the commands are ended too.
        self.app.end_work.add(self._group.stop_commands_and_wait)
        self.app.command_groups.add(self._group)
        for _number in range(min(AT_ONCE, len(self._runs))):
            background.start(
                self.app,
                self._group.run_waiting_commands,
                lambda _done: self._changed.set(),
                self.app.show_error,
            )
        self._show_runs()
        self.set_interval(_DRAW_SECONDS, self._show_changes)

    def on_unmount(self) -> None:
        self._group.stop_commands()
        self.app.command_groups.discard(self._group)

    @property
    def _has_ended(self) -> bool:
        return not self._group.unfinished_count

    # -- showing how far the commands have run --------------------------------------------------

    def _show_changes(self) -> None:
        if self._changed.is_set():
            self._changed.clear()
            if self._has_ended:
                self._show_failed_first()
            self._show_runs(stay=True)

    def _show_failed_first(self) -> None:
        chooser = self.query_one("#runs", Chooser)
        self._runs = sorted(self._group.runs, key=lambda run: run.state is State.DONE)
        # A cursor that the user has moved stays on its role.
        chooser.set_count(len(self._runs), None if chooser.cursor else 0)

    def _show_runs(self, *, stay: bool = False) -> None:
        self.query_one("#progress", Static).update(Content(self._group.summary))
        chooser = self.query_one("#runs", Chooser)
        chooser.refresh()
        run = self._runs[chooser.cursor]
        lines: list[Line] = [[(line, "")] for line in run.lines]
        self.query_one("#output", WrappedView).set_lines(lines, stay=stay)
        self.query_one("#command", Static).update(
            Content(f"$ {show(self._exec_command_line(run))}")
        )
        self._fit_height(self.app.size)

    def on_resize(self, event: Resize) -> None:
        self._output_lines = _LEAST_OUTPUT_LINES
        self._fit_height(event.size)

    def _fit_height(self, size: Size) -> None:
        run = self._runs[self.query_one("#runs", Chooser).cursor]
        width, is_low = dialog_sizes.width_of_dialog_lines(size.width), size.height < LOW_LINES
        texts = [self._line] if is_low else [self._line, f"$ {self._exec_command_line(run)}"]
        frame = _FRAME_LINES_WHEN_LOW if is_low else _FRAME_LINES
        frame += len(wrapped(text_lines(texts), width))
        frame += self.query_one(KeyHints).lines_needed(width)
        most = size.height if is_low else size.height - _FREE_LINES
        lines = run.lines
        count = len(wrapped(text_lines(lines), width)) if len(lines) < most else most
        self._output_lines = max(self._output_lines, count)
        left = most - frame
        most_runs = max(2, int(left * _RUNS_SHARE), left - self._output_lines)
        runs = min(len(self._runs), most_runs)
        self.query_one("#runs").styles.max_height = runs
        self.query_one(".dialog").styles.height = min(most, frame + runs + self._output_lines)

    def _draw_run(self, number: int, width: int) -> Line:
        run = self._runs[number]
        sign, word, style = run.state.value
        account = run.row.account
        if width < _NARROW:
            # A sign shows the run's state. The account's id is never cut off, so that rows differ.
            code = "" if run.code is None else f"exit {run.code}"
            rest = max(8, width - 4 - _CODE_WIDTH - len(account.id) - 1)
            return [
                (f"  {sign} {fitted(code, _CODE_WIDTH)}", style),
                (f"{account.id} ", "dim"),
                (fitted(run.row.role_name, rest), "strong"),
            ]
        state = word if run.code is None or run.state is State.STOPPED else f"exit {run.code}"
        session = f"  {run.row.session_name}" if self._has_sessions else ""
        named = f"{account.id}{session}  {account.name or ''}"
        rest = width - 4 - _STATE_WIDTH
        role_width = min(self._role_width, rest // 2)
        return [
            (f"  {sign} {fitted(state, _STATE_WIDTH)}", style),
            (fitted(run.row.role_name, role_width) + "  ", "strong"),
            (fitted(named, rest - role_width - 2), "dim"),
        ]

    def _exec_command_line(self, run: RoleRun) -> str:
        return f"ssohelper exec {word_as_typed(run.row.profile_argument)} -- {self._line}"

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        self._show_runs()

    # -- the actions of this dialog's keys ------------------------------------------------------

    def action_stop(self) -> None:
        if not self._has_ended:
            self._group.stop_commands()
            self._changed.set()

    def action_copy(self) -> None:
        run = self._runs[self.query_one("#runs", Chooser).cursor]
        copy_text(self.app, "\n".join(run.lines), "the output")

    def action_copy_all(self) -> None:
        texts = [f"# {role_label(run.row)}\n" + "\n".join(run.lines) for run in self._runs]
        copy_text(self.app, "\n".join(texts), "the output of each role")

    def action_again(self) -> None:
        if self._group.failed:
            self._close(is_again=True)
        else:
            self.app.show_done("no role failed")

    def action_close(self) -> None:
        self._close(is_again=False)

    def _close(self, *, is_again: bool) -> None:
        if not self._has_ended:
            key = self.app.key_of("run.stop")
            self.app.show_done(f"commands are still running: {key} stops them")
            return
        self.app.end_work.discard(self._group.stop_commands_and_wait)
        # A failure is shown as a warning, which stays until the next action: a note might disappear
        # unread.
        report = self.app.show_warning if self._group.failed else self.app.show_done
        report(f"ran {self._line}: {self._group.summary}", self._exec_command_line(self._runs[0]))
        self.dismiss(is_again)


# For more roles than this, a second question lists them, so that Enter alone starts no command.
_MOST_AT_ONCE = 20
# How many lines the dialog needs besides its list of roles: usually, and on a screen of few lines.
_OTHER_LINES, _OTHER_LINES_WHEN_LOW = 12, 9


class CommandScreen(AskScreen):
    """Asks for a command line. Its result can be split, and its program exists; else it is None."""

    HELP_TEXT = (
        "The command runs as each of these roles, without a terminal, and its output is shown. The "
        "line is split into words as a shell does, but no shell runs it: write sh -c '…' for "
        "pipes and variables. Guarded roles need a grant first. The up arrow brings back earlier "
        "commands, and page down scrolls the list of roles. A second question follows if there are "
        f"more than {_MOST_AT_ONCE} roles."
    )
    CSS = "CommandScreen #roles { height: auto; min-height: 1; }"
    SCROLL_KEYS = "page down: more"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", show=False),
        Binding("down", "recall(1)", show=False),
        # The field has the focus, and these keys scroll the list above it.
        Binding("pageup", "scroll_roles('page_up')", show=False),
        Binding("pagedown", "scroll_roles('page_down')", show=False),
    ]
    app: DialogApp

    def __init__(self, rows: Sequence[RoleRow], guarded: Sequence[RoleRow], line: str = "") -> None:
        """`guarded` are the rows whose roles are guarded and have no grant."""
        command = "ssohelper exec ROLE -- COMMAND"
        super().__init__(_command_question(rows), line, command, self._check_command)
        self._roles = _role_lines(rows, guarded) if len(rows) > 1 else []
        self._recalled = 0  # how many commands back, as a negative number
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

    def action_recall(self, step: int) -> None:
        history = self.app.command_history
        self._recalled = max(-len(history), min(0, self._recalled + step))
        field = self.query_one("#answer", Input)
        field.value = history[self._recalled] if self._recalled else self._value
        field.cursor_position = len(field.value)

    def _check_command(self, line: str) -> None:
        words = split_command(line)
        if not words:
            raise UsageProblem("no command is typed")
        run.find_program(words[0], self.app.services.environ)


class _RunsDialogue(ScreenDialogue):
    def __init__(self, app: DialogApp, argv: Sequence[str], wanted: WantedAction) -> None:
        super().__init__(app)
        self._argv, self._wanted = argv, wanted

    def sign_in(self, session: SsoSession, why: LoginRequired) -> bool:
        found: bool = self._wait_for(
            lambda: offer_sign_in(self._app, session.name, why, self._wanted)
        )
        return found

    def show_runs(self, group: RunGroup) -> bool:
        is_again: bool = self._show(lambda: RunScreen(group, self._argv))
        return is_again


def split_command(line: str) -> list[str]:
    """Return the words of a command line, split as a shell does. Raises: UsageProblem."""
    try:
        return shlex.split(line)
    except ValueError as cause:
        raise UsageProblem(f"the line cannot be split: {str(cause).lower()}") from cause


async def run_command(app: DialogApp, rows: Sequence[RoleRow], granted: Callable[[], None]) -> None:
    """Ask for a command line and run it as each of these roles. Call it in a worker.

    `granted` is called after a grant, and at the end.
    """
    services = app.services
    line = await _ask_for_command(app, rows, await find_ungranted_rows(app, rows))
    if line is None:
        app.show_done("nothing was run")
        return
    app.command_history.append(line)
    argv = split_command(line)
    label = rows[0].label if len(rows) == 1 else "the ticked roles"
    dialogue = _RunsDialogue(app, argv, WantedAction("accounts.command", label))

    def show_grants() -> None:
        background.call_in_ui_thread(app, lambda _none: granted(), None)

    try:
        await run_with(
            app,
            dialogue,
            lambda asked: runs.run_as_roles(services, asked, rows, argv, granted=show_grants),
        )
    except (Interrupted, LoginRequired):  # a message names the sign-in that the user left
        app.show_done("nothing was run")
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
