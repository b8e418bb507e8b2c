"""Adds our lines to a shell's rc file, or removes them.

The first line runs `ssohelper shell-init`, the second switches the prompt on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ssohelper.core import rc_text, shell_text
from ssohelper.core.rc_text import FileEdit
from ssohelper.core.text import show
from ssohelper.errors import LocalState, SsoHelperError, UsageProblem
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App

SHELLS = ("bash", "zsh", "fish", "pwsh")
_ZSH_SECONDS = 5
_ABOUT = '# Added by "ssohelper install"; remove it with: ssohelper install --uninstall'
# Words by which an rc file switches on zsh's completion.
_COMPINIT = re.compile(rb"compinit|oh-my-zsh|zprezto|zimfw|antidote|zinit|antigen")
# The number of folders above the rc file that are removed with it if nothing else is in them.
_OWN_FOLDERS = {"fish": 2, "pwsh": 1}
# Other files in which users may have written a line that runs shell-init.
_OTHER_FILES = {
    "bash": ("~/.bashrc", "~/.bash_profile", "~/.bash_login", "~/.profile", "~/.bash_aliases"),
    "zsh": ("~/.zshrc", "~/.zprofile", "~/.zshenv", "~/.zlogin"),
    "fish": ("config.fish",),
    "pwsh": ("Microsoft.PowerShell_profile.ps1",),
}


def choose_shell(app: App, name: str | None) -> str:
    """Return the shell `name`, else the shell that SHELL names. Raises: UsageProblem."""
    known = ", ".join(SHELLS)
    if name is not None:
        if name not in SHELLS:
            raise UsageProblem(f'the shell "{name}" is not supported', hint=f"supported: {known}")
        return name
    own = os.path.basename(app.environ.get("SHELL", ""))
    if own not in SHELLS:
        reason = f'SHELL is "{own}"' if own else "SHELL is not set"
        raise UsageProblem(f"which shell? {reason}", hint=f"name one: --shell {'|'.join(SHELLS)}")
    return own


def plan_rc_file_install(app: App, shell: str, prompt: bool | None = None) -> FileEdit:
    """Return the edit that adds ssohelper's lines; none if the user wrote a line with shell-init.

    `prompt` switches the prompt on, unless a line of the user does so; None leaves it as it is, and
    on in a new file. Raises: UsageProblem from a throw-away installation, ConfigInvalid,
    LocalState.
    """
    installation.refuse_temporary_installation(app.environ, "the rc file would soon not find it")
    path = find_rc_file(app, shell)
    before = _read_file(app, path)
    text, name = before or b"", str(path)
    by_hand = _find_own_line(app, shell, path)
    if by_hand and not rc_text.has_our_lines(text, name):
        return FileEdit(path, before, before, shell, by_hand)
    installation.warn_if_exposed(app.environ, app.warn)
    lines, of_user = build_rc_lines(shell, app.environ), rc_text.only_user_text(text)
    if shell == "zsh" and not _COMPINIT.search(of_user):
        lines.append(rc_text.COMPINIT)
    if prompt is None:
        prompt = not rc_text.omits_prompt(text, name)
    if not prompt:
        lines.append(rc_text.NO_PROMPT)
    elif not rc_text.OWN_PROMPT.search(of_user):
        lines += rc_text.PROMPT_LINES[shell]
    return FileEdit(path, before, rc_text.rc_with_our_lines(before, lines, name), shell)


def plan_rc_file_uninstall(app: App, shell: str) -> FileEdit:
    """Raises: ConfigInvalid, LocalState."""
    path = find_rc_file(app, shell)
    before = _read_file(app, path)
    after = before if before is None else rc_text.rc_without_our_lines(before, str(path))
    by_hand = _find_own_line(app, shell, path) if before == after else None
    return FileEdit(path, before, after, shell, by_hand)


def plan_uninstall_all(app: App) -> list[FileEdit]:
    shells = [one for one in SHELLS if one != "pwsh" or sys.platform != "win32"]
    edits = [plan_rc_file_uninstall(app, shell) for shell in shells]
    return [edit for edit in edits if edit.has_changes]


def find_shell_init_file(app: App, shell: str) -> str | None:
    """Return the file in which our lines or a line of the user run shell-init."""
    try:
        path = find_rc_file(app, shell)
        if rc_text.has_our_lines(_read_file(app, path) or b"", str(path)):
            return str(path)
        place = _find_own_line(app, shell, path)
    except SsoHelperError:
        return None
    return place.rpartition(":")[0] if place else None


def write_file_edit(app: App, edit: FileEdit) -> None:
    """Raises: LocalState if the file has changed meanwhile."""
    file = app.make_user_file(edit.path)
    file.replace_content(edit.before, edit.after)
    if edit.after is None:
        file.remove_empty_folders_above(_OWN_FOLDERS.get(edit.shell, 0))


def login_shell_advice(app: App, edit: FileEdit) -> str:
    """Return the advice that makes login shells read the edited .bashrc; "" if they do.

    A login shell reads the first of the three files that exists; the first two often read .profile.
    """
    if edit.path.name != ".bashrc":
        return ""
    home = _find_home_folder(app)
    places = [Path(home, name) for name in (".bash_profile", ".bash_login", ".profile")]
    try:
        found = [(place, data) for place in places if (data := _read_file(app, place)) is not None]
    except LocalState:
        return ""  # an unreadable file is no error: it is not edited
    found = found or [(places[0], b"")]
    (first, data), (_, last) = found[0], found[-1]
    if b"bashrc" in data or (b"/.profile" in data and b"bashrc" in last):
        return ""
    line = 'if [ -n "$BASH" ]; then . ~/.bashrc; fi'
    return f"for login shells (ssh, tmux), add to {show(str(first))}: {line}"


def find_rc_file(app: App, shell: str, platform: str = sys.platform) -> Path:
    """Raises: UsageProblem."""
    environ = app.environ
    if shell == "bash":
        home = _find_home_folder(app)
        profile = Path(home, ".bash_profile")
        # On macOS, Terminal starts login shells, which read .bashrc only if .bash_profile does.
        if platform == "darwin" and b".bashrc" not in (_read_file(app, profile) or b""):
            return profile
        return Path(home, ".bashrc")
    if shell == "zsh":
        folder = environ.get("ZDOTDIR") or _ask_zsh_for_zdotdir(app) or _find_home_folder(app)
        return Path(folder, ".zshrc")
    if shell == "fish":
        return Path(_find_config_folder(app), "fish", "conf.d", "ssohelper.fish")
    if sys.platform == "win32":
        raise UsageProblem(
            "install does not edit PowerShell's profile on Windows",
            hint=f"add this line to $PROFILE: {build_rc_lines('pwsh', environ)[-1]}",
        )
    return Path(_find_config_folder(app), "powershell", "profile.ps1")


def _ask_zsh_for_zdotdir(app: App) -> str | None:
    """Return zsh's ZDOTDIR, which a .zshenv may set without exporting it."""
    zsh = shutil.which("zsh", path=app.environ.get("PATH", os.defpath))
    with suppress(OSError, subprocess.TimeoutExpired):
        printed = subprocess.run(
            [zsh or "zsh", "-c", "printf '\\0%s' \"$ZDOTDIR\""],
            env=app.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ZSH_SECONDS,
        ).stdout
        # The last line is the answer: the .zshenv may have printed something before.
        last = os.fsdecode(printed.rpartition(b"\0")[2])
        return last if os.path.isabs(last) else None
    return None


