"""A shell's rc file with our lines in it, and without them again, to the byte. Touches no disk.

The lines stand between two marks. The first one notes what the way back must know: that the line
above had no end, or that the file was made for them, and so many folders for it.
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
_BY_HAND = re.compile(rb"^[^#\n]*\bssohelper[^\n|;&]*[ \t]shell-init\b", re.MULTILINE)


def installed(
    data: bytes | None, lines: Sequence[str], origin: str, missing_folders: int = 0
) -> bytes:
    """Return the file with the lines in it; None is a file that is not there.

    `missing_folders` is how many must be made for that.
    Lines that are in it already are replaced where they stand. Raises: ConfigInvalid.
    """
    found = _block(data or b"", origin)
    if data is not None and found:
        return data[: found.start()] + _marked(found.group(1), lines) + data[found.end() :]
    if data is None:
        folders = b" (folders too: %d)" % missing_folders if missing_folders else b""
        return _marked(_MADE + folders, lines)
    if data and not data.endswith(b"\n"):
        return data + b"\n" + _marked(_JOINED, lines)
    return data + _marked(b"", lines)


def uninstalled(data: bytes, origin: str) -> bytes | None:
    """Return the file without our lines; None when it was made for them and holds nothing else.

    Raises: ConfigInvalid when a mark stands alone: what is ours is not known then.
    """
    found = _block(data, origin)
    if found is None:
        return data
    before, after = data[: found.start()], data[found.end() :]
    if _JOINED in found.group(1) and not after:
        before = before.removesuffix(b"\n")
    rest = before + after
    return None if _MADE in found.group(1) and not rest else rest


def created_folders(data: bytes, origin: str) -> int:
    """Return how many folders were made for a file that holds nothing but our lines."""
    found = _block(data, origin)
    noted = found and _FOLDERS.search(found.group(1))
    return int(noted.group(1)) if noted and uninstalled(data, origin) is None else 0


def has_block(data: bytes, origin: str) -> bool:
    return _block(data, origin) is not None


def user_line(data: bytes) -> int | None:
    """Return the line (from 1) that runs `ssohelper shell-init` outside our marks."""
    ours = [(block.start(), block.end()) for block in _BLOCK.finditer(data)]
    for found in _BY_HAND.finditer(data):
        if not any(start <= found.start() < end for start, end in ours):
            return data.count(b"\n", 0, found.start()) + 1
    return None


def diff(before: bytes | None, after: bytes | None, name: str) -> Iterator[str]:
    """Return the lines of the unified diff, without their ends; of the bytes, all are told."""
    old, new = (_lines(data or b"") for data in (before, after))
    of, to = ("/dev/null" if data is None else name for data in (before, after))
    for line in difflib.unified_diff(old, new, of, to, lineterm=""):
        head, newline, _ = line.partition("\n")
        yield head
        if not newline and line[:1] in "+- " and line[:3] not in ("---", "+++"):
            yield "\\ No newline at end of file"


def _block(data: bytes, origin: str) -> "re.Match[bytes] | None":
    blocks = list(_BLOCK.finditer(data))
    marks = [mark.start() for mark in _MARK.finditer(data)]
    if len(blocks) > 1 or len(marks) != 2 * len(blocks):
        line = data.count(b"\n", 0, marks[-1]) + 1
        raise ConfigInvalid(
            f"{origin}:{line}: the marks of ssohelper's lines are no single pair",
            hint="take the marks and what is ssohelper's between them out by hand",
        )
    return blocks[0] if blocks else None


def _marked(note: bytes, lines: Sequence[str]) -> bytes:
    return b"\n".join([BEGIN + note, *(line.encode() for line in lines), END, b""])


def _lines(data: bytes) -> list[str]:
    # Split at newlines alone: a lone carriage return ends no line of a shell.
    text = data.decode("utf-8", "surrogateescape")
    return [line for line in re.split(r"(?<=\n)", text) if line]
