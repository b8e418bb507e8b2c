"""Runs a shell with a role's credentials. It has the whole terminal until it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from ssohelper.actions import credentials, environment, favourites, guards
from ssohelper.core.instants import duration_text
from ssohelper.core.model import Profile, RoleCredentials
from ssohelper.core.policy import Way
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import typed
from ssohelper.core.text import show
from ssohelper.errors import LocalState
from ssohelper.fastpath import own_process

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.tui.base import TuiApp


def release_for_shell(services: App, profile: Profile) -> RoleCredentials:
    """Return the role's credentials for a shell, which last nearly their whole life."""
    return credentials.release(
        services,
        profile.session,
        profile.role,
        Way.SHELL,
        services.clock.deadline(),
        least_share=credentials.NEARLY_WHOLE,
    )


def run_shell(app: TuiApp[str], row: RoleRow, profile: Profile, keys: RoleCredentials) -> None:
    """Run a shell with these credentials, and come back to the screen when it has ended.

    Raises: LocalState if no shell can be started here.
    """
    services = app.services
    shell = services.environ.get("SHELL") or "/bin/sh"
    found = environment.build_keys_environment(services, profile, keys)
    child = guards.add_reason(services, profile.key, found).for_child(services.environ)
    line = f"ssohelper exec {typed(profile.name)} -- {typed(shell)}"
    left = duration_text(keys.expires_at - services.clock.aws_now())
    who = f"{row.role_name} in {row.account.name or row.account.id}: these keys end in {left}"
    try:
        with app.suspend():
            _run_until_end(shell, child, f"{line}\n{show(who)}; exit: back to ssohelper\n")
    except (SuspendNotSupported, OSError) as cause:
        raise LocalState(f"no shell could be started here: {cause}", hint=line) from cause
    favourites.record_use(services, profile)
    app.show_done(f"the shell with {row.role_name} has ended", line)


def _run_until_end(shell: str, environ: Mapping[str, str], intro: str) -> None:
    """Print the intro, then run the shell until it ends. Only the shell reacts to ctrl+c."""
    names = [name for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in (getattr(signal, n) for n in names)}
    for number in before:
        # The handler does nothing. The signal is not set to "ignored", because the shell would
        # inherit that and ignore it too.
        signal.signal(number, lambda *_: None)
    try:
        os.write(2, intro.encode(errors="backslashreplace"))
        with own_process.use_original_core_limit():
            process = subprocess.Popen([shell], env=dict(environ))
        process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
