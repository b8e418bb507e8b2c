"""The environment of the demo's home: nothing in it leads to the user's own files."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from ssohelper.cli import demo_run


def test_variables_that_lead_out_of_the_home_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    own = {"AWS_PROFILE", "SSOHELPER_HOME", "XDG_STATE_HOME", "ZDOTDIR", "HISTFILE", "PIPX_HOME"}
    for name in own:
        monkeypatch.setenv(name, "/own")
    monkeypatch.setenv("EDITOR", "vi")
    environ = demo_run._make_demo_environment(home, {"AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:1"})
    assert not own & environ.keys()
    assert environ["EDITOR"] == "vi"
    assert environ["AWS_ENDPOINT_URL_SSO"] == "http://127.0.0.1:1"
    assert environ["HOME"] == environ["USERPROFILE"] == str(home)
    assert Path(environ["XDG_RUNTIME_DIR"]).stat().st_mode & 0o777 == 0o700
    assert environ["PATH"].endswith(os.environ["PATH"])
    assert (home / ".bashrc").read_text().startswith('eval "$(ssohelper-credentials')


def test_a_demo_ends_with_exit_1_after_a_command_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(demo_run, "_run_demo_step", lambda *_: False)
    assert demo_run.run_narrated_demo() == 1
    assert "the demo stopped" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_home_that_a_process_still_writes_to_is_removed_as_soon_as_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    tries: list[Path] = []

    def remove(path: Path, *, ignore_errors: bool) -> None:
        tries.append(path)
        if len(tries) >= 3:
            path.rmdir()
        elif not ignore_errors:
            raise OSError("not empty")

    monkeypatch.setattr(shutil, "rmtree", remove)
    demo_run._remove_demo_home(home)
    assert (tries, home.exists()) == ([home] * 3, False)
