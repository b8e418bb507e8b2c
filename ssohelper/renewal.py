"""The detached process that works behind a caller's back: started here, holds nothing of ours."""

import os
import subprocess
import sys
from collections.abc import Mapping

from ssohelper.core.model import RoleKey
from ssohelper.ready_document import RENEW_ONLY

_SHELL = "/bin/sh"


def start(key: RoleKey, environ: Mapping[str, str]) -> None:
    """Start renewing this role's credentials and its session's token, and return at once."""
    command = ["credential-process", "--session", key.session_name, "--account-id", key.account_id]
    _start([*command, "--role-name", key.role_name, RENEW_ONLY], environ)


def start_listing(session_name: str, environ: Mapping[str, str]) -> None:
    """Start listing this session's accounts and roles anew, and return at once."""
    _start(["list", "--session", session_name, "--behind"], environ)


def _start(argv: list[str], environ: Mapping[str, str]) -> None:
    """Start a command of ours.

    A session of its own, no stream and no descriptor of ours: an SDK that reads our stdout to
    its end must not wait for it, nor does Ctrl-C in the caller's terminal stop it.
    """
    # -P: the caller's folder may hold a `ssohelper.py` of somebody else's.
    command = [sys.executable, "-P", "-m", "ssohelper", *argv]
    if sys.platform != "win32" and os.access(_SHELL, os.X_OK):
        # A shell between us starts it and ends: it is nobody's child, so the program that `exec`
        # becomes, or an endpoint that runs for days, has no process to wait for.
        command = [_SHELL, "-c", '"$@" &', _SHELL, *command]
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=flags,
        env=dict(environ),
        cwd=os.sep,
    )
    if command[0] == _SHELL:
        child.wait()
    else:
        # Nobody waits for it: Python would warn of a child that still runs when we end.
        child.returncode = 0
