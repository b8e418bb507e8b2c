"""The tutorial's commands, typed one after the other against the emulator."""

import re
import subprocess
from pathlib import Path

from tests.programs import require_program

TUTORIAL = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"
# What the demo has done by itself before its shell begins.
SETUP = ("setup", "--region", "us-east-1", "--session", "demo", "--yes")


def commands() -> list[str]:
    """Every line that the tutorial lets a reader type in the demo's shell."""
    text = TUTORIAL.read_text()
    typed = re.findall(r"^\$ (.*)$", text[text.index("## 2.") :], re.MULTILINE)
    return [line for line in typed if line != "exit"]


def test_every_command_of_the_tutorial_works(home, emulator, run):
    require_program("aws")
    home.browser()
    assert run(*SETUP, emulator.world.start_url).returncode == 0
    typed = commands()
    assert len(typed) >= 8
    said = {}
    for line in typed:
        # On a terminal undo asks; a test has none.
        answered = f"{line} --yes" if line.endswith("undo") else line
        done = subprocess.run(
            ["/bin/sh", "-c", answered],
            env=home.env,
            cwd=home.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        said[line] = done.stdout
    assert "payments-prod" in said["ssohelper list payments read"]
    assert "sandbox" not in said["ssohelper list payments read"]
    assert '"Account": "000040000001"' in next(out for line, out in said.items() if "sts" in line)
