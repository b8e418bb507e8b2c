"""What most tests stand on: a home of their own, a running Identity Center, the real program."""

import contextlib
import gc
import hashlib
import itertools
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from ssohelper.app import App
from ssohelper.emulator.server import Emulator
from tests import real_home
from tests.issuers import record_issuer
from tests.leak_check import PLUGIN_NAME, LeakCheck
from tests.memory_folder import use_memory_folder
from tests.processes import end_detached_processes, newest_process
from tests.published import date_back
from tests.runs import RUNS
from tests.terminal import RUN_SECONDS, Conversation
from tests.worker_shares import order_for_workers

VISIT = Path(__file__).with_name("visit.py")
SCRIPT = str(Path(sys.executable).with_name("ssohelper"))
# Read now: a test may set the variable.
_IS_CI = bool(os.environ.get("CI"))
_home_numbers = itertools.count(1)
# Each run tests the same examples, and none fails because the machine is slow. Hypothesis does so by
# itself only where the variable CI is set.
settings.register_profile(
    "same-answers",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same-answers")


class Home(NamedTuple):
    """A home folder with the environment that leads there, and to the emulator if there is one."""

    path: Path
    env: dict[str, str]

    @property
    def config_file(self) -> Path:
        return self.path / ".aws" / "config"

    @property
    def token_folder(self) -> Path:
        return self.path / ".aws" / "sso" / "cache"

    @property
    def runtime(self) -> Path:
        return self.path / "xdg-run" / "ssohelper"

    def token_file(self, name: str = "corp") -> Path:
        return self.token_folder / f"{hashlib.sha1(name.encode()).hexdigest()}.json"

    def write_config(self, text: str) -> None:
        self.config_file.parent.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(text)
        date_back(self.config_file)

    def add_session(
        self, name: str = "corp", start_url: str | None = None, region: str = "us-east-1"
    ) -> None:
        """Add an [sso-session] to the config."""
        url = start_url or "https://d-0000000000.awsapps.com/start"
        before = self.config_file.read_text() if self.config_file.exists() else ""
        self.write_config(
            f"{before}[sso-session {name}]\nsso_start_url = {url}\nsso_region = {region}\n"
            "sso_registration_scopes = sso:account:access\n\n"
        )

    def write_token(
        self, content: dict[str, str], name: str = "corp", *, issuer: str | None = "loopback"
    ) -> Path:
        """Write a token file as the AWS CLI would: `content` is the emulator's issue_token().

        With an `issuer` the token has our record of it, so that no use of it warns.
        """
        if issuer and "accessToken" in content:
            own = self.env.get("SSOHELPER_HOME")
            state = Path(own, "state") if own else None
            record_issuer(self.path, name, content["accessToken"], issuer, state=state)
        path = self.token_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        path.chmod(0o600)
        date_back(path)
        return path

    def browser(self, *, visits: bool = True) -> Path:
        """Make BROWSER a program that notes each address, and visits it; returns the notes."""
        notes, program = self.path / "opened", self.path / "fake-browser"
        # The notes are never empty: a test that waits for the file reads its first line at once.
        text = f'#!/bin/sh\nif [ -e {notes} ]; then printf "%s\\n" "$@" >> {notes}\n'
        text += f'else printf "%s\\n" "$@" > {notes}.new && mv {notes}.new {notes}\nfi\n'
        if visits:
            # Behind its back: the AWS CLI listens only after its browser has come back.
            text += f'{sys.executable} -I -S {VISIT} "$1" </dev/null >/dev/null 2>&1 &\n'
        program.write_text(text)
        program.chmod(0o755)
        self.env["BROWSER"] = str(program)
        return notes


def pytest_configure(config: pytest.Config) -> None:
    """Handle signals as a terminal's programs do: `nohup` and `&` start this run with some ignored.

    Programs that the tests start inherit an ignored signal, and Ctrl-C then ends none of them.
    """
    # Textual draws at most so often a second, by default 60 times. Its tests take a tenth less
    # processor time with 30.
    os.environ.setdefault("TEXTUAL_FPS", "30")
    # Once, not in each process of pytest-xdist.
    if not hasattr(config, "workerinput"):
        use_memory_folder()
        config.pluginmanager.register(LeakCheck(), PLUGIN_NAME)
        config.pluginmanager.register(real_home.RealHomeCheck())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the suite that needs root to those who name it (`make test-two-users`)."""
    is_named = any("two_users" in argument for argument in config.args)
    return True if collection_path.name == "two_users" and not is_named else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need root, without root: they would only be skipped.

    In a worker of pytest-xdist, order the tests that are left.
    """
    if os.geteuid() != 0:
        left_out = [item for item in items if item.get_closest_marker("needs_root")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
        items[:] = order_for_workers(items, int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector: what is made then stays, and is much.

    From then on Python looks for garbage less often than by default: with its default thresholds,
    this took 5 % of the tests' processor time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, count a test as failed that is skipped for a program that is missing.

    What the kernel or the user of the machine does not allow is still skipped.
    """
    report = yield
    is_missing = call.excinfo is not None and "is not installed" in str(call.excinfo.value)
    if _IS_CI and report.skipped and is_missing:
        report.outcome = "failed"
        report.longrepr = f"a test may not be skipped in CI: {call.excinfo and call.excinfo.value}"
    return report


@pytest.fixture(scope="session", autouse=True)
def homes(tmp_path_factory) -> Path:
    """Leave the user's home for the whole run; return the folder of the tests' homes."""
    folder = tmp_path_factory.mktemp("homes")
    real_home.leave_real_home(folder / "shared")
    return folder


@pytest.fixture(autouse=True)
def home_of_this_test(homes) -> Iterator[None]:
    """Give each test a HOME and a runtime folder; the `home` fixture puts its own over them."""
    path = homes / str(next(_home_numbers))
    real_home.enter_home(path)
    yield
    real_home.remove_if_empty(path)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo `logs.start_logging`, which a full screen calls, so that no later test misses a line."""
    root, ours = logging.getLogger(), logging.getLogger("ssohelper")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    root.handlers[:] = [each for each in root.handlers if each in handlers]
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left(tmp_path_factory) -> Iterator[None]:
    """End what is still detached when the run ends, of tests that make their homes themselves."""
    yield
    RUNS.close()
    end_detached_processes(tmp_path_factory.getbasetemp())


@pytest.fixture
def home(tmp_path, monkeypatch) -> Iterator[Home]:
    """A new home; nothing of the person's own reaches the programs that a test runs."""
    made, before = make_home(tmp_path), newest_process()
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        # platformdirs and boto3, run inside the test's own process, look at os.environ.
        monkeypatch.setenv(name, made.env[name])
    yield made
    end_detached_processes(tmp_path, before)


def make_home(path: Path) -> Home:
    """Make a runtime folder in this folder; return the home with the environment of programs."""
    runtime = path / "xdg-run"
    runtime.mkdir(mode=0o700)
    return Home(path, environment_of_home(path, runtime))


def environment_of_home(path: Path, runtime: Path) -> dict[str, str]:
    return {
        "HOME": str(path),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture
def emulator(home) -> Iterator[Emulator]:
    """A running Identity Center that approves every sign-in as ana; `home` leads to it."""
    with Emulator() as running:
        running.auto_approve = "ana"
        home.env.update(running.environment())
        yield running


@pytest.fixture
def session_url(emulator) -> str:
    return emulator.world.start_url


@pytest.fixture
def app(home, emulator) -> App:
    return App(home.env)


@pytest.fixture
def terminal(home: Home) -> Iterator[Callable[..., Conversation]]:
    """Start our commands on terminals of their own: terminal("login", "corp", CI="1")."""
    with contextlib.ExitStack() as at_end:

        def start(*argv: str, **more: str) -> Conversation:
            env = {**home.env, "TERM": "xterm", **more}
            started = Conversation([SCRIPT, *argv], env, home.path)
            at_end.callback(started.close, force=True)
            return started

        yield start


class Run:
    """Runs the real console script in a home: run("login", "corp", env={…}, input="y")."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __call__(
        self, *argv: str, env: dict[str, str] | None = None, input: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        environ = {**self._home.env, **(env or {})}
        return RUNS.run([SCRIPT, *argv], environ, self._home.path, input, RUN_SECONDS)

    def ok(self, *argv: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        """Run the command, which must end with exit code 0."""
        done = self(*argv, **more)
        assert done.returncode == 0, done.stderr
        return done

    def data(self, *argv: str, **more: Any) -> Any:
        """Return the `data` of what the command, which must succeed, prints with --json."""
        return json.loads(self.ok(*argv, "--json", **more).stdout)["data"]


@pytest.fixture
def run(home) -> Run:
    return Run(home)
