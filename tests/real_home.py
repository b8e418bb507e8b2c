"""The user's own folders during a test run: each test gets others, and the run checks that it did.

The check counts a change by any program, such as a sign-in of the user's during the run. So it only
warns, except in CI, where nobody else uses the home.
"""

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import platformdirs
import pytest

from ssohelper.emulator.server import UNSET_VARIABLES
from ssohelper.fastpath import folders

if sys.platform != "win32":
    import pwd

# Variables of the user that name folders, an account or a program. No test may read them.
_UNSET = (
    *UNSET_VARIABLES, "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BROWSER", "SSOHELPER_HOME",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
)  # fmt: skip
_SHOWN = 20
# Read now: a test may set the variable.
_IS_CI = bool(os.environ.get("CI"))

Snapshot = dict[Path, tuple[int, int, int]]


def leave_real_home(folder: Path) -> None:
    """Point this process at `folder`, and unset the user's variables, for the rest of the run."""
    for variable in _UNSET:
        os.environ.pop(variable, None)
    enter_home(folder)


def enter_home(home: Path) -> None:
    """Create a home and a runtime folder, and set the variables that name them."""
    runtime = home / "xdg-run"
    # In two steps: only the last folder of a path gets the mode, and the runtime folder needs it.
    home.mkdir(mode=0o700)
    runtime.mkdir(mode=0o700)
    os.environ["HOME"] = str(home)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)


def remove_if_empty(home: Path) -> None:
    """Remove a home in which nothing was written: thousands of empty ones are slow to delete."""
    try:
        (home / "xdg-run").rmdir()
        home.rmdir()
    except OSError:
        return


def own_folders() -> list[Path]:
    """Return the folders in which ssohelper and AWS clients keep the user's files."""
    kinds = platformdirs.PlatformDirs("ssohelper", appauthor=False)
    homes = {Path.home(), *_find_passwd_home()}
    found = {kinds.user_cache_path, kinds.user_state_path, kinds.user_config_path}
    found.add(Path(folders.runtime_folder(os.environ)))
    for home in homes:
        found.add(home / ".aws")
        found.update(home / base / "ssohelper" for base in (".cache", ".config", ".local/state"))
    if sys.platform != "win32":
        found.add(Path(f"/run/user/{os.getuid()}/ssohelper"))
    return sorted(found)


def _find_passwd_home() -> Iterator[Path]:
    """Yield our home by the user database: ssohelper uses it where HOME is another user's."""
    if sys.platform != "win32":
        with contextlib.suppress(KeyError):
            yield Path(pwd.getpwuid(os.geteuid()).pw_dir)


def take_snapshot(places: Iterable[Path]) -> Snapshot:
    """Return the inode, size and modification time of all files in these folders.

    Of a folder the inode alone: it may get a file that is removed before the end.
    """
    found: Snapshot = {}
    for place in places:
        for path in (place, *place.rglob("*")):
            try:
                seen = path.lstat()
            except OSError:
                continue  # the file is absent, or was removed just now
            is_folder = stat.S_ISDIR(seen.st_mode)
            found[path] = (
                seen.st_ino,
                *((0, 0) if is_folder else (seen.st_size, seen.st_mtime_ns)),
            )
    return found


class RealHomeCheck:
    """A pytest plugin: warns when a file in the user's own folders changed; in CI the run fails."""

    def __init__(self) -> None:
        self._folders = own_folders()
        self._before = take_snapshot(self._folders)
        self._changed: list[Path] = []

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._changed = _changed_paths(self._before, take_snapshot(self._folders))
        if self._changed and _IS_CI:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._changed:
            terminalreporter.section("the user's own files changed during this run", red=_IS_CI)
            terminalreporter.line(
                "A test wrote in the real home, or another program did meanwhile:"
            )
            terminalreporter.line("\n".join(map(str, self._changed[:_SHOWN])))


def _changed_paths(before: Snapshot, after: Snapshot) -> list[Path]:
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
