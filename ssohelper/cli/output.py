"""Prints data, messages, questions and errors of the command line; adds common options.

Data goes to stdout, everything else to stderr. Text from outside goes through core.text.show.
"""

import logging
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ssohelper import logs
from ssohelper.app import App
from ssohelper.cli.standard_streams import write_stdout
from ssohelper.cli.table import NO_NARROWING, Cell, Narrowing, make_table, text_of_cell
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.text import show, show_message, to_json
from ssohelper.errors import LocalState, SsoHelperError, UsageProblem
from ssohelper.system import shell_answer, terminal

if TYPE_CHECKING:
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.system.shell_answer import ShellAnswer

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

NOTHING_CHANGED = "nothing was changed"


class CommonOptions:
    """The options -v, --json and --session, given before or after the command's name.

    `chosen` is a role from the full screen, for `use`; our shell function reads the file `answer`.
    """

    json = has_printed_json = False
    verbose = 0
    session: str | None = None
    app: App | None = None

    def __init__(
        self, chosen: "RoleRow | None" = None, answer: "ShellAnswer | None" = None
    ) -> None:
        self.chosen, self.answer = chosen, answer

    def unprinted_warnings(self) -> Sequence[str]:
        """Return the warnings that --json would have printed if no error had ended the command."""
        return self.app.warnings if self.app and self.json and not self.has_printed_json else ()


def options() -> CommonOptions:
    return click.get_current_context().find_root().ensure_object(CommonOptions)


def get_app() -> App:
    """Return the App of this command line. The first call creates it and starts logging."""
    given = options()
    if given.app is None:
        given.app = App(warn=None if given.json else warn)
        logs.start_logging(given.verbose, given.app.environ)
        if given.app.environ.get("PYTHONPATH"):
            _log.info(
                "PYTHONPATH is set: Python may have loaded modules from it before ssohelper removed "
                "it from the module path; the commands that profiles and shells start ignore it"
            )
    return given.app


def _keep_option(_ctx: click.Context, option: click.Parameter, value: Any) -> None:
    """An option that is left out after the command's name may have been given before it."""
    if option.name == "session":
        checked_session_name(value)
    if value:
        setattr(options(), option.name or "", value)


# Eager: the App, which the parser of another option may create, depends on them.
_COMMON = [
    click.Option(names, callback=_keep_option, expose_value=False, is_eager=True, **settings)
    for names, settings in (
        (("-v", "--verbose"), {"count": True, "help": "Log to stderr; with -vv each call to AWS."}),
        (("--json",), {"is_flag": True, "help": "Print one JSON object."}),
        (("--session",), {"metavar": "NAME", "help": "The sso-session to use."}),
    )
]


class _WithCommonOptions(click.Command):
    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += _COMMON


class Command(_WithCommonOptions):
    """A command with the common options. Its function gets the App as the first argument."""

    def invoke(self, ctx: click.Context) -> Any:
        assert self.callback is not None
        return ctx.invoke(self.callback, get_app(), **ctx.params)


class Group(_WithCommonOptions, click.Group):
    """A group with the common options, which its commands have too."""

    command_class = Command


account_option, role_option = (
    click.option(f"--{name}", f"{name}s", multiple=True, metavar="GLOB", help=text)
    for name, text in (
        ("account", "Only accounts whose name or id matches; !GLOB leaves them out. Repeatable."),
        ("role", "Only roles whose name matches; !GLOB leaves them out. Repeatable."),
    )
)


def checked_session_name(name: str | None) -> str | None:
    """Raise UsageProblem for an empty name, which an unset variable in a script gives."""
    if name == "":
        raise UsageProblem(
            "the session's name is empty", hint="name a session; see: ssohelper status"
        )
    return name


def print_json(data: Any) -> None:
    """Print the data, and the warnings so far."""
    options().has_printed_json = True
    warnings = list(get_app().warnings)
    click.echo(to_json({"version": 1, "data": data, "warnings": warnings}, indent=2))


def print_if_json(data: Any) -> bool:
    """With --json, print the data; return whether the command has --json."""
    if options().json:
        print_json(data)
    return options().json


def print_found(
    found: Sequence[_T],
    make_json: Callable[[_T], Any],
    header: Sequence[str],
    make_row: Callable[[_T], Sequence[str | Cell]],
    nothing: str,
) -> None:
    """Print each as JSON, or as a row of a table. If there is none, say the text `nothing`."""
    if options().json:
        print_json(list(map(make_json, found)))
    elif found:
        print_rows(header, map(make_row, found))
    else:
        say(nothing)


def print_rows(
    header: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    narrowing: Narrowing = NO_NARROWING,
) -> bool:
    """Print rows as a table on a terminal, elsewhere tab-separated and without the header.

    Returns whether the column `narrowing.extra` was left out.
    """
    if not sys.stdout.isatty():
        lines = ["\t".join(show(text_of_cell(cell)) for cell in row) for row in rows]
        if lines:
            echo("\n".join(lines))
        return False
    shown = [list(map(_shown_cell, row)) for row in rows]
    table = make_table([name.upper() for name in header], shown, terminal_columns(), narrowing)
    bold, colored = not terminal.is_terminal_dumb(), terminal.shows_colors()
    echo("\n".join(table.lines(bold=bold, colored=colored)))
    return table.leaves_out(narrowing.extra)


