"""Helpers of the tests of the stores' disk modules."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.stores import files
from tests.programs import require_program

# Owned by root on every machine; the tests that need a foreign file run as somebody else.
FOREIGN_FILE = "/etc/passwd"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def soon(seconds: float = 20) -> Deadline:
    return Deadline(seconds, time.monotonic)


def as_other_user(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the code as a user who is not root: root passes permission tests whatever the code."""
    command = [sys.executable, "-c", code, *arguments]
    if os.geteuid() == 0:
        ids = ["--reuid=65534", "--regid=65534", "--clear-groups"]
        command = [require_program("setpriv"), *ids, *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


SAY_ERROR = """
import sys
from ssohelper.errors import SsoHelperError
from ssohelper.stores import files
try:
    print({call})
except SsoHelperError as error:
    print(error.exit_code, error.message)
"""


def locked(path: Path) -> None:
    with files.hold_lock(path, soon()):
        pass
