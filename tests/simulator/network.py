"""The way to AWS and back: late, lost, refused and doubled answers; clients for the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ssohelper.core.deadline import Deadline
from ssohelper.core.device_flow import DeviceAuthorization, Poll
from ssohelper.core.model import (
    AccessToken,
    ClientRegistration,
    IssuedToken,
    Role,
    RoleCredentials,
    Secret,
    SsoSession,
)
from ssohelper.errors import (
    AnswerLost,
    AwsUnreachable,
    BadAnswer,
    LoginRequired,
    RoleNotAssigned,
    Throttled,
    TokenRejected,
)
from tests.simulator.aws import Refused
from tests.simulator.scheduler import Signal

if TYPE_CHECKING:
    from tests.simulator.world import World

_T = TypeVar("_T")
# More than a caller of a healthy AWS has to be patient with.
_SLOW_SECONDS = 1.5
_ROLE_READ_SECONDS = 5.0


class Fate(NamedTuple):
    """What happens to one request. `status` is an answer of AWS's own that does nothing."""

    seconds: float
    status: int = 0
    is_refused: bool = False
    is_lost: bool = False
    is_doubled: bool = False
    retry_after: float | None = None

    @property
    def is_fault(self) -> bool:
        return bool(self.status or self.is_refused or self.is_lost or self.seconds > _SLOW_SECONDS)


WEATHERS = (
    "refused", "500", "429", "429 retry after", "captive portal", "black hole", "slow", "lossy", "mixed",
)  # fmt: skip


class Network:
    """Decides the fate of each request. `weather` maps "token" and "role" to a kind of weather."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.weather: dict[str, str] = {}
        # The next requests of a kind have these fates, whatever the weather.
        self.planned: dict[str, list[Fate]] = {"token": [], "role": []}

    def fate(self, kind: str) -> Fate:
        rng = self._world.rng
        planned = self.planned.get(kind)
        if planned:
            return planned.pop(0)
        quick = rng.choice((0.005, 0.03, 0.06, 0.3))
        weather = self.weather.get(kind, "good")
        if weather == "mixed":
            weather = rng.choice((*WEATHERS[:-1], "good", "good", "good"))
        if weather == "lossy":
            weather = rng.choice(("good", "good", "black hole", "lost"))
        by_weather = {
            "good": Fate(quick, is_doubled=kind == "role" and rng.random() < 0.05),
            "refused": Fate(0.001, is_refused=True),
            "500": Fate(quick, status=rng.choice((500, 502, 503))),
            "429": Fate(quick, status=429),
            "429 retry after": Fate(quick, 429, retry_after=rng.choice((0.0, 1.0, 3.0, 8.0, 60.0))),
            "captive portal": Fate(quick, status=299),
            "black hole": Fate(1e9),
            "slow": Fate(rng.choice((1.0, 3.0, 6.0, 20.0, 59.0))),
            "lost": Fate(quick, is_lost=True),
        }
        return by_weather[weather]

    def request(self, kind: str, what: str, serve: Callable[[], _T], seconds: float) -> _T:
        """Send one request; return AWS's answer. Raises: AwsUnreachable and its like, Refused."""
        world = self._world
        world.scheduler.point()
        fate = self.fate(kind)
        world.trace(f"asks AWS: {what} ({_text(fate)})")
        note = world.judge.request_begins(fate)
        try:
            return self._answer(fate, serve, seconds)
        finally:
            world.judge.request_ends(note)

    def _answer(self, fate: Fate, serve: Callable[[], _T], seconds: float) -> _T:
        scheduler = self._world.scheduler
        if fate.is_refused:
            scheduler.sleep(fate.seconds)
            raise AwsUnreachable("cannot be reached (connection refused)")
        arrived = Signal(scheduler)
        answer: list[_T | Refused] = []
        is_back = False

        def arrive() -> None:
            if not fate.status and fate.seconds < 1e8:
                for _ in range(2 if fate.is_doubled else 1):
                    try:
                        answer.append(serve())
                    except Refused as refusal:
                        answer.append(refusal)
            if not fate.is_lost:
                scheduler.after(fate.seconds / 2, come_back)

        def come_back() -> None:
            nonlocal is_back
            is_back = True
            arrived.fire()

        # The request goes on when its sender is killed: it has left the machine.
        scheduler.after(fate.seconds / 2, arrive)
        arrived.wait(seconds)
        if not is_back:
            raise AnswerLost("gave no answer in time")
        if fate.status == 299:
            raise BadAnswer("gave an answer that makes no sense")
        if fate.status == 429:
            raise Throttled("is throttling (429)", retry_after_seconds=fate.retry_after)
        if fate.status:
            raise AwsUnreachable(f"answered {fate.status}")
        found = answer[-1]
        if isinstance(found, Refused):
            raise found
        return found


