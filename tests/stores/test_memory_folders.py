"""Which folders are in memory, by the kernel's own list of file systems."""

import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.stores.files import is_folder_in_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's list of mounts")


def type_of(path: str) -> str:
    told = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True)
    return told.stdout.strip()


@pytest.mark.parametrize("path", ["/dev/shm", "/", "/proc", "/sys", "/usr", "/dev"])
def test_statfs_says_the_same(path):
    if not Path(path).exists():
        pytest.skip(f"{path} does not exist here")
    assert is_folder_in_memory(path) == (type_of(path) in ("tmpfs", "ramfs"))


def test_a_folder_that_does_not_exist_yet_is_where_its_parent_is(tmp_path):
    for parent in ("/dev/shm", str(tmp_path)):
        assert is_folder_in_memory(f"{parent}/no-such/folder") == (type_of(parent) == "tmpfs")
