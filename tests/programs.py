"""Programs that tests run beside ours: found by absolute path, missing ones said plainly."""

import os
import shutil

import pytest

# A pip-installed `aws` v1 often shadows Debian's AWS CLI v2, so v2's own place is looked at first.
_FIRST_CHOICE = {"aws": "/usr/bin/aws"}


def need(program: str) -> str:
    """Return the program's absolute path; in CI its absence fails, elsewhere it skips."""
    first = _FIRST_CHOICE.get(program)
    path = first if first and os.access(first, os.X_OK) else shutil.which(program)
    if path:
        return path
    message = f"{program} is not installed; .ci/run installs what the tests need"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
