"""Fixtures of the stores' disk modules."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.stores import disk_errors, files


@pytest.fixture(autouse=True)
def _forget_warnings() -> None:
    disk_errors._warned.clear()
    files._swept.clear()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may write to: pytest's own tmp_path is closed to them."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)
