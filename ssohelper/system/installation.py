"""Finds the commands of this installation, and decides which command profiles contain."""

import glob
import os
import re
import shutil
import stat
import sys
import sysconfig
from collections.abc import Callable, Mapping

from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

# Characters that a shell interprets within double quotes.
_UNQUOTABLE = re.compile(r"[\"$`\\!\x00-\x1f\x7f]")
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9._@:+=,/-]+")
LAUNCHER = "ssohelper-credentials"
_SH = "/bin/sh"
# Where Python packages are, below the prefix: virtual environments and Unix, Debian, Homebrew,
# Windows, and Windows installations of one user.
_PACKAGES = (
    "lib*/python*/site-packages",
    "lib*/python*/dist-packages",
    "libexec/lib/python*/site-packages",
    "Lib/site-packages",
    "site-packages",
)
_MAX_LINKS = 40


def find_profile_command(environ: Mapping[str, str], *, is_portable: bool = False) -> str:
    """Return the command that profiles run: `/abs/bin/ssohelper-credentials`.

    Without launcher or sh, it is `/abs/bin/ssohelper credential-process`. `is_portable` leaves out
    the path. Raises: UsageProblem in a throw-away installation, or when the path cannot be quoted.
    """
    refuse_temporary_installation(environ, "profiles that name it would soon fail")
    launcher = find_launcher(environ)
    if launcher:
        return LAUNCHER if is_portable else quote_program_path(launcher)
    path = "ssohelper" if is_portable else quote_program_path(find_ssohelper_command(environ))
    return f"{path} credential-process"


def find_launcher(environ: Mapping[str, str]) -> str | None:
    """Return the launcher's path beside `ssohelper`.

    If a user's link leads to `ssohelper`, return the launcher in Python's scripts folder.
    """
    if sys.platform == "win32" or not os.access(_SH, os.X_OK):
        return None
    own = [os.path.join(os.path.dirname(path), LAUNCHER) for path in _list_installed_commands()]
    own = [path for path in own if os.path.isfile(path) and os.access(path, os.X_OK)]
    launcher = os.path.join(os.path.dirname(find_ssohelper_command(environ)), LAUNCHER)
    if os.path.realpath(launcher) in {os.path.realpath(path) for path in own}:
        return launcher
    return own[0] if own else None


def find_ssohelper_command(environ: Mapping[str, str]) -> str:
    """Return the path of `ssohelper`; the one on PATH, if it belongs to this installation.

    The links that uv and pipx put on PATH survive an upgrade; their target folder may not.
    """
    own = [path for path in _list_installed_commands() if os.path.isfile(path)]
    on_path = shutil.which("ssohelper", path=environ.get("PATH", os.defpath))
    if on_path and os.path.realpath(on_path) in {os.path.realpath(path) for path in own}:
        return os.path.abspath(on_path)
    if own:
        return own[0]
    raise UsageProblem(
        "this ssohelper has no installed command that profiles could run",
        hint=_install_hint(),
    )


def list_ssohelpers(environ: Mapping[str, str]) -> list[str]:
    found: dict[str, str] = {}
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, "ssohelper")
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def is_own_program(path: str) -> bool:
    commands = _list_installed_commands()
    launchers = [os.path.join(os.path.dirname(command), LAUNCHER) for command in commands]
    return os.path.realpath(path) in {os.path.realpath(one) for one in (*commands, *launchers)}


def belongs_to_installation(path: str) -> bool:
    """Return whether an installed ssohelper's package metadata is beside the program's folder."""
    prefix = glob.escape(os.path.dirname(os.path.dirname(os.path.realpath(path))))
    return any(
        glob.glob(os.path.join(prefix, packages, "ssohelper-*-info")) for packages in _PACKAGES
    )


