"""Runs a shell with a role's credentials, below `ssohelper exec --server`, which renews them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from ssohelper.actions import credentials, run
from ssohelper.core import served_role
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.shell_text import word_as_typed
from ssohelper.errors import LocalState
from ssohelper.fastpath import own_process
from ssohelper.system.signals import leave_signals_to_child

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.foreign import ForeignProfile
    from ssohelper.tui.dialog_app import DialogApp

_OPTIONS = () if sys.platform == "win32" else ("--server",)
# With this variable, the script of shell-init switches the prompt on, so that the prompt names the
# role. In a shell that does not load the script, only the first line of `exec` names the role.
_NAMED = MappingProxyType({"SSOHELPER_PROMPT_ON": "1"})
# A shell that fails within this many seconds could not be started: the user must read the error
# before the full screen is drawn over it.
_SOON_SECONDS = 3.0


def check_credentials(services: App, profile: Profile) -> None:
    """Get the role's credentials once. An error is shown before the full screen is suspended."""
    deadline = services.clock.deadline()
    credentials.release_credentials(services, profile.session, profile.role, Way.SHELL, deadline)


async def run_shell(app: DialogApp, profile: Profile) -> None:
    """Run a shell with the role's credentials.

    Raises: LocalState if no shell can be started here.
    """
    # click would take a name such as "-x" for an option.
    name = profile.key.text if profile.name.startswith("-") else profile.name
    await _run_shell_below_exec(app, [*_OPTIONS, name], profile.key.text, profile.shown_role.name)


async def run_foreign_shell(app: DialogApp, found: ForeignProfile) -> None:
    """Run a shell with a profile whose credentials another tool gives."""
    if found.name.startswith("-"):
        # Before the command's `--`, click would take such a name for an option, and the profile
        # has no other name.
        more = {"AWS_PROFILE": found.name}
        await _run_shell_below_exec(app, [], found.origin, found.name, more)
    else:
        await _run_shell_below_exec(app, [found.name], found.origin, found.name)


async def _run_shell_below_exec(
    app: DialogApp,
    exec_arguments: Sequence[str],
    chosen: str,
    what: str,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Run `ssohelper exec ARGUMENTS… -- $SHELL`.

    `chosen` is the value of the variable served_role.CHOSEN, `what` names the role in the message.
    """
    shell = run.find_own_shell(app.services.environ)
    argv = ["exec", *exec_arguments, "--", shell]
    given = [f"{name}={word_as_typed(value)}" for name, value in more.items()]
    line = " ".join([*given, "ssohelper", *map(word_as_typed, argv)])
    try:
        with app.suspend():
            environ = {**app.services.environ, **more, **_NAMED, served_role.CHOSEN: chosen}
            _run_ssohelper_until_end(argv, environ, f"$ {line}\nexit: back to the full screen\n")
    except (SuspendNotSupported, OSError) as cause:
        raise LocalState(f"no shell could be started here: {cause}", hint=line) from cause
    app.show_done(f"the shell with {what} has ended", line)


def _run_ssohelper_until_end(argv: Sequence[str], environ: Mapping[str, str], intro: str) -> None:
    """Print the intro, then run `ssohelper ARGV…` until it ends. Only that child sees ctrl+c."""
    with leave_signals_to_child(), own_process.use_original_core_limit():
        os.write(2, intro.encode(errors="backslashreplace"))
        started = time.monotonic()
        # With -P, Python loads no module from the current folder.
        command = [sys.executable, "-P", "-m", "ssohelper", *argv]
        code = subprocess.Popen(command, env=dict(environ)).wait()
        if code and time.monotonic() - started < _SOON_SECONDS:
            os.write(2, f"the shell has ended with exit code {code}; enter: back\n".encode())
            sys.stdin.readline()
