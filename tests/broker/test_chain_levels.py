"""Calls for chains: the credentials below are asked for once, by the rules of any other call."""

from typing import Any

from ssohelper.broker.chain_levels import Brokers
from ssohelper.broker.requests import AskedBy, Caller, FoundCredentials, Reply, Request, Token
from ssohelper.core.model import RoleKey
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    LoginRequired,
    RoleNotAssigned,
    SourceRejected,
    SsoHelperError,
    TokenRejected,
)
from tests.broker.world import GOOD, document

BASE = RoleKey("corp", "000000000001", "A")
DOWN = AwsUnreachable("down")


def chain(name: str) -> RoleKey:
    return BASE._replace(chain=name)


class World:
    """The ports of both kinds of calls; the test ends each call itself."""

    def __init__(self, **sources: str) -> None:
        self.now = 0.0
        self.sources = {chain(name): chain(below) for name, below in sources.items()}
        self.found: dict[RoleKey, FoundCredentials] = {}
        self.portal: list[RoleKey] = []
        self.sts: list[tuple[RoleKey, bytes]] = []
        self.renewals: list[str] = []
        self.replies: dict[Caller, Reply] = {}
        self.told: list[Caller] = []
        self.config_mark = "1"
        self.token: Token | SsoHelperError = GOOD
        self.brokers = Brokers(self)

    def find_credentials(
        self, key: RoleKey, _share: float, *, is_permitted: bool
    ) -> FoundCredentials:
        return self.found.get(key, FoundCredentials())

    def find_source_role(self, key: RoleKey) -> RoleKey:
        if key not in self.sources:
            raise ConfigInvalid("the profile is gone")
        return self.sources[key]

    def load_token(self, _session_name: str) -> Token:
        if isinstance(self.token, SsoHelperError):
            raise self.token
        return self.token

    def read_token_file_fingerprint(self, _session_name: str) -> str:
        return "f1"

    def read_config_fingerprint(self) -> str:
        return self.config_mark

    def start_role_call(self, key: RoleKey, asked_by: AskedBy) -> float:
        self.portal.append(key)
        return self.now

    def start_assuming_role(self, key: RoleKey, asked_by: AskedBy, source: Reply) -> None:
        self.sts.append((key, source.document))

    def start_renewal(self, session_name: str, seen_id: str) -> None:
        self.renewals.append(seen_id)

    def may_renew_in_background(self) -> bool:
        return True

    def tell_caller_to_wait(self, caller: Caller, seconds: float) -> None:
        self.told.append(caller)

    def reply(self, caller: Caller, reply: Reply) -> None:
        assert caller not in self.replies
        self.replies[caller] = reply

    # -- asking for credentials of chains, and ending the calls to AWS -----------------------

    def ask(self, key: RoleKey, seconds: float = 18.0) -> Caller:
        caller = Caller(Request(key, self.now, self.now + seconds, may_wait_longer=True))
        self.brokers.handle_request(caller, self.now)
        self.settle()
        return caller

    def end(self, key: RoleKey, outcome: SsoHelperError | None = None) -> None:
        if outcome is None:
            # The cache has the credentials, too.
            self.found[key] = FoundCredentials(document(key.role_part), is_good=True)
        self.brokers.note_role_call_end(key, outcome or Reply(document(key.role_part)), self.now)
        self.settle()

    def settle(self) -> None:
        while self.brokers.find_next_wake_time(self.now) <= self.now:
            self.brokers.start_due_work(self.now)

    def go_to(self, moment: float) -> None:
        while (wake := self.brokers.find_next_wake_time(self.now)) <= moment:
            self.now = max(wake, self.now)
            self.brokers.start_due_work(self.now)
        self.now = moment

    def error(self, caller: Caller) -> Any:
        return self.replies[caller].error


def test_thirty_chains_on_one_role_ask_the_portal_once_and_sts_once_each():
    names = [f"c{number}" for number in range(30)]
    world = World(**dict.fromkeys(names, ""))
    callers = [world.ask(chain(name)) for name in names]
    assert world.portal == [BASE]
    assert world.sts == []
    world.end(BASE)
    ended = 0
    while ended < len(world.sts):
        world.end(world.sts[ended][0])
        ended += 1
    assert sorted(key.chain for key, _ in world.sts) == sorted(names)
    assert {source for _, source in world.sts} == {document("A")}
    assert world.replies[callers[7]].document == document("A~c7")
    assert world.portal == [BASE]


def test_three_levels_are_assumed_one_after_the_other_and_all_callers_get_the_answer():
    world = World(top="mid", mid="low", low="")
    first, second = world.ask(chain("top")), world.ask(chain("top"))
    middle = world.ask(chain("mid"))
    for key in (BASE, chain("low"), chain("mid"), chain("top")):
        world.end(key)
    assert [key.chain for key, _ in world.sts] == ["low", "mid", "top"]
    assert [source for _, source in world.sts] == [
        document("A"),
        document("A~low"),
        document("A~mid"),
    ]
    assert world.replies[first] == world.replies[second] == Reply(document("A~top"))
    assert world.replies[middle] == Reply(document("A~mid"))
    assert world.brokers.is_done


