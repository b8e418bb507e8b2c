"""The line in a shell's rc file: where it goes, what it says, put in and taken out again.

bash and zsh get it at the end of their interactive rc file, fish a file of its own in conf.d. One
line is all: `shell-init` prints the function, the prompt and the completion.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import rc_text, shell_text
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App

SHELLS = ("bash", "zsh", "fish", "pwsh")
# A .zshenv is read by every zsh: one that takes longer has other troubles.
_ZSH_SECONDS = 5
_ABOUT = '# From "ssohelper install"; "ssohelper install --uninstall" takes it away again.'
# Where people put such a line by hand, beside the file that we would choose.
_OTHER_FILES = {
    "bash": ("~/.bashrc", "~/.bash_profile", "~/.bash_login", "~/.profile", "~/.bash_aliases"),
    "zsh": ("~/.zshrc", "~/.zprofile", "~/.zshenv", "~/.zlogin"),
    "fish": ("config.fish",),
    "pwsh": ("Microsoft.PowerShell_profile.ps1",),
}


class Edit(NamedTuple):
    """What becomes of the file: bytes before and after, None where there is no file.

    `by_hand` is FILE:LINE of a line that a person wrote; then nothing changes. `folders` above the
    file were made for it, and go with it when nothing else is in them.
    """

    shell: str
    path: Path
    before: bytes | None
    after: bytes | None
    by_hand: str | None = None
    folders: int = 0

    @property
    def changes(self) -> bool:
        return self.before != self.after

    def diff(self) -> list[str]:
        return list(rc_text.diff(self.before, self.after, str(self.path)))


def choose_shell(app: App, name: str | None) -> str:
    """Return the shell that is meant: this one, else the person's. Raises: UsageProblem."""
    known = ", ".join(SHELLS)
    if name is not None:
        if name not in SHELLS:
            raise UsageProblem(f'no shell named "{name}" is known here', hint=f"known are: {known}")
        return name
    own = os.path.basename(app.environ.get("SHELL", ""))
    if own not in SHELLS:
        said = f'SHELL is "{own}"' if own else "SHELL is not set"
        raise UsageProblem(f"which shell? {said}", hint=f"name one: --shell {'|'.join(SHELLS)}")
    return own


def plan_install(app: App, shell: str) -> Edit:
    """Return the file with our line in it; unchanged when a person wrote one already.

    Raises: UsageProblem from a throw-away installation, ConfigInvalid, LocalState.
    """
    if installation.is_throw_away(app.environ):
        raise UsageProblem(
            "this ssohelper is a throw-away installation: the line would soon find nothing",
            hint="install it with: uv tool install ssohelper (or: pipx install ssohelper)",
        )
    path = find_rc_file(app, shell)
    before = _read(app, path)
    by_hand = _line_by_hand(app, shell, path)
    if by_hand and not rc_text.has_block(before or b"", str(path)):
        return Edit(shell, path, before, before, by_hand)
    installation.warn_of_exposed(app.environ, app.warn)
    missing = app.person_file(path).missing_folders()
    after = rc_text.installed(before, lines(shell, app.environ), str(path), missing)
    return Edit(shell, path, before, after)


def plan_uninstall(app: App, shell: str) -> Edit:
    """Return the file without our line."""
    path = find_rc_file(app, shell)
    before = _read(app, path)
    after = None if before is None else rc_text.uninstalled(before, str(path))
    by_hand = _line_by_hand(app, shell, path) if before == after else None
    folders = rc_text.created_folders(before or b"", str(path))
    return Edit(shell, path, before, after, by_hand, folders)


def write_edit(app: App, edit: Edit) -> None:
    """Write what was shown. Raises: LocalState when the file is another one meanwhile."""
    file = app.person_file(edit.path)
    file.replace_if(edit.before, edit.after)
    if edit.after is None:
        file.remove_folders(edit.folders)


def has_completion_system(edit: Edit) -> bool:
    """Tell whether this shell will complete: zsh does when something there runs compinit."""
    if edit.shell != "zsh":
        return True
    words = (b"compinit", b"oh-my-zsh", b"zprezto", b"zimfw", b"antidote", b"zinit", b"antigen")
    return any(word in (edit.before or b"") for word in words)


