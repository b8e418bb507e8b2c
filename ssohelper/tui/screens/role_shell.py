"""Runs a shell with a role's or a profile's credentials. It has the terminal until it ends.

The shell runs below `ssohelper exec --server`, whose endpoint renews the credentials. Windows has
no endpoint: there the shell gets fixed keys from `ssohelper exec`.
"""

from __future__ import annotations

import os
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
from ssohelper.tui import foreground

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.foreign import ForeignProfile
    from ssohelper.tui.base import TuiApp

_OPTIONS = () if sys.platform == "win32" else ("--server",)
# With this variable, the text of shell-init switches the prompt on, so that the prompt names the role.
# In a shell that does not load that text, the line that `exec` prints at its start names it.
_NAMED = MappingProxyType({"SSOHELPER_PROMPT_ON": "1"})
# A shell that fails within so many seconds could not be started: the user must read its error
# before the full screen is drawn over it.
_SOON_SECONDS = 3.0


def check_credentials(services: App, profile: Profile) -> None:
    """Get the role's credentials once, so that the full screen shows why a shell gets none."""
    deadline = services.clock.deadline()
    credentials.release_credentials(services, profile.session, profile.role, Way.SHELL, deadline)


async def run_shell(app: TuiApp[str], profile: Profile) -> None:
    """Run a shell with the role's credentials, and come back to the screen when it has ended.

    It begins when the user makes a pause in typing. Raises: LocalState if no shell can be started
    here.
    """
    # click would take a name such as "-x" for an option.
    name = profile.key.text if profile.name.startswith("-") else profile.name
    await _run_shell_below_exec(app, [*_OPTIONS, name], profile.key.text, profile.shown_role.name)


async def run_shell_with_other_profile(app: TuiApp[str], found: ForeignProfile) -> None:
    """Run a shell as `run_shell` does, with a profile whose credentials another tool gives.

    The programs in the shell get the credentials from that tool: no endpoint serves them.
    """
    if found.name.startswith("-"):
        # Before the command's `--`, click would take such a name for an option, and the profile
        # has no other name.
        more = {"AWS_PROFILE": found.name}
        await _run_shell_below_exec(app, [], found.origin, found.name, more)
    else:
        await _run_shell_below_exec(app, [found.name], found.origin, found.name)


async def _run_shell_below_exec(
    app: TuiApp[str],
    words: Sequence[str],
    chosen: str,
    what: str,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Run `ssohelper exec WORDS… -- $SHELL`. `chosen` is the value of served_role.CHOSEN.

    `more` are variables that the environment of ssohelper gets too.
    """
    shell = run.find_own_shell(app.services.environ)
    argv = ["exec", *words, "--", shell]
    given = [f"{name}={word_as_typed(value)}" for name, value in more.items()]
    line = " ".join([*given, "ssohelper", *map(word_as_typed, argv)])
    await app.places.wait_until_dialog_may_open()
    app.started.drop_keys_for_shell()
    await app.typing_pause.wait()  # else the shell would get the rest of what the user types
    await app.places.wait_until_dialog_may_open()
    try:
        with app.suspend():
            environ = {**app.services.environ, **more, **_NAMED, served_role.CHOSEN: chosen}
            _run_ssohelper_until_end(argv, environ, f"$ {line}\nexit: back to the full screen\n")
    except (SuspendNotSupported, OSError) as cause:
        raise LocalState(f"no shell could be started here: {cause}", hint=line) from cause
    app.show_done(f"the shell with {what} has ended", line)


def _run_ssohelper_until_end(argv: Sequence[str], environ: Mapping[str, str], intro: str) -> None:
    """Print the intro, then run `ssohelper ARGV…` to its end. Only that reacts to ctrl+c."""
    with foreground.leave_signals_to_child():
        os.write(2, intro.encode(errors="backslashreplace"))
        started = time.monotonic()
        # With -P, Python loads no module from the current folder.
        code = foreground.run_program([sys.executable, "-P", "-m", "ssohelper", *argv], environ)
        if code and time.monotonic() - started < _SOON_SECONDS:
            os.write(2, f"the shell has ended with exit code {code}; enter: back\n".encode())
            sys.stdin.readline()
