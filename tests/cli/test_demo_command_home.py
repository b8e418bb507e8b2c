"""The environment of the demo's home: nothing in it leads to the user's own files."""

import os
import shutil
import tempfile
from pathlib import Path

from click.testing import CliRunner

from ssohelper.cli import demo_command


def test_variables_that_lead_out_of_the_home_are_left_out(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    own = {"AWS_PROFILE", "SSOHELPER_HOME", "XDG_STATE_HOME", "ZDOTDIR", "HISTFILE", "PIPX_HOME"}
    for name in own:
        monkeypatch.setenv(name, "/own")
    monkeypatch.setenv("EDITOR", "vi")
    environ = demo_command._make_environment(home, {"AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:1"})
    assert not own & environ.keys()
    assert environ["EDITOR"] == "vi"
    assert environ["AWS_ENDPOINT_URL_SSO"] == "http://127.0.0.1:1"
    assert environ["HOME"] == environ["USERPROFILE"] == str(home)
    assert Path(environ["XDG_RUNTIME_DIR"]).stat().st_mode & 0o777 == 0o700
    assert environ["PATH"].endswith(os.environ["PATH"])
    assert (home / ".bashrc").read_text().startswith('eval "$(ssohelper-credentials')


def test_a_demo_ends_with_exit_1_after_a_command_that_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(demo_command, "_run_and_print", lambda *_: 4)
    done = CliRunner().invoke(demo_command.run_demo, [])
    assert done.exit_code == 1
    assert "the demo stopped" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_home_that_a_process_still_writes_to_is_removed_as_soon_as_that_works(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tries: list[Path] = []

    def remove(path: Path, *, ignore_errors: bool) -> None:
        assert ignore_errors
        tries.append(path)
        if len(tries) >= 3:
            path.rmdir()

    monkeypatch.setattr(shutil, "rmtree", remove)
    with demo_command._make_home() as home:
        assert home.stat().st_mode & 0o777 == 0o700
    assert (tries, home.exists()) == ([home] * 3, False)
