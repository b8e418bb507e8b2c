"""The environment of each process that we start: nothing in it leads Python to somebody else's code.

`shell/ssohelper-credentials` unsets the same variables for what SDKs and shells start: a test holds
the two together. Light: the path of an SDK's call loads it.
"""

import os

# Not typing's: importing typing would cost the path of an SDK's call 4 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Variables that name folders or files which Python loads code from, or that make it run more than
# was asked for. Left alone: what only changes output or speed (PYTHONIOENCODING, PYTHONUTF8,
# PYTHONHASHSEED, PYTHONDONTWRITEBYTECODE, …), and PYTHONNOUSERSITE, which takes a folder away.
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


def sanitised(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Return the environment without those variables, and with PYTHONSAFEPATH set."""
    left = {name: value for name, value in environ.items() if name not in UNSET}
    base = left.get(USER_BASE)
    if base is not None and not _is_ours(base):
        del left[USER_BASE]
    # Neither the current folder nor that of a script is a module folder.
    left["PYTHONSAFEPATH"] = "1"
    return left


def _is_ours(user_base: str) -> bool:
    return os.path.isabs(user_base) and __file__.startswith(user_base.rstrip(os.sep) + os.sep)
