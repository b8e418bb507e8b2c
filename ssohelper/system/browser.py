"""Finds and starts the user's browser, never through a shell or Python's `webbrowser`.

The opener, a program found by its absolute path, gets no terminal and its own process session, so
that it can neither read our input nor block us.
"""

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Mapping
from urllib.parse import quote

from ssohelper.fastpath import own_process, spawn
from ssohelper.system.programs import find_program

# Browsers that need a terminal, which the opener does not get. x-www-browser may be a link to one.
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
    """Return the command that opens URLs: an absolute path and arguments.

    `setting`, the session's own opener, wins over BROWSER. Without both there is no opener over
    SSH, in a container and in CI, where the user would not see this host's browser.
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
    # A thread waits for the opener's end, so that it does not stay a zombie.
    threading.Thread(target=started.wait, daemon=True, name="ssohelper-browser").start()
    return started


def command_to_open_url(opener: Opener, url: str) -> list[str]:
    """Return the opener's command with the URL in place of %s, or as the last argument."""
    if any("%s" in word for word in opener[1:]):
        # In a Firefox extension's address (ext+container:name=work&url=%s), an "&" ends a value.
        inner = quote(url, safe="")
        words = (
            word.replace("%s", inner if word.startswith("ext+") else url) for word in opener[1:]
        )
        return [opener[0], *words]
    return [*opener, url]


def _find_command_opener(commands: str, environ: Mapping[str, str]) -> Opener | None:
    candidates = [commands]
    if os.pathsep in commands:
        candidates += commands.split(os.pathsep)
    for candidate in candidates:
        if sys.platform == "win32":
            candidate = candidate.replace("\\", "\\\\")
        try:
            words = shlex.split(candidate)
        except ValueError:
            continue
        program = _find_graphical_program(words[0], environ) if words else None
        if program:
            return (program, *words[1:])
    return None


def _find_graphical_program(name: str, environ: Mapping[str, str]) -> str | None:
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
