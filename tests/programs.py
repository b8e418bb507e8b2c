"""Programs that tests run beside ours: found by absolute path, missing ones said plainly."""

import os
import shutil

import pytest

# A pip-installed `aws` v1 often shadows Debian's AWS CLI v2, so v2's own place is looked at first.
_FIRST_CHOICE = {"aws": "/usr/bin/aws"}


def require_program(program: str) -> str:
    """Return the program's absolute path. Its absence skips the test, which fails in CI."""
    first = _FIRST_CHOICE.get(program)
    path = first if first and os.access(first, os.X_OK) else shutil.which(program)
    if path:
        return path
    pytest.skip(f"{program} is not installed; .ci/run installs what the tests need")
