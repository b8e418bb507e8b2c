"""A slow listing shows progress, ends within a limit, and names the command that continues it."""

import shlex
import sys
from types import SimpleNamespace

import pytest

from ssohelper.cli import listing_progress, output
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import Shell
from tests.long_rows import long_after
from tests.programs import run_program

# The same program, with its progress line after 0.1 s instead of 5 s.
SOON = (
    "import sys\n"
    "from ssohelper.cli import listing_progress, run\n"
    "listing_progress._LINE_AFTER_SECONDS = 0.1\n"
    "sys.exit(run(sys.argv[1:]))"
)
LINE = "listing accounts at AWS's pace: "


@pytest.fixture
def emulator():
    with Emulator(World.of_size(12, 2)) as running:
        yield running


@pytest.fixture
def shell(tmp_path, emulator):
    return Shell(tmp_path, emulator)


def run_soon(shell, *argv):
    return run_program([sys.executable, "-c", SOON, *argv], shell.environ)


class App:
    """An app whose clock says whether it is time for the progress."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.has_passed = False
        self.clock = self

    def deadline(self, seconds):
        self.asked.append(seconds)
        return self


def reported(app, monkeypatch, *steps):
    """Report the first of `steps` too early, the others in time; the last has no error."""

    def list_accounts(_app, _session, *, progress, refresh):
        assert refresh
        for step in steps:
            progress(*step)
            app.has_passed = True
        return "listing"

    monkeypatch.setattr(listing_progress.directory, "fetch_listing", list_accounts)
    assert listing_progress.fetch_listing(app, None, refresh=True) == "listing"
    return app.asked


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_a_terminal_shows_the_progress_late_and_erases_it(monkeypatch, capsys, term):
    monkeypatch.setattr(output, "options", lambda: SimpleNamespace(json=False))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    asked = reported(App(), monkeypatch, (1, 7), (3, 7), (4, 7), (7, 7))
    said = capsys.readouterr().err
    if term == "dumb":
        assert (asked, said) == ([5.0], f"{LINE}3 of 7 accounts are listed so far\n")
    else:
        drawn = "\r\x1b[Klisting accounts: {} of 7"
        assert asked == [0.3]
        assert said == drawn.format(3) + drawn.format(4) + 2 * "\r\x1b[K"


def test_the_line_of_a_log_says_how_far_the_listing_is(monkeypatch, capsys):
    monkeypatch.setattr(output, "options", lambda: SimpleNamespace(json=True))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert reported(App(), monkeypatch, (1, 12), (3, 12), (4, 12)) == [5.0]
    assert capsys.readouterr() == ("", f"{LINE}3 of 12 accounts are listed so far\n")


@pytest.mark.parametrize(
    "argv", long_after(1, [["list"], ["list", "--json"], ["profile", "sync", "--dry-run"]])
)
def test_off_a_terminal_one_line_reports_the_progress(shell, emulator, argv):
    emulator.faults.latency_seconds = {"ListAccounts": 1.0}
    done = run_soon(shell, *argv)
    assert done.returncode == 0
    assert done.stderr.splitlines().count(f"{LINE}0 of 12 accounts are listed so far") == 1
    assert done.stderr.count(LINE) == 1
    assert LINE not in done.stdout


def test_a_saved_list_shows_no_progress(shell):
    shell.run("list")
    # With the real delay: on a busy machine, reading the list may take more than 0.1 s.
    assert shell.run("list").stderr == ""


def test_an_interrupted_setup_names_the_command_that_continues_it(shell, emulator):
    shell.config.unlink()
    emulator.faults.script("ListAccountRoles", 200, body=b"{")
    url = shell.session.start_url
    setup = ("setup", url, "--region", shell.session.region, "--session", "corp", "--yes")
    done = shell.run(*setup)
    assert done.returncode == 6
    assert "1 of 12 accounts are not listed yet" in done.stderr
    assert not shell.config.exists()
    said = done.stderr.rpartition("continue with: ")[2].strip()
    assert said == shlex.join(["ssohelper", *setup])
    emulator.reset_counters()
    shell.ok(*shlex.split(said)[1:])
    assert emulator.counters["ListAccountRoles"] == 1
    assert "sso-session corp" in shell.config.read_text()
