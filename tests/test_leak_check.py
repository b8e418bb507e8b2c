"""The check of process lists fails a run of several workers at its end, whichever worker it was."""

import os
import sys
from pathlib import Path

import pytest

from tests.long_rows import long_after
from tests.programs import run_program

_ROOT = Path(__file__).parent.parent
# The check over the present run looks for the emulator's secrets, and does not find this one.
_SECRET = "PLANTED-AT-abc123"
_TESTS = f"""\
import subprocess, sys, time
import pytest

@pytest.mark.parametrize("number", range(4))
def test_some(number, tmp_path):
    argv = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    if number == 3:
        argv.append("{_SECRET}")
    child = subprocess.Popen(argv, env={{"HOME": str(tmp_path)}}, stdin=subprocess.PIPE)
    time.sleep(1)  # many times as long as the check takes between two looks
    child.communicate()
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("is_left_out", long_after(1, [False, True]))
def test_a_run_with_a_secret_in_a_process_list_fails(is_left_out, tmp_path):
    (tmp_path / "conftest.py").write_text(
        "from tests.leak_check import PLUGIN_NAME, LeakCheck\n"
        "def pytest_configure(config):\n"
        "    if not hasattr(config, 'workerinput'):\n"
        "        config.pluginmanager.register(LeakCheck('PLANTED-[A-Z]+-abc'), PLUGIN_NAME)\n"
    )
    (tmp_path / "test_some.py").write_text(_TESTS)
    options = ["-p", "no:leak-check"] if is_left_out else []
    done = run_program(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", *options, "."],
        {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
    )
    assert "4 passed" in done.stdout, done.stdout
    assert done.returncode == (0 if is_left_out else 1), done.stdout
    assert ("argv" in done.stdout and "(canary)" in done.stdout) is not is_left_out
