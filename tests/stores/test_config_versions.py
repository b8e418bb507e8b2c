"""Undo of writes to ~/.aws/config: the versions on disk."""

from pathlib import Path

import pytest

from ssohelper.errors import LocalState
from ssohelper.stores.config_store import ConfigStore
from tests.stores.test_config_store import MINE, added, adding, create, make, mode_of, within


@pytest.fixture
def store(tmp_path):
    return make(tmp_path)


def undo(store: ConfigStore) -> None:
    version = next(store.load_versions())
    store.undo_write(version, lambda _config: version.before, within())


def test_undo_restores_the_exact_bytes_three_times(store):
    path = create(store, MINE.rstrip("\n"))
    texts = []
    for name in "abcd":
        texts.append(path.read_bytes())
        store.write(adding(name), within())
    for expected in reversed(texts[1:]):
        undo(store)
        assert path.read_bytes() == expected
    assert list(store.load_versions()) == []


def test_only_the_versions_that_can_be_undone_stay_on_disk(store, tmp_path):
    create(store)
    for name in "abcde":
        store.write(adding(name), within())
    undo(store)
    folder = history(tmp_path)[0].parent
    assert len(history(tmp_path)) == 2
    (folder / "left-by-an-earlier-release").write_text("x")
    store.write(adding("f"), within())
    assert [path.name for path in folder.iterdir() if not path.name.isdigit()] == ["index"]
    assert len(history(tmp_path)) == 3


def test_writes_of_builds_without_an_index_can_be_undone(store, tmp_path):
    """The layout until 26 November 2026, as df80891 wrote it: two files for each write."""
    path = create(store)
    store.write(adding("a"), within())
    [folder] = {each.parent for each in history(tmp_path)}
    (folder / "index").unlink()
    (folder / "1").unlink()
    first, second = MINE, MINE + added("a")
    (folder / "1.after").write_text(first)  # without "1.before": there was no config
    (folder / "2.before").write_text(first)
    (folder / "2.after").write_text(second)
    store.write(adding("b"), within())
    for expected in (second, first):
        undo(store)
        assert path.read_text() == expected
    undo(store)
    assert not path.exists()
    assert list(store.load_versions()) == []


def test_versions_are_private_and_the_undo_of_the_first_write_removes_the_file(store, tmp_path):
    store.write(adding("a"), within())
    saved = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert len(saved) == 2  # one file for the write, and the index
    assert {mode_of(path) for path in saved} == {0o600}
    undo(store)
    assert not store.path.exists()


def history(tmp_path: Path) -> list[Path]:
    folder = next((tmp_path / "state" / "config-versions").iterdir())
    return sorted(path for path in folder.iterdir() if path.name.isdigit())


SPOILING = {
    "missing": lambda path: path.unlink(),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "changed": lambda path: path.write_bytes(path.read_bytes().replace(b"# mine", b"# nine")),
    "no index": lambda path: (path.parent / "index").unlink(),
    "a damaged index": lambda path: (path.parent / "index").write_text('{"undo": [9e9]}'),
}


@pytest.mark.parametrize("spoil", SPOILING.values(), ids=SPOILING)
def test_a_damaged_version_is_refused_and_undo_works_after_the_next_write(store, tmp_path, spoil):
    path = create(store)
    store.write(adding("a"), within())
    text = path.read_bytes()
    spoil(history(tmp_path)[-1])
    with pytest.raises(LocalState, match=r"is missing|is damaged"):
        next(store.load_versions())
    assert path.read_bytes() == text
    store.write(adding("b"), within())
    undo(store)
    assert path.read_bytes() == text


def test_an_old_version_that_cannot_be_removed_does_not_fail_the_write(store, tmp_path):
    path = create(store)
    store.write(adding("a"), within())
    text = path.read_bytes()
    folder = history(tmp_path)[-1].with_name("7")
    folder.mkdir()
    assert store.write(adding("b"), within())
    undo(store)
    assert path.read_bytes() == text
    assert folder.is_dir()


def test_a_failed_write_uses_up_no_undo(store, tmp_path, monkeypatch):
    path = create(store)
    for name in "abcd":
        store.write(adding(name), within())
    text, saved = path.read_bytes(), [each.name for each in history(tmp_path)]

    def full(*_args: object, **_more: object) -> None:
        raise LocalState("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ssohelper.stores.user_file.UserFile.replace", full)
        with pytest.raises(LocalState, match="no space"):
            store.write(adding("e"), within())
    assert path.read_bytes() == text
    assert [each.name for each in history(tmp_path)] == saved
    undo(store)
    assert path.read_bytes() + added("d").encode() == text