def _find_own_line(app: App, shell: str, path: Path) -> str | None:
    """Return FILE:LINE of the user's own line that runs shell-init."""
    folder, home = path.parent.parent if shell == "fish" else path.parent, _find_home_folder(app)
    others = [Path(folder, name.replace("~", home, 1)) for name in _OTHER_FILES[shell]]
    for candidate in dict.fromkeys([path, *others]):
        with suppress(LocalState):  # an unreadable file is no error: it is not edited
            line = rc_text.find_shell_init_line(_read_file(app, candidate) or b"")
            if line is not None:
                return f"{candidate}:{line}"
    return None


def _find_home_folder(app: App) -> str:
    home = app.environ.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise LocalState("there is no home folder", hint="set HOME to an absolute path")
    return home


def _find_config_folder(app: App) -> str:
    folder = app.environ.get("XDG_CONFIG_HOME", "")
    return folder if os.path.isabs(folder) else os.path.join(_find_home_folder(app), ".config")


def _read_file(app: App, path: Path) -> bytes | None:
    found = app.make_user_file(path).read()
    return None if found.mark is None else found.data


def line_for_this_shell(app: App, edit: FileEdit) -> str:
    """Return the line by which the edit takes effect in a shell that runs already."""
    path = _quote_path_for_shell(edit.shell, str(edit.path), app.environ.get("HOME", ""))
    return f"{'.' if edit.shell == 'pwsh' else 'source'} {path}"


def build_rc_lines(shell: str, environ: Mapping[str, str]) -> list[str]:
    """Return the lines that `install` adds. They do nothing once ssohelper is removed.

    They have ssohelper's path, because PATH is often set later (by Debian's .profile, by fish's
    config.fish) or in one shell only (by a virtual environment).
    """
    # The rc file runs the launcher if there is one, because the launcher ignores PYTHONPATH.
    path = installation.find_launcher(environ) or installation.find_ssohelper_command(environ)
    word = _quote_path_for_shell(shell, path, environ.get("HOME", ""))
    if shell == "fish":
        test = f"status is-interactive; and test -x {word}"
        return [_ABOUT, f"if {test}", f"    {word} shell-init fish | source", "end"]
    if shell == "pwsh":
        test = f"Get-Command {word} -ErrorAction SilentlyContinue"
        run = f"& {word} shell-init pwsh | Out-String | Invoke-Expression"
        return [_ABOUT, f"if ({test}) {{ {run} }}"]
    interactive = "[[ $- == *i* ]] && " if shell == "bash" else ""
    return [
        _ABOUT,
        f'if {interactive}[[ -x {word} ]]; then eval "$({word} shell-init {shell})"; fi',
    ]


def _quote_path_for_shell(shell: str, path: str, home: str) -> str:
    """Return the path as `~/…` if it is in `home`, because users copy their rc files."""
    home = home.rstrip("/")
    inner = path.removeprefix(f"{home}/")
    # With / as HOME, in a container, every path would begin with it.
    if home and shell != "pwsh" and inner != path and shell_text.word_as_typed(inner) == inner:
        return f"~/{inner}"
    return shell_text.quoted_word(shell, path)
