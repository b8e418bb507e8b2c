"""Becomes `ssohelper ARGV` in a fork for each request: 20 ms of processor time instead of 90 to 230.

Run by tests/runs.py as `python tests/fork_server.py SOCKET PADDING`. It has imported what most
commands import, except ssohelper.__main__, so that a fork runs all of the program's own start. A
request is JSON (argv, environ, cwd, own_session) with four descriptors: stdin, stdout, stderr, and
a pipe for the wait status. The space of PADDING and of the variable PADDING takes the fork's argv
and environment, so that /proc shows those.

A detached process that a fork starts is a fork of the server too: 20 ms instead of 80.
"""

import atexit
import contextlib
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NoReturn

from ssohelper.fastpath import spawn

# What most commands import, and what those import that ask AWS: botocore alone takes 130 ms. The
# emulator and textual are imported by single commands.
LOADED = (
    "getpass", "encodings.idna", "ssohelper.actions.roles", "ssohelper.broker_process",
    "ssohelper.cli.config_commands", "ssohelper.cli.list_command", "ssohelper.cli.profile_commands",
    "ssohelper.cli.sign_in_commands", "ssohelper.fastpath.broker_client",
    "ssohelper.fastpath.published", "ssohelper.renewal_process", "ssohelper.stores.config_store",
    "ssohelper.stores.credential_cache", "ssohelper.stores.directory_cache",
    "ssohelper.stores.protections", "ssohelper.stores.journal_file",
    "ssohelper.stores.legacy_tokens", "ssohelper.stores.prompt_state",
    "ssohelper.collaborators.vault", "ssohelper.wire.local_server", "ssohelper.wire.oidc",
    "ssohelper.wire.role_credentials", "ssohelper.wire.sts", "ssohelper.wire.transport",
    "botocore.handlers", "botocore.session",
)  # fmt: skip
# The server's HOME (tests/runs.py). botocore keeps paths that it made of it when it was imported.
HOME = "/home-of-the-fork-server"
LARGEST_REQUEST = 1 << 20
# How long the server waits for the request of a fork that has connected.
_REQUEST_SECONDS = 10
# Of the socket, in Linux's namespace without files, where forks ask for detached processes.
_ADDRESS = f"\0ssohelper-forks-{os.getpid()}"

# Python, or a library, starts differently with a variable that begins so: then the program is really
# started.
_READ_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_", "OPENSSL_", "FAKETIME")
# The variables of that kind with which this server is started.
STARTED_WITH = {"LANG": "C.UTF-8"}