def test_good_credentials_below_are_used_at_once():
    world = World(c="")
    world.found[BASE] = FoundCredentials(b"kept", is_good=True)
    world.ask(chain("c"))
    assert world.portal == []
    assert world.sts == [(chain("c"), b"kept")]


def test_a_warning_about_the_credentials_below_goes_on_with_them():
    world = World(c="")
    world.found[BASE] = FoundCredentials(b"kept", warning="perhaps another person's")
    caller = world.ask(chain("c"))
    world.end(BASE, DOWN)
    world.go_to(4.0)
    assert world.sts == [(chain("c"), b"kept")]
    assert caller not in world.replies


def test_a_sign_in_that_ended_below_is_told_as_that():
    world = World(c="")
    world.token = LoginRequired('the session "corp" expired', hint="ssohelper login corp")
    caller = world.ask(chain("c"))
    assert type(world.error(caller)) is LoginRequired
    assert world.error(caller).message == 'the session "corp" expired'
    assert world.brokers.is_done


def test_a_rejected_token_ends_the_call_and_is_not_renewed_twice():
    world = World(c="")
    caller = world.ask(chain("c"))
    error = TokenRejected("401")
    error.token_id = "t1"
    world.end(BASE, error)
    assert world.renewals == ["t1"]
    world.brokers.note_renewal_end("corp", LoginRequired("over"), world.now)
    world.settle()
    assert type(world.error(caller)) is LoginRequired
    assert world.renewals == ["t1"]


def test_a_role_that_is_not_assigned_ends_all_chains_on_it_and_is_remembered():
    world = World(c="", d="c")
    caller = world.ask(chain("d"))
    world.end(BASE, RoleNotAssigned("no"))
    assert type(world.error(caller)) is RoleNotAssigned
    again = world.ask(chain("d"))
    assert type(world.error(again)) is RoleNotAssigned
    assert world.portal == [BASE]
    world.config_mark = "2"  # STS and the chain may say something else after an edit
    assert type(world.error(world.ask(chain("d")))) is RoleNotAssigned
    assert not world.brokers.is_idle(world.now + 29)
    assert world.brokers.is_idle(world.now + 31)


def test_a_portal_that_is_down_is_exit_6_after_the_usual_patience():
    world = World(top="mid", mid="low", low="")
    caller = world.ask(chain("top"))
    while caller not in world.replies:
        if world.portal:
            world.portal.clear()
            world.end(BASE, DOWN)
        world.go_to(world.now + 0.25)
        assert world.now < 12
    assert type(world.error(caller)) is AwsUnreachable


def test_sts_that_is_down_and_comes_back_serves_a_chain_of_three():
    """The one call that may try must not wait for another that may not."""
    world = World(top="mid", mid="low", low="")
    world.found[BASE] = FoundCredentials(b"kept", is_good=True)
    caller = world.ask(chain("top"))
    world.end(chain("low"), DOWN)
    world.end(world.sts[-1][0], DOWN) if len(world.sts) > 1 else None
    while caller not in world.replies:
        world.go_to(world.now + 0.25)
        for key, _ in world.sts[:]:
            world.sts.clear()
            world.end(key)
        assert world.now < 3
    assert world.replies[caller] == Reply(document("A~top"))


def test_credentials_below_that_sts_refuses_are_renewed_once():
    world = World(c="")
    world.found[BASE] = FoundCredentials(b"revoked", is_good=True)
    caller = world.ask(chain("c"))
    del world.found[BASE]
    world.end(chain("c"), SourceRejected("no"))
    assert world.portal == [BASE]
    world.end(BASE)
    assert [source for _, source in world.sts] == [b"revoked", document("A")]
    world.end(chain("c"), SourceRejected("no"))
    assert type(world.error(caller)) is SourceRejected
    assert world.portal == [BASE]


def test_a_chain_that_is_gone_is_exit_3():
    world = World(c="gone")
    caller = world.ask(chain("c"))
    assert type(world.error(caller)) is ConfigInvalid
    assert world.brokers.is_done


def test_chains_that_are_due_are_renewed_in_the_background_with_what_is_below():
    world = World(c="")
    world.found[chain("c")] = FoundCredentials(b"old", is_good=True, is_due=True, due_token_id="t1")
    world.found[BASE] = FoundCredentials(b"base", is_good=True, is_due=True)
    caller = world.ask(chain("c"))
    assert world.replies[caller].document == b"old"
    assert world.sts == [(chain("c"), b"base")]
    assert world.portal == [BASE]
    assert world.renewals == ["t1"]
    world.brokers.note_renewal_end("corp", None, world.now)
    world.end(BASE)
    world.end(chain("c"))
    assert world.brokers.is_idle(world.now)


def test_a_caller_that_left_is_forgotten():
    world = World(c="")
    caller = world.ask(chain("c"))
    world.brokers.forget_caller(caller)
    world.end(BASE)
    world.end(chain("c"))
    assert caller not in world.replies
    assert world.brokers.is_done


def test_callers_wait_as_long_as_the_call_below_may():
    world = World(**{f"c{n}": f"b{n}" for n in range(3)}, **{f"b{n}": "" for n in range(3)})
    caller = world.ask(chain("c0"))
    world.brokers._get_broker_for_role(BASE)._pace.note_answer(15.9)
    world.go_to(16.5)
    assert world.told == [caller]
