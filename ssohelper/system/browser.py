"""Finding and starting the person's browser: never through a shell, never Python's webbrowser.

The opener is an absolute path that was not found in the current folder; the address is one
argument of it; it gets no terminal and a session of its own, so it can neither read nor hang us.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from urllib.parse import quote

from ssohelper.fastpath import own_process, spawn

# These need the terminal that we do not give away; behind Debian's alternatives too.
_CONSOLE_BROWSERS = frozenset(
    {"lynx", "w3m", "links", "links2", "elinks", "browsh", "carbonyl", "chawan", "www-browser"}
)
_DESKTOP_OPENERS = (
    "xdg-open",
    "x-www-browser",
    "gnome-open",
    "firefox",
    "chromium",
    "google-chrome",
)
_REMOTE_MARKS = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_CI_MARKS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "JENKINS_URL", "TF_BUILD")
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")

Opener = tuple[str, ...]


def can_show_a_browser(environ: Mapping[str, str], setting: str | None = None) -> bool:
    """Tell whether a browser on this host can be started and would be seen.

    `setting` is the session's own opener; with it, or with BROWSER, there is one. Otherwise not
    over SSH, in a container or in CI.
    """
    return find_opener(environ, setting) is not None


def find_opener(environ: Mapping[str, str], setting: str | None = None) -> Opener | None:
    """Return the opener's words, the first an absolute path; None when there is none to use."""
    for said in (setting, environ.get("BROWSER")):
        if said and said.strip():
            return _opener_of(said, environ)
    if _is_elsewhere(environ):
        return None
    return _of_this_desktop(environ)


def start(opener: Opener, url: str, environ: Mapping[str, str]) -> bool:
    """Start the opener with the address, detached; False when it cannot be started."""
    return launch(opener, url, environ) is not None


def launch(
    opener: Opener, url: str, environ: Mapping[str, str]
) -> "subprocess.Popen[bytes] | None":
    """Start the opener as `start` does; return its process, which somebody else collects.

    The address has been checked by core.endpoints, and begins with a scheme: never with a dash.
    """
    try:
        with own_process.original_core_limit():
            started = subprocess.Popen(
                command_of(opener, url),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                close_fds=True,
                env=spawn.without_credentials(environ),
            )
    except (OSError, ValueError):
        return None
    # Somebody must collect it when it ends; nobody waits for it.
    threading.Thread(
        target=_collected, args=(started,), daemon=True, name="ssohelper-browser"
    ).start()
    return started


def _collected(started: "subprocess.Popen[bytes]") -> None:
    """Wait for its end. Takes no signal: one for `serve`, which waits for it, is not for here."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    started.wait()


def command_of(opener: Opener, url: str) -> list[str]:
    """Return the words to run: the address in place of %s, or at the end.

    Within an address of a Firefox extension ("ext+container:name=work&url=%s") it is a value:
    percent-encoded, for its own "&" would end it there.
    """
    if any("%s" in word for word in opener[1:]):
        inner = quote(url, safe="")
        words = (
            word.replace("%s", inner if word.startswith("ext+") else url) for word in opener[1:]
        )
        return [opener[0], *words]
    return [*opener, url]


def _opener_of(said: str, environ: Mapping[str, str]) -> Opener | None:
    """Read one command, or, as BROWSER may be, several with ":" between: the first that is there."""
    candidates = [said]
    if os.pathsep in said:
        candidates += said.split(os.pathsep)
    for candidate in candidates:
        if sys.platform == "win32":
            candidate = candidate.replace("\\", "\\\\")  # shlex takes one of two away
        try:
            words = shlex.split(candidate)
        except ValueError:
            continue
        program = _program(words[0], environ) if words else None
        if program:
            return (program, *words[1:])
    return None


def _program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the program's absolute path; None for console browsers and for what is not there."""
    if os.path.basename(name) in _CONSOLE_BROWSERS or "%s" in name:
        return None
    path = name if os.path.isabs(name) else _on_path(name, environ)
    if path is None or not os.access(path, os.X_OK) or not os.path.isfile(path):
        return None
    # x-www-browser is a link to whatever the administrator chose.
    return None if os.path.basename(os.path.realpath(path)) in _CONSOLE_BROWSERS else path


def _on_path(name: str, environ: Mapping[str, str]) -> str | None:
    if os.sep in name:
        return None  # relative to a folder that somebody else may have filled
    here = _current_folder()
    if sys.platform == "win32" and not name.lower().endswith(".exe"):
        name += ".exe"
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        if not os.path.isabs(folder) or os.path.realpath(folder) == here:
            continue
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _current_folder() -> str | None:
    try:
        return os.path.realpath(os.getcwd())
    except OSError:
        return None  # it was removed: nothing is found in it


def _is_elsewhere(environ: Mapping[str, str]) -> bool:
    if any(environ.get(mark) for mark in _REMOTE_MARKS):
        return True
    if any(environ.get(mark, "").lower() not in ("", "0", "false") for mark in _CI_MARKS):
        return True
    return any(os.path.exists(mark) for mark in _CONTAINER_MARKS)


def _of_this_desktop(environ: Mapping[str, str]) -> Opener | None:
    if sys.platform == "darwin":
        return ("/usr/bin/open",)
    if sys.platform == "win32":
        system = os.path.join(environ.get("SYSTEMROOT", r"C:\Windows"), "System32")
        return (os.path.join(system, "rundll32.exe"), "url.dll,FileProtocolHandler")
    names = _DESKTOP_OPENERS if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") else ()
    if environ.get("WSL_DISTRO_NAME"):
        names = ("wslview", *names)
    for name in names:
        program = _program(name, environ)
        if program:
            return (program,)
    return None
