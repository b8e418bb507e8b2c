"""What keyring storage costs: hits, and a call while the keyring does not answer."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.world import PYTHON, SHELL, Bench, Failed, against
from tests.keyring.desktop import Desktop, run_desktop
from tests.processes import end_detached_processes
from tests.published import date_back
from tests.torture.ground import SSOHELPER
from tests.torture.rows import Row, Skipped

ROUNDS = 40
_LONGEST_SECONDS = 4.0
_STOPPED_ROUNDS = 5


def keyring_storage(bench: Bench) -> list[Row]:
    """hits with keyring storage, and a call while the keyring is stopped"""
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            raise Skipped(f"{program} is not installed: not measured")
    if not Path("/dev/shm").is_dir():
        raise Skipped("there is no /dev/shm: not measured")
    bench.sign_in()
    with _runtime_in_memory(bench), run_desktop(bench.home / "desktop", bench.env) as desktop:
        bench.timed([SSOHELPER, "config", "set", "storage", "keyring"])
        date_back(bench.home / ".config" / "ssohelper" / "config.toml")
        return [*_hits(bench), _stopped(bench, desktop)]


@contextmanager
def _runtime_in_memory(bench: Bench) -> Iterator[None]:
    folder = tempfile.mkdtemp(prefix="ssohelper-bench-", dir="/dev/shm")
    bench.env["XDG_RUNTIME_DIR"] = folder
    bench.runtime = Path(folder, "ssohelper")
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hits(bench: Bench) -> list[Row]:
    commands = SHELL, bench.launcher_command, PYTHON, bench.credential_process
    shell, launched, bare, ours = bench.hits_in_turn(ROUNDS, *commands)
    what = "keyring storage: a hit"
    return [
        against(f"{what} of the launcher against `sh -c :`", launched, shell, 2.0),
        against(f"{what} against `python -c pass`", ours, bare, 1.9),
    ]


def _stopped(bench: Bench, desktop: Desktop) -> Row:
    """Return how long a call takes, with a new broker each, until it is exit 8."""
    seconds = list[float]()
    for _ in range(_STOPPED_ROUNDS):
        end_detached_processes(bench.home)
        bench.forget_credentials()
        desktop.stop()
        begun = time.perf_counter()
        done = subprocess.run(bench.launcher_command, env=bench.env, capture_output=True)
        seconds.append(time.perf_counter() - begun)
        desktop.go_on()
        if done.returncode != 8:
            raise Failed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    longest, what = max(seconds), "keyring stopped: a call until exit 8, the longest"
    target = f"≤ {_LONGEST_SECONDS:.2f} s"
    return Row(what, f"{longest:.2f} s", target, longest <= _LONGEST_SECONDS)
