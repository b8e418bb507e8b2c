"""No test reaches the user's own folders, and a run in CI in which one does fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.fastpath import folders
from tests.long_rows import long_after

_ROOT = Path(__file__).parent.parent
_CONFTEST = """\
from tests.real_home import RealHomeCheck

def pytest_configure(config):
    config.pluginmanager.register(RealHomeCheck())
"""


def run_in(
    home: Path, test: str, *options: str, ci: str = "true"
) -> "subprocess.CompletedProcess[str]":
    """Run pytest, with this check and `home` as the user's, over a file with this test in it."""
    tests = home / "checkout"
    tests.mkdir()
    (tests / "conftest.py").write_text(_CONFTEST)
    (tests / "test_one.py").write_text(
        "from pathlib import Path\n\n\n"
        f"def test_before():\n    pass\n\n\ndef test_one():\n    {test}\n\n\n"
        "def test_after():\n    pass\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "."],
        cwd=tests,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "CI": ci},
        capture_output=True,
        text=True,
        timeout=120,
    )


WRITES = {
    "a crash report": (".local/state/ssohelper/crash.log", "write_text('x')"),
    "cached credentials": (".cache/ssohelper/credentials", "mkdir(parents=True)"),
    "an AWS config": (".aws/config", "write_text('x')"),
    "a removed token": (".aws/sso/cache/token.json", "unlink()"),
}


@pytest.mark.parametrize(
    ("path", "write", "options"),
    [
        *long_after(2, [(*one, ()) for one in WRITES.values()]),
        pytest.param(*WRITES["an AWS config"], ("-n", "2"), marks=pytest.mark.long),
    ],
    ids=[*WRITES, "in two processes"],
)
def test_a_run_that_changes_the_users_files_fails(path, write, options, tmp_path):
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / ".aws" / "sso" / "cache").mkdir(parents=True, exist_ok=True)
    (tmp_path / ".aws" / "sso" / "cache" / "token.json").touch()
    done = run_in(tmp_path, f"(Path.home() / '{path}').{write}", *options)
    assert done.returncode == 1, done.stdout
    [line] = [line for line in done.stdout.splitlines() if line.startswith(f"{tmp_path / path}, ")]
    _, _, tests = line.partition(", changed during ")
    if options:  # the other process may have run another test meanwhile
        assert "test_one.py::test_one" in tests
    else:
        assert tests == "test_one.py::test_one"


def test_outside_ci_it_only_warns(tmp_path):
    (tmp_path / ".aws").mkdir()
    done = run_in(tmp_path, "(Path.home() / '.aws/config').touch()", ci="")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{tmp_path / '.aws/config'}, changed during test_one.py::test_one" in done.stdout


def test_a_run_that_changes_other_files_passes(tmp_path):
    (tmp_path / ".aws").mkdir()
    done = run_in(tmp_path, "(Path.home() / '.cache').mkdir()")
    assert (done.returncode, "the user's own files" in done.stdout) == (0, False), done.stdout


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_has_an_empty_home(run, tmp_path_factory):
    home = Path.home()
    assert home.is_relative_to(tmp_path_factory.getbasetemp())
    assert [path.name for path in home.iterdir()] == ["xdg-run"]
    for find in (folders.cache_folder, folders.state_folder, folders.config_folder):
        Path(find(os.environ)).mkdir(parents=True)
        assert Path(find(os.environ)).is_relative_to(home)
    assert folders.runtime_folder(os.environ) == str(home / "xdg-run" / "ssohelper")
