"""Runs programs, ours and others; finds those that may be missing."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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


def run_program(
    argv: Sequence[str | Path], env: Mapping[str, str] | None = None, *, input=None, **more: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, without a stdin unless `input` is given; capture its output."""
    more["stdin" if input is None else "input"] = subprocess.DEVNULL if input is None else input
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, **more)
