"""Starts detached ssohelper processes, which outlive their caller and receive none of its signals.

These processes, and this one, load no foreign code: `shell/ssohelper-credentials` unsets the same
variables; a test compares the two lists. A miss imports this module, which therefore avoids
`subprocess` (6 ms).
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
# The shell starts our process with `&` and ends, so the process is not our child, and ignores
# SIGINT and SIGQUIT.
_IN_BACKGROUND = 'cd / && "$@" &'
_SHELL = "/bin/sh"
# PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC
# Not listed: variables that change only output or speed, and PYTHONNOUSERSITE.
UNSET = (
    # folders that Python searches first for modules; an empty entry means the current folder
    "PYTHONPATH",
    "PYTHONHOME",  # names the folder of the standard library
    "PYTHONPLATLIBDIR",  # renames the folder of the standard library
    "PYTHONPYCACHEPREFIX",  # compiled modules that Python loads without checking their source
    "PYTHONSTARTUP",  # names a file that an interactive Python runs
    "PYTHONINSPECT",  # lets Python run code from stdin after the command has ended
    "PYTHONWARNINGS",  # may name a module to import; "error" turns a warning into the command's end
    "PYTHONBREAKPOINT",  # names a function to import
    "PYTHONCASEOK",  # imports ignore the case of module names (macOS, Windows)
    "PYTHONEXECUTABLE",  # sets sys.executable (macOS), which we run to start processes
    "__PYVENV_LAUNCHER__",  # sets sys.executable in virtual environments of macOS's Pythons
    "PYTHON_PRESITE",  # names a module that debug builds of Python import before all others
    "NIX_PYTHONPATH",  # module folders that Nix's Pythons add (sitecustomize)
)
# The variable for the folder of `pip install --user`; kept only if we are installed in that folder.
USER_BASE = "PYTHONUSERBASE"
_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Role credentials that `exec` gave to our caller. A detached process lives longer than the caller.
_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
# Variables of one caller, removed because a detached process serves other callers too. By the last
# three, CI agents find the processes to kill when a job ends:
# https://github.com/actions/runner/issues/598,
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
    # With this option, Python imports from neither the current folder nor the script's folder.
    left["PYTHONSAFEPATH"] = "1"
    return left


def drop_foreign_import_folders() -> bool:
    """Remove PYTHONPATH's folders and the current folder from sys.path; return whether any was in
    it.

    Commands that SDKs and shells run start through `ssohelper-credentials`. A folder with this
    package, the standard library or this Python's packages stays.
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
    """Make paths absolute, because the process runs in another folder."""
    changed = environment_without_credentials(environ)
    for variable in VARIABLES_OF_CALLER:
        changed.pop(variable, None)
    for variable in folders.AWS_FILES:
        if changed.get(variable):
            path = folders.aws_file_variable(environ, variable)
            changed[variable] = os.path.abspath(expand_path(path, environ))
    return changed


def can_outlive_caller() -> bool:
    """Return whether a detached process outlives us; not if we are the first of our PID namespace.

    The kernel then kills all processes of the namespace (pid_namespaces(7)).
    """
    if sys.platform != "linux":
        return True
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _INITIAL_PID_NAMESPACE
    except OSError:
        return False


def expand_path(path: str, environ: "Mapping[str, str]") -> str:
    """Expand `~` and variables in a path, as botocore expands AWS_CONFIG_FILE."""
    path = expand_variables(path, environ)
    home = environ.get("HOME")
    if path.startswith("~/") and home:
        return home.rstrip("/") + path[1:]
    return os.path.expanduser(path)


def expand_variables(path: str, environ: "Mapping[str, str]") -> str:
    """Expand variables. On Windows the values come from this process's own environment."""
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

        # The source needs a number above 3: DUP2 from 3 to 3 would keep the close-on-exec flag.
        source = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, PASSED_DESCRIPTOR + 1)
        streams.append((os.POSIX_SPAWN_DUP2, source, PASSED_DESCRIPTOR))
    try:
        # The detached process may run the user's `notify` program, which gets our original limit.
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
    # If our process ignores SIGCHLD, the kernel has already removed the ended shell.
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
