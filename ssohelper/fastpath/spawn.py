"""Starts detached ssohelper processes, which outlive their caller and receive none of its signals.

Neither they nor this process load foreign code: `shell/ssohelper-credentials` unsets the same
variables; a test compares the two lists.

A miss loads this module: no `subprocess`, which takes 6 ms.
"""

import contextlib
import os
import signal
import sys

from ssohelper.fastpath import folders, own_process
from ssohelper.fastpath.open_file import absolute_path

# importing typing takes 4 ms
TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

PASSED_DESCRIPTOR = 3
# The shell ends at once, so the process is not our child. Because of `&` it ignores SIGINT and
# SIGQUIT.
_IN_BACKGROUND = 'cd / && "$@" &'
_SHELL = "/bin/sh"
# PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC
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
# Role credentials that `exec` gave to our caller, which a detached process outlives.
_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
# Variables of one caller: a detached process serves others too. By the last three, CI agents find
# the processes to kill when a job ends: https://github.com/actions/runner/issues/598,
# https://wiki.jenkins.io/display/JENKINS/ProcessTreeKiller
VARIABLES_OF_CALLER = (
    *("SSOHELPER_ALLOW", "SSOHELPER_ALLOW_NAMES", "SSOHELPER_CONFIG_COPY"),
    *("RUNNER_TRACKING_ID", "JENKINS_NODE_COOKIE", "BUILD_ID"),
)


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


def environment_without_credentials(environ: "Mapping[str, str]") -> "dict[str, str]":
    return {
        name: value
        for name, value in environment_without_foreign_code(environ).items()
        if name not in _KEYS
    }


def detached_environment(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Absolute paths, because the process runs in another folder."""
    changed = environment_without_credentials(environ)
    for variable in VARIABLES_OF_CALLER:
        changed.pop(variable, None)
    for variable in folders.AWS_FILES:
        if changed.get(variable):
            path = folders.aws_file_variable(environ, variable)
            changed[variable] = os.path.abspath(expand_path(path, environ))
    return changed


def can_outlive_caller() -> bool:
    """The kernel kills all processes of a PID namespace when its first one ends
    (pid_namespaces(7)).
    """
    if sys.platform != "linux":
        return True
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _INITIAL_PID_NAMESPACE
    except OSError:
        return False


def expand_path(path: str, environ: "Mapping[str, str]") -> str:
    """As botocore does for AWS_CONFIG_FILE."""
    path = expand_variables(path, environ)
    home = environ.get("HOME")
    if path.startswith("~/") and home:
        return home.rstrip("/") + path[1:]
    return os.path.expanduser(path)


def expand_variables(path: str, environ: "Mapping[str, str]") -> str:
    """On Windows the values are those of this process's environment."""
    if sys.platform == "win32":
        return os.path.expandvars(path)
    if "$" not in path:
        return path
    import re  # not at the top: a miss does not load `re`, and few paths have a variable

    def value_of(found: "re.Match[str]") -> str:
        return environ.get(found[1].strip("{}"), found[0])

    return re.sub(r"(?a)\$(\w+|\{[^}]*\})", value_of, path)


def start_detached(
    argv: "list[str]", environ: "Mapping[str, str]", descriptor: "int | None" = None
) -> None:
    """`descriptor` becomes descriptor 3; no other open file is inherited. Raises: OSError."""
    environ = detached_environment(environ)
    if sys.platform == "win32":
        start_on_windows(argv, environ)
        return
    command = [_SHELL, "-c", _IN_BACKGROUND, _SHELL, sys.executable, "-m", "ssohelper"]
    streams: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)
    ]
    source = None
    if descriptor is not None:
        import fcntl

        # DUP2 from 3 to 3 would keep the close-on-exec flag, so the source has a number above 3.
        source = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, PASSED_DESCRIPTOR + 1)
        streams.append((os.POSIX_SPAWN_DUP2, source, PASSED_DESCRIPTOR))
    try:
        # A notice runs the user's program.
        with own_process.use_original_core_limit():
            pid = os.posix_spawn(
                _SHELL,
                [*command, *argv],
                environ,
                file_actions=streams,
                setsid=True,
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD),
            )
    finally:
        if source is not None:
            os.close(source)
    # Where SIGCHLD is ignored, the kernel has removed the ended shell.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def start_on_windows(
    argv: "list[str]", environ: "dict[str, str]", stdout: "int | None" = None
) -> "subprocess.Popen[bytes]":
    import subprocess

    if sys.platform != "win32":
        raise OSError("Windows")
    null = subprocess.DEVNULL
    child = subprocess.Popen(
        [sys.executable, "-m", "ssohelper", *argv],
        stdin=null,
        stdout=null if stdout is None else stdout,
        stderr=null,
        creationflags=subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP,
        env=environ,
        cwd=os.sep,
    )
    child.returncode = 0  # prevents Python's warning that a child still runs
    return child
