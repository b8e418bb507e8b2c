"""A slow listing shows progress, ends within a limit, and names the command that continues it."""

import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import pytest

from ssohelper.cli import listing_progress, output
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import Shell
from tests.long_rows import long_after

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
    return subprocess.run(
        [sys.executable, "-c", SOON, *argv],
        env=shell.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def bar(monkeypatch) -> list[object]:
    """A terminal whose bar is a list: of what it was told, and "closed" at its end."""
    shown: list[object] = []

    @contextmanager
    def show() -> Iterator[object]:
        yield lambda *reached: shown.append(reached)
        shown.append("closed")

    monkeypatch.setattr(listing_progress, "_listing_bar", show)
    monkeypatch.setattr(output, "options", lambda: SimpleNamespace(json=False))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    return shown


def test_a_bar_begins_late_with_what_is_reached_by_then(bar, monkeypatch):
    monkeypatch.setattr(listing_progress, "_BAR_AFTER_SECONDS", 3600.0)
    with ExitStack() as ending:
        late = listing_progress._DelayedProgress(ending)
        late.report(3, 7)
        assert not bar
        late._begin()
        late.report(4, 7)
    assert bar == [(3, 7), (4, 7), "closed"]
    with ExitStack() as ending:
        late = listing_progress._DelayedProgress(ending)
    late._begin()  # its timer fired while the listing ended
    assert len(bar) == 3


@pytest.mark.parametrize(
    "argv", long_after(1, [["list"], ["list", "--json"], ["profile", "sync", "--dry-run"]])
)
def test_off_a_terminal_one_line_reports_the_progress(shell, emulator, argv):
    emulator.faults.latency_seconds = {"ListAccounts": 1.0}
    done = run_soon(shell, *argv)
    assert done.returncode == 0
    assert done.stderr.splitlines().count(f"{LINE}no account is listed so far") == 1
    assert done.stderr.count(LINE) == 1
    assert LINE not in done.stdout


def test_without_a_thread_for_the_timer_only_the_progress_is_missing(bar, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with ExitStack() as ending:
        listing_progress._DelayedProgress(ending).report(3, 12)
    assert not bar


def test_the_line_of_a_log_says_how_far_the_listing_is(monkeypatch, capsys):
    monkeypatch.setattr(output, "options", lambda: SimpleNamespace(json=True))
    with ExitStack() as ending:
        late = listing_progress._DelayedProgress(ending)
        late.report(3, 12)
        late._begin()
        late.report(4, 12)
    assert capsys.readouterr() == ("", f"{LINE}3 of 12 accounts are listed so far\n")


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
    said = done.stderr.rpartition("go on with: ")[2].strip()
    assert said == shlex.join(["ssohelper", *setup])
    emulator.reset_counters()
    done = shell.run(*shlex.split(said)[1:])
    assert done.returncode == 0, done.stderr
    assert emulator.counters["ListAccountRoles"] == 1
    assert "sso-session corp" in shell.config.read_text()
