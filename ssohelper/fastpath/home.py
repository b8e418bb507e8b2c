"""The user's home folder, as botocore finds it, and what is refused as one."""

import os
import sys
from collections.abc import Mapping

from ssohelper.core.text import is_harmless, show
from ssohelper.errors import LocalState


def expand(path: str, environ: Mapping[str, str]) -> str:
    """Return the path with a leading ~ replaced. Raises: LocalState without a usable home."""
    if path[:1] != "~":
        return path
    check(environ)
    # botocore looks at no HOME on Windows, where shells that come with git set one.
    home = environ.get("HOME") if sys.platform != "win32" else None
    if home and path.startswith("~/"):
        return home.rstrip("/") + path[1:]
    expanded = os.path.expanduser(path)
    if expanded[:1] == "~":
        raise missing()
    return expanded


def check(environ: Mapping[str, str]) -> None:
    """Raise LocalState for a HOME that is no absolute path."""
    home = environ.get("HOME") if sys.platform != "win32" else None
    if home is not None and (not os.path.isabs(home) or not is_harmless(home)):
        raise LocalState(f'HOME is "{show(home, 80)}": not an absolute path')


def missing() -> LocalState:
    """Return the error for a user without a home folder."""
    return LocalState("there is no home folder", hint="set HOME to an absolute path")
