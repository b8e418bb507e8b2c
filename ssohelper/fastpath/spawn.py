"""Starts detached ssohelper processes, which outlive their caller and receive none of its signals.

A miss loads this module, so it does not import `subprocess`, which takes 6 ms.
"""

import contextlib
import os
import signal
import sys

from ssohelper.fastpath import folders, own_process
from ssohelper.fastpath.python_environment import environment_without_foreign_code

# We do not import typing.TYPE_CHECKING: importing typing would add 4 ms to an SDK's call.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The descriptor that we pass to the new process has this number in that process.
PASSED_DESCRIPTOR = 3
# The shell ends at once, so the detached process is not our child: neither a program that `exec`
# becomes nor an endpoint that runs for days has to wait for its end. Because of `&`, the detached
# process also ignores SIGINT and SIGQUIT.
_IN_BACKGROUND = 'cd / && "$@" &'
_SHELL = "/bin/sh"
# PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h.
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC
# Variables with role credentials that `exec` gave to our caller. A detached process outlives the
# caller and must not use them.
_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


# Variables that concern one caller. A detached process does not get them, since it serves other
# callers too. By the last three, CI agents find the processes that they kill when a job ends:
# https://github.com/actions/runner/issues/598,
# https://wiki.jenkins.io/display/JENKINS/ProcessTreeKiller
VARIABLES_OF_CALLER = (
    *("SSOHELPER_ALLOW", "SSOHELPER_ALLOW_NAMES", "SSOHELPER_CONFIG_COPY"),
    *("RUNNER_TRACKING_ID", "JENKINS_NODE_COOKIE", "BUILD_ID"),
)


def environment_without_credentials(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Return the environment without role credentials and variables that make Python load code."""
    return {
        name: value
        for name, value in environment_without_foreign_code(environ).items()
        if name not in _KEYS
    }


def detached_environment(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Return the environment for a detached process: no credentials, and absolute paths.

    The paths are made absolute because the process runs in another folder than its caller.
    """
    changed = environment_without_credentials(environ)
    for variable in VARIABLES_OF_CALLER:
        changed.pop(variable, None)
    for variable in folders.AWS_FILES:
        if changed.get(variable):
            path = folders.aws_file_variable(environ, variable)
            changed[variable] = os.path.abspath(expand_path(path, environ))
    return changed


def can_outlive_caller() -> bool:
    """Return whether a detached process surely goes on when the caller's container ends.

    The kernel kills all processes of a PID namespace when its first one ends (pid_namespaces(7)).
    """
    if sys.platform != "linux":
        return True
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _INITIAL_PID_NAMESPACE
    except OSError:
        return False


def expand_path(path: str, environ: "Mapping[str, str]") -> str:
    """Return the path with variables and ~ replaced, as botocore does for AWS_CONFIG_FILE."""
    path = expand_variables(path, environ)
    home = environ.get("HOME")
    if path.startswith("~/") and home:
        return home.rstrip("/") + path[1:]
    return os.path.expanduser(path)


def expand_variables(path: str, environ: "Mapping[str, str]") -> str:
    """Return the path with each variable replaced by its value in `environ`.

    On Windows, where %NAME% and quotes have rules of their own, the values are those of this
    process's environment.
    """
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
    """Start `ssohelper ARGV…` detached, with `detached_environment(environ)`.

    The new process inherits `descriptor` as its descriptor 3, and no other open file.
    Raises: OSError when it cannot be started.
    """
    environ = detached_environment(environ)
    if sys.platform == "win32":
        _start_on_windows(argv, environ)
        return
    command = [_SHELL, "-c", _IN_BACKGROUND, _SHELL, sys.executable, "-m", "ssohelper"]
    streams: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)
    ]
    source = None
    if descriptor is not None:
        import fcntl

        # DUP2 from 3 to 3 would do nothing and keep the close-on-exec flag. So the source is a
        # duplicate with a number above 3.
        source = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, PASSED_DESCRIPTOR + 1)
        streams.append((os.POSIX_SPAWN_DUP2, source, PASSED_DESCRIPTOR))
    try:
        # The new process starts with the original core limit: ssohelper lowers the limit again in
        # that process, and a notice runs the user's program, which must get the original limit.
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
    # Where SIGCHLD is ignored, the kernel has removed the ended shell: no child is left to wait on.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _start_on_windows(argv: "list[str]", environ: "dict[str, str]") -> None:
    import subprocess

    if sys.platform == "win32":
        child = subprocess.Popen(
            [sys.executable, "-m", "ssohelper", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP,
            env=environ,
            cwd=os.sep,
        )
        child.returncode = 0  # prevents Python's warning that a child still runs
