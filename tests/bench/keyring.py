"""What keyring storage costs: hits, and a call while the keyring does not answer."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench.world import Bench, Failed, Row, Skipped
from tests.keyring.desktop import Desktop, run_desktop
from tests.processes import end_detached_processes
from tests.published import date_back

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
    bench.write_config()
    with _runtime_in_memory(bench), run_desktop(bench.home / "desktop", bench.environ) as desktop:
        bench.timed([bench.ssohelper, "config", "set", "storage", "keyring"])
        date_back(bench.home / ".config" / "ssohelper" / "config.toml")
        bench.credentials()
        rows = _hits(bench)
        return [*rows, _stopped(bench, desktop)]


@contextmanager
def _runtime_in_memory(bench: Bench) -> Iterator[None]:
    folder = tempfile.mkdtemp(prefix="ssohelper-bench-", dir="/dev/shm")
    bench.environ["XDG_RUNTIME_DIR"] = folder
    bench.runtime = Path(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hits(bench: Bench) -> list[Row]:
    if not bench.has_hit():
        raise Failed("nothing was published")
    shell, launched, bare, ours = list[float](), list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        shell.append(bench.timed(["/bin/sh", "-c", ":"]))
        launched.append(bench.timed(bench.launcher_command))
        bare.append(bench.timed([sys.executable, "-c", "pass"]))
        ours.append(bench.timed(bench.credential_process))
    by_sh, by_python = median(launched) / median(shell), median(ours) / median(bare)
    return [
        Row(
            "keyring storage: a hit of the launcher against `sh -c :`",
            "≤ 2.00",
            f"{by_sh:.2f}",
            by_sh <= 2,
        ),
        Row(
            "keyring storage: a hit against `python -c pass`",
            "≤ 1.90",
            f"{by_python:.2f}",
            by_python <= 1.9,
        ),
    ]


def _stopped(bench: Bench, desktop: Desktop) -> Row:
    """Return how long a call takes, with a new broker each, until it is exit 8."""
    seconds = list[float]()
    for _ in range(_STOPPED_ROUNDS):
        end_detached_processes(bench.home)
        bench.forget_credentials()
        desktop.stop()
        begun = time.perf_counter()
        done = subprocess.run(bench.launcher_command, env=bench.environ, capture_output=True)
        seconds.append(time.perf_counter() - begun)
        desktop.go_on()
        if done.returncode != 8:
            raise Failed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    longest = max(seconds)
    return Row(
        "keyring stopped: a call until exit 8, the longest",
        f"≤ {_LONGEST_SECONDS:.2f} s",
        f"{longest:.2f} s",
        longest <= _LONGEST_SECONDS,
    )