def can_be_forked(environ: dict[str, str]) -> bool:
    """Return whether the program behaves in a fork as if it had been started with these variables."""
    read_at_start = {
        name: value
        for name, value in environ.items()
        if value and name.startswith(_READ_AT_START) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return sys.platform == "linux" and read_at_start == STARTED_WITH


def serve_requests(client: socket.socket) -> list[str] | None:
    """Answer requests until the client is gone: None. In a fork, return the argv to run."""
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    from_forks = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    from_forks.bind(_ADDRESS)
    from_forks.listen(128)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([client, woken, from_forks], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report_ended_children(running)
        if from_forks in ready:
            connection, _ = from_forks.accept()
            connection.settimeout(_REQUEST_SECONDS)
            asked, descriptors = _receive(connection) if _is_own(connection) else ({}, [])
            if asked:
                if os.fork() == 0:
                    return _become_detached_process(asked, descriptors)
                connection.send(b"started")
            connection.close()
            _close_all(descriptors)
        if client in ready:
            asked, descriptors = _receive(client)
            if not asked:
                return None
            child = os.fork()
            if child == 0:
                return _become_program(asked, descriptors)
            running[child] = descriptors.pop()
            os.write(running[child], b"%d\n" % child)
            _close_all(descriptors)


def _is_own(connection: socket.socket) -> bool:
    """Return whether a process of this user has connected: the socket has no permissions."""
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", found)[1] == os.getuid()


def _receive(sender: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return the request and its descriptors; an empty request if the sender is gone."""
    try:
        request, descriptors, _, _ = socket.recv_fds(
            sender, LARGEST_REQUEST, 4, socket.MSG_CMSG_CLOEXEC
        )
    except OSError:  # a fork that was stopped or killed before it has asked
        return {}, []
    return json.loads(request or "{}"), descriptors


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _report_ended_children(running: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):  # raised when no child is left
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = found
            pipe = running.pop(pid, None)
            if pipe is None:
                continue  # a detached process has ended
            with contextlib.suppress(BrokenPipeError):  # the client had no time left
                os.write(pipe, b"%d" % status)
            os.close(pipe)


def _become_program(asked: dict[str, Any], descriptors: list[int]) -> list[str]:
    if asked["own_session"]:
        os.setsid()
    for number in range(3):
        os.dup2(descriptors[number], number)
    # The sockets, and the pipes of other runs.
    os.closerange(3, 1024)
    os.chdir(asked["cwd"])
    _take_over_environment([sys.executable, *asked["argv"]], asked["environ"])
    return list(asked["argv"])


def _become_detached_process(asked: dict[str, Any], descriptors: list[int]) -> list[str]:
    """Be what `spawn.start_detached` starts: see there for streams, folder and signals.

    The umask and the limits are those of this server, not of the process that starts it.
    """
    detach(descriptors)
    for ignored in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_IGN)
    _take_over_environment([sys.executable, "-m", "ssohelper", *asked["argv"]], asked["environ"])
    # `python -m` in "/" has "/" as first folder of sys.path. The end of this file takes it from here.
    return ["/ssohelper", *asked["argv"]]


def detach(descriptors: list[int]) -> None:
    """Take a session, streams and a folder as a detached process has; keep what it is passed."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    for descriptor in descriptors:
        os.dup2(descriptor, spawn.PASSED_DESCRIPTOR)
    os.closerange(3 + len(descriptors), 1024)
    os.chdir("/")


def _take_over_environment(words: list[str], environ: dict[str, str]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    spawn.start_detached = _start_detached
    os.environ.clear()
    os.environ.update(environ)
    _move_paths_of_botocore(os.path.expanduser("~"))
    sys.dont_write_bytecode = bool(environ.get("PYTHONDONTWRITEBYTECODE"))
    time.tzset()
    _show_in_proc(words, environ)


_start_without_server = spawn.start_detached


def _start_detached(
    argv: list[str], environ: Mapping[str, str], descriptor: int | None = None
) -> None:
    """Let the server fork the detached process, instead of `spawn.start_detached`."""
    cleaned = spawn.detached_environment(environ)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        # `detached_environment` always sets PYTHONSAFEPATH. It only takes the current folder off
        # sys.path, which the program does itself.
        is_forked = can_be_forked({**cleaned, "PYTHONSAFEPATH": ""}) and (
            server.connect_ex(_ADDRESS) == 0  # the server of an ended test run does not answer
        )
        if not is_forked:
            _start_without_server(argv, environ, descriptor)
            return
        of_shell = {"PWD": "/"}
        with contextlib.suppress(FileNotFoundError):  # the current folder may have been removed
            of_shell["OLDPWD"] = os.getcwd()
        request = json.dumps({"argv": argv, "environ": {**cleaned, **of_shell}}).encode()
        socket.send_fds(server, [request], [] if descriptor is None else [descriptor])
        if not server.recv(16):
            raise OSError("the fork server has ended")


def _move_paths_of_botocore(home: str) -> None:
    """Put this home into the paths that botocore made of the server's; test_runs looks for more."""
    from botocore import credentials, loaders, tokens, utils

    def moved(path: object) -> object:
        return path.replace(HOME, home) if isinstance(path, str) else path

    for kind, name in (
        (loaders.Loader, "CUSTOMER_DATA_PATH"),
        (credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR"),
        (tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR"),
        (utils.JSONFileCache, "CACHE_DIR"),
    ):
        setattr(kind, name, moved(getattr(kind, name)))
    begin = utils.JSONFileCache.__init__
    begin.__defaults__ = tuple(moved(default) for default in begin.__defaults__)


def _show_in_proc(words: list[str], environ: dict[str, str]) -> None:
    """Write the words and variables over our own, where the kernel reads them for /proc."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    variables = [f"{name}={value}" for name, value in environ.items()]
    for first, texts in ((45, words), (47, variables)):
        start, end = int(fields[first]), int(fields[first + 1])
        if end > start:  # both are 0 if the kernel does not report them
            shown = b"".join(os.fsencode(text) + b"\0" for text in texts)[: end - start - 1]
            with open("/proc/self/mem", "r+b", buffering=0) as memory:
                memory.seek(start)
                memory.write(shown.ljust(end - start, b"\0"))


def run_and_end(main: Callable[[], int]) -> NoReturn:
    """Run `main`, and end as the interpreter does, but free no memory.

    Freeing would copy each page that the fork shares with the server: half of a short run's time.
    """
    try:
        sys.exit(main())
    except SystemExit as ending:
        code = ending.code
    if not isinstance(code, int):
        sys.exit(code)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)  # the interpreter reports it in its own way
    os._exit(code & 0xFF)


if __name__ == "__main__":
    for name in LOADED:
        import_module(name)
    # So that a fork's collections copy none of these pages.
    gc.collect()
    gc.freeze()
    words = serve_requests(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        sys.argv = words
        sys.path[0] = os.path.dirname(words[0])
        from ssohelper.__main__ import main

        run_and_end(main)
