"""A run with several workers says which of the named tests does not exist."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def test_a_path_that_does_not_exist_is_named_by_a_run_with_workers():
    environ = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "1", "--dist", "worksteal", "tests/no_such_file.py"],
        cwd=_ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "ERROR: file or directory not found: tests/no_such_file.py" in done.stdout
    assert done.returncode != 0
