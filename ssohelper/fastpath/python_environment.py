"""Which code Python loads: in this process, and in each process that we start.

`shell/ssohelper-credentials` unsets the same variables for what SDKs and shells start: a test
compares the two. Light: the path of an SDK's call loads it.
"""

import os
import sys

# Not typing.TYPE_CHECKING: importing typing would add 4 ms to an SDK's call.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Variables that name folders or files which Python loads code from, or that make it run more than
# was asked for. Left alone: what only changes output or speed (PYTHONIOENCODING, PYTHONUTF8,
# PYTHONHASHSEED, PYTHONDONTWRITEBYTECODE, …), and PYTHONNOUSERSITE, which removes a folder.
UNSET = (
    "PYTHONPATH",  # module folders before all others; an empty entry is the current folder
    "PYTHONHOME",  # where the standard library is
    "PYTHONPLATLIBDIR",  # the name of the folder that it is in
    "PYTHONPYCACHEPREFIX",  # compiled modules, taken without their source
    "PYTHONSTARTUP",  # a file that an interactive Python runs
    "PYTHONINSPECT",  # after the command Python goes on with code from stdin
    "PYTHONWARNINGS",  # may name a module to import; "error" ends a command at a warning
    "PYTHONBREAKPOINT",  # a function to import
    "PYTHONCASEOK",  # module names of another case match (macOS, Windows)
    "PYTHONEXECUTABLE",  # what sys.executable is (macOS), which our own processes start from
    "__PYVENV_LAUNCHER__",  # the same, for virtual environments of macOS's framework Pythons
    "PYTHON_PRESITE",  # a module that debug builds import first of all
    "NIX_PYTHONPATH",  # read by the sitecustomize of Nix's Pythons
)
# Where `pip install --user` installs: it stays only where we were installed in it.
USER_BASE = "PYTHONUSERBASE"
_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def sanitised(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Return the environment without the variables that make Python load other code."""
    left = {name: value for name, value in environ.items() if name not in UNSET}
    base = left.get(USER_BASE)
    if base is not None and not _contains_us(base):
        del left[USER_BASE]
    # Neither the current folder nor that of a script is a module folder.
    left["PYTHONSAFEPATH"] = "1"
    return left


def drop_foreign_folders() -> bool:
    """Remove what PYTHONPATH and the current folder added to sys.path; return whether any was.

    For commands that a user types; what SDKs and shells start goes through
    `ssohelper-credentials`, which acts before Python starts. An entry stays that contains this
    package or the standard library, or that is one of this Python's own folders for installed
    packages.
    """
    added = os.environ.get("PYTHONPATH")
    foreign = [_absolute(entry) for entry in added.split(os.pathsep)] if added else []
    if not sys.flags.safe_path:
        foreign.append(_absolute(""))
    dropped = set(foreign) - _own_folders()
    left = [entry for entry in sys.path if _absolute(entry) not in dropped]
    is_changed = len(left) < len(sys.path)
    sys.path[:] = left
    return is_changed


def _contains_us(user_base: str) -> bool:
    return os.path.isabs(user_base) and __file__.startswith(user_base.rstrip(os.sep) + os.sep)


def _own_folders() -> "set[str]":
    """Return where this installation's modules may come from."""
    folders = [_PACKAGE_FOLDER, os.path.dirname(os.__file__)]
    site = sys.modules.get("site")
    if site is not None:
        folders += site.getsitepackages()
        if site.ENABLE_USER_SITE:
            folders.append(site.getusersitepackages())
    return {_absolute(folder) for folder in folders}


def _absolute(entry: str) -> str:
    try:
        return os.path.abspath(entry)
    except OSError:
        return entry  # the current folder was removed
