r"""Builds shell text that sets and unsets variables. No other module quotes text for a shell.

A value is in single quotes, byte for byte. A single quote in the value is written '\'' for POSIX
shells, \' for fish (where a backslash is written \\), and twice for PowerShell.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from ssohelper.errors import UsageProblem

SHELLS = ("bash", "zsh", "fish", "pwsh")

# A value with a control character is refused: no variable that ssohelper sets needs one.
_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
_PWSH_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9._@:+,/-]+")


def quoted_word(shell: str, value: str) -> str:
    """Return the value, quoted. Raises: UsageProblem for control characters."""
    if _CONTROL.search(value):
        raise UsageProblem("a value has a control character: it is not passed to a shell")
    return quoted_variable_value(shell, value)


def quoted_variable_value(shell: str, value: str) -> str:
    """Return the value, which may have any characters, quoted as one word."""
    if shell == "fish":
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if shell == "pwsh":
        return "'" + _PWSH_QUOTES.sub(r"\1\1", value) + "'"
    return "'" + value.replace("'", "'\\''") + "'"


def word_as_typed(word: str) -> str:
    """Return the word as a user types it: in quotes unless every shell reads it literally."""
    return word if _BARE.fullmatch(word) else quoted_variable_value("bash", word)


def arguments_as_typed(*words: str) -> str:
    """Return a command's last arguments as typed, after `--` if one looks like an option."""
    first = ["--"] if any(word.startswith("-") for word in words) else []
    return " ".join([*first, *map(word_as_typed, words)])


def assignment_text(shell: str, set: Mapping[str, str], unset: Sequence[str]) -> str:
    """Return lines that unset and export variables. The lines for bash also work in `sh`.

    Raises: UsageProblem for control characters.
    """
    return "\n".join(assignment_lines(shell, set, unset))


def assignment_lines(shell: str, set: Mapping[str, str], unset: Sequence[str]) -> list[str]:
    for name, value in set.items():
        if _CONTROL.search(value):
            raise UsageProblem(
                f"the value of {name} has a control character: it is not passed to a shell",
                hint="look at the profile: ssohelper profile list",
            )
    words = {
        _checked_variable_name(name): quoted_variable_value(shell, value)
        for name, value in set.items()
    }
    return [*_unset_lines(shell, unset), *(_export_line(shell, *item) for item in words.items())]


def text_that_restores_variables(
    shell: str, names: Iterable[str], environ: Mapping[str, str]
) -> str:
    """Return text that gives these variables their values in `environ`, or unsets them."""
    before = {
        name: quoted_variable_value(shell, environ[name]) for name in names if name in environ
    }
    missing = [name for name in names if name not in environ]
    lines = [*_unset_lines(shell, missing)]
    for name, word in before.items():
        if shell == "fish":
            # Erasing fish's global variable may make a universal variable visible, which may have
            # this value already.
            found = f'set -qx {name}; and test "${name}" = {word}'
            lines.append(f"set -eg {name}; {found}; or set -gx {name} {word}")
        else:
            lines.append(_export_line(shell, name, word))
    return joined_shell_lines(shell, lines)


def set_variable_text(shell: str, name: str, value: str) -> str:
    """Return text that sets a variable of the shell that child processes do not inherit."""
    word = quoted_variable_value(shell, value)
    if shell == "fish":
        return f"set -gu {name} {word}"
    return f"$global:{name} = {word}" if shell == "pwsh" else f"{name}={word}"


def joined_shell_lines(shell: str, lines: Iterable[str]) -> str:
    """Join the lines so that, in bash and zsh, the text fails if one line fails."""
    return (" &&\n" if shell not in ("fish", "pwsh") else "\n").join(lines)


def _export_line(shell: str, name: str, word: str) -> str:
    if shell == "fish":
        return f"set -gx {name} {word}"
    return f"$env:{name} = {word}" if shell == "pwsh" else f"export {name}={word}"


def _unset_lines(shell: str, names: Sequence[str]) -> list[str]:
    names = [_checked_variable_name(name) for name in names]
    if shell == "fish":
        # Without -g, fish could erase a universal variable, permanently and in all its sessions.
        return [f"set -eg {name}" for name in names]
    if shell == "pwsh":
        return [f"Remove-Item -LiteralPath Env:{name} -ErrorAction Ignore" for name in names]
    # Without -v, bash unsets a function of this name if no variable has the name.
    return [f"unset -v {' '.join(names)}"] if names else []


def _checked_variable_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a variable's name")
    return name
