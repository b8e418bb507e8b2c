"""What is done to a file: its bytes, its lines, its values, its size, and what kind of file it is."""

import contextlib
import json
import os
import random
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**18, -(10**18), 2**63, 1.5, 1e300, float("nan"), float("inf"),
    "", " ", "A", "A" * 10_000, "a\0b", "a\nb", "a\r\nb", "\x1b]0;x\x07", "\u202egnp", "\ud800",
    "é", "../../../etc/passwd", "-x", "--help", "$(id)", "`id`", "'; id; '", "%s%n", "{x}", "[/]",
    "１２３４５６７８９０１２", "111122223333", "us-east-1.evil.com", "https://evil.example/start",
    "2026-01-01T00:00:00", "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "1e18", [], {}, [[]],
    [None], ["x"] * 5000, {"a": {"b": []}}, [1, "a", None],
)  # fmt: skip
_LINES = (
    b"region = us-east-1.evil.com", b"region = ../../x", b"sso_region = eu-west-1;id", b"[default]",
    b"[profile a", b"[profile x]", b"= 1", b"no equals", b"\tindented = 1", b"[DEFAULT]\nregion=x",
    b"sso_start_url = https://evil.example/start", b"sso_account_id = 1", b"\xff\xfe", b"\x00",
    b"sso_role_name = ../x", b"credential_process = ssohelper credential-process --profile prod",
    b"role_arn = arn:aws:iam::000000000000:role/x\nsource_profile = prod", b"[sso-session corp]",
    b"[sso-session ../x]", b"ssohelper_managed = true", b"services = x", b"a\rb = c", b"x" * 5000,
    b'form = "sso"', b"theme = 1", b"[sessions.corp]\nsession_hours = 1e18", b'notify = ["false"]',
    b"session_hours = 12", b'guard.rules = ["*"]', b"renew_ahead = false", b'storage = "keyring"',
)  # fmt: skip
# What a terminal acts on. A name that only ends with one is valid otherwise, so that it is shown.
CONTROLS = ("\x1b]0;x\x07", "\x1b[2J", "\x9b1m", "\r", "\u202egnp", "\u2028", "\x7f")
_JUNK = (b"\x1b[2J", b"\xc2\x9b", *(bytes([one]) for one in b'\0\xff\r\n{}",[]='))

Mutator = Callable[[random.Random, bytes], bytes]


# -- changing bytes and lines ----------------------------------------------------------------------


def flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    junk = rng.choice((*_JUNK, rng.randbytes(rng.choice((1, 4, 64)))))
    return data[:at] + junk * rng.choice((1, 1, 50)) + data[at:]


def _two_places(rng: random.Random, data: bytes) -> list[int]:
    return sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))


def cut_out(rng: random.Random, data: bytes) -> bytes:
    one, other = _two_places(rng, data)
    return data[:one] + data[other:]


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def repeat(rng: random.Random, data: bytes) -> bytes:
    one, other = _two_places(rng, data)
    return data[:other] + data[one:]


def replace(rng: random.Random, data: bytes) -> bytes:
    return rng.choice(
        (b"", b"\n", b"{}", b"[]", b"null", b"0", b'""', b"9" * 5000, b"[" * 5000, b"\0" * 100,
         b"\xef\xbb\xbf" + data, data + data, data.replace(b"\n", b"\r\n"), rng.randbytes(200),
         b" " * (1 << 20) + data, b"x" * (2 << 20), data.swapcase(), data[::-1],
         data.decode("latin-1").encode("utf-16"))
    )  # fmt: skip