def _text(fate: Fate) -> str:
    if fate.is_refused:
        return "connection refused"
    if fate.seconds > 1e8:
        return "never arrives"
    words = [f"{fate.seconds:.3f} s"]
    words += [f"answers {fate.status}"] if fate.status else []
    words += ["the answer is lost"] if fate.is_lost else []
    words += ["arrives twice"] if fate.is_doubled else []
    return ", ".join(words)


class SimulatedOidc:
    """Stands for wire.oidc.OidcClient."""

    issuer = "aws/eu-west-1"

    def __init__(self, world: World, session: SsoSession) -> None:
        self._world = world
        self._session = session

    def register_client(self, grant: str) -> ClientRegistration:
        self._world.scheduler.sleep(0.05)
        return ClientRegistration("client", Secret("hush"), int(self._world.wall()) + 90 * 86400)

    def may_receive_secret_of(self, registration: ClientRegistration) -> bool:
        return True

    def start_device_authorization(self, registration: ClientRegistration) -> DeviceAuthorization:
        self._world.scheduler.sleep(0.05)
        ends_at = int(self._world.wall()) + 600
        page = "https://device.sso.eu-west-1.amazonaws.com/"
        return DeviceAuthorization(Secret("code"), "ABCD-EFGH", page, page, 1, ends_at, 600)

    def poll_for_token(
        self, registration: ClientRegistration, authorization: DeviceAuthorization
    ) -> IssuedToken | Poll:
        world = self._world
        world.scheduler.sleep(0.05)
        thread = world.scheduler.current
        assert thread is not None
        person = world.people_at_login[thread.process]
        sign_in, access, refresh = world.aws.sign_in(
            self._session.start_url, person, world.sign_in_seconds()
        )
        world.trace(f"AWS begins {sign_in}")
        return IssuedToken(world.aws.token(access, refresh, world.wall()), world.aws.token_life)

    def refresh_token(self, token: AccessToken, deadline: Deadline) -> IssuedToken:
        world = self._world
        assert token.refresh_token is not None
        value = token.refresh_token.reveal()
        send = world.judge.note_send(value)
        try:
            access, fresh = world.network.request(
                "token",
                f"refresh with {value}",
                lambda: world.aws.refresh(value, is_foreign=False),
                deadline.seconds_left(),
            )
        except Refused as refusal:
            send.is_over = True
            raise LoginRequired("invalid_grant") from refusal
        except AwsUnreachable as error:
            send.is_lost = isinstance(error, AnswerLost)
            send.is_over = not send.is_lost
            raise
        send.is_over = True
        send.answered_at, send.brought = world.scheduler.now, fresh
        world.trace(f"gets {access} and {fresh}")
        return IssuedToken(world.aws.token(access, fresh, world.wall()), world.aws.token_life)


class SimulatedPortal:
    """Stands for wire.portal.Portal."""

    def __init__(self, world: World, session: SsoSession) -> None:
        self._world = world
        self._session = session
        self._answered_at: float | None = None

    def send_get_request(self, _path, query, token, deadline, **_how: object) -> RoleCredentials:
        world, role = self._world, Role(query["account_id"], query["role_name"])
        access = token.value.reveal()
        try:
            found = world.network.request(
                "role",
                f"{self._session.name} {role.account_id} {role.name} with {access}",
                lambda: world.aws.role(access, role.account_id, role.name),
                min(_ROLE_READ_SECONDS, deadline.seconds_left()),
            )
        except Refused as refusal:
            if str(refusal) == "401":
                raise TokenRejected("AWS no longer accepts the sign-in") from refusal
            raise RoleNotAssigned("not assigned to you") from refusal
        # AWS's Date has whole seconds.
        self._answered_at = float(int(world.aws.now()))
        return found

    def prepare_first_call(self) -> None:
        return

    def copy_for_new_token(self, token: AccessToken, issued_by: str) -> SimulatedPortal:
        return self

    def answered_at(self) -> float | None:
        return self._answered_at

    def log_out(self, token: AccessToken) -> None:
        access = token.value.reveal()
        try:
            self._world.network.request(
                "role", f"logout of {access}", lambda: self._world.aws.logout(access), 8.0
            )
        except Refused as refusal:
            raise TokenRejected("it was over already") from refusal


class Renewals:
    """Stands for ssohelper.broker.renewals.Renewals: each renewal is a process of the simulator."""

    def __init__(self, world: World, environment: Any) -> None:
        self._world = world
        self._environment = environment

    def renew_token(self, session_name, seen_id, deadline, meanwhile=lambda: None) -> Any:
        return self._world.run_renewal(session_name, seen_id, deadline.seconds_left(), meanwhile)
