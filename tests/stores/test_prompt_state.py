"""The files that prompts read: what is written, when it is not, and what counts as missing."""

import os
from pathlib import Path

import pytest

from ssohelper.core.grants import TerminalSession
from ssohelper.core.model import RoleKey
from ssohelper.errors import LocalState
from ssohelper.stores.prompt_state import PromptState

KEY = RoleKey("corp", "001234567890", "Admin")
OTHER = KEY._replace(role_name="Read")
SECOND = 10**9


@pytest.fixture
def state(tmp_path: Path) -> PromptState:
    return PromptState(tmp_path / "run")


def test_a_role_has_one_file_and_no_role_another(state, tmp_path, monkeypatch):
    synced = list[int]()
    monkeypatch.setattr(os, "fsync", synced.append)
    folder = tmp_path / "run" / "prompt"
    assert state.prompt_file(KEY) == folder / "roles" / "corp" / "001234567890" / "Admin"
    assert state.prompt_file(None) == folder / "no-role"
    assert not state.prompt_file(KEY).exists()
    assert state.write(KEY, "row")
    assert state.prompt_file(KEY).exists()
    assert not state.prompt_file(OTHER).exists()
    assert state.prompt_file(KEY).read_bytes() == b"row\n"
    assert synced == [], "prompts do not wait for the disk"


def test_roles_are_listed_by_session_without_foreign_names(state: PromptState) -> None:
    for key in (KEY, OTHER, KEY._replace(session_name="other")):
        state.write(key, "row")
    state.prompt_file(KEY).with_name(".Admin.tmp~").write_text("")
    assert sorted(state.list_roles("corp")) == [KEY, OTHER]
    assert state.list_roles("none") == []


def test_a_file_that_says_the_same_is_not_written_again(state: PromptState) -> None:
    state.write(KEY, "row", config_mtime_ns=5 * SECOND)
    before = os.stat(state.prompt_file(KEY))
    assert before.st_mtime_ns == 5 * SECOND
    for mtime_ns in (0, 4 * SECOND, 5 * SECOND):
        assert state.write(KEY, "row", config_mtime_ns=mtime_ns)
        assert os.stat(state.prompt_file(KEY)).st_ino == before.st_ino
    assert state.write(KEY, "other", config_mtime_ns=0)
    assert state.prompt_file(KEY).stat().st_mtime_ns == 5 * SECOND
    assert state.prompt_file(KEY).read_bytes() == b"other\n"
    assert state.write(KEY, "other", config_mtime_ns=6 * SECOND)
    assert state.prompt_file(KEY).stat().st_mtime_ns == 6 * SECOND


def test_the_time_of_a_links_target_does_not_count(state: PromptState, tmp_path: Path) -> None:
    state.write(KEY, "row")
    state.prompt_file(KEY).unlink()
    (tmp_path / "target").write_text("row\n")
    os.utime(tmp_path / "target", ns=(9 * SECOND, 9 * SECOND))
    state.prompt_file(KEY).symlink_to(tmp_path / "target")
    with pytest.raises(LocalState):
        state.write(KEY, "row", config_mtime_ns=9 * SECOND)
    assert (tmp_path / "target").read_text() == "row\n"


def test_all_files_can_be_removed(state):
    assert state.read_mtime_ns(state.prompt_file(KEY)) == 0
    state.write(KEY, "row", config_mtime_ns=7 * SECOND)
    assert state.read_mtime_ns(state.prompt_file(KEY)) == 7 * SECOND
    state.write(None, "row")
    for _ in range(2):
        state.remove()
        assert not state.prompt_file(KEY).exists()
        assert not state.prompt_file(None).exists()


def test_a_roles_files_go_with_those_that_show_grants(state: PromptState) -> None:
    terminal = TerminalSession(7, 8, "pts/3")
    grant_file = state.prompt_file(KEY, terminal)
    for remove, is_left in (
        (state.remove_grant_files, True),
        (lambda: state.remove(KEY), False),
    ):
        state.write(KEY, "row")
        state.write(KEY, "row", terminal=terminal)
        assert grant_file.exists()
        remove()
        assert not grant_file.exists()
        assert state.prompt_file(KEY).exists() == is_left
