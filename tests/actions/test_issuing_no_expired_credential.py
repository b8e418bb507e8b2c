"""No sequence of clock jumps, failures and calls hands out an expired credential.

By AWS's clock, not by ours, backward jumps included; and AWS is not asked more often than the
least interval allows. Only the wire and the clocks are simulated.
"""

import json
import tempfile
from contextlib import nullcontext, suppress
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssohelper.actions import credentials, issuing
from ssohelper.app import App
from ssohelper.broker import core
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.core.instants import from_iso
from ssohelper.core.model import AccessToken, RoleCredentials, Secret, SignInFacts, SsoSession
from ssohelper.core.policy import Way
from ssohelper.errors import AwsUnreachable
from ssohelper.fastpath import folders, published
from ssohelper.stores import clock_file
from ssohelper.stores.codecs import Codec
from tests.actions.world import CONFIG, KEY, ROLE, SESSION
from tests.fake_clients import clients_made_by
from tests.long_rows import long_after
from tests.published import date_back

CALL = (SESSION, ROLE, Way.CREDENTIAL_PROCESS)
BEGIN = 1_790_000_000.0

steps = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 2000)),
        st.tuples(st.just("jump"), st.integers(-9 * 3600, 9 * 3600)),
        st.tuples(st.just("aws"), st.booleans()),
        st.tuples(st.just("call"), st.integers(1, 3)),
    ),
    min_size=4,
    max_size=30,
)


class World:
    """The true time, this machine's wall clock, and an AWS that answers or not."""

    def __init__(self, life: int, offset: int) -> None:
        self.true = BEGIN
        self.wall_ahead = float(offset)
        self.life = life
        self.is_up = True
        self.asked_at: list[float] = []

    def wall(self) -> float:
        return self.true + self.wall_ahead

    # The two methods of the portal that a release uses.
    def send_get_request(self, *_: object, **_more: object) -> RoleCredentials:
        if not self.is_up:
            raise AwsUnreachable("down")
        self.asked_at.append(self.true)
        secret = Secret("s")
        return RoleCredentials("ASIAEXAMPLEEXAMPLE", secret, secret, int(self.true) + self.life)

    def answered_at(self) -> float:
        return float(int(self.true))


class WorldApp(App):
    def __init__(self, folder: Path, world: World) -> None:
        super().__init__({"HOME": str(folder), "SSOHELPER_HOME": str(folder)}, clock=world.wall)
        self.world = world

    @cached_property
    def aws(self) -> AwsClients:
        return clients_made_by(self)

    def portal(self, session: SsoSession) -> World:
        return self.world


@pytest.mark.parametrize("life", long_after(1, [60, 3600, 900, 43200]))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=steps, offset=st.sampled_from([0, 0, 8 * 3600, -8 * 3600]))
def test_no_sequence_returns_expired_credentials(monkeypatch, life, sequence, offset):
    world = World(life, offset)
    monkeypatch.setattr(clock_file, "measure_uptime", lambda: world.true - BEGIN + 1000)
    monkeypatch.setattr(published, "read_uptime", lambda: int(world.true - BEGIN + 1000))
    # A caller without credentials would wait for 3.5 s of real time for AWS to work again.
    monkeypatch.setattr(core, "PATIENCE_SECONDS", 0.0)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ".aws").mkdir()
        for name, content in (("config", CONFIG), ("token", "")):
            Path(folder, ".aws", name).write_text(content)
            date_back(Path(folder, ".aws", name))
        for what, value in [("call", 1), *sequence, ("call", 1)]:
            if what == "pass":
                world.true += value
            elif what == "jump":
                world.wall_ahead += value
            elif what == "aws":
                world.is_up = bool(value)
            else:
                for _ in range(value):
                    _call(Path(folder), world)
    assert _asks_within_the_floor(world, sequence)


def _call(folder: Path, world: World) -> None:
    app = WorldApp(folder, world)  # a new process each time: only files remain
    token = AccessToken(Secret("t"), int(world.wall()) + 10 * 86400, None, None)
    tokens = _Tokens(token, Path(folder, ".aws", "token"))
    app.__dict__["storage"] = SimpleNamespace(
        apply_setting=str, get_token_store=lambda _name: tokens, may_publish=True
    )
    if app.credentials.load_response_expiry(KEY) > app.clock.now():
        path = Path(folders.response_path(f"{folder}/run", *KEY[:3]))
        # A hit prints its first line. (The change time of real files is not on the simulated clock.)
        document = json.loads(path.read_text().partition("\n")[0])
        assert (from_iso(document["Expiration"]) or 0) > world.true
    is_due = issuing.find_credentials(app, KEY).is_due
    try:
        given_out = credentials.release_credentials(app, *CALL, app.clock.deadline())
    except AwsUnreachable:
        assert not world.is_up, "AWS was there, and a caller got nothing"
        return
    assert given_out.expires_at > world.true
    if is_due:  # as the broker renews in the background
        with suppress(AwsUnreachable):
            credentials.renew_credentials_early(app, *CALL, app.clock.deadline())


class _Tokens:
    """A sign-in that never ends: other tests are about tokens."""

    codec = Codec()

    def __init__(self, token: AccessToken, file: Path) -> None:
        self.token_file = lambda _session: str(file)
        self.load = self.load_token_for_display = lambda _session: token
        self.load_facts = lambda _name: SignInFacts()
        self.read_token_file_fingerprint = lambda _session: "same"
        self.lock_state = lambda _name, _deadline: nullcontext()


def _asks_within_the_floor(world: World, sequence: list[tuple[str, int]]) -> bool:
    """At most one answer in 30 s, more only for shorter lifetimes and after jumps of our clock.

    How often AWS is asked while it fails is tested in broker/test_core.py.
    """
    floor = min(30.0, world.life / 4)
    jumps = sum(what == "jump" for what, _ in sequence)
    elapsed = world.true - BEGIN
    return len(world.asked_at) <= 2 + jumps + elapsed / floor
