"""One schedule's world: machine, AWS, sessions, and the processes that run in it."""

from __future__ import annotations

import json
import random
import shutil
import traceback
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ssohelper.actions import broker_work, login, renewal, selection
from ssohelper.app import App
from ssohelper.broker import wording
from ssohelper.broker.limits import Pace
from ssohelper.broker.loop import Loop
from ssohelper.broker.requests import AskedBy, Reply, Request
from ssohelper.broker.requests import Caller as CoreCaller
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.core.instants import to_iso
from ssohelper.core.journal import Entry
from ssohelper.core.model import AccessToken, RoleKey, SsoSession
from ssohelper.errors import AwsUnreachable, SsoHelperError
from ssohelper.system import crash_report
from tests.fake_clients import clients_made_by
from tests.simulator import install
from tests.simulator.aws import Aws, SignIn
from tests.simulator.callers import Caller
from tests.simulator.disk import Disk
from tests.simulator.judge import Judge
from tests.simulator.network import Network, Renewals, SimulatedOidc, SimulatedPortal
from tests.simulator.scheduler import Process, Scheduler, Signal
from tests.simulator.sockets import Listener, Stream

if TYPE_CHECKING:
    from ssohelper.stores.config_store import ConfigStore

REGION = "eu-west-1"
_EPOCH = 1_760_000_000.0


