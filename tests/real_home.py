"""The user's own folders during a test run: each test gets others, and the run checks that it did.

The check counts a change by any program, such as a sign-in of the user's during the run. So it only
warns, except in CI, where nobody else uses the home.
"""

import contextlib
import os
import stat
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from ssohelper.emulator.server import UNSET_VARIABLES
from ssohelper.fastpath import folders

if sys.platform != "win32":
    import pwd

# Variables of the user that name folders, an account or a program. No test may read them.
_UNSET = (
    *UNSET_VARIABLES,
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "BROWSER",
    "SSOHELPER_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
)
_SHOWN = 20
# Read now: a test may set the variable.
_IS_CI = bool(os.environ.get("CI"))
# A look takes less than 1 ms, but more where ~/.aws has thousands of files: after these seconds it
# is left out after a test while all looks took more than this share of the processor time.
_FREE_SECONDS, _LONGEST_SHARE = 1.0, 0.05
_OUTPUT_NAME = "real_home"

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
    """A pytest plugin: warns when a file in the user's own folders changed; in CI the run fails.

    Each process of pytest-xdist looks after each of its tests. So the warning names the tests
    during which a file changed: the one that wrote it, and those that ran beside it.
    """

    def __init__(self) -> None:
        self._folders = own_folders()
        self._before = self._last = take_snapshot(self._folders)
        self._seconds_spent = 0.0
        # The tests that have run since the folders were last compared.
        self._unchecked: list[str] = []
        # The tests during which a path changed. A worker of pytest-xdist sends it: so it is text.
        self._tests_of: dict[str, list[str]] = {}
        self._changed: list[Path] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        result = yield
        self._unchecked.append(item.nodeid)
        if self._seconds_spent <= _FREE_SECONDS + _LONGEST_SHARE * time.process_time():
            self._look()
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A worker that crashed has no output.
        told = getattr(node, "workeroutput", {}).get(_OUTPUT_NAME, {})
        for path, tests in told.items():
            self._tests_of.setdefault(path, []).extend(tests)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._look()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_OUTPUT_NAME] = self._tests_of
            return
        self._changed = _changed_paths(self._before, self._last)
        if self._changed and _IS_CI:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._changed:
            return
        terminalreporter.section(
            "the user's own files changed during this run", red=_IS_CI, yellow=not _IS_CI
        )
        for line in self._describe_changes():
            terminalreporter.line(line)

    def _look(self) -> None:
        """Note the tests since the last look for each path that has changed since then."""
        began = time.thread_time()
        now = take_snapshot(self._folders)
        for path in _changed_paths(self._last, now):
            self._tests_of.setdefault(str(path), []).extend(self._unchecked)
        self._last, self._unchecked = now, []
        self._seconds_spent += time.thread_time() - began

    def _describe_changes(self) -> Iterator[str]:
        yield "A test wrote in the real home, or another program did meanwhile:"
        for path in self._changed[:_SHOWN]:
            yield f"{path}, changed {self._describe_tests(path)}"
        if len(self._changed) > _SHOWN:
            yield f"and {len(self._changed) - _SHOWN} more"

    def _describe_tests(self, path: Path) -> str:
        tests = list(dict.fromkeys(self._tests_of.get(str(path), [])))
        if not tests:
            return "when no test ran"
        more = f" and {len(tests) - _SHOWN} more" if len(tests) > _SHOWN else ""
        return f"during {', '.join(tests[:_SHOWN])}{more}"


def _changed_paths(before: Snapshot, after: Snapshot) -> list[Path]:
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
