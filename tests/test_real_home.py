"""No test reaches the user's own folders, and a run in CI in which one does fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.fastpath import folders
from tests.programs import run_program

_ROOT = Path(__file__).parent.parent
_CONFTEST = """\
from tests.real_home import RealHomeCheck

def pytest_configure(config):
    config.pluginmanager.register(RealHomeCheck())
"""


def run_in(home: Path, test: str, *, ci: str = "true") -> "subprocess.CompletedProcess[str]":
    """Run pytest, with this check and `home` as the user's, over a file with this test in it."""
    tests = home / "checkout"
    tests.mkdir(exist_ok=True)
    (tests / "conftest.py").write_text(_CONFTEST)
    (tests / "test_one.py").write_text(
        "from pathlib import Path\n\n\n"
        f"def test_before():\n    pass\n\n\ndef test_one():\n    {test}\n\n\n"
        "def test_after():\n    pass\n"
    )
    return run_program(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "CI": ci},
        cwd=tests,
    )


def test_a_run_that_changes_the_users_files_fails_in_ci_and_warns_elsewhere(tmp_path):
    (tmp_path / ".aws" / "sso").mkdir(parents=True)
    (tmp_path / ".aws" / "config").touch()
    move = "(Path.home() / '.aws' / name).rename(Path.home() / name)"
    done = run_in(tmp_path, f"[{move} for name in ('config', 'sso')]")
    assert done.returncode == 1, done.stdout
    assert f"{tmp_path / '.aws/config'}\n{tmp_path / '.aws/sso'}\n" in done.stdout
    (tmp_path / "config").touch()
    (tmp_path / "sso").mkdir(exist_ok=True)
    assert run_in(tmp_path, "(Path.home() / '.aws/config').touch()", ci="").returncode == 0


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_has_an_empty_home(run, tmp_path_factory):
    home = Path.home()
    assert home.is_relative_to(tmp_path_factory.getbasetemp())
    assert [path.name for path in home.iterdir()] == ["xdg-run"]
    for find in (folders.cache_folder, folders.state_folder, folders.config_folder):
        Path(find(os.environ)).mkdir(parents=True)
        assert Path(find(os.environ)).is_relative_to(home)
    assert folders.runtime_folder(os.environ) == str(home / "xdg-run" / "ssohelper")
