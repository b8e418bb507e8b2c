"""Kill a command at each of its write-side calls, with strace, and look at what is left.

One run without harm lists the calls that touch the home; then each is repeated in a fresh copy of
the home with SIGKILL, and with ENOSPC or EIO, at that very call. Afterwards: every file can be
read, what is not ours is there to the byte, the next run heals, no temporary file stays.
"""

import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.conftest import make_home
from tests.processes import end_detached_processes
from tests.torture.ground import SSOHELPER, Ground, ground, helper, wrong_in
from tests.torture.kills import broken_files, changed_foreign, orphans, plant_foreign
from tests.torture.rows import Answer, Dice, Row, Skipped, first_of

_CALLS = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,flock,fchmod,"
    "ftruncate,mkdir,mkdirat,symlink,symlinkat,utimensat"
)
_READS = re.compile(r"\bO_RDONLY\b")
_LINE = re.compile(r"^(\d+) +(\w+)\(")
# What a full or failing disk can refuse.
_CAN_FAIL = {"openat", "write", "pwrite64", "fsync", "rename", "mkdir", "ftruncate"}
_KILL = "signal=SIGKILL"
_ALLOWED_CODES = {0, 3, 4, 6, 7}
_COPIES = 4
# The known-bad writer that the sweep must catch: it truncates the config; killed then, it is empty.
_CONTROL = (
    "import sys\ntext = open(sys.argv[1]).read()\n"
    "open(sys.argv[1], 'w').write(text + '[profile control]\\nregion = us-east-1\\n')\n"
)
MOVED = "the error met another call"


class Command(NamedTuple):
    """What is swept, what makes its beginning, and what must heal after it."""

    name: str
    argv: list[str]
    prepare: Callable[[Ground], None]
    heal: list[str]
    # A full disk must not cost the answer: exit 0 in any case.
    always_answers: bool = False


class Point(NamedTuple):
    call: str
    ordinal: int
    harm: str  # signal=SIGKILL, error=ENOSPC ...

    @property
    def name(self) -> str:
        return f"{self.call} {self.ordinal} {self.harm}"


def commands() -> list[Command]:
    sync = [SSOHELPER, "profile", "sync", "--session", "corp", "--yes"]
    miss = helper(program=SSOHELPER)
    login = [SSOHELPER, "login", "corp", "--device-code", "--no-browser", "--force"]
    # The next miss works; only a new sign-in writes all that a refresh does.
    sign_in_again = '"$@" && exec "$1" login corp --device-code --no-browser --force'
    over = ["sh", "-c", sign_in_again, "sh", *miss]
    setting = [SSOHELPER, "config", "set", "default_region", "eu-west-1"]
    rm = [SSOHELPER, "profile", "rm", "account-00000.Role00", "--yes"]
    # Removed already or not: it is added again and removed again, which writes the same files.
    twice = '"$@"; "$1" profile add 000000000000/Role00 --yes && exec "$@"'
    again = ["sh", "-c", twice, "sh", *rm]
    return [
        Command("credential-process, a miss", miss, lambda place: place.sign_in(), miss, True),
        Command("token refresh", miss, lambda place: place.sign_in(expires_in=-60), over, True),
        Command("login", login, lambda place: place.sign_in(expires_in=-60), login),
        Command("logout", [SSOHELPER, "logout", "corp"], _with_credentials, login),
        Command("profile sync", sync, lambda place: place.sign_in(), sync),
        Command("profile rm", rm, _synced, again),
        Command("config set", setting, lambda place: place.sign_in(), setting),
    ]


def control() -> Command:
    """Return a command that empties the config if it is killed, to prove that the sweep finds it."""
    argv = [sys.executable, "-I", "-c", _CONTROL, "{config}"]
    return Command("the in-place control writer", argv, lambda place: place.sign_in(), [])


def kill_sweep(dice: Dice) -> list[Row]:
    """SIGKILL, ENOSPC and EIO at every write-side call of seven commands"""
    rows = [control_row(dice)]
    for command in commands():
        points, faults = swept(command, dice)
        kills = sum(point.harm == _KILL for point in points)
        figure = f"{len(faults)} of {kills} kills and {len(points) - kills} disk errors went wrong"
        figure += first_of(faults)
        rows.append(Row(f"kill sweep: {command.name}", figure, "0", not faults and kills > 0))
        print(f"         kill sweep: {command.name}: {figure}", file=sys.stderr, flush=True)
    return rows