def lines(rng: random.Random, data: bytes) -> bytes:
    found = data.split(b"\n")
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(len(found))
        what = rng.randrange(6)
        if what == 0:
            found.insert(at, rng.choice(_LINES))
        elif what == 1:
            found.insert(at, found[rng.randrange(len(found))])
        elif what == 2:
            del found[at]
        elif what == 3:
            name, _, _ = found[at].partition(b"=")
            value = rng.choice(VALUES)
            text = value if isinstance(value, str) else json.dumps(value)
            found[at] = name + b"= " + text.encode("utf-8", "surrogatepass")
        elif what == 4:
            found[at] += rng.choice(CONTROLS).encode()
        else:
            other = rng.randrange(len(found))
            found[at], found[other] = found[other], found[at]
        found = found or [b""]
    return b"\n".join(found)


# -- changing values of a JSON document ------------------------------------------------------------


def values(rng: random.Random, data: bytes) -> bytes:
    """Change JSON where it is JSON: a value, a key, a type; else change lines."""
    try:
        document = json.loads(data)
    except ValueError:
        return lines(rng, data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        document = _changed(rng, document)
    return json.dumps(document).encode("utf-8", "surrogatepass")


def _changed(rng: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        what = rng.random()
        if what < 0.1:
            return {name: item for name, item in value.items() if name != key}
        if what < 0.15:
            return {**value, str(rng.choice(VALUES))[:50]: rng.choice(VALUES)}
        return {**value, key: _changed(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        what = rng.random()
        if what < 0.15:
            return value[:at] + value[at + 1 :]
        if what < 0.3:
            return [*value, value[at]]
        return [*value[:at], _changed(rng, value[at]), *value[at + 1 :]]
    what = rng.random()
    if isinstance(value, int) and not isinstance(value, bool) and what < 0.5:
        return value + rng.choice((-1, 1, -60, 60, -3600, 86400, 10**9, -(10**9), value * 1000))
    if isinstance(value, str) and what < 0.3:
        return value + rng.choice(CONTROLS)
    if isinstance(value, str) and what < 0.5:
        return flip(rng, value.encode("utf-8", "surrogatepass")).decode("latin-1")
    if what < 0.6:
        return rng.choice(([value], {"x": value}, str(value)))
    return rng.choice(VALUES)


CONTENT: tuple[Mutator, ...] = (
    flip, flip, insert, insert, cut_out, truncate, repeat, replace, lines, lines, lines, values,
    values, values, values,
)  # fmt: skip


# -- the kind of file ------------------------------------------------------------------------------


def kind(rng: random.Random, path: Path, others: list[Path]) -> str:
    """Make something else of the file; return what was done."""
    what = rng.choice(
        ("missing", "folder", "link", "dangling", "loop", "fifo", "socket", "mode", "date", "other",
         "hard link", "foreign", "parent")
    )  # fmt: skip
    other = rng.choice(others)
    if what == "mode":
        path.chmod(rng.choice((0o000, 0o200, 0o400, 0o644, 0o666, 0o777)))
    elif what == "date":
        seconds = rng.choice((0, 1, 10**9, 2**31 + 5, 2**33, 4 * 10**9))
        os.utime(path, (seconds, seconds), follow_symlinks=False)
    elif what == "other":
        shutil.copy2(other, path) if other != path and other.is_file() else None
    elif what == "hard link":
        os.link(path, path.with_name(f"{path.name}.second"))
    elif what == "foreign":
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)
    elif what == "parent":
        _spoil_folder(rng, path.parent)
    else:
        path.unlink()
        _put(what, path, other)
    return what


def _put(what: str, path: Path, other: Path) -> None:
    if what == "folder":
        path.mkdir()
    elif what == "link":
        path.symlink_to(other)
    elif what == "dangling":
        path.symlink_to("/nonexistent/file")
    elif what == "loop":
        path.symlink_to(path.name)
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
            made.bind(path.name)  # a socket's path may have at most 107 bytes


def _spoil_folder(rng: random.Random, folder: Path) -> None:
    what = rng.choice((0o777, 0o500, "missing", "a file"))
    if isinstance(what, int):
        folder.chmod(what)
        return
    shutil.rmtree(folder)
    if what == "a file":
        folder.write_bytes(b"")
