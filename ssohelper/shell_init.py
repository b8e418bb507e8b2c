"""shell-init's text, without click: every new shell waits for it. Imports what Python has anyway."""

import os
import sys

SHELLS = ("bash", "zsh", "fish", "pwsh")
_EXTENSION = {"pwsh": "ps1"}
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
    """Return the function, under this name, and the prompt's text; None when they are not there."""
    ending = _EXTENSION.get(shell, shell)
    function = _read(f"ssohelper.{ending}")
    if function is None:
        return None
    if name != "ssohelper":
        function = function.replace(b"function ssohelper ", f"function {name} ".encode())
    return function + (_read(f"prompt.{ending}") or b"")


def _read(name: str) -> bytes | None:
    for folder in _folders():
        try:
            with open(os.path.join(folder, name), "rb") as file:
                return file.read()
        except OSError:
            continue
    return None


def _folders() -> list[str]:
    """Return where the texts may be: the checkout's, then those that the wheel put in place.

    `lib/pythonX.Y/site-packages/ssohelper` is four steps below the prefix, also where that is
    not sys.prefix (pip install --user, Debian's /usr/local); Windows has one step less.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(package)
    up = os.path.dirname(os.path.dirname(root))
    prefixes = [os.path.dirname(up), sys.prefix, up]
    checkout = os.path.join(root, "shell")
    return [checkout, *(os.path.join(prefix, "share", "ssohelper") for prefix in prefixes)]
