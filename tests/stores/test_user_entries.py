"""Files with entries of the user: what this version cannot read is kept aside, never lost."""

from pathlib import Path
from typing import Any

import pytest

from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.files import write_entries


def load(path: Path) -> tuple[list[str], bool]:
    def parse(document: dict[str, Any]) -> tuple[list[str], list[str]]:
        if document.get("version") != 1:
            raise Damaged("version")
        valid = [name for name in document["names"] if isinstance(name, str)]
        return valid, ["name"] * (len(document["names"]) - len(valid))

    return files.read_valid_parts(path, parse, [])


@pytest.mark.parametrize(
    ("content", "found", "is_whole"),
    [
        ('{"version": 1, "names": ["a", "b"]}', ["a", "b"], True),
        ('{"version": 1, "names": []}', [], True),
        ('{"version": 1, "names": ["a", 7, "b"]}', ["a", "b"], False),
        ('{"version": 2, "names": ["a"]}', [], False),
        ('{"version": 1, "names": ["a"', [], False),
        ("", [], False),
        (None, [], True),
    ],
)
def test_a_file_is_whole_only_if_each_entry_was_read(tmp_path, caplog, content, found, is_whole):
    path = tmp_path / "names"
    if content is not None:
        path.write_text(content)
    with caplog.at_level("INFO"):
        assert load(path) == (found, is_whole)
    assert (f'"{path}" is damaged' in caplog.text) is not is_whole


def test_a_file_that_was_read_as_a_whole_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "names"
    warnings: list[str] = []
    for names in (["a"], ["b"]):
        write_entries(path, {"version": 1, "names": names}, is_whole=True, warn=warnings.append)
        assert load(path) == (names, True)
    assert [one.name for one in path.parent.iterdir()] == ["names"]
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert warnings == []


def test_any_other_file_is_kept_aside_under_a_name_that_is_free(tmp_path: Path) -> None:
    path, warnings = tmp_path / "names", list[str]()
    for content in ("first", "second", "third"):
        path.write_text(content)
        write_entries(path, {"version": 1, "names": []}, is_whole=False, warn=warnings.append)
    kept = {one.name: one.read_text() for one in tmp_path.glob("names.*")}
    names = "names.damaged", "names.damaged-2", "names.damaged-3"
    assert kept == dict(zip(names, ("first", "second", "third"), strict=True))
    assert load(path) == ([], True)
    assert 'is kept as "names.damaged-3"' in warnings[2]


def test_a_file_that_cannot_be_renamed_stays_and_is_an_error(tmp_path, monkeypatch):
    def refuse(*_paths: str) -> None:
        raise PermissionError(13, "Permission denied")

    files.rename_unreadable_file(tmp_path / "names", pytest.fail)  # there is no file
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "names").write_text("mine")
    monkeypatch.setattr("ssohelper.stores.files.replace_file", refuse)
    with pytest.raises(LocalState, match='names" cannot be written: permission denied'):
        files.rename_unreadable_file(tmp_path / "names", pytest.fail)
    assert (tmp_path / "names").read_text() == "mine"
