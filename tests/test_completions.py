"""completions/ is what the click tree says today, and TAB works in a real shell with it."""

import os
import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.conftest import SCRIPT, Home
from tests.programs import need

FOLDER = Path(__file__).resolve().parent.parent / "completions"
FILES = {"bash": "ssohelper.bash", "zsh": "_ssohelper", "fish": "ssohelper.fish"}


@pytest.mark.parametrize("shell", sorted(FILES))
def test_is_not_stale(shell: str) -> None:
    made = subprocess.run(
        [SCRIPT],
        env={**os.environ, "_SSOHELPER_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
    )
    assert (FOLDER / FILES[shell]).read_text() == made.stdout


def test_tab_completes_a_command_in_bash(home: Home) -> None:
    shell = pexpect.spawn(
        need("bash"), ["--norc", "--noprofile", "-i"], env={**home.env, "PS1": "$ "}, timeout=60
    )
    try:
        shell.sendline(f"source {FOLDER / FILES['bash']}; echo loa''ded")
        shell.expect("loaded")
        shell.send("ssohelper stat\t")
        shell.expect("ssohelper status ")
    finally:
        shell.close(force=True)
