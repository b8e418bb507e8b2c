"""Cache files: what cannot be used is a miss, and is replaced where it is ours."""

import os
from pathlib import Path

import pytest

from ssohelper.errors import LocalState, NotOurs
from ssohelper.stores.cache_folder import CacheFolder
from tests.stores.disk import as_other_user, mode_of

NOBODY = 65534
SECRET = b"precious"


def a_file(path: Path, _other: Path) -> None:
    path.write_bytes(b"of an earlier version")


def a_folder(path: Path, _other: Path) -> None:
    (path / "in").mkdir(parents=True)
    (path / "in" / "file").write_bytes(b"of an earlier version")


def a_link(path: Path, other: Path) -> None:
    path.symlink_to(other)


def a_dangling_link(path: Path, _other: Path) -> None:
    path.symlink_to("nothing")


def a_hard_link(path: Path, other: Path) -> None:
    path.hardlink_to(other / "a" / "b" / "file")


def a_fifo(path: Path, _other: Path) -> None:
    os.mkfifo(path)


def a_foreign_file(path: Path, _other: Path) -> None:
    path.write_bytes(SECRET)
    os.chown(path, NOBODY, NOBODY)


def a_foreign_folder(path: Path, _other: Path) -> None:
    path.mkdir()
    os.chown(path, NOBODY, NOBODY)


OURS = [a_file, a_folder]
NOT_OURS = [a_link, a_dangling_link, a_hard_link, a_fifo]
if os.geteuid() == 0:
    NOT_OURS += [a_foreign_file, a_foreign_folder]
PLACES = ["a", "a/b", "a/b/file"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A folder outside of the cache that has files at the cache's paths."""
    file = tmp_path / "precious" / "a" / "b" / "file"
    for each in (file, tmp_path / "precious" / "b" / "file", tmp_path / "precious" / "file"):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_bytes(SECRET)
    return tmp_path / "precious"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("plant", [*OURS, *NOT_OURS])
def test_what_stands_in_place_of_a_cache_file_is_a_miss(root, precious, place, plant):
    cache, path, planted = CacheFolder(root), root / "a" / "b" / "file", root / place
    planted.parent.mkdir(parents=True)
    plant(planted, precious)
    # A file of ours at the file's own path is the cache file.
    is_content = plant is a_file and planted == path
    assert cache.read(path) == (b"of an earlier version" if is_content else None)
    before = os.lstat(planted)
    if plant in OURS:
        cache.write(path, b"new")
        assert cache.read(path) == b"new"
        assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)
    else:
        with pytest.raises(LocalState, match=place) as caught:
            cache.write(path, b"new")
        # NotOurs would end the call: this error lets it go on without the cache.
        assert not isinstance(caught.value, NotOurs)
        assert os.lstat(planted) == before
    cache.remove(path)
    if planted != path:
        cache.remove(root / "a")
    assert [each.read_bytes() for each in precious.rglob("file")] == [SECRET] * 3


def test_removing_takes_a_link_itself_and_a_folder_of_ours(root: Path, precious: Path) -> None:
    cache, path = CacheFolder(root), root / "file"
    cache.write(path, b"new")
    assert cache.remove(path) == 1
    a_link(path, precious)
    assert cache.remove(path) == 1
    a_folder(path, precious)
    assert cache.remove(path) == 1
    assert not os.path.lexists(path)
    assert cache.remove(path) == 0


UNREADABLE = """
import os, sys, tempfile
from pathlib import Path
from ssohelper.errors import LocalState
from ssohelper.stores.cache_folder import CacheFolder
root = Path(tempfile.mkdtemp())
cache, path = CacheFolder(root), root / "a" / "b" / "file"
for place in (path, path.parent, path.parent.parent):
    cache.write(path, b"new")
    place.chmod(0)
    assert cache.read(path) is None
    cache.write(path, b"newer")
    assert cache.read(path) == b"newer"
    place.chmod(0)
    cache.remove(root / "a")
    assert not place.exists()
root.rmdir()
print("done")
"""


def test_an_unreadable_file_or_folder_of_ours_is_a_miss_and_is_replaced() -> None:
    done = as_other_user(UNREADABLE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_a_link_that_is_a_cache_itself_is_replaced(root: Path, precious: Path) -> None:
    cache, link = CacheFolder(root), root / "a" / "link"
    for plant in (a_dangling_link, a_link, a_file, a_folder):
        link.parent.mkdir(parents=True, exist_ok=True)
        plant(link, precious)
        cache.write_link(link, "/target")
        assert os.readlink(link) == "/target"
        link.unlink()
    a_fifo(link, precious)
    with pytest.raises(LocalState, match="not touched"):
        cache.write_link(link, "/target")
    (precious / "b" / "link").symlink_to("other")
    (root / "c").symlink_to(precious)
    with pytest.raises(LocalState, match="not touched"):
        cache.write_link(root / "c" / "b" / "link", "/target")
    assert os.readlink(precious / "b" / "link") == "other"
