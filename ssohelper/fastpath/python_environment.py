"""Keeps Python from loading foreign code, in this process and in those that ssohelper starts.

For processes that SDKs and shells start, `shell/ssohelper-credentials` unsets the same variables; a
test compares the two lists. An SDK's call loads this module, so it must stay light.
"""

import os
import sys

# We do not import typing.TYPE_CHECKING: importing typing would add 4 ms to an SDK's call.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# We remove the variables that make Python load code from other places, or run more code than the
# command that was given. We keep those that change only output or speed (PYTHONIOENCODING,
# PYTHONUTF8, …), and PYTHONNOUSERSITE, with which Python loads from one folder less.
UNSET = (
    "PYTHONPATH",  # module folders that come first; an empty entry means the current folder
    "PYTHONHOME",  # names the folder of the standard library
    "PYTHONPLATLIBDIR",  # renames the folder of the standard library
    "PYTHONPYCACHEPREFIX",  # compiled modules that Python loads without checking their source
    "PYTHONSTARTUP",  # names a file that an interactive Python runs
    "PYTHONINSPECT",  # when its command has ended, Python runs code from stdin
    "PYTHONWARNINGS",  # may name a module to import; "error" ends a command at a warning
    "PYTHONBREAKPOINT",  # names a function to import
    "PYTHONCASEOK",  # imports ignore the case of module names (macOS, Windows)
    "PYTHONEXECUTABLE",  # sets sys.executable (macOS), which we run to start processes
    "__PYVENV_LAUNCHER__",  # sets sys.executable in virtual environments of macOS's Pythons
    "PYTHON_PRESITE",  # names a module that debug builds import first of all
    "NIX_PYTHONPATH",  # module folders that Nix's Pythons add (sitecustomize)
)
# PYTHONUSERBASE names the folder of `pip install --user`. It is kept only if we are installed in
# that folder.
USER_BASE = "PYTHONUSERBASE"
_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def environment_without_foreign_code(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Return the environment without the variables that make Python load foreign code."""
    left = {name: value for name, value in environ.items() if name not in UNSET}
    base = left.get(USER_BASE)
    if base is not None and not _is_installed_in(base):
        del left[USER_BASE]
    # With PYTHONSAFEPATH, Python imports from neither the current folder nor a script's folder.
    left["PYTHONSAFEPATH"] = "1"
    return left


def drop_foreign_import_folders() -> bool:
    """Remove the folders of PYTHONPATH and the current folder from sys.path.

    Returns whether any folder was removed.

    This is for commands that a user types. Commands of SDKs and shells start through
    `ssohelper-credentials`, which unsets PYTHONPATH before Python starts. A folder stays if it
    contains this package or the standard library, or is a folder of this Python's packages.
    """
    added = os.environ.get("PYTHONPATH")
    foreign = [_absolute_path(entry) for entry in added.split(os.pathsep)] if added else []
    if not sys.flags.safe_path:
        foreign.append(_absolute_path(""))
    dropped = set(foreign) - _list_ssohelper_folders()
    left = [entry for entry in sys.path if _absolute_path(entry) not in dropped]
    is_changed = len(left) < len(sys.path)
    sys.path[:] = left
    return is_changed


def _is_installed_in(user_base: str) -> bool:
    return os.path.isabs(user_base) and __file__.startswith(user_base.rstrip(os.sep) + os.sep)


def _list_ssohelper_folders() -> "set[str]":
    """Return the folders from which this installation may import modules."""
    folders = [_PACKAGE_FOLDER, os.path.dirname(os.__file__)]
    site = sys.modules.get("site")
    if site is not None:
        folders += site.getsitepackages()
        if site.ENABLE_USER_SITE:
            folders.append(site.getusersitepackages())
    return {_absolute_path(folder) for folder in folders}


def _absolute_path(entry: str) -> str:
    try:
        return os.path.abspath(entry)
    except OSError:
        return entry  # no absolute path, since the current folder was removed
