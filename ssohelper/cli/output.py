"""What the command line says and how: errors, JSON, rows, questions, options of every command.

stdout is data, stderr is talk. Errors are one line each, lower case, with the next thing to
type; text from outside goes through core.text.show, so no control character reaches a terminal.
"""

import functools
import io
import logging
import os
import select
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from ssohelper import logs
from ssohelper.app import App
from ssohelper.core.search import did_you_mean
from ssohelper.core.text import show, show_message, to_json
from ssohelper.errors import LocalState, SsoHelperError, UsageProblem
from ssohelper.system import terminal

_log = logging.getLogger(__name__)

_OF_PYTHONPATH = (
    "PYTHONPATH is set: Python may have loaded modules from it before ssohelper began, which then "
    "took it off the module path; what profiles and shells start ignores it"
)

_F = TypeVar("_F", bound=Callable[..., Any])


class CommonOptions:
    """What the options before or after the command's name said, shared by both places."""

    def __init__(self) -> None:
        self.json = False
        self.verbose = 0
        self.session: str | None = None
        self.has_answered = False


def options() -> CommonOptions:
    """Return the one CommonOptions of this command line."""
    return click.get_current_context().find_root().ensure_object(CommonOptions)


def get_app() -> App:
    """Return the one App of this command line; its warnings are said on stderr at once."""
    root = click.get_current_context().find_root()
    made = root.meta.get("ssohelper.app")
    if made is None:
        made = root.meta["ssohelper.app"] = App(warn=None if options().json else warn)
        logs.start(options().verbose, made.environ)
        if made.environ.get("PYTHONPATH"):
            _log.info(_OF_PYTHONPATH)
    assert isinstance(made, App)
    return made


