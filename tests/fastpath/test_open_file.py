"""The rules by which files are opened, as the table in the module's docstring has them."""

import os
import socket
import stat
from pathlib import Path

import pytest

from ssohelper.fastpath import open_file
from tests.left_behind import no_descriptor_left

OWN, USER = "own", "user"


def place(kind: str, folder: Path) -> Path:
    """Make a thing of this kind and return its path."""
    path, other = folder / "a", folder / "b"
    if kind == "regular":
        path.write_bytes(b"content")
    elif kind.startswith("link"):
        other.mkdir() if kind == "link to a folder" else other.write_bytes(b"content")
        path.symlink_to(other)
    elif kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    elif kind == "device":
        return Path("/dev/null")
    elif kind == "hard link":
        other.write_bytes(b"content")
        os.link(other, path)
    return path


def read(rule: str, path: str) -> bytes:
    opened = open_file.open_own_file(path) if rule == OWN else open_file.open_user_file(path)
    if opened is None:
        return b""
    try:
        return open_file.read_all(opened[0], path, 100)
    finally:
        os.close(opened[0])


@pytest.mark.parametrize(
    ("kind", "rule", "expected"),
    [
        ("regular", OWN, b"content"),
        *((kind, OWN, "is a link") for kind in ("link", "link to a folder")),
        ("folder", OWN, "is a folder"),
        *((kind, OWN, "is not a regular file") for kind in ("FIFO", "socket", "device")),
        ("hard link", OWN, "has more than one hard link"),
        *((kind, USER, b"content") for kind in ("regular", "link", "hard link")),
        *((kind, USER, "is not a regular file") for kind in ("link to a folder", "folder", "FIFO")),
        ("device", USER, b""),
    ],
)
def test_each_kind_of_file_by_each_rule(tmp_path, monkeypatch, kind, rule, expected):
    monkeypatch.chdir(tmp_path)  # a socket's path may have at most 107 bytes
    path = place(kind, tmp_path)
    with no_descriptor_left():
        if isinstance(expected, bytes):
            assert read(rule, str(path)) == expected
        else:
            with pytest.raises(open_file.Refused) as refused:
                read(rule, str(path))
            assert (refused.value.strerror, refused.value.filename) == (expected, str(path))


@pytest.mark.parametrize("rule", [OWN, USER])
def test_a_missing_file_is_no_refusal(tmp_path, rule):
    with pytest.raises(FileNotFoundError):
        read(rule, str(tmp_path / "none"))


@pytest.mark.parametrize(("size", "limit"), [(0, 0), (10, 10), (10, 11), (11, 10)])
def test_a_file_no_larger_than_the_limit_is_read_whole(tmp_path, size, limit):
    (tmp_path / "a").write_bytes(b"x" * size)
    with open(tmp_path / "a", "rb") as opened:
        if size <= limit:
            assert open_file.read_all(opened.fileno(), "a", limit) == b"x" * size
        else:
            with pytest.raises(open_file.TooLarge, match="is larger than 10 bytes"):
                open_file.read_all(opened.fileno(), "a", limit)


def _status(mode=0o600, uid: int | None = None, gid=0, links=1) -> os.stat_result:
    uid = os.geteuid() if uid is None else uid
    return os.stat_result((stat.S_IFREG | mode, 1, 1, links, uid, gid, 0, 0, 0, 0))


def test_a_file_of_another_user_is_refused_unless_that_user_is_named():
    other = _status(uid=os.geteuid() + 1)
    with pytest.raises(open_file.Refused, match="belongs to another user"):
        open_file.check_own_file(other, "a")
    open_file.check_own_file(other, "a", os.geteuid() + 1)
    open_file.check_own_file(_status(links=0), "a")  # it was replaced after it had been opened


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "may_write"),
    [
        (0o644, 1000, 1000, False),
        (0o664, 1000, 1000, False),  # the user's own group
        (0o664, 1000, 0, False),  # root's
        (0o664, 1000, 100, True),
        (0o646, 1000, 1000, True),
    ],
)
def test_other_users_may_write_by_mode_or_group(mode, uid, gid, may_write):
    assert open_file.may_others_write(_status(mode, uid, gid)) is may_write
