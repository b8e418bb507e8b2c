"""Variables of Python's that a process of ours is started without."""

import re
import subprocess
from pathlib import Path

import pytest

from ssohelper.fastpath import spawn

ROOT = Path(__file__).resolve().parents[2]


class TestUserBase:
    """`pip install --user` with a PYTHONUSERBASE: only that one stays."""

    @pytest.mark.parametrize(("base", "stays"), [("{own}", True), ("{own}/", False), ("x", False)])
    def test_of_the_launcher(self, tmp_path: Path, base: str, stays: bool) -> None:
        own = tmp_path / "base"
        (own / "bin").mkdir(parents=True)
        launcher = own / "bin" / "ssohelper-credentials"
        launcher.write_bytes((ROOT / "shell" / "ssohelper-credentials").read_bytes())
        launcher.chmod(0o755)
        (own / "bin" / "ssohelper").write_text('#!/bin/sh\necho "$1 ${PYTHONUSERBASE-none}"\n')
        (own / "bin" / "ssohelper").chmod(0o755)
        said = base.format(own=own)
        env = {"PATH": "/usr/bin:/bin", "PYTHONUSERBASE": said}
        for command in ("prompt", "completion", "shell-init"):
            answer = subprocess.run([launcher, command], env=env, capture_output=True, text=True)
            assert answer.stdout == f"{command} {said if stays else 'none'}\n"

    def test_of_a_process_that_we_start(self) -> None:
        ours = str(ROOT)  # where this package is in this test
        for base, stays in ((ours, True), ("relative", False), ("/opt", False), ("", False)):
            given = {"PYTHONUSERBASE": base, "X": "1"}
            left = {**(given if stays else {"X": "1"}), "PYTHONSAFEPATH": "1"}
            assert spawn.environment_without_foreign_code(given) == left


def test_the_launcher_and_python_unset_the_same() -> None:
    text = (ROOT / "shell" / "ssohelper-credentials").read_text().replace("\\\n", " ")
    plain = re.search(r"^unset -v (.*)$", text, re.MULTILINE)
    assert plain
    assert tuple(plain.group(1).split()) == spawn.UNSET
