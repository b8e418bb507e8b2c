"""shell-init's text, without click: every new shell waits for it. Imports what Python has anyway."""

import os
import sys

SHELLS = ("bash", "zsh", "fish", "pwsh")
_EXTENSION = {"pwsh": "ps1"}
# Under share/ where each shell looks, as pyproject.toml ships them; and the name in completions/.
_COMPLETIONS = {
    "bash": ("bash-completion/completions", "ssohelper", "ssohelper.bash"),
    "zsh": ("zsh/site-functions", "_ssohelper", "_ssohelper"),
    "fish": ("fish/vendor_completions.d", "ssohelper.fish", "ssohelper.fish"),
    "pwsh": ("ssohelper", "completion.ps1", "ssohelper.ps1"),
}
# What the shells start by themselves they start through this, which keeps PYTHONPATH from Python.
_LAUNCHER = "ssohelper-credentials"
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_NAME = _LETTERS | frozenset("0123456789-")


def answered(argv: list[str]) -> bool:
    """Print the text for `shell-init SHELL [--cmd NAME]`; False when click has to explain."""
    if len(argv) == 3 and argv[1] == "--cmd":
        shell, name = argv[0], argv[2]
    elif len(argv) == 1:
        shell, name = argv[0], "ssohelper"
    else:
        return False
    if shell not in SHELLS or not is_name(name):
        return False
    text = text_of(shell, name)
    if text is None:
        return False
    return is_written(by_path(text, shell))


def is_written(text: bytes) -> bool:
    """Write the text to stdout, whole; False where that takes nothing, and click has to explain."""
    try:
        while text:
            text = text[os.write(1, text) :]
    except OSError:
        return False
    return True


def is_name(name: str) -> bool:
    """Tell whether every one of the shells takes this as the name of a function."""
    return bool(name) and name[0] in _LETTERS and _NAME.issuperset(name) and len(name) <= 64


def text_of(shell: str, name: str) -> bytes | None:
    """Return the function, under this name, the prompt's text and the completion.

    None when they are not there.
    """
    ending = _EXTENSION.get(shell, shell)
    function = _read("shell", "ssohelper", f"ssohelper.{ending}")
    if function is None:
        return None
    if name != "ssohelper":
        for before in (b"function ", b"unalias "):
            function = function.replace(before + b"ssohelper ", before + name.encode() + b" ")
    prompt = _read("shell", "ssohelper", f"prompt.{ending}") or b""
    return function + prompt + (completion_of(shell, name) or b"")


def by_path(text: bytes, shell: str) -> bytes:
    """Return the text, with absolute paths where PATH does not lead to our commands."""
    own = os.path.abspath(sys.argv[0])
    if os.path.basename(own) != "ssohelper" or "\n" in own:
        return text
    launcher = _launcher_beside(own)
    if launcher is None:
        text = text.replace(_LAUNCHER.encode(), b"ssohelper")
    elif not _is_on_path(_LAUNCHER):
        text = _with_path(text, shell, _LAUNCHER, launcher)
    if not _is_on_path("ssohelper"):
        text = _with_path(text, shell, "ssohelper", own)
    return text


def _with_path(text: bytes, shell: str, command: str, path: str) -> bytes:
    inner = {
        "fish": path.replace("\\", "\\\\").replace("'", "\\'"),
        "pwsh": path.replace("'", "''"),
    }
    word = ("'" + inner.get(shell, path.replace("'", "'\\''")) + "'").encode(
        errors="surrogateescape"
    )
    name = command.encode()
    for before in (b"command ", b"command -q ", b"exec ", b"-Name "):
        text = text.replace(before + name + b" ", before + word + b" ")
    return text


def _launcher_beside(command: str) -> "str | None":
    """Return the launcher's path; a link to `ssohelper` alone leads to the launcher behind it."""
    if sys.platform == "win32":
        return None
    for path in (command, os.path.realpath(command)):
        launcher = os.path.join(os.path.dirname(path), _LAUNCHER)
        if os.access(launcher, os.X_OK):
            return launcher
    return None


def _is_on_path(command: str) -> bool:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, command), os.X_OK) for folder in folders)


def completion_of(shell: str, name: str = "ssohelper") -> bytes | None:
    """Return the completion script, for a command of this name; None when it is not there."""
    folder, shipped, in_checkout = _COMPLETIONS[shell]
    text = _read("completions", folder, shipped, in_checkout)
    if text is None or name == "ssohelper":
        return text
    for before in (b"_ssohelper ", b" -c ", b"-CommandName "):
        text = text.replace(before + b"ssohelper", before + name.encode())
    return text


def _read(own: str, share: str, name: str, in_checkout: str | None = None) -> bytes | None:
    """Return what is at OWN in a checkout, or at share/SHARE of an installation."""
    root, *prefixes = _folders()
    paths = [os.path.join(root, own, in_checkout or name)]
    paths += [os.path.join(prefix, "share", share, name) for prefix in prefixes]
    for path in paths:
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            continue
    return None


def _folders() -> list[str]:
    """Return the root that a checkout would have, then prefixes that a wheel may be put under.

    `lib/pythonX.Y/site-packages/ssohelper` is four steps below the prefix, also where that is
    not sys.prefix (pip install --user, Debian's /usr/local); Windows has one step less.
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    up = os.path.dirname(os.path.dirname(root))
    return [root, os.path.dirname(up), up, sys.prefix]
