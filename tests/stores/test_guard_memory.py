"""The remembered guard rules: what either of two files names is in force."""

from pathlib import Path

import pytest

from ssohelper.errors import LocalState
from ssohelper.stores.guard_memory import EVERY_ROLE, GuardMemory


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "state", tmp_path / "run"


def test_rules_are_remembered_in_both_folders(folders: tuple[Path, Path]) -> None:
    memory = GuardMemory(*folders)
    assert memory.load_rules() == ()
    memory.save_rules(["*/Admin", "prod/*"])
    assert memory.load_rules() == ("*/Admin", "prod/*")
    assert GuardMemory(folders[0].with_name("other"), folders[1]).load_rules() == (
        "*/Admin",
        "prod/*",
    )
    assert GuardMemory(folders[0], folders[1].with_name("other")).load_rules() == (
        "*/Admin",
        "prod/*",
    )
    memory.save_rules([])
    assert memory.load_rules() == ()


def test_the_rules_of_two_folders_are_one_list(folders: tuple[Path, Path]) -> None:
    state, runtime = folders
    GuardMemory(state, runtime).save_rules(["a/b", "c/d"])
    GuardMemory(state.with_name("other"), runtime).save_rules(["c/d", "e/f"])
    assert GuardMemory(state, runtime).load_rules() == ("a/b", "c/d", "e/f")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"rules": "*/Admin"}', '{"rules": ["a/b", 1]}'])
def test_a_damaged_file_guards_each_role(folders: tuple[Path, Path], text: str) -> None:
    memory = GuardMemory(*folders)
    memory.save_rules(["a/b"])
    (folders[1] / "guard-rules.json").write_text(text)
    assert memory.load_rules() == ("a/b", EVERY_ROLE)


def test_a_link_in_place_of_the_file_is_an_error(folders: tuple[Path, Path]) -> None:
    memory = GuardMemory(*folders)
    memory.save_rules(["a/b"])
    path = folders[0] / "guard-rules.json"
    path.rename(path.with_name("real"))
    path.symlink_to("real")
    with pytest.raises(LocalState):
        memory.load_rules()
