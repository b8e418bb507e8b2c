"""Finds and starts the user's browser, never through a shell or Python's `webbrowser`.

The opener is the program that opens a URL. It is found by an absolute path outside the current
folder, and gets the URL as an argument. It gets no terminal and its own process session, so that it
can neither read our input nor block us.
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
from ssohelper.system.programs import find_program

# Text browsers. They need a terminal, which the opener does not get. Debian's x-www-browser may be
# a link to a text browser.
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
_REMOTE_VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_CI_VARIABLES = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "JENKINS_URL", "TF_BUILD")
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")

Opener = tuple[str, ...]


def find_opener(environ: Mapping[str, str], setting: str | None = None) -> Opener | None:
    """Return the command that opens URLs, an absolute path and arguments; None if there is none.

    `setting` is the session's own opener, which wins over BROWSER. Without both, there is none over
    SSH, in a container and in CI, where the user would not see a browser that starts on this host.
    """
    for opener in (setting, environ.get("BROWSER")):
        if opener and opener.strip():
            return _find_command_opener(opener, environ)
    is_remote = any(environ.get(name) for name in _REMOTE_VARIABLES)
    in_ci = any(environ.get(name, "").lower() not in ("", "0", "false") for name in _CI_VARIABLES)
    if is_remote or in_ci or any(map(os.path.exists, _CONTAINER_FILES)):
        return None
    return _find_desktop_opener(environ)


def start_opener(
    opener: Opener, url: str, environ: Mapping[str, str]
) -> "subprocess.Popen[bytes] | None":
    """Start the program that opens the URL, and return its process, or None; a thread reaps it.

    core.service_hosts has checked that the URL begins with a scheme, so it is not taken for an
    option.
    """
    try:
        with own_process.use_original_core_limit():
            started = subprocess.Popen(
                command_to_open_url(opener, url),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                close_fds=True,
                env=spawn.environment_without_credentials(environ),
            )
    except (OSError, ValueError):
        return None
    # A daemon thread waits until the opener exits, so that it does not stay a zombie while the
    # caller continues.
    threading.Thread(target=_reap, args=(started,), daemon=True, name="ssohelper-browser").start()
    return started


def _reap(started: "subprocess.Popen[bytes]") -> None:
    """Wait until the opener exits. This thread blocks all signals; other threads handle them."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    started.wait()


def command_to_open_url(opener: Opener, url: str) -> list[str]:
    """Return the opener's command with the URL in place of %s, or as the last argument.

    Within the URL of a Firefox extension ("ext+container:name=work&url=%s"), our URL is
    percent-encoded, because an "&" in it would end the extension's value.
    """
    if any("%s" in word for word in opener[1:]):
        inner = quote(url, safe="")
        words = (
            word.replace("%s", inner if word.startswith("ext+") else url) for word in opener[1:]
        )
        return [opener[0], *words]
    return [*opener, url]


def _find_command_opener(commands: str, environ: Mapping[str, str]) -> Opener | None:
    """Return the first of BROWSER's commands that can be run; ":" separates several commands."""
    candidates = [commands]
    if os.pathsep in commands:
        candidates += commands.split(os.pathsep)
    for candidate in candidates:
        if sys.platform == "win32":
            candidate = candidate.replace("\\", "\\\\")  # shlex turns a doubled backslash into one
        try:
            words = shlex.split(candidate)
        except ValueError:
            continue
        program = _find_graphical_program(words[0], environ) if words else None
        if program:
            return (program, *words[1:])
    return None


def _find_graphical_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the program's absolute path; None for a console browser or a missing program."""
    if os.path.basename(name) in _CONSOLE_BROWSERS or "%s" in name:
        return None
    path = find_program(name, environ)
    # x-www-browser is a link to a browser that the administrator chose.
    if path is None or os.path.basename(os.path.realpath(path)) in _CONSOLE_BROWSERS:
        return None
    return path


def _find_desktop_opener(environ: Mapping[str, str]) -> Opener | None:
    if sys.platform == "darwin":
        return ("/usr/bin/open",)
    if sys.platform == "win32":
        system = os.path.join(environ.get("SYSTEMROOT", r"C:\Windows"), "System32")
        return (os.path.join(system, "rundll32.exe"), "url.dll,FileProtocolHandler")
    names = _DESKTOP_OPENERS if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") else ()
    if environ.get("WSL_DISTRO_NAME"):
        names = ("wslview", *names)
    for name in names:
        program = _find_graphical_program(name, environ)
        if program:
            return (program,)
    return None
