"""The file of a session's choices: what this version cannot read is kept aside, never lost."""

import pytest

from ssohelper.core.choices import Choices
from ssohelper.core.model import Role
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.choices_file import ChoicesStore


def test_saved_choices_are_loaded_and_damaged_ones_count_as_not_chosen(tmp_path, caplog):
    store = ChoicesStore(tmp_path, tmp_path)
    assert store.load("corp") == Choices()
    choices = Choices(
        ("a*", "!b"), ("R",), "{session}.{role_name}", "sso", "eu-west-1",
        frozenset({Role("001234567890", "R")}),
    )  # fmt: skip
    store.save("corp", choices)
    assert store.load("corp") == choices
    assert store.load("other") == Choices()
    path = tmp_path / "choices" / "corp.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text('{"accounts": 5, "form": "evil", "removed": [["x", "y"], 3], "template": []}')
    assert store.load("corp") == Choices()
    path.write_text("{")
    assert store.load("corp") == Choices()
    caplog.clear()
    path.write_text('{"accounts": 5, "form": "sso"}')
    # A test before this one may have set a level for all of ssohelper.
    with caplog.at_level("INFO", logger="ssohelper"):
        assert store.load("corp") == Choices(form="sso")
    assert caplog.messages == [f'"{path}" is damaged (no valid "accounts"): counted as missing']


def test_save_writes_only_what_has_changed(tmp_path):
    store = ChoicesStore(tmp_path, tmp_path)
    store.save("corp", Choices())
    assert not (tmp_path / "choices").exists()
    store.save("corp", Choices(form="sso"))
    path = tmp_path / "choices" / "corp.json"
    written = path.stat().st_ino  # a file that is rewritten is another one
    store.save("corp", Choices(form="sso"))
    assert path.stat().st_ino == written
    assert (path.parent.stat().st_mode & 0o777, len(list(path.parent.iterdir()))) == (0o700, 1)
    store.forget("corp")
    assert store.load("corp") == Choices()


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("content", ['{"accounts": 5, "form": "sso"}', '{"newer": [1]}', "[", ""])
def test_choices_that_cannot_be_read_are_kept_aside(tmp_path, content, ends):
    warnings = list[str]()
    store = ChoicesStore(tmp_path, tmp_path, warnings.append)
    store.save("corp", Choices(form="sso"))
    path = tmp_path / "choices" / "corp.json"
    path.write_text(content)
    if ends:
        store.forget("corp")
    else:
        store.save("corp", Choices(roles=("R",)))
        assert store.load("corp") == Choices(roles=("R",))
        store.forget("corp")
    kept = path.with_name("corp.json.damaged")
    assert kept.read_text() == content
    assert list(path.parent.iterdir()) == [kept]
    assert len(warnings) == 1


def test_each_file_is_kept_aside_under_a_name_that_is_free(tmp_path):
    path, warnings = tmp_path / "names", list[str]()
    files.rename_unreadable_file(path, pytest.fail)  # there is no file
    for content in ("first", "second", "third"):
        path.write_text(content)
        files.write_entries(path, {"version": 1}, is_whole=False, warn=warnings.append)
    kept = {one.name: one.read_text() for one in tmp_path.glob("names.*")}
    names = "names.damaged", "names.damaged-2", "names.damaged-3"
    assert kept == dict(zip(names, ("first", "second", "third"), strict=True))
    assert files.read_json(path) == {"version": 1}
    assert 'is kept as "names.damaged-3"' in warnings[2]


def test_a_file_that_cannot_be_renamed_stays_and_is_an_error(tmp_path, monkeypatch):
    def refuse(*_paths: str) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "names").write_text("mine")
    monkeypatch.setattr(files, "replace_file", refuse)
    with pytest.raises(LocalState, match='names" cannot be written: permission denied'):
        files.rename_unreadable_file(tmp_path / "names", pytest.fail)
    assert (tmp_path / "names").read_text() == "mine"
