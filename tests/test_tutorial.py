"""The tutorial's commands, typed one after the other against the emulator."""

import re
import textwrap
from pathlib import Path

import pytest

from tests.programs import require_program, run_program

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"
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
        done = run_program(["/bin/sh", "-c", answered], home.env, cwd=home.path)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        said[line] = done.stdout
    assert "payments-prod" in said["ssohelper list payments read"]
    assert "sandbox" not in said["ssohelper list payments read"]
    assert '"Account": "000040000001"' in next(out for line, out in said.items() if "sts" in line)


def test_the_first_test_of_contributing_fails_because_status_names_no_region(home, emulator, run):
    [example] = re.findall(
        r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL
    )
    defined, results = {}, []
    exec(textwrap.dedent(example), defined)
    [test] = [value for name, value in defined.items() if name.startswith("test_")]

    def run_and_note(*words):
        results.append(run(*words))
        return results[-1]

    # As the fixture of tests/cli/test_sign_in_commands.py.
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    with pytest.raises(AssertionError):
        test(run_and_note, home)
    [result] = results
    assert (result.returncode, "corp" in result.stdout, "other" in result.stdout) == (0, True, True)
