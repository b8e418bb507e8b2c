"""Adds ssohelper's lines to the text of a shell's rc file, and removes exactly these bytes again.

The lines are between two marks, `# >>> ssohelper >>>` and `# <<< ssohelper <<<`. The first mark
records what else the removal has to undo: a newline that was added above the mark, or a file and
folders that were created for the lines. A line between the marks that `install` did not write is
the user's, and stays. This module touches no disk.
"""

import difflib
import re
from collections.abc import Iterator, Sequence

from ssohelper.errors import ConfigInvalid

BEGIN, END = b"# >>> ssohelper >>>", b"# <<< ssohelper <<<"
_MADE, _JOINED = b" (this file was made for it)", b" (the line above had no end)"
_FOLDERS = re.compile(rb" \(folders too: ([1-9])\)")
_BLOCK = re.compile(
    rb"^" + re.escape(BEGIN) + rb"([^\n]*)\n(.*?)^" + re.escape(END) + rb"[^\n]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(rb"^(?:" + re.escape(BEGIN) + rb"|" + re.escape(END) + rb")", re.MULTILINE)
_PROMPT_LINE = re.compile(rb"^[ \t]*ssohelper_prompt_on[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
NO_PROMPT = "# Without the prompt; with it: ssohelper install --prompt"
# Starts zsh's completion system if the user's own lines do not. `-i` leaves out folders that others
# can write to, instead of asking at each start of zsh.
COMPINIT = "if (( ! $+functions[compdef] )); then autoload -Uz compinit && compinit -i; fi"
_PROMPT_OF_SH = ("if type ssohelper_prompt_on >/dev/null 2>&1; then ssohelper_prompt_on; fi",)
# The lines that switch the prompt on. They do nothing if shell-init printed nothing. In fish, conf.d
# is read before config.fish, which may set the prompt itself.
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
# The lines that `install` writes between the marks, in this version of ssohelper or in an earlier
# one.
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
# Matches a line that uses the prompt's function or its variables and is not a comment.
_OWN_PROMPT = re.compile(rb"^[^#\n]*\bssohelper_prompt", re.MULTILINE | re.IGNORECASE)
# Matches a line that runs `ssohelper shell-init` and is not a comment.
_USER_LINE = re.compile(rb"^[^#\n]*\bssohelper[^\n|;&]*[ \t]shell-init\b", re.MULTILINE)


def rc_with_our_lines(
    data: bytes | None, lines: Sequence[str], origin: str, missing_folders: int = 0
) -> bytes:
    """Return the shell's rc file with ssohelper's lines; `data` is None if there is no file yet.

    Lines that ssohelper added before are replaced in their place; other lines between the marks
    stay. `missing_folders` is how many folders must be created for the file. Raises: ConfigInvalid
    if the marks are not one pair.
    """
    found = _find_our_lines(data or b"", origin)
    if data is not None and found:
        body = _replace_our_lines(found.group(2), b"".join(line.encode() + b"\n" for line in lines))
        marked = b"%s%s\n%s%s\n" % (BEGIN, found.group(1), body, END)
        return data[: found.start()] + marked + data[found.end() :]
    if data is None:
        folders = b" (folders too: %d)" % missing_folders if missing_folders else b""
        return _lines_between_marks(_MADE + folders, lines)
    if data and not data.endswith(b"\n"):
        return data + b"\n" + _lines_between_marks(_JOINED, lines)
    return data + _lines_between_marks(b"", lines)


def rc_without_our_lines(data: bytes, origin: str, *, takes_prompt: bool = False) -> bytes | None:
    """Return the shell's rc file without ssohelper's lines, or None if the file is to be deleted.

    A file is deleted if it was created for ssohelper's lines and has no other lines. With
    `takes_prompt`, lines of the user that only run `ssohelper_prompt_on` are removed too. Raises:
    ConfigInvalid if the marks are not one pair, since it is then unknown which lines to remove.
    """
    found = _find_our_lines(data, origin)
    if found is None:
        return _without_prompt_lines(data) if takes_prompt else data
    before, after = data[: found.start()], data[found.end() :]
    kept = _OUR_LINES.sub(b"", found.group(2))
    if _JOINED in found.group(1) and not kept and not after:
        before = before.removesuffix(b"\n")
    rest = before + kept + after
    if takes_prompt:
        rest = _without_prompt_lines(rest)
    return None if _MADE in found.group(1) and not rest.strip() else rest


def has_user_line_for_prompt(data: bytes) -> bool:
    """Return whether the user's own lines in the rc file already show ssohelper's prompt."""
    return _OWN_PROMPT.search(only_user_text(data)) is not None


def only_user_text(data: bytes) -> bytes:
    """Return the rc file's text without the lines that `install` wrote and without its marks."""
    return _BLOCK.sub(lambda found: _OUR_LINES.sub(b"", found.group(2)), data)


def has_our_lines_without_prompt(data: bytes, origin: str) -> bool:
    """Return whether ssohelper's lines in the file were written without the prompt."""
    found = _find_our_lines(data, origin)
    return found is not None and NO_PROMPT.encode() in found.group(2)


def count_created_folders(data: bytes, origin: str, *, takes_prompt: bool = False) -> int:
    """Return how many folders above this rc file are to be removed, because `install` created them.

    The number is 0 if the file also has lines of the user, because file and folders then stay.
    """
    found = _find_our_lines(data, origin)
    recorded = found and _FOLDERS.search(found.group(1))
    if not recorded or rc_without_our_lines(data, origin, takes_prompt=takes_prompt) is not None:
        return 0
    return int(recorded.group(1))


def has_our_lines(data: bytes, origin: str) -> bool:
    """Return whether the rc file has ssohelper's lines. Raises: ConfigInvalid for unpaired marks."""
    return _find_our_lines(data, origin) is not None


def find_user_line_with_shell_init(data: bytes) -> int | None:
    """Return the number (from 1) of a line of the user that runs `ssohelper shell-init`, or None.

    The lines between ssohelper's marks do not count.
    """
    ours = [(block.start(), block.end()) for block in _BLOCK.finditer(data)]
    for found in _USER_LINE.finditer(data):
        if not any(start <= found.start() < end for start, end in ours):
            return data.count(b"\n", 0, found.start()) + 1
    return None


def diff_rc_files(before: bytes | None, after: bytes | None, file_name: str) -> Iterator[str]:
    """Yield the lines of the unified diff of a shell's rc file, without newlines.

    A shown line that has no newline in the file is followed by a note, as in diff's output.
    """
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
    """Return `body` with `lines` in place of the lines that `install` wrote.

    `body` is the text between ssohelper's two marks.
    """
    if b"".join(found.group() for found in _OUR_LINES.finditer(body)) == lines:
        return body
    first = _OUR_LINES.search(body)
    if first is None:
        return lines + body
    return body[: first.start()] + lines + _OUR_LINES.sub(b"", body[first.end() :])


def _without_prompt_lines(data: bytes) -> bytes:
    return _PROMPT_LINE.sub(b"", data)


def _lines_between_marks(note: bytes, lines: Sequence[str]) -> bytes:
    return b"\n".join([BEGIN + note, *(line.encode() for line in lines), END, b""])


def _split_lines(data: bytes) -> list[str]:
    # Split at newlines only: for a shell, a single carriage return does not end a line.
    text = data.decode("utf-8", "surrogateescape")
    return [line for line in re.split(r"(?<=\n)", text) if line]