class World:
    """All of one schedule. `trace` gets lines of text, or is None."""

    def __init__(self, seed: int, root: str, lines: list[str] | None = None) -> None:
        self.rng = random.Random(seed)
        # Nothing is renewed in the background there (ssohelper.fastpath.spawn).
        self.is_in_container = seed % 4 == 3
        self._lines = lines
        self.scheduler = Scheduler(self.rng)
        self.scheduler.on_stop = self._stopped
        self.wall_offset = _EPOCH
        self.aws = Aws(lambda: self.scheduler.now + _EPOCH)
        self.disk = Disk(self.scheduler, root, self.wall)
        self.network = Network(self)
        self.judge = Judge(self)
        self.disk.on_replace = self.judge.token_replaced
        self.disk.on_unlink = self.judge.token_removed
        self.disk.on_read = self.judge.token_read
        self.disk.on_fault = self.judge.disk_failed
        self.root = root
        self.home = f"{root}/home"
        self.disk.environ = self.environ(0)
        self.sessions: dict[str, str] = {}
        self.rate: float | None = None
        self.brokers: dict[tuple[int, str], Broker] = {}
        self.all_brokers: list[Broker] = []
        self.callers: list[Caller] = []
        self.processes: list[Process] = []
        self.people_at_login: dict[Process, str] = {}
        # Which process of a kind is killed, and at which of its points: ("renewal", 2) -> 31.
        self.kills: dict[tuple[str, int], int] = {}
        # Which one is stopped (SIGSTOP), at which point and for how long.
        self.stops: dict[tuple[str, int], tuple[int, float]] = {}
        self._count: dict[str, int] = {}
        self._token_paths: dict[str, str] = {}
        install.use(self)
        crash_report.log_crash = self._internal  # type: ignore[assignment]
        login.find_signed_in_user = self._person_of

    def trace(self, text: str) -> None:
        if self._lines is not None:
            thread = self.scheduler.current
            name = repr(thread.process) if thread else ""
            self._lines.append(f"{self.scheduler.now - 10_000:11.4f}  {name:12}  {text}")

    def wall(self) -> float:
        """Return this machine's wall clock, which may jump."""
        return self.scheduler.now + self.wall_offset

    def sign_in_seconds(self) -> float:
        return self.rng.choice((8 * 3600.0, 8 * 3600.0, 90 * 86400.0, 2 * 3600.0))

    def environ(self, environment: int) -> dict[str, str]:
        own = f"{self.root}/own"
        return {"HOME": self.home, "SSOHELPER_HOME": own, "DISPLAY": f":{environment}"}

    def _internal(self, error: BaseException, _trace: object) -> SsoHelperError:
        self.judge.fail("".join(traceback.format_exception(error)[-4:]))
        return SsoHelperError(f"internal error: {error!r}")

    def _person_of(self, app: App, session: SsoSession, token: AccessToken) -> str | None:
        """Stand for find_signed_in_user, which asks the portal and STS and may get no answer."""
        self.scheduler.sleep(self.rng.choice((0.1, 0.5, 3.0)))
        assert self.scheduler.current is not None
        name = self.people_at_login[self.scheduler.current.process]
        return name if self.rng.random() < 0.7 else None

    # -- set up and take down ----------------------------------------------------------------

    def add_session(self, name: str, portal: str) -> None:
        self.sessions[name] = portal
        self.judge.portals.setdefault(name, []).append((self.scheduler.now, portal))
        self.disk.token_files.add(self.token_path(name))
        self.write_config()

    def write_config(self) -> None:
        text = "".join(
            f"[sso-session {name}]\nsso_start_url = {url}\nsso_region = {REGION}\n"
            "sso_registration_scopes = sso:account:access\n\n"
            for name, url in self.sessions.items()
        )
        self.disk.put(f"{self.home}/.aws/config", text.encode())

    def token_path(self, session: str) -> str:
        if session not in self._token_paths:
            store = SimulatedApp(self, self.environ(0)).tokens
            url = self.sessions.get(session, "https://x.awsapps.com/start")
            self._token_paths[session] = store.token_file(SsoSession(session, url, REGION, ()))
        return self._token_paths[session]

    def session_of_path(self, path: str) -> str:
        return next(name for name, found in self._token_paths.items() if found == path)

    def end(self) -> None:
        self.scheduler.end()
        shutil.rmtree(self.root, ignore_errors=True)

    # -- making processes that sign in, renew tokens or run commands -------------------------

    def process(self, kind: str) -> Process:
        process = self.scheduler.process(kind)
        process.at_death.append(lambda: self._died(process))
        self._count[kind] = self._count.get(kind, 0) + 1
        which = (kind, self._count[kind])
        process.kill_at_point = self.kills.get(which, 0)
        process.stop_at_point, process.stop_seconds = self.stops.get(which, (0, 0.0))
        self.processes.append(process)
        return process

    def _died(self, process: Process) -> None:
        self.disk.close_all(process)
        if self.scheduler.is_running(process):
            self.trace(f"{process} is killed")
            self.judge.disturbances.append(self.scheduler.now)

    def _stopped(self, process: Process) -> None:
        self.trace(f"{process} is stopped for {process.stop_seconds:g} s")
        process.stopped_at = self.scheduler.now
        self.judge.disturbances += [process.stopped_at, process.stopped_at + process.stop_seconds]

    def run_renewal(
        self, session_name: str, seen_id: str, seconds: float, meanwhile: Callable[[], object]
    ) -> SsoHelperError | None:
        """Do what ssohelper.broker.renewals.Renewals does, with a process of the simulator."""
        process = self.process("renewal")
        ended = Signal(self.scheduler)
        report: list[bytes] = []

        def run() -> None:
            self.scheduler.sleep(self.rng.choice((0.02, 0.1, 0.4)))
            app = SimulatedApp(self, self.environ(0))
            error: SsoHelperError | None = None
            try:
                renewal.renew_token(app, selection.require_session(app, session_name), seen_id)
            except SsoHelperError as found:
                error = found
            self.trace(f"ends: {error!r}")
            report.append(wording.encode_renewal_outcome(error))
            ended.fire()

        process.at_death.append(ended.fire)
        self.trace(f'starts {process} for "{session_name}"')
        self.scheduler.spawn(process, "main", run)
        meanwhile()
        if not report and not process.is_dead and not ended.wait(seconds):
            return AwsUnreachable("AWS has not answered the renewal yet")
        return wording.decode_renewal_outcome(report[0] if report else b"")

    def start_command(
        self, kind: str, session: str, work: Callable[[App, SsoSession], Any]
    ) -> Process:
        """Start `login` or `logout` as a process."""
        process = self.process(kind)

        def run() -> None:
            app = SimulatedApp(self, self.environ(0))
            self.trace(f'begins for "{session}"')
            try:
                work(app, selection.require_session(app, session))
            except SsoHelperError as error:
                self.trace(f"ends: {error!r}")
                if isinstance(error, AwsUnreachable) and kind == "logout":
                    self._note_own_change(session)
                return
            self.trace("ends well")
            self._note_own_change(session)

        self.scheduler.spawn(process, "main", run)
        return process

    def log_in(self, session: str, person: str) -> Process:
        options = login.LoginOptions(device_code=True, force=True)
        ui = _make_ui(is_content=self.rng.random() < 0.8)
        process = self.start_command(
            "login", session, lambda app, found: login.log_in(app, found, ui, options)
        )
        self.people_at_login[process] = person
        return process

    def log_out(self, session: str) -> Process:
        return self.start_command("logout", session, login.log_out)

    def _note_own_change(self, session: str) -> None:
        self.judge.own_changes.setdefault(session, []).append(self.scheduler.now)

    # -- starting callers and brokers --------------------------------------------------------

    def call(self, environment: int | None, key: RoleKey, **options: Any) -> Caller:
        """Start a caller; None: where no broker can run, so that it asks AWS itself."""
        caller = Caller(self, len(self.callers) + 1, environment or 0, key, **options)
        self.callers.append(caller)
        if environment is not None:
            caller.begin()
            return caller
        self.trace(f"{caller} asks by itself for at most {caller.seconds:g} s")
        self.ask_alone(caller, caller.seconds)
        return caller

    def connect(self, environment: int, session: str) -> Stream:
        """Connect to the broker of session and environment; start one where none listens."""
        broker = self.brokers.get((environment, session))
        if broker is None or broker.listener.is_closed:
            broker = self.brokers[environment, session] = Broker(self, environment, session)
            self.all_brokers.append(broker)
        return broker.listener.connect()

    def ask_alone(self, caller: Caller, seconds: float) -> None:
        """The caller's own process asks AWS: there is no broker."""
        caller.is_alone = True
        process = self.process("alone")
        process.at_death.append(caller.withdraw)

        def run() -> None:
            app = SimulatedApp(self, self.environ(caller.environment))
            now = self.scheduler.now
            key = RoleKey(caller.session, caller.account, caller.role)
            request = Request(key, now, now + seconds, caller.least_share)
            loop = WatchedLoop(self, broker_work.Work(lambda: app), None)
            try:
                reply = loop.answer_request(CoreCaller(request))
            finally:
                loop.close()
            if not caller.is_over:
                caller.take(reply.exit_code, reply)

        self.scheduler.spawn(process, "main", run)