def _shown_cell(cell: str | Cell) -> str | Cell:
    return Cell(show(cell.text), cell.color) if isinstance(cell, Cell) else show(cell)


def terminal_columns() -> int:
    """A terminal that does not know its width reports 0 columns."""
    return shutil.get_terminal_size().columns or 80


def echo(text: str = "") -> None:
    """Print a line of data. Characters that stdout's encoding lacks are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def print_diff(lines: Iterable[str], on_stdout: bool) -> None:
    """Print a diff, unless with --json: on stdout if it is the result, on stderr before a question."""
    if options().json:
        return
    # Tabs are printed as they are: they are harmless, and a config may contain them.
    text = "\n".join("\t".join(map(show, line.split("\t"))) for line in lines)
    if text:
        (echo if on_stdout else say)(text)


def write_shell_answer(text: str) -> None:
    """Write the text that our shell function evaluates to switch the shell's profile.

    Raises: LocalState if the function would not find it.
    """
    try:
        write_stdout(os.fsencode(text) + b"\n")
    except LocalState as cause:
        why = cause.message.removeprefix("stdout cannot be written: ")
        raise LocalState(
            f"the answer for this shell cannot be written: {why}: the shell was not switched",
            hint="free some space where XDG_RUNTIME_DIR or TMPDIR points, then run the command again",
        ) from cause
    answer = options().answer
    if answer is not None and not answer.is_file_in_place():
        raise LocalState(shell_answer.LOST_MESSAGE, hint=shell_answer.LOST_HINT)


def say(text: str) -> None:
    """If stderr cannot be written, only the exit code tells the result."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=True)
    except OSError:
        # stderr is replaced, since Python exits with code 120 if it cannot flush stderr on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def warn(message: str) -> None:
    say(f"ssohelper: warning: {show_message(message)}")


def confirm(question: str, *, yes: bool, what: str) -> bool:
    """Return whether the answer is yes. `what` names the asking command.

    Raises: UsageProblem off a terminal without --yes.
    """
    if yes:
        return True
    require_terminal(what)
    answer = ask(f"{question} [y/N]", default="", show_default=False)
    return answer.strip().lower() in ("y", "yes")


def ask(question: str, **options: Any) -> str:
    """Return the answer; `options` are those of click.prompt.

    Keys typed before are dropped: an Enter during a request to AWS would answer an unseen question.
    """
    if sys.stdin is not None:
        terminal.discard_typed_input(sys.stdin.fileno())
    default = options.get("default") if options.pop("show_default", True) else None
    text = f"{question} [{default}]" if default else question
    # A terminal breaks lines within words. The last line has space for an answer's first letter.
    width = terminal_columns() - 3
    text = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    try:
        answer: str = click.prompt(text, err=True, show_default=False, **options)
    except click.Abort as left:  # of Ctrl-C, and of Ctrl-D
        raise KeyboardInterrupt from left
    return answer


def require_terminal(what: str) -> None:
    if not can_ask_user():
        raise UsageProblem(
            f"{what} needs an answer, and this is no terminal",
            hint=f"go ahead with: {command_line()} --yes",
        )


def command_line() -> str:
    return shlex.join(["ssohelper", *sys.argv[1:]])


def can_ask_user() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


def can_draw_picker() -> bool:
    return can_ask_user() and not terminal.is_terminal_dumb()


def no_windows_error(what: str) -> UsageProblem:
    return UsageProblem(
        f"{what} does not exist on Windows",
        hint='run it in WSL, or use $env:AWS_PROFILE = "PROFILE": SDKs then renew credentials',
    )


def unknown_name_error(kind: str, name: str, known: Iterable[str], listed_by: str) -> UsageProblem:
    meant = did_you_mean(name, known, cutoff=0.5)
    return UsageProblem(f'no {kind} named "{name}"', hint=f"{meant}list them with: {listed_by}")


def report_error(error: SsoHelperError) -> int:
    say(f"ssohelper: error: {show_message(error.message)}")
    if error.hint:
        say(f"ssohelper: hint: {show_message(error.hint)}")
    return error.exit_code


def report_usage_error(error: click.UsageError) -> int:
    message, meant, names = error.format_message().rstrip(".").partition(". Did you mean ")
    if not meant:  # click writes several suggested names in this form
        message, meant, names = message.partition(". (Did you mean one of: ")
    if meant:
        message += f"; did you mean {names.removesuffix(')').replace(', ', ' or ')}"
    say(f"ssohelper: error: {show_message(message[:1].lower() + message[1:])}")
    path = error.ctx.command_path if error.ctx else "ssohelper"
    say(f"ssohelper: hint: see: {path} --help")
    return 2


def report_interrupted() -> int:
    if can_ask_user():
        say("")  # ends the terminal line of a question, or of ^C
    say("ssohelper: interrupted")
    return 130
