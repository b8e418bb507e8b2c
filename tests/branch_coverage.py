"""Run the tests with branch coverage, in the programs that they start too; print it per package.

ARGS: what pytest gets (all tests when unset). KEEP=1: add to what the last run reached, to measure
in parts. A .pth file in .venv starts coverage in every Python
of this environment: tests give their programs an environment of their own, so a variable would not
reach them. It is removed when the run ends.
"""

import json
import os
import shlex
import shutil
import site
import subprocess
import sys
from collections import Counter
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "coverage"
_STARTED_BY = "ssohelper-coverage.pth"


def main() -> int:
    keep = bool(os.environ.get("KEEP"))
    if not keep:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o777)  # tests start processes of another user
    started_by = Path(site.getsitepackages()[0], _STARTED_BY)
    settings = FOLDER / "settings.ini"
    settings.write_text(settings_text())
    started_by.write_text(
        f'import os; os.environ["COVERAGE_PROCESS_START"] = "{settings}"; '
        "import coverage; coverage.process_startup(); "
        'del os.environ["COVERAGE_PROCESS_START"]\n'
    )
    argv = [sys.executable, "-m", "pytest", *shlex.split(os.environ.get("ARGS") or "-n 2")]
    try:
        code = subprocess.run(argv, cwd=ROOT).returncode
    finally:
        started_by.unlink()
    print_table(settings, keep=keep)
    return code


def settings_text() -> str:
    """Return the settings for coverage in pyproject.toml, with the data in FOLDER."""
    read = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    lines = ["[run]", "branch = true", "parallel = true", "source_pkgs = ssohelper"]
    lines += [f"data_file = {FOLDER / 'data'}", f"patch = {_listed(read, 'run:patch')}"]
    lines += ["[report]", f"exclude_also = {_listed(read, 'report:exclude_also')}\n"]
    return "\n".join(lines)


def _listed(read: coverage.Coverage, name: str) -> str:
    found = read.get_option(name)
    assert isinstance(found, list)
    return "".join(f"\n    {one}" for one in found)


def print_table(settings: Path, *, keep: bool) -> None:
    """Print per package the share of branches that a test took, and of lines that it reached."""
    measured = coverage.Coverage(config_file=str(settings))
    if keep:
        measured.load()
    measured.combine([str(FOLDER)])
    measured.save()
    report = FOLDER / "report.json"
    # A test runs a copy of the package, which is gone by now.
    measured.json_report(outfile=str(report), ignore_errors=True)
    totals: dict[str, Counter[str]] = {}
    for name, file in json.loads(report.read_text())["files"].items():
        if not name.startswith("ssohelper/"):
            continue
        below = Path(name).relative_to("ssohelper").parts
        for package in (below[0] if len(below) > 1 else "(top level)", "all"):
            totals.setdefault(package, Counter()).update(
                {key: value for key, value in file["summary"].items() if isinstance(value, int)}
            )
    print(f"{'package':12} {'branches':>8} {'taken':>8}   {'lines':>6} {'reached':>8}")
    for package, total in sorted(totals.items(), key=lambda item: (item[0] == "all", item[0])):
        taken = 100 * total["covered_branches"] / max(1, total["num_branches"])
        reached = 100 * total["covered_lines"] / max(1, total["num_statements"])
        branches, lines = total["num_branches"], total["num_statements"]
        print(f"{package:12} {branches:8} {taken:6.1f} %   {lines:6} {reached:6.1f} %")


if __name__ == "__main__":
    sys.exit(main())