class SimulatedApp(App):
    """The App of one process of the simulator."""

    def __init__(
        self, world: World, environ: dict[str, str], shared: list[ConfigStore] | None = None
    ) -> None:
        scheduler = world.scheduler
        super().__init__(
            environ, clock=world.wall, monotonic=lambda: scheduler.now, sleep=scheduler.sleep
        )
        self._world = world
        self._shared = shared

    @cached_property
    def config(self) -> ConfigStore:
        if self._shared is None:
            return super().config
        if not self._shared:
            self._shared.append(super().config)
        return self._shared[0]

    @cached_property
    def journal(self) -> Any:
        return SimulatedJournal(self._world)

    @cached_property
    def renewals(self) -> Any:
        return Renewals(self._world, self.environ)

    @cached_property
    def aws(self) -> AwsClients:
        return clients_made_by(self)

    def oidc(self, session: SsoSession) -> Any:
        return SimulatedOidc(self._world, session)

    def portal(self, session: SsoSession) -> Any:
        return SimulatedPortal(self._world, session)


class SimulatedJournal:
    """Stands for stores.journal_file.Journal, whose lock needs the kernel: takes each line at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    def append(self, entry: Entry, **_: Any) -> None:
        self._world.scheduler.point()
        self._world.judge.journal.append(entry)

    try_append = append


class WatchedLoop(Loop):
    """The broker's loop, which tells the judge of calls and renewals."""

    def __init__(self, world: World, work: Any, listener: Any) -> None:
        super().__init__(work, listener, monotonic=lambda: world.scheduler.now)
        self._world = world
        if world.rate:
            self._core._roles._pace = Pace(world.rate)

    @property
    def core(self) -> Any:
        return self._core

    def start_role_call(self, key: RoleKey, asked_by: AskedBy) -> float:
        self._world.judge.call_begins(self, key, self._world.rate or 20.0)
        return super().start_role_call(key, asked_by)

    def _report_call_end(self, key: RoleKey, outcome: Reply | SsoHelperError) -> None:
        self._world.judge.call_ends(self, key)
        super()._report_call_end(key, outcome)

    def start_renewal(self, session_name: str, seen_id: str) -> None:
        self._world.judge.renewal_begins(self, session_name)
        super().start_renewal(session_name, seen_id)

    def _report_renewal_end(self, session_name: str, error: SsoHelperError | None) -> None:
        self._world.judge.renewal_ends(self, session_name)
        super()._report_renewal_end(session_name, error)


class Broker:
    """A broker's process, with its listening socket."""

    def __init__(self, world: World, environment: int, session: str) -> None:
        self._world = world
        self._address = environment, session
        self.listener = Listener(world.scheduler)
        self.process = world.process("broker")
        self.process.at_death.append(self.listener.close)
        self.loop: WatchedLoop | None = None
        world.trace(f"starts {self.process} for {session}, environment {environment}")
        world.scheduler.spawn(self.process, "loop", lambda: self._run(environment))

    def _run(self, environment: int) -> None:
        world = self._world
        world.scheduler.sleep(world.rng.choice((0.0, 0.02, 0.2)))
        environ, shared = world.environ(environment), []  # type: ignore[var-annotated]
        work = broker_work.Work(lambda: SimulatedApp(world, environ, shared))
        self.loop = WatchedLoop(world, work, self.listener)

        def remove_socket_file() -> None:
            if world.brokers.get(self._address) is self:
                del world.brokers[self._address]

        self.loop.run_until_idle(remove_socket_file)
        world.trace("ends: idle")


def _make_ui(*, is_content: bool) -> Any:
    """Stand for login's entry point. `is_content`: another person than last time is accepted."""
    silent = (
        "show_page",
        "show_code",
        "report_further_region",
        "report_waiting",
        "is_cancelled",
        "read_line",
    )
    return SimpleNamespace(
        **dict.fromkeys(silent, lambda *_: None),
        **dict.fromkeys(("can_ask", "open_browser"), lambda *_: True),
        confirm=lambda question, *_, **__: is_content or "another portal" in question,
    )


def token_document(world: World, sign_in: SignIn, access: str, refresh: str) -> bytes:
    """Return a token file as the AWS CLI writes it."""
    return json.dumps(
        {
            "startUrl": sign_in.portal,
            "region": REGION,
            "accessToken": access,
            "expiresAt": to_iso(int(world.wall()) + world.aws.token_life),
            "clientId": "client",
            "clientSecret": "hush",
            "registrationExpiresAt": to_iso(int(world.wall()) + 90 * 86400),
            "refreshToken": refresh,
        }
    ).encode()