def common_options(function: _F) -> _F:
    """Add -v, --json and --session, accepted before and after the command's name."""

    @click.option("-v", "--verbose", count=True, help="Log to stderr; -vv also each call to AWS.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.option("--session", metavar="NAME", help="The sso-session to use.")
    @functools.wraps(function)
    def with_talk(*args: Any, verbose: int, as_json: bool, session: str | None, **kw: Any) -> Any:
        said = options()
        said.verbose = max(said.verbose, verbose)
        said.json = said.json or as_json
        said.session = checked_session_name(session) or said.session
        try:
            return function(*args, **kw)
        except SsoHelperError:
            _say_what_no_json_says()
            raise

    return with_talk  # type: ignore[return-value]


def checked_session_name(said: str | None) -> str | None:
    """Return the name. Raises: UsageProblem for an empty one, which a script's unset variable is:
    it must not be the only session, nor all of them."""
    if said == "":
        raise UsageProblem(
            "an empty word names no session", hint="leave it out, or see: ssohelper status"
        )
    return said


# -- data on stdout ----------------------------------------------------------------------------


def print_json(data: Any, warnings: Sequence[str] = ()) -> None:
    """Print the contract's envelope."""
    options().has_answered = True
    click.echo(to_json({"version": 1, "data": data, "warnings": list(warnings)}, indent=2))


def print_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on a terminal; elsewhere tab-separated rows with no header."""
    shown = [[show(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in shown:
            echo("\t".join(row))
        return
    from ssohelper.cli import table

    # A terminal that does not know its size says 0.
    room = shutil.get_terminal_size().columns or 80
    bold = not terminal.is_dumb()
    echo("\n".join(table.lines([name.upper() for name in header], shown, room, bold=bold)))


def echo(text: str = "") -> None:
    """Print a line of data; characters that this stdout cannot encode are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def write(data: bytes) -> None:
    """Write text that a shell evaluates, whole. Raises: LocalState, also when stdout is closed."""
    flush()
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        raise
    except OSError as cause:
        raise LocalState(f"stdout cannot be written: {cause.strerror}") from cause


# -- talk on stderr ----------------------------------------------------------------------------


def say(text: str) -> None:
    """Print a line of talk; where stderr takes no words the exit code alone has to tell."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=True)
    except OSError:
        # What is left in its buffer would make Python exit with 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def warn(message: str) -> None:
    say(f"ssohelper: warning: {show_message(message)}")


def confirm(question: str, *, yes: bool, what: str) -> bool:
    """Ask on a terminal: y or yes is a yes, all else a no. True at once with --yes; off a
    terminal without it exit 2."""
    if yes:
        return True
    require_terminal(what)
    answer: str = click.prompt(f"{question} [y/N]", default="", show_default=False, err=True)
    return answer.strip().lower() in ("y", "yes")


def require_terminal(what: str) -> None:
    """Raise UsageProblem where a question could not be answered."""
    if not can_ask():
        raise UsageProblem(
            f"{what} needs an answer, and this is no terminal",
            hint=f"go ahead with: {command_line()} --yes",
        )


def command_line() -> str:
    """Return what was typed, to be typed once more."""
    return shlex.join(["ssohelper", *sys.argv[1:]])


def can_ask() -> bool:
    """Tell whether there is a person at a terminal, to read the question and to answer it."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


def can_draw() -> bool:
    """Tell whether there is a person at a terminal that can be drawn on."""
    return can_ask() and not terminal.is_dumb()


def not_on_windows(what: str) -> UsageProblem:
    """Return the error for what needs a system with signals and sockets that have a file."""
    return UsageProblem(
        f"{what} is not there on Windows",
        hint='SDKs renew by the profile itself: $env:AWS_PROFILE = "PROFILE" (or run it in WSL)',
    )


def _say_what_no_json_says() -> None:
    """Say the warnings that wait for an object which an error leaves unprinted."""
    made = click.get_current_context().find_root().meta.get("ssohelper.app")
    if made and options().json and not options().has_answered:
        for warning in made.warnings:
            warn(warning)


# -- errors --------------------------------------------------------------------------------------


def unknown_name(kind: str, name: str, known: Iterable[str], listed_by: str) -> UsageProblem:
    """Return the error for a name that is not there, with the nearest three."""
    meant = did_you_mean(name, known, cutoff=0.5)
    return UsageProblem(f'no {kind} named "{name}"', hint=f"{meant}list them with: {listed_by}")


def report(error: SsoHelperError) -> int:
    say(f"ssohelper: error: {show_message(error.message)}")
    if error.hint:
        say(f"ssohelper: hint: {show_message(error.hint)}")
    return error.exit_code


def report_usage(error: click.UsageError) -> int:
    message, meant, names = error.format_message().rstrip(".").partition(". Did you mean ")
    if not meant:  # click's words for several
        message, meant, names = message.partition(". (Did you mean one of: ")
    if meant:
        message += f"; did you mean {names.removesuffix(')').replace(', ', ' or ')}"
    say(f"ssohelper: error: {show_message(message[:1].lower() + message[1:])}")
    path = error.ctx.command_path if error.ctx else "ssohelper"
    say(f"ssohelper: hint: see: {path} --help")
    return 2


def report_interrupted(*, at_question: bool = False) -> int:
    if at_question and can_ask():
        say("")  # the question stands without its line's end
    say("ssohelper: interrupted")
    return 130


def report_stdout_error() -> int:
    """Return 7, said, when stdout takes no words; 0 when the trouble is another one."""
    # What could not be written is still in the buffer: a second try tells.
    try:
        flush()
    except BrokenPipeError:
        return 0
    except LocalState as error:
        return report(error)
    return 0


def drop_output_without_reader() -> bool:
    """Return whether nothing reads stdout any more (`| head -1`), and drop what is left for it.

    A flush does not tell: of a large text nothing is left in the buffer once a write has failed.
    """
    if hasattr(select, "poll"):  # Windows has none
        poll = select.poll()
        poll.register(1, 0)
        if not poll.poll(0):
            return False
    # Python would flush at its end, and say that it could not.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return True


def replace_closed_streams() -> None:
    """Give closed standard streams a place to read from or write to, so that nothing raises at the
    end; but a stdout that takes nothing stays one, since nobody would get the data.
    """
    for number, name in ((0, "stdin"), (2, "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
            setattr(sys, name, os.fdopen(descriptor, "r" if number == 0 else "w"))
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    elif isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.write_through:
        # PYTHONUNBUFFERED, as containers often have it: what could not be written would be lost
        # with the first error, and `flush` would know of none.
        encoding, errors = sys.stdout.encoding, sys.stdout.errors
        sys.stdout = os.fdopen(1, "w", encoding=encoding, errors=errors, closefd=False)


def flush() -> None:
    """Write what is left on stdout now, so that a full disk is an error with an exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise
    except OSError as cause:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise LocalState(f"stdout cannot be written: {cause.strerror}") from cause
