"""Remembered protections: what either of two copies says is in force, and a damaged one most."""

from pathlib import Path

import pytest

from ssohelper.errors import LocalState, LockNotObtained
from ssohelper.stores.codecs import FILE, KEYRING
from ssohelper.stores.protections import EVERY_ROLE, Protections, UsedStorage
from tests.stores.disk import soon


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "state", tmp_path / "cache"


def test_each_is_remembered_in_both_folders(folders: tuple[Path, Path]) -> None:
    memory, (state, tokens) = Protections(*folders), folders
    assert (memory.load_rules(), memory.load_storage()) == ((), UsedStorage())
    memory.save_rules(["*/Admin", "prod/*"])
    memory.save_storage(UsedStorage(KEYRING))
    kept = ("*/Admin", "prod/*"), UsedStorage(KEYRING)
    for other in (folders, (state / "other", tokens), (state, tokens / "other")):
        found = Protections(*other)
        assert (found.load_rules(), found.load_storage()) == kept
    copies = [state / "storage.json", tokens / ".ssohelper-storage"]
    assert [path.stat().st_mode & 0o777 for path in copies] == [0o600] * 2
    memory.save_rules([])
    memory.save_storage(UsedStorage())
    assert (memory.load_rules(), memory.load_storage()) == ((), UsedStorage())


def test_an_earlier_versions_record_is_kept_beside_the_tokens_too(folders):
    state, tokens = folders
    state.mkdir()
    (state / "storage.json").write_text('{"storage": "keyring", "leftover": null}')
    Protections(*folders).load_storage()
    assert Protections(state / "other", tokens).load_storage() == UsedStorage(KEYRING)


def test_the_rules_of_two_folders_are_one_list(folders: tuple[Path, Path]) -> None:
    state, tokens = folders
    Protections(state, tokens).save_rules(["a/b", "c/d"])
    Protections(state / "other", tokens).save_rules(["c/d", "e/f"])
    assert Protections(state, tokens).load_rules() == ("a/b", "c/d", "e/f")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"rules": "*/Admin"}', '{"rules": ["a/b", 1]}'])
def test_a_damaged_copy_guards_each_role(folders: tuple[Path, Path], text: str) -> None:
    memory = Protections(*folders)
    memory.save_rules(["a/b"])
    (folders[1] / ".ssohelper-guard-rules").write_text(text)
    assert memory.load_rules() == ("a/b", EVERY_ROLE)


@pytest.mark.parametrize("text", ["", "[]", '{"storage": "cloud"}', '{"storage": ["file"]}'])
def test_a_damaged_copy_means_the_keyring(folders: tuple[Path, Path], text: str) -> None:
    memory = Protections(*folders)
    memory.save_storage(UsedStorage())
    (folders[0] / "storage.json").write_text(text)
    assert memory.load_storage() == UsedStorage(KEYRING)


IN, OUT, DONE = UsedStorage(KEYRING, FILE), UsedStorage(FILE, KEYRING), UsedStorage(KEYRING)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (IN, UsedStorage(), IN),
        (DONE, IN, IN),
        (OUT, DONE, DONE),
        (UsedStorage(), OUT, OUT),
        (UsedStorage(KEYRING, "cloud"), UsedStorage(), DONE),
    ],
)
def test_between_two_writes_of_a_move_nothing_is_taken_for_removed(folders, first, second, found):
    state, tokens = folders
    Protections(state, tokens).save_storage(second)
    Protections(state, tokens / "other").save_storage(first)
    assert Protections(state, tokens).load_storage() == found


def test_a_link_in_place_of_a_copy_is_an_error(folders):
    memory = Protections(*folders)
    folders[0].mkdir()
    for name, load in (("guard-rules", memory.load_rules), ("storage", memory.load_storage)):
        (folders[0] / f"{name}.json").symlink_to("elsewhere")
        with pytest.raises(LocalState):
            load()


def test_one_process_moves_the_sign_ins_at_a_time(folders: tuple[Path, Path]) -> None:
    memory = Protections(*folders)
    with memory.lock_storage(soon(0)), pytest.raises(LockNotObtained):
        memory.lock_storage(soon(0)).__enter__()
    with memory.lock_storage(soon(0)):
        pass
