"""Runs another program in the terminal of the suspended full screen, until it ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from ssohelper.core import editor_command
from ssohelper.errors import LocalState
from ssohelper.fastpath import own_process
from ssohelper.system.programs import find_program

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


def run_editor(app: TuiApp[Any], path: str, line: int) -> None:
    """Open the user's editor at this line of the file, and wait until it ends.

    Raises: LocalState if there is no editor, or it cannot be started.
    """
    argv = make_editor_command(app.services.environ, path, line)
    try:
        with app.suspend():
            code = run_program(argv, app.services.environ)
    except (SuspendNotSupported, OSError) as cause:
        raise LocalState(f"the editor could not be started: {cause}") from cause
    if code:
        app.show_warning(f'the editor "{argv[0]}" has ended with exit code {code}')


def make_editor_command(environ: Mapping[str, str], path: str, line: int) -> list[str]:
    hint = "set VISUAL or EDITOR, such as: export EDITOR=vim"
    chosen = editor_command.chosen_editor(environ)
    if chosen is None:
        raise LocalState("no editor is chosen", hint=hint)
    try:
        words = editor_command.editor_command(chosen, path, line)
    except ValueError as cause:
        raise LocalState(f'the editor "{chosen}" cannot be parsed: {cause}', hint=hint) from cause
    program = find_program(words[0], environ)
    if program is None:
        raise LocalState(f'there is no editor "{words[0]}" on PATH', hint=hint)
    return [program, *words[1:]]


def run_program(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program until it ends, and return its exit code. Only that program reacts to ctrl+c."""
    with leave_signals_to_child(), own_process.use_original_core_limit():
        return subprocess.Popen(argv, env=dict(environ)).wait()


@contextmanager
def leave_signals_to_child() -> Iterator[None]:
    """Ignore SIGINT (ctrl+c) and SIGQUIT in the `with` block: only the child process reacts."""
    names = [name for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in (getattr(signal, n) for n in names)}
    for number in before:
        # A handler that does nothing, not SIG_IGN: the child would inherit SIG_IGN and ignore the
        # signal too.
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
