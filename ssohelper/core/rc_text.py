"""Adds ssohelper's lines to the text of a shell's rc file, and removes exactly these bytes again.

The first of two marks around the lines records what else the removal undoes: a newline that was
added above, or the file's creation. A line between the marks that `install` did not write is the
user's, and stays.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ssohelper.errors import ConfigInvalid


class FileEdit(NamedTuple):
    """The change to one file of the user, whose content is None if there is no file.

    `shell` is the shell of an rc file. `by_hand` is FILE:LINE if the user wrote a shell-init line;
    then the edit is empty.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    shell: str = ""
    by_hand: str | None = None

    @property
    def has_changes(self) -> bool:
        return self.before != self.after

    def diff(self) -> list[str]:
        return list(diff_rc_files(self.before, self.after, str(self.path)))


BEGIN, END = b"# >>> ssohelper >>>", b"# <<< ssohelper <<<"
_MADE, _JOINED = b" (this file was made for it)", b" (the line above had no end)"
_BLOCK = re.compile(
    rb"^" + re.escape(BEGIN) + rb"([^\n]*)\n(.*?)^" + re.escape(END) + rb"[^\n]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(rb"^(?:" + re.escape(BEGIN) + rb"|" + re.escape(END) + rb")", re.MULTILINE)
NO_PROMPT = "# Without the prompt; with it: ssohelper install --prompt"
# With `-i`, compinit skips folders that other users can write to, instead of asking at each start
# of zsh.
COMPINIT = "if (( ! $+functions[compdef] )); then autoload -Uz compinit && compinit -i; fi"
_PROMPT_OF_SH = ("if type ssohelper_prompt_on >/dev/null 2>&1; then ssohelper_prompt_on; fi",)
# These do nothing if shell-init printed nothing. fish reads conf.d before config.fish, and
# config.fish may set the prompt itself.
PROMPT_LINES = {
    "bash": _PROMPT_OF_SH,
    "zsh": _PROMPT_OF_SH,
    "fish": (
        "function __ssohelper_prompt_start --on-event fish_prompt",
        "    functions -e __ssohelper_prompt_start",
        "    functions -q ssohelper_prompt_on; and ssohelper_prompt_on",
        "end",
    ),
    "pwsh": (
        "if (Get-Command ssohelper_prompt_on -ErrorAction SilentlyContinue) "
        "{ ssohelper_prompt_on }",
    ),
}
_EXACT = [NO_PROMPT, COMPINIT, *{"\n".join(lines) for lines in PROMPT_LINES.values()}]
# Matches the lines that `install` writes between the marks, and those of earlier versions.
_OUR_LINES = re.compile(
    rb"""^(?:
    \#\ (?:Added\ by|From)\ "ssohelper\ install"[^\n]*\n
    | if\ status\ is-interactive;\ and\ [^\n]*\n[ ]+[^\n]*\ shell-init\ fish\ \|\ source\r?\nend\r?\n
    | [ \t]*(?:if|eval|&)\ [^\n]*\bssohelper[^\n]*[ ]shell-init\ (?:bash|zsh|fish|pwsh)\b[^\n]*\n
    | (?:%b)\n
    )"""
    % b"|".join(re.escape(text.encode()) for text in _EXACT),
    re.MULTILINE | re.VERBOSE,
)
OWN_PROMPT = re.compile(rb"^[^#\n]*\bssohelper_prompt", re.MULTILINE | re.IGNORECASE)
_USER_LINE = re.compile(rb"^[^#\n]*\bssohelper[^\n|;&]*[ \t]shell-init\b", re.MULTILINE)


def rc_with_our_lines(data: bytes | None, lines: Sequence[str], origin: str) -> bytes:
    """Return the rc file with ssohelper's lines; `data` is None if there is no file yet.

    Earlier lines of ssohelper are replaced in their place; other lines between the marks stay.
    Raises: ConfigInvalid if the marks are not one pair.
    """
    found = _find_our_lines(data or b"", origin)
    ours = b"".join(line.encode() + b"\n" for line in lines)
    if data is not None and found:
        body = _replace_our_lines(found.group(2), ours)
        marked = b"%s%s\n%s%s\n" % (BEGIN, found.group(1), body, END)
        return data[: found.start()] + marked + data[found.end() :]
    has_end = not data or data.endswith(b"\n")
    note = _MADE if data is None else b"" if has_end else _JOINED
    return (data or b"") + (b"" if has_end else b"\n") + b"%s%s\n%s%s\n" % (BEGIN, note, ours, END)


def rc_without_our_lines(data: bytes, origin: str) -> bytes | None:
    """Return the rc file without ssohelper's lines, or None if the caller must delete the file.

    It is deleted if ssohelper created it and it has no other lines. Raises: ConfigInvalid if the
    marks are not one pair.
    """
    found = _find_our_lines(data, origin)
    if found is None:
        return data
    before, after = data[: found.start()], data[found.end() :]
    kept = _OUR_LINES.sub(b"", found.group(2))
    if _JOINED in found.group(1) and not kept and not after:
        before = before.removesuffix(b"\n")
    rest = before + kept + after
    return None if _MADE in found.group(1) and not rest.strip() else rest


def find_our_block(data: bytes, origin: str) -> bytes | None:
    """Return ssohelper's lines with their marks. Raises: ConfigInvalid for unpaired marks."""
    found = _find_our_lines(data, origin)
    return found.group() if found else None


def rc_with_our_block(data: bytes, block: bytes | None, origin: str) -> bytes | None:
    """Return the rc file with this block in place of its own; without any block for None."""
    found = _find_our_lines(data, origin)
    if block is None:
        return rc_without_our_lines(data, origin)
    if found is None:
        return data + b"\n" * (not data.endswith(b"\n") and bool(data)) + block
    return data[: found.start()] + block + data[found.end() :]


def only_user_text(data: bytes) -> bytes:
    return _BLOCK.sub(lambda found: _OUR_LINES.sub(b"", found.group(2)), data)


def omits_prompt(data: bytes, origin: str) -> bool:
    found = _find_our_lines(data, origin)
    return found is not None and NO_PROMPT.encode() in found.group(2)


def has_our_lines(data: bytes, origin: str) -> bool:
    """Raises: ConfigInvalid for unpaired marks."""
    return _find_our_lines(data, origin) is not None


def find_shell_init_line(data: bytes) -> int | None:
    """Return the number, from 1, of a line outside the marks that runs `ssohelper shell-init`."""
    ours = [(block.start(), block.end()) for block in _BLOCK.finditer(data)]
    for found in _USER_LINE.finditer(data):
        if not any(start <= found.start() < end for start, end in ours):
            return data.count(b"\n", 0, found.start()) + 1
    return None


def diff_rc_files(before: bytes | None, after: bytes | None, file_name: str) -> Iterator[str]:
    """Yield a unified diff's lines. It notes a missing final newline, as the tool diff does."""
    old, new = (_split_lines(data or b"") for data in (before, after))
    of, to = ("/dev/null" if data is None else file_name for data in (before, after))
    for line in difflib.unified_diff(old, new, of, to, lineterm=""):
        head, newline, _ = line.partition("\n")
        yield head
        if not newline and line[:1] in "+- " and line[:3] not in ("---", "+++"):
            yield "\\ No newline at end of file"


def _find_our_lines(data: bytes, origin: str) -> "re.Match[bytes] | None":
    blocks = list(_BLOCK.finditer(data))
    marks = [mark.start() for mark in _MARK.finditer(data)]
    if len(blocks) > 1 or len(marks) != 2 * len(blocks):
        line = data.count(b"\n", 0, marks[-1]) + 1
        raise ConfigInvalid(
            f"{origin}:{line}: the marks around ssohelper's lines are not one pair",
            hint="in an editor, remove the lines with >>> ssohelper >>> and <<< ssohelper <<<, and "
            "ssohelper's lines between them",
        )
    return blocks[0] if blocks else None


def _replace_our_lines(body: bytes, lines: bytes) -> bytes:
    if b"".join(found.group() for found in _OUR_LINES.finditer(body)) == lines:
        return body
    first = _OUR_LINES.search(body)
    if first is None:
        return lines + body
    return body[: first.start()] + lines + _OUR_LINES.sub(b"", body[first.end() :])


def _split_lines(data: bytes) -> list[str]:
    # Split at newlines only: for a shell, a single carriage return does not end a line.
    text = data.decode("utf-8", "surrogateescape")
    return [line for line in re.split(r"(?<=\n)", text) if line]
