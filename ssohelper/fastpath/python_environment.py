"""Keeps Python from loading foreign code, in this process and in those that ssohelper starts.

`shell/ssohelper-credentials` unsets the same variables; a test compares the two lists.
"""

import os
import sys

from ssohelper.fastpath.open_file import absolute_path

# importing typing takes 4 ms
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Those of output or speed, and PYTHONNOUSERSITE, stay.
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
# The folder of `pip install --user`; kept only if we are installed in it.
USER_BASE = "PYTHONUSERBASE"
_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def environment_without_foreign_code(environ: "Mapping[str, str]") -> "dict[str, str]":
    left = {name: value for name, value in environ.items() if name not in UNSET}
    base = left.get(USER_BASE)
    if base is not None and not _is_installed_in(base):
        del left[USER_BASE]
    # Imports from neither the current folder nor a script's folder.
    left["PYTHONSAFEPATH"] = "1"
    return left


def drop_foreign_import_folders() -> bool:
    """Remove the folders of PYTHONPATH and the current folder from sys.path; return whether any
    was.

    Commands of SDKs and shells start through `ssohelper-credentials`. A folder with this package,
    the standard library or this Python's packages stays.
    """
    added = os.environ.get("PYTHONPATH")
    foreign = [absolute_path(entry) for entry in added.split(os.pathsep)] if added else []
    if not sys.flags.safe_path:
        foreign.append(absolute_path(""))
    dropped = set(foreign) - _list_ssohelper_folders()
    left = [entry for entry in sys.path if absolute_path(entry) not in dropped]
    is_changed = len(left) < len(sys.path)
    sys.path[:] = left
    return is_changed


def _is_installed_in(user_base: str) -> bool:
    return os.path.isabs(user_base) and __file__.startswith(user_base.rstrip(os.sep) + os.sep)


def _list_ssohelper_folders() -> "set[str]":
    folders = [_PACKAGE_FOLDER, os.path.dirname(os.__file__)]
    site = sys.modules.get("site")
    if site is not None:
        folders += site.getsitepackages()
        if site.ENABLE_USER_SITE:
            folders.append(site.getusersitepackages())
    return {absolute_path(folder) for folder in folders}
