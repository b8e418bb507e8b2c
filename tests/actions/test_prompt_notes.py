"""The files that shells' prompts read, while other processes sign in and out."""

from typing import Any

import pytest

from ssohelper.actions import clocks
from ssohelper.core import prompt_text
from ssohelper.core.model import RoleKey
from ssohelper.core.sign_in_outlook import PromptClock
from ssohelper.stores import files
from tests.actions.world import HOUR, KEY, NOW, SESSION, WorldApp

OTHER = RoleKey("corp", "000000000009", "Other")


@pytest.fixture
def app(tmp_path) -> WorldApp:
    return WorldApp(tmp_path)


def rows(app: WorldApp, key: RoleKey = KEY) -> str:
    return app.prompt_state.prompt_file(key).read_text().splitlines()[0]


def ended() -> str:
    return prompt_text.prompt_rows_to_line(prompt_text.prompt_rows(PromptClock(0, "ended")))


def ends_in(seconds: int) -> str:
    clock = PromptClock(NOW + seconds, "known")
    return prompt_text.prompt_rows_to_line(prompt_text.prompt_rows(clock))


def test_a_sign_out_while_the_files_are_rewritten_is_noticed(app, monkeypatch):
    app.prompt_state.write(KEY, "as before")
    app.sign_in(HOUR, refresh=None)
    really = app.prompt_state.write

    def write(*words: Any, **more: Any) -> bool:
        app.tokens.forget(SESSION)
        return really(*words, **more)

    monkeypatch.setattr(app.prompt_state, "write", write)
    clocks.refresh_prompts(app, SESSION)
    assert rows(app) == ended()


def test_all_roles_of_the_session_are_rewritten_and_no_others_are_written(app):
    app.sign_in(HOUR)
    clocks.refresh_prompts(app, SESSION)
    assert not app.prompt_state.prompt_file(KEY).exists()
    foreign = RoleKey("other", "000000000009", "Other")
    for key in (KEY, OTHER, foreign):
        app.prompt_state.write(key, "as before")
    app.sign_in(HOUR, refresh=None)
    clocks.refresh_prompts(app, SESSION)
    assert rows(app) == rows(app, OTHER) == ends_in(HOUR)
    assert rows(app, foreign) == "as before"


def test_the_same_rows_are_not_written_again(app):
    app.prompt_state.write(KEY, ended(), config_mtime_ns=5)
    before = app.prompt_state.prompt_file(KEY).stat()
    clocks.refresh_prompts(app, SESSION)
    assert app.prompt_state.prompt_file(KEY).stat().st_ino == before.st_ino
    app.prompt_state.write(KEY, "1|0|fine|ok")
    assert app.prompt_state.prompt_file(KEY).stat().st_mtime_ns == 5


def test_names_that_are_none_of_ours_are_left_alone(app):
    app.prompt_state.write(KEY, "as before")
    folder = app.prompt_state.prompt_file(KEY).parent
    (folder / "no role's name").write_text("x")
    (folder / ".ssohelper-1-2").write_text("x")
    (folder.parent / "account").mkdir()
    (folder.parent / "account" / "Role").write_text("x")
    assert app.prompt_state.list_roles("corp") == [KEY]


def test_a_file_system_with_coarse_times_is_reported(app, monkeypatch):
    """With coarse times the config stays newer, and each prompt would start ssohelper."""
    really = files.write_atomically

    def write(*words: Any, mtime_ns: int, **more: Any) -> None:
        really(*words, mtime_ns=mtime_ns // 10**9 * 10**9, **more)

    assert app.prompt_state.write(KEY, "x", config_mtime_ns=3_500_000_000)
    monkeypatch.setattr(files, "write_atomically", write)
    assert app.prompt_state.write(KEY, "y", config_mtime_ns=4_000_000_000)
    assert not app.prompt_state.write(KEY, "z", config_mtime_ns=4_500_000_000)


def test_the_same_rows_from_a_newer_config_get_its_time(app):
    """A file with an earlier time than the config would make each prompt start ssohelper."""
    for mtime_ns in (5, 7):
        app.prompt_state.write(KEY, "x", config_mtime_ns=mtime_ns)
        assert app.prompt_state.prompt_file(KEY).stat().st_mtime_ns == mtime_ns
