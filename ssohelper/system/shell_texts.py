"""Prints the text of `shell-init`. Imports only os and sys, since each new shell waits for it."""

import os
import sys

SHELLS = ("bash", "zsh", "fish", "pwsh")
_EXTENSION = {"pwsh": "ps1"}
# By shell: the folder and the file name below share/ (pyproject.toml), and the file name in
# completions/ of a checkout.
_COMPLETIONS = {
    "bash": ("bash-completion/completions", "ssohelper", "ssohelper.bash"),
    "zsh": ("zsh/site-functions", "_ssohelper", "_ssohelper"),
    "fish": ("fish/vendor_completions.d", "ssohelper.fish", "ssohelper.fish"),
    "pwsh": ("ssohelper", "completion.ps1", "ssohelper.ps1"),
}
_LAUNCHER = "ssohelper-credentials"
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_NAME = _LETTERS | frozenset("0123456789-")


def print_shell_init(argv: list[str]) -> bool:
    """Print the text for `shell-init SHELL [--cmd NAME]`; return False if click must run the
    command.
    """
    words = argv if len(argv) == 3 else [*argv, "--cmd", "ssohelper"]
    if len(words) != 3 or words[1] != "--cmd":
        return False
    shell, _, name = words
    is_known = shell in SHELLS and is_function_name(name)
    text = shell_init_text(shell, name) if is_known else None
    return text is not None and write_to_stdout(with_absolute_command_paths(text, shell))


def write_to_stdout(text: bytes) -> bool:
    try:
        while text:
            text = text[os.write(1, text) :]
    except OSError:
        return False
    return True


def is_function_name(name: str) -> bool:
    return bool(name) and name[0] in _LETTERS and _NAME.issuperset(name) and len(name) <= 64


def shell_init_text(shell: str, name: str) -> bytes | None:
    """Return the function `name`, the prompt code and the completion script; None without a
    function file.
    """
    ending = _EXTENSION.get(shell, shell)
    function = _read_shipped_file("shell", "ssohelper", f"ssohelper.{ending}")
    if function is None:
        return None
    if name != "ssohelper":
        for before in (b"function ", b"unalias "):
            function = function.replace(before + b"ssohelper ", before + name.encode() + b" ")
    prompt = _read_shipped_file("shell", "ssohelper", f"prompt.{ending}") or b""
    return function + prompt + (completion_script_of(shell, name) or b"")


def with_absolute_command_paths(text: bytes, shell: str) -> bytes:
    """Return the text with absolute paths for those of our commands that are not on PATH."""
    own = os.path.abspath(sys.argv[0])
    if os.path.basename(own) != "ssohelper" or "\n" in own:
        return text
    launcher = _find_path_of_launcher(own)
    if launcher is None:
        text = text.replace(_LAUNCHER.encode(), b"ssohelper")
    for command, path in ((_LAUNCHER, launcher), ("ssohelper", own)):
        if path is not None and not _is_command_on_path(command):
            name, word = command.encode() + b" ", _quoted_word(shell, path) + b" "
            for before in (b"command ", b"command -q ", b"exec ", b"-Name "):
                text = text.replace(before + name, before + word)
    return text


def _quoted_word(shell: str, path: str) -> bytes:
    inner = {
        "fish": path.replace("\\", "\\\\").replace("'", "\\'"),
        "pwsh": path.replace("'", "''"),
    }
    word = inner.get(shell, path.replace("'", "'\\''"))
    return f"'{word}'".encode(errors="surrogateescape")


def _find_path_of_launcher(command: str) -> "str | None":
    if sys.platform == "win32":
        return None
    for path in (command, os.path.realpath(command)):
        launcher = os.path.join(os.path.dirname(path), _LAUNCHER)
        if os.access(launcher, os.X_OK):
            return launcher
    return None


def _is_command_on_path(command: str) -> bool:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, command), os.X_OK) for folder in folders)


def completion_script_of(shell: str, name: str = "ssohelper") -> bytes | None:
    folder, shipped, in_checkout = _COMPLETIONS[shell]
    text = _read_shipped_file("completions", folder, shipped, in_checkout)
    if text is None or name == "ssohelper":
        return text
    for before in (b"_ssohelper ", b" -c ", b"-CommandName "):
        text = text.replace(before + b"ssohelper", before + name.encode())
    return text


def _read_shipped_file(
    checkout_folder: str, share_folder: str, name: str, in_checkout: str | None = None
) -> bytes | None:
    root, *prefixes = _list_possible_installation_roots()
    paths = [os.path.join(root, checkout_folder, in_checkout or name)]
    paths += [os.path.join(prefix, "share", share_folder, name) for prefix in prefixes]
    for path in paths:
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            continue
    return None


def _list_possible_installation_roots() -> list[str]:
    """Return the root of a checkout, then the possible prefixes of an installation.

    `lib/pythonX.Y/site-packages/ssohelper` is four levels below the prefix, on Windows three; it is
    not always below sys.prefix (pip install --user, Debian's /usr/local).
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root = os.path.dirname(package)
    up = os.path.dirname(os.path.dirname(root))
    return [root, os.path.dirname(up), up, sys.prefix]