def control_row(dice: Dice) -> Row:
    """Sweep the known-bad writer: nothing found means that the sweep itself is broken."""
    points, faults = swept(control(), Dice(dice.seed, 1e9))
    figure = f"caught at {len(faults)} of {len(points)} points"
    return Row("kill sweep: the known-bad control writer", figure, "≥ 1", len(faults) > 0)


def swept(command: Command, dice: Dice) -> tuple[list[Point], list[str]]:
    """Sweep one command; returns the points and what went wrong at them."""
    strace = shutil.which("strace")
    if strace is None:
        raise Skipped("strace is not installed")
    with ground(accounts=3, roles=2) as place:
        pristine = _pristine(place, command)
        points = _points(strace, place, command)
        kills = [point for point in points if point.harm == _KILL]
        errors = [point for point in points if point.harm != _KILL]
        chance = dice.of(command.name)
        # The whole run kills at every call; errors are a sample: login alone has 100 places.
        few = len(kills) if dice.scale == 1 else dice.count(120, 4)
        points = chance.sample(kills, min(len(kills), few))
        points += chance.sample(errors, min(len(errors), dice.count(40, 2)))
        after = place.config.read_bytes()
        with _copies(place, pristine, _COPIES) as take, ThreadPoolExecutor(_COPIES) as pool:

            def one(point: Point) -> str | None:
                for _ in range(3):
                    with take() as copy:
                        for entry in copy.home.iterdir():
                            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
                        shutil.copytree(pristine, copy.home, dirs_exist_ok=True)
                        command.prepare(copy)
                        fault = _harmed(strace, copy, command, point, after)
                    if fault != MOVED:
                        break
                return f"{point.name}: {fault}" if fault else None

            found = list(pool.map(one, points))
    # Harm that never met what it was meant for says nothing; it is not counted as made either.
    moved = [fault for fault in found if fault and fault.endswith(MOVED)]
    points = [point for point, fault in zip(points, found, strict=True) if fault not in moved]
    return points, [fault for fault in found if fault and fault not in moved]


def _with_credentials(place: Ground) -> None:
    place.sign_in()
    _must(place.run(*helper(program=SSOHELPER)))


def _synced(place: Ground) -> None:
    place.sign_in()
    _must(place.run(SSOHELPER, "profile", "sync", "--session", "corp", "--yes"))


def _must(answer: Answer) -> None:
    if answer.code:
        raise RuntimeError(f"exit {answer.code}: {answer.err.strip()[-300:]}")


# -- copying the home for each run -------------------------------------------------------------


def _pristine(place: Ground, command: Command) -> Path:
    """Return a copy of the home from which every point begins."""
    faults = place.emulator.faults
    # A restored home has an old refresh token: only the command's own kill may lose one.
    faults.grace_seconds = 1e6
    faults.role_credentials_seconds = 3600
    plant_foreign(place)
    pristine = place.home.with_name(place.home.name + "-pristine")
    shutil.copytree(place.home, pristine)
    return pristine


@contextmanager
def _copies(
    place: Ground, pristine: Path, number: int
) -> Iterator[Callable[[], AbstractContextManager[Ground]]]:
    """Yield a function that lends one of `number` homes; all use one Identity Center."""
    homes = [place.home.with_name(f"{place.home.name}-{index}") for index in range(number)]
    for home in homes:
        home.mkdir(mode=0o700)
    free = [Ground(make_home(home), place.emulator) for home in homes]
    lock = threading.Lock()

    @contextmanager
    def take() -> Iterator[Ground]:
        with lock:
            copy = free.pop()
        try:
            yield copy
        finally:
            with lock:
                free.append(copy)

    try:
        yield take
    finally:
        for folder in (*homes, pristine):
            shutil.rmtree(folder, ignore_errors=True)


# -- finding a command's write calls, and stopping it at each ----------------------------------


def _argv(command: Command, place: Ground) -> list[str]:
    return [part.replace("{config}", str(place.config)) for part in command.argv]


