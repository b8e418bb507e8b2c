"""An endpoint in the test's own process, on a clock that can run fast and jump."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import urlsplit

from ssohelper.actions import credentials, selection
from ssohelper.broker.requests import Reply
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.core.model import IssuedToken, SsoSession
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.endpoint.serving import Endpoint, EndpointApp
from ssohelper.fastpath import broker_client
from ssohelper.wire.oidc import OidcClient
from tests.conftest import Home
from tests.fake_clients import clients_made_by
from tests.in_process import renew_in_process

ACCOUNT, ROLE = "000000000001", "Role00"
START_URL = "https://d-0000000000.awsapps.com/start"


class Clock:
    """A wall clock that runs `speed` times as fast as the real one, and can be set."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        # Held while time jumps. An endpoint puts the lock of its background rounds here: a round
        # that meets a jump half-way judges with two times, which no real machine shows it.
        self.jumping: AbstractContextManager[object] = nullcontext()
        self._began_at = time.time()
        self._began = time.monotonic()
        self._jumps = 0.0
        self._slept = 0.0
        self._skipped = 0.0

    def now(self) -> float:
        return self._began_at + self.passed() + self._jumps

    def passed(self) -> float:
        """Return the seconds since the start of the world, sleep included."""
        return self.monotonic() + self._slept

    def monotonic(self) -> float:
        """Return the clock that stands still during sleep and is never corrected."""
        return (time.monotonic() - self._began) * self.speed + self._skipped

    def true(self) -> float:
        """Return AWS's time."""
        return self._began_at + self.passed()

    def go_on(self, seconds: float) -> None:
        """Let time pass on all clocks."""
        with self.jumping:
            self._skipped += seconds

    def sleep(self, seconds: float) -> None:
        """The machine sleeps: time passes, the monotonic clock stands still."""
        with self.jumping:
            self._slept += seconds

    def set(self, seconds: float) -> None:
        """Set this machine's clock; no time passes."""
        with self.jumping:
            self._jumps += seconds


def faked(clock: Clock) -> dict[str, str]:
    """Return the environment that gives another process this clock's time."""
    library = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{int(clock.now() - time.time())}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


class Answered(NamedTuple):
    status: int
    body: dict[str, Any]


class Served:
    """The running endpoint, and what it printed."""

    def __init__(
        self, serving: Endpoint, emulator: Emulator, told: list[str], warned: list[str]
    ) -> None:
        self.serving = serving
        self.emulator = emulator
        self.told = told
        self.warned = warned
        self.port = urlsplit(serving.url).port or 0
        self.env = serving.prepare_environment().reveal_variables()
        self.token = Path(self.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text()

    def get(self, timeout: float = 10) -> Answered:
        """Ask as an SDK does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/credentials", headers={"Authorization": self.token})
            reply = connection.getresponse()
            return Answered(reply.status, json.loads(reply.read()))
        finally:
            connection.close()


def prepared(home: Home, emulator: Emulator, config: str = "") -> None:
    """Write a session, the profile `job` and a sign-in of ana, as the AWS CLI does."""
    home.env.update(emulator.environment())
    home.write_config(
        f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
        "sso_registration_scopes = sso:account:access\n\n"
        f"[profile job]\nsso_session = corp\nsso_account_id = {ACCOUNT}\n"
        f"sso_role_name = {ROLE}\nregion = eu-west-1\n{config}"
    )
    home.write_token(emulator.issue_token("ana", start_url=START_URL))


@contextmanager
def served(
    home: Home, emulator: Emulator, clock: Clock | None = None, pause_seconds: float = 15.0
) -> Iterator[Served]:
    """Serve the profile `job` on a free port; with a clock everything runs in this process."""
    with ExitStack() as stack:
        if clock is not None:
            nowhere = broker_client.Unavailable("its process would have another clock")
            stack.enter_context(patch.object(broker_client, "ask_broker", side_effect=nowhere))
            # Callers ask AWS one at a time, as in a broker: the second caller finds the credentials
            # that the first has cached.
            stack.enter_context(patch.object(credentials, "_ask_aws_without_broker", _one_by_one()))
        yield from _served(home, emulator, clock, pause_seconds)


def _one_by_one() -> Callable[..., Reply]:
    ask, lock = credentials._ask_aws_without_broker, threading.Lock()

    def ask_in_turn(*words: Any) -> Reply:
        with lock:
            return ask(*words)

    return ask_in_turn


def _served(
    home: Home, emulator: Emulator, given: Clock | None, pause_seconds: float
) -> Iterator[Served]:
    clock = given or Clock()
    told: list[str] = []
    warned: list[str] = []

    class TestApp(EndpointApp):
        def __init__(self, environ: dict[str, str], **more: Any) -> None:
            super().__init__(environ, clock=clock.now, **more)
            if given is not None:
                renew_in_process(self)

        @cached_property
        def aws(self) -> AwsClients:
            return clients_made_by(self)

        def oidc(self, session: SsoSession) -> OidcClient:
            made = AwsClients(self).oidc(session)
            refresh = made.refresh_token
            if "refresh_token" in vars(made):
                return made

            def by_this_clock(*words: Any) -> IssuedToken:
                token, life = refresh(*words)
                return IssuedToken(token._replace(expires_at=int(clock.now()) + life), life)

            made.refresh_token = by_this_clock  # type: ignore[method-assign]
            return made

    app = TestApp(home.env)
    with Endpoint(
        app,
        selection.resolve_profile(app, "job", None),
        print_notice=told.append,
        warn=warned.append,
        make_app=TestApp,
        monotonic=clock.monotonic,
        pause_seconds=pause_seconds,
    ) as serving:
        serving.listen_on_port()
        serving.start()
        clock.jumping = serving.background._running
        yield Served(serving, emulator, told, warned)


def small_center(clock: Clock | None = None) -> Emulator:
    """Return an Identity Center in which ana may use two roles; not started."""
    made = Emulator(World.of_size(2, 1), clock=clock.true if clock else time.time)
    made.auto_approve = "ana"
    return made


def wait_for(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until the condition holds; fail after `seconds`."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, "the condition never held"
        time.sleep(0.01)


class Program:
    """A running command of ours, with what it has printed so far."""

    def __init__(self, argv: list[str], home: Home, **more: Any) -> None:
        how = {
            "env": home.env,
            "cwd": home.path,
            "stdin": subprocess.DEVNULL,
            # An orphaned process group, as a test run without a terminal has, ignores SIGTSTP.
            "process_group": 0,
            # It is ignored when the test run itself was started with nohup.
            "preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        }
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(argv, **{**how, **pipes, **more})
        self.out: list[str] = []
        self.err: list[str] = []
        streams = ((self.process.stdout, self.out), (self.process.stderr, self.err))
        self.readers = [
            threading.Thread(target=lines.extend, args=(stream,), daemon=True)
            for stream, lines in streams
        ]
        for reader in self.readers:
            reader.start()

    @property
    def said(self) -> str:
        return "".join([*self.out, *self.err])

    def says(self, words: str, seconds: float = 60) -> None:
        """Wait until a line with these words was printed."""

        def has_ended() -> bool:
            return self.process.poll() is not None and not any(r.is_alive() for r in self.readers)

        wait_for(lambda: words in self.said or has_ended(), seconds)
        assert words in self.said, f"it ended: {self.out} {self.err}"

    def ends(self, number: int | None = None, seconds: float = 30) -> int:
        """Send a signal and return the exit code."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        # It passes SIGTERM on to its command, which holds its streams too.
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
