"""Where this installation's commands are, and how that path stands in a profile."""

import os
import re
import shutil
import stat
import sys
import sysconfig
from collections.abc import Callable, Mapping

from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

# Within double quotes these still mean something to a shell (or end the quotes).
_UNQUOTABLE = re.compile(r"[\"$`\\!\x00-\x1f\x7f]")
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9._@:+=,/-]+")


LAUNCHER = "ssohelper-credentials"
_SHELL = "/bin/sh"
# As Linux follows.
_MOST_LINKS = 40


def profile_command(environ: Mapping[str, str]) -> str:
    """Return what profiles run, its arguments left out: `/abs/bin/ssohelper-credentials`.

    Where that launcher or sh is not there it is `/abs/bin/ssohelper credential-process`.
    Raises: UsageProblem from a throw-away installation, or when the path cannot be written.
    """
    if is_throw_away(environ):
        raise UsageProblem(
            "this ssohelper is a throw-away installation: profiles would soon name nothing",
            hint="install it with: uv tool install ssohelper (or: pipx install ssohelper)",
        )
    launcher = launcher_path(environ)
    if launcher:
        return quoted(launcher)
    return f"{quoted(command_path(environ))} credential-process"


def launcher_path(environ: Mapping[str, str]) -> str | None:
    """Return the launcher's absolute path: beside the `ssohelper` that profiles would name.

    A link of that one alone (made by hand) leads to the scripts folder's. None without sh.
    """
    if sys.platform == "win32" or not os.access(_SHELL, os.X_OK):
        return None
    own = [os.path.join(os.path.dirname(path), LAUNCHER) for path in _own_scripts()]
    own = [path for path in own if os.path.isfile(path) and os.access(path, os.X_OK)]
    beside = os.path.join(os.path.dirname(command_path(environ)), LAUNCHER)
    if os.path.realpath(beside) in {os.path.realpath(path) for path in own}:
        return beside
    return own[0] if own else None


def command_path(environ: Mapping[str, str]) -> str:
    """Return the absolute path of `ssohelper`: the one on PATH when it is this installation's.

    uv's and pipx's links on PATH survive an upgrade, the scripts folder behind them may not.
    """
    own = [path for path in _own_scripts() if os.path.isfile(path)]
    on_path = shutil.which("ssohelper", path=environ.get("PATH", os.defpath))
    if on_path and os.path.realpath(on_path) in {os.path.realpath(path) for path in own}:
        return os.path.abspath(on_path)
    if own:
        return own[0]
    raise UsageProblem(
        "this ssohelper has no command that profiles could name",
        hint="install it with: uv tool install ssohelper (or: pipx install ssohelper)",
    )


def is_throw_away(environ: Mapping[str, str]) -> bool:
    """Tell whether we run from uv's or pipx's cache, as with `uvx ssohelper`."""
    prefix = os.path.realpath(sys.prefix)
    return any(_is_inside(prefix, os.path.realpath(cache)) for cache in _caches(environ))


def exposed_on_the_way(environ: Mapping[str, str]) -> str | None:
    """Return what other users may replace on the way to what profiles run, if there is any."""
    paths = (command_path(environ), launcher_path(environ))
    return next((found for path in paths if path and (found := open_to_others(path))), None)


def warn_of_exposed(environ: Mapping[str, str], warn: Callable[[str], None]) -> None:
    """Warn of what other users may replace, when the command's path is to be written somewhere."""
    exposed = exposed_on_the_way(environ)
    if exposed:
        warn(
            f'other users may replace "{show(exposed, 200)}", on the way to the command that is written'
        )


def open_to_others(path: str) -> str | None:
    """Return what other users may replace on the way to `path`, if there is such a thing.

    A file or folder that everybody may write; in a folder with the sticky bit (/tmp) only an entry
    of another user. Links count too, each with the folder that it is in and the way to its target.
    None on Windows, whose modes say nothing of others.
    """
    if sys.platform == "win32":
        return None
    rest = [part for part in os.path.abspath(path).split("/") if part]
    way = "/"
    links = 0
    while True:
        try:
            found = os.lstat(way)
            if not stat.S_ISLNK(found.st_mode):
                # In a folder with the sticky bit others cannot replace what is ours.
                if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
                    return way
            elif (links := links + 1) > _MOST_LINKS:
                return None
            if _is_in_shared_folder(way) and found.st_uid not in (0, os.geteuid()):
                return way
            if stat.S_ISLNK(found.st_mode):
                target = os.path.join(os.path.dirname(way), os.readlink(way))
                rest = [part for part in target.split("/") if part] + rest
                way = "/"
                continue
        except OSError:
            return None
        while rest and rest[0] in (".", ".."):
            way = os.path.dirname(way) if rest.pop(0) == ".." else way
        if not rest:
            return None
        way = os.path.join(way, rest.pop(0))


def _is_in_shared_folder(path: str) -> bool:
    folder = os.stat(os.path.dirname(path)).st_mode
    return bool(folder & stat.S_IWOTH)


def quoted(path: str) -> str:
    """Return the path as shlex, sh and every SDK read it back. Raises: UsageProblem."""
    path = path.replace("\\", "/") if sys.platform == "win32" else path
    if _NEEDS_NO_QUOTES.fullmatch(path):
        return path
    if _UNQUOTABLE.search(path):
        raise UsageProblem(
            "ssohelper is installed in a folder whose name cannot be written into a profile",
            hint="install it in a folder without quotes, backslashes and dollar signs",
        )
    return f'"{path}"'


def _own_scripts() -> list[str]:
    name = "ssohelper.exe" if sys.platform == "win32" else "ssohelper"
    folders = [sysconfig.get_path("scripts")]
    if sys.prefix == sys.base_prefix:
        user = sysconfig.get_preferred_scheme("user")
        folders.append(sysconfig.get_path("scripts", user))
    return [os.path.abspath(os.path.join(folder, name)) for folder in folders]


def _caches(environ: Mapping[str, str]) -> list[str]:
    """Return the folders that uv and pipx keep their passing environments in."""
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


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
