r"""Variables as text that a shell reads back to the byte. The only place that quotes for shells.

Always in single quotes, never bare: POSIX shells end them for a quote ('\''), fish knows \\ and \'
within them, PowerShell doubles every kind of single quote. Names are ours and fixed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from ssohelper.errors import UsageProblem

SHELLS = ("bash", "zsh", "fish", "pwsh")

# Nothing that we set holds a control character; NUL cannot stand in an environment at all.
_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
_PWSH_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9._@:+,/-]+")


def quoted(shell: str, value: str) -> str:
    """Return the value as one word of the shell. Raises: UsageProblem for control characters."""
    if _CONTROL.search(value):
        raise UsageProblem("a value with control characters is not given to a shell")
    return literal(shell, value)


def literal(shell: str, value: str) -> str:
    """Return any value that an environment held as one word: what puts it back to the byte."""
    if shell == "fish":
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if shell == "pwsh":
        return "'" + _PWSH_QUOTES.sub(r"\1\1", value) + "'"
    return "'" + value.replace("'", "'\\''") + "'"


def typed(word: str) -> str:
    """Return a word of a command line as people type it: bare where no shell reads more into it."""
    return word if _BARE.fullmatch(word) else literal("bash", word)


def assignments(shell: str, set: Mapping[str, str], unset: Sequence[str]) -> str:
    """Return lines that unset and export. Raises: UsageProblem for control characters.

    `sh` reads bash's.
    """
    return "\n".join(statements(shell, set, unset))


def statements(shell: str, set: Mapping[str, str], unset: Sequence[str]) -> list[str]:
    """Return the lines of `assignments`. Raises: as it."""
    for name, value in set.items():
        if _CONTROL.search(value):
            raise UsageProblem(
                f"{name} would hold a control character: no shell is given that",
                hint="look at the profile: ssohelper profile list",
            )
    words = {_checked(name): literal(shell, value) for name, value in set.items()}
    return [*_unset(shell, unset), *(_export(shell, *item) for item in words.items())]


def restoration(shell: str, names: Iterable[str], environ: Mapping[str, str]) -> str:
    """Return what makes these variables again what they are in `environ`; values of any kind."""
    before = {name: literal(shell, environ[name]) for name in names if name in environ}
    missing = [name for name in names if name not in environ]
    lines = [*_unset(shell, missing)]
    for name, word in before.items():
        if shell == "fish":
            # A universal variable that `set -g` hid is seen again, and is not copied.
            found = f'set -qx {name}; and test "${name}" = {word}'
            lines.append(f"set -eg {name}; {found}; or set -gx {name} {word}")
        else:
            lines.append(_export(shell, name, word))
    return chained(shell, lines)


def variable(shell: str, name: str, value: str) -> str:
    """Return what sets a variable of the shell alone, which no child inherits."""
    word = literal(shell, value)
    if shell == "fish":
        return f"set -gu {name} {word}"
    return f"$global:{name} = {word}" if shell == "pwsh" else f"{name}={word}"


def chained(shell: str, lines: Iterable[str]) -> str:
    """Return the lines as one text that, in bash and zsh, fails when one of them fails."""
    return (" &&\n" if shell not in ("fish", "pwsh") else "\n").join(lines)


def _export(shell: str, name: str, word: str) -> str:
    if shell == "fish":
        return f"set -gx {name} {word}"
    return f"$env:{name} = {word}" if shell == "pwsh" else f"export {name}={word}"


def _unset(shell: str, names: Sequence[str]) -> list[str]:
    names = [_checked(name) for name in names]
    if shell == "fish":
        # -g: without it a universal variable would be erased in every session, for good.
        return [f"set -eg {name}" for name in names]
    if shell == "pwsh":
        return [f"Remove-Item -LiteralPath Env:{name} -ErrorAction Ignore" for name in names]
    # -v: without it bash takes a function of this name away when there is no such variable.
    return [f"unset -v {' '.join(names)}"] if names else []


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no variable of ours")
    return name