def find_incomplete_login_file(app: App, edit: Edit) -> Path | None:
    """Return what login shells of bash read (ssh, tmux) where that leads to no .bashrc.

    Of three files they read the first that is there, which often leads to the last; a new one may
    be any.
    """
    if edit.path.name != ".bashrc":
        return None
    places = [Path(_home(app), name) for name in (".bash_profile", ".bash_login", ".profile")]
    try:
        found = [(place, data) for place in places if (data := _read(app, place)) is not None]
    except LocalState:
        return None  # not readable, not ours to complain about
    if not found:
        return places[0]
    (first, data), (_, last) = found[0], found[-1]
    leads = b"bashrc" in data or (b"/.profile" in data and b"bashrc" in last)
    return None if leads else first


# -- where ---------------------------------------------------------------------------------------


def find_rc_file(app: App, shell: str, platform: str = sys.platform) -> Path:
    """Return the file that an interactive shell of this kind reads. Raises: UsageProblem."""
    environ = app.environ
    if shell == "bash":
        return _bash_file(app, platform)
    if shell == "zsh":
        return Path(environ.get("ZDOTDIR") or _zdotdir(app) or _home(app), ".zshrc")
    if shell == "fish":
        return Path(_config_home(app), "fish", "conf.d", "ssohelper.fish")
    if sys.platform == "win32":
        raise UsageProblem(
            "PowerShell's profile is not edited on Windows",
            hint=f"put this line into $PROFILE: {lines('pwsh', environ)[-1]}",
        )
    return Path(_config_home(app), "powershell", "profile.ps1")


def _bash_file(app: App, platform: str) -> Path:
    home = _home(app)
    profile = Path(home, ".bash_profile")
    # Terminal on macOS starts login shells, which read .bashrc only where .bash_profile does so.
    if platform == "darwin" and b".bashrc" not in (_read(app, profile) or b""):
        return profile
    return Path(home, ".bashrc")


def _zdotdir(app: App) -> str | None:
    """Return the ZDOTDIR that a .zshenv sets without exporting it: zsh itself is asked."""
    places = [Path(_home(app), ".zshenv"), Path("/etc/zsh/zshenv"), Path("/etc/zshenv")]
    if not any(b"ZDOTDIR" in (_read(app, place) or b"") for place in places):
        return None
    zsh = shutil.which("zsh", path=app.environ.get("PATH", os.defpath))
    if zsh is None:
        return None
    try:
        said = subprocess.run(
            [zsh, "-c", 'print -r -- "" && print -r -- "$ZDOTDIR"'],
            env=app.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ZSH_SECONDS,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    # What the .zshenv itself prints stands above.
    last = os.fsdecode(said.removesuffix(b"\n").rpartition(b"\n")[2])
    return last if os.path.isabs(last) else None


def _line_by_hand(app: App, shell: str, path: Path) -> str | None:
    folder = path.parent.parent if shell == "fish" else path.parent
    others = [
        Path(_home(app), name[2:]) if name.startswith("~/") else folder / name
        for name in _OTHER_FILES[shell]
    ]
    for candidate in dict.fromkeys([path, *others]):
        try:
            line = rc_text.user_line(_read(app, candidate) or b"")
        except LocalState:
            continue  # another file than ours: not readable, not ours to complain about
        if line is not None:
            return f"{candidate}:{line}"
    return None


def _home(app: App) -> str:
    home = app.environ.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise LocalState("there is no home folder", hint="set HOME to an absolute path")
    return home


def _config_home(app: App) -> str:
    said = app.environ.get("XDG_CONFIG_HOME", "")
    return said if os.path.isabs(said) else os.path.join(_home(app), ".config")


def _read(app: App, path: Path) -> bytes | None:
    found = app.person_file(path).read()
    return None if found.mark is None else found.data


# -- what ----------------------------------------------------------------------------------------


def lines(shell: str, environ: Mapping[str, str]) -> list[str]:
    """Return the lines that stand between the marks. A command that is gone is passed over.

    The command stands there by its path: what puts it on PATH is often read later (Debian's
    .profile, fish's config.fish), or was for one shell alone (a virtual environment).
    """
    # The launcher: a shell starts in any folder, where PYTHONPATH may lead Python to its files.
    path = installation.launcher_path(environ) or installation.command_path(environ)
    word = _word(shell, path, environ.get("HOME", ""))
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


def _word(shell: str, path: str, home: str) -> str:
    """Return the path as a word of the shell, `~/…` where that will do: rc files are shared."""
    home = home.rstrip("/")
    inner = path.removeprefix(f"{home}/")
    # Without a HOME, or with that of / in a container, every path would be below it.
    if home and shell != "pwsh" and inner != path and shell_text.typed(inner) == inner:
        return f"~/{inner}"
    return shell_text.quoted(shell, path)