def refuse_temporary_installation(environ: Mapping[str, str], consequence: str) -> None:
    """Raise UsageProblem if we run from uv's or pipx's cache, as with `uvx --from SOURCE`.

    Call this before a file names this installation's path.
    """
    prefix = os.path.realpath(sys.prefix) + os.sep
    for cache in _list_installer_caches(environ):
        if prefix.startswith(os.path.realpath(cache).rstrip(os.sep) + os.sep):
            raise UsageProblem(
                f"this ssohelper is a throw-away installation: {consequence}", hint=_install_hint()
            )


def _install_hint() -> str:
    from ssohelper.system.own_source import install_hint

    return install_hint()


def warn_if_exposed(environ: Mapping[str, str], warn: Callable[[str], None]) -> None:
    paths = filter(None, (find_ssohelper_command(environ), find_launcher(environ)))
    exposed = next(filter(None, map(find_replaceable_part, paths)), None)
    if exposed:
        warn(
            f'other users may replace "{show(exposed, 200)}", '
            "which is in the path of the command that is written"
        )


def find_replaceable_part(path: str) -> str | None:
    """Return a file or folder by which other users could replace the path's target, or None.

    Every user may write to it, or it is another user's in a sticky folder (/tmp). Links' folders
    and targets are checked too.
    """
    if sys.platform == "win32":
        return None
    remaining = [part for part in os.path.abspath(path).split("/") if part]
    current = "/"
    links = 0
    while True:
        try:
            found = os.lstat(current)
            if not stat.S_ISLNK(found.st_mode):
                if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
                    return current
            elif (links := links + 1) > _MAX_LINKS:
                return None
            is_shared = os.stat(os.path.dirname(current)).st_mode & stat.S_IWOTH
            if is_shared and found.st_uid not in (0, os.geteuid()):
                return current
            if stat.S_ISLNK(found.st_mode):
                target = os.path.join(os.path.dirname(current), os.readlink(current))
                remaining = [part for part in target.split("/") if part] + remaining
                current = "/"
                continue
        except OSError:
            return None
        while remaining and remaining[0] in (".", ".."):
            current = os.path.dirname(current) if remaining.pop(0) == ".." else current
        if not remaining:
            return None
        current = os.path.join(current, remaining.pop(0))


def quote_program_path(path: str) -> str:
    """Return the path quoted so that sh and all SDKs read the same path from `credential_process`."""
    path = path.replace("\\", "/") if sys.platform == "win32" else path
    if _NEEDS_NO_QUOTES.fullmatch(path):
        return path
    if _UNQUOTABLE.search(path):
        raise UsageProblem(
            "ssohelper is installed in a folder whose name cannot be written into a profile",
            hint="install it in a folder without quotes, backslashes and dollar signs",
        )
    return f'"{path}"'


def _list_installed_commands() -> list[str]:
    name = "ssohelper.exe" if sys.platform == "win32" else "ssohelper"
    folders = [sysconfig.get_path("scripts")]
    if sys.prefix == sys.base_prefix:
        user = sysconfig.get_preferred_scheme("user")
        folders.append(sysconfig.get_path("scripts", user))
    return [os.path.abspath(os.path.join(folder, name)) for folder in folders]


def _list_installer_caches(environ: Mapping[str, str]) -> list[str]:
    home = environ.get("HOME") or os.path.expanduser("~")
    cache = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local/share")
    local = environ.get("LOCALAPPDATA")
    found = [
        environ.get("UV_CACHE_DIR"),
        os.path.join(cache, "uv"),
        local and os.path.join(local, "uv", "cache"),
        environ.get("PIPX_VENV_CACHEDIR"),
        os.path.join(environ["PIPX_HOME"], ".cache") if environ.get("PIPX_HOME") else None,
        os.path.join(cache, "pipx"),
        os.path.join(home, "Library/Caches/pipx"),
        os.path.join(home, ".local/pipx/.cache"),
        os.path.join(data, "pipx/.cache"),
    ]
    return [path for path in found if path]