def _points(strace: str, place: Ground, command: Command) -> list[Point]:
    """Run without harm and return the write-side calls that touch the home, by their number."""
    command.prepare(place)
    log = place.home.with_name(place.home.name + ".strace")
    traced = [strace, "-f", "-y", "-s", "0", "-o", str(log), "-e", f"trace={_CALLS}"]
    try:
        _must(place.run(*traced, *_argv(command, place)))
        lines = log.read_text(errors="replace").splitlines()
    finally:
        log.unlink(missing_ok=True)
    # strace counts the calls of each thread by itself.
    seen: dict[tuple[str, str], int] = {}
    points = []
    main = lines[0].split()[0]
    for line in lines:
        match = _LINE.match(line)
        if not match:
            continue
        thread, call = match.groups()
        seen[thread, call] = seen.get((thread, call), 0) + 1
        if str(place.home) not in line or (call == "openat" and _READS.search(line)):
            continue
        points.append(Point(call, seen[thread, call], _KILL))
        if call in _CAN_FAIL and thread == main:
            points += [Point(call, seen[thread, call], f"error={e}") for e in ("ENOSPC", "EIO")]
    return points


def _harmed(
    strace: str, place: Ground, command: Command, point: Point, config_after: bytes
) -> str | None:
    """Do the harm, then return the first thing that is not as it must be."""
    before = place.config.read_bytes()
    inject = f"inject={point.call}:{point.harm}:when={point.ordinal}"
    log = place.home.with_name(place.home.name + ".strace")
    traced = [strace, "-qq", "-y", "-s", "0", "-o", str(log), "-e", f"trace={point.call}"]
    if point.harm == _KILL:
        # An error is for the main thread alone: another's n-th call may be a read of a library's.
        traced.insert(1, "-f")
    try:
        harmed = place.run(*traced, "-e", inject, *_argv(command, place))
        if point.harm != _KILL and not _hit_a_write(place, log):
            return MOVED
    finally:
        log.unlink(missing_ok=True)
    fault = (
        _bad_end(place, command, point, harmed)
        or broken_files(place)
        or changed_foreign(place)
        or _bad_config(place, before, config_after)
    )
    if fault or not command.heal:
        return fault
    # A broker that lives on has looked for old temporary files already.
    end_detached_processes(place.home)
    for orphan in orphans(place):
        _date_back(orphan)
    # The next broker may have finished the harmed run, so that a hit would heal nothing.
    for published in (place.runtime / "credentials").rglob("response"):
        _date_back(published)
    healed = place.run(*command.heal)
    if healed.code:
        return f"the next run does not heal: exit {healed.code} {healed.err.strip()[-200:]!r}"
    hit = place.run(*helper(program=SSOHELPER))
    wrong = f"exit {hit.code}: {hit.err!r}" if hit.code else wrong_in(place, hit, helper())
    left = [str(orphan.relative_to(place.home)) for orphan in orphans(place)]
    return wrong or (f"temporary files stay: {left}" if left else None)


def _hit_a_write(place: Ground, log: Path) -> bool:
    """Tell whether the error met a write in the home: a full disk refuses no read.

    A run that opens one library more or less than the first one counts differently.
    """
    injected = [line for line in log.read_text(errors="replace").splitlines() if "INJECTED" in line]
    return all(str(place.home) in line and not _READS.search(line) for line in injected)


def _bad_end(place: Ground, command: Command, point: Point, harmed: Answer) -> str | None:
    if point.harm == _KILL:
        return None
    if "Traceback" in harmed.err or harmed.code not in _ALLOWED_CODES:
        return f"exit {harmed.code}: {harmed.err.strip()[-300:]!r}"
    if command.always_answers and "ENOSPC" in point.harm and harmed.code:
        return f"a full disk costs the answer: exit {harmed.code}: {harmed.err.strip()[-300:]!r}"
    if command.always_answers and harmed.code == 0:
        return wrong_in(place, harmed, helper())
    return None


def _bad_config(place: Ground, before: bytes, after: bytes) -> str | None:
    if not place.config.exists():
        return "the config is gone"
    found = place.config.read_bytes()
    is_right = found in (before, after)
    return None if is_right else f"the config is neither the old nor the new: {len(found)} B"


def _date_back(path: Path) -> None:
    os.utime(path, (time.time() - 7200,) * 2)
