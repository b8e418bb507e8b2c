"""Calls for chains: the credentials below are asked for once, by the rules of any other call."""

import pytest

from ssohelper.broker.chain_levels import Brokers
from ssohelper.broker.requests import AskedBy, Caller, FoundCredentials, Reply
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
from tests.broker import world as roles
from tests.broker.world import DOWN, document, key

KEPT = FoundCredentials(b"kept", is_good=True)


class World(roles.World):
    """Both kinds of calls. `sources` are the chains, each with the one below it ("": the role)."""

    def __init__(self, **sources: str) -> None:
        super().__init__(Brokers)
        self.sources = {f"A~{name}": f"A~{below}".rstrip("~") for name, below in sources.items()}
        self.sts: list[tuple[str, bytes]] = []
        self.config_mark = "1"

    def find_source_role(self, chained: RoleKey) -> RoleKey:
        if chained.role_part not in self.sources:
            raise ConfigInvalid("the profile is gone")
        return key(self.sources[chained.role_part])

    def read_config_fingerprint(self) -> str:
        return self.config_mark

    def start_assuming_role(self, chained: RoleKey, asked_by: AskedBy, source: Reply) -> None:
        self.sts.append((chained.role_part, source.document))
        self.under_way.append(chained)

    def ask(self, role="A", seconds: float = 18.0, **_more) -> Caller:
        caller = super().ask(role, seconds, waits=True)
        self.go_to(self.now)
        return caller

    def end(self, role="A", outcome: SsoHelperError | None = None, **_more) -> None:
        if outcome is None:  # then the cache has the credentials, too
            self.found[role] = FoundCredentials(document(role), is_good=True)
        super().end(role, outcome)
        self.go_to(self.now)

    def go_to(self, moment: float) -> None:
        while (wake := self.broker.find_next_wake_time(self.now)) <= moment:
            self.now = max(wake, self.now)
            self.broker.start_due_work(self.now)
        self.now = moment

    @property
    def portal(self) -> list[str]:
        return [role for _, role in self.calls]


def test_thirty_chains_on_one_role_ask_the_portal_once_and_sts_once_each():
    names = [f"c{number}" for number in range(30)]
    world = World(**dict.fromkeys(names, ""))
    callers = [world.ask(f"A~{name}") for name in names]
    assert (world.portal, world.sts) == (["A"], [])
    world.end()
    while world.under_way:
        world.end(world.under_way[0].role_part)
    assert sorted(world.sts) == [(f"A~{name}", document()) for name in sorted(names)]
    assert world.answer_of(callers[7]) == document("A~c7")
    assert world.portal == ["A"]


def test_three_levels_are_assumed_one_after_the_other_and_all_callers_get_the_answer():
    world = World(top="mid", mid="low", low="")
    callers = [world.ask(role) for role in ("A~top", "A~top", "A~mid")]
    levels = ["A", "A~low", "A~mid", "A~top"]
    for role in levels:
        world.end(role)
    below = [document(role) for role in levels[:3]]
    assert world.sts == list(zip(levels[1:], below, strict=True))
    assert [world.answer_of(one) for one in callers] == [
        document(f"A~{n}") for n in ("top", "top", "mid")
    ]
    assert world.broker.is_done


@pytest.mark.parametrize("warning", [None, "perhaps another person's"])
def test_credentials_below_are_used_at_once_or_with_their_warning_when_aws_is_down(warning):
    world = World(c="")
    world.found["A"] = KEPT._replace(is_good=warning is None, warning=warning)
    caller = world.ask("A~c")
    if warning is not None:
        world.end("A", DOWN)
        world.go_to(4.0)
    assert world.portal == ([] if warning is None else ["A"])
    assert world.sts == [("A~c", b"kept")]
    assert caller not in world.replies


def test_a_sign_in_that_ended_below_is_told_as_that():
    world = World(c="")
    ended = world.tokens["corp"] = LoginRequired("expired", hint="ssohelper login corp")
    assert world.answer_of(world.ask("A~c")) is ended
    assert world.broker.is_done


def test_a_rejected_token_ends_the_call_and_is_not_renewed_twice():
    world = World(c="")
    caller = world.ask("A~c")
    error = TokenRejected("401")
    error.token_id = "t1"
    world.end("A", error)
    world.note_renewal_end(LoginRequired("over"))
    world.go_to(world.now)
    assert type(world.answer_of(caller)) is LoginRequired
    assert world.renewals == [(0.0, "corp", "t1")]


def test_a_role_that_is_not_assigned_ends_all_chains_on_it_and_is_remembered():
    world = World(c="", d="c")
    callers = [world.ask("A~d")]
    world.end("A", RoleNotAssigned("no"))
    callers.append(world.ask("A~d"))
    world.config_mark = "2"  # STS and the chain may say something else after an edit
    callers.append(world.ask("A~d"))
    assert [type(world.answer_of(one)) for one in callers] == [RoleNotAssigned] * 3
    assert world.portal == ["A"]
    assert not world.broker.is_idle(world.now + 29)
    assert world.broker.is_idle(world.now + 31)


def test_a_portal_that_is_down_is_exit_6_after_the_usual_patience():
    world = World(top="mid", mid="low", low="")
    caller = world.ask("A~top")
    while caller not in world.replies:
        if world.under_way:
            world.end("A", DOWN)
        world.go_to(world.now + 0.25)
        assert world.now < 12
    assert type(world.answer_of(caller)) is AwsUnreachable


def test_sts_that_is_down_and_comes_back_serves_a_chain_of_three():
    """The one call that may try must not wait for another that may not."""
    world = World(top="mid", mid="low", low="")
    world.found["A"] = KEPT
    caller = world.ask("A~top")
    world.end("A~low", DOWN)
    while caller not in world.replies:
        world.go_to(world.now + 0.25)
        while world.under_way:
            world.end(world.under_way[0].role_part)
        assert world.now < 3
    assert world.answer_of(caller) == document("A~top")


def test_credentials_below_that_sts_refuses_are_renewed_once():
    world = World(c="")
    world.found["A"] = KEPT
    caller = world.ask("A~c")
    del world.found["A"]
    world.end("A~c", SourceRejected("no"))
    world.end("A")
    assert world.sts == [("A~c", b"kept"), ("A~c", document())]
    world.end("A~c", SourceRejected("no"))
    assert type(world.answer_of(caller)) is SourceRejected
    assert world.portal == ["A"]


def test_a_chain_that_is_gone_is_exit_3():
    world = World(c="gone")
    assert type(world.answer_of(world.ask("A~c"))) is ConfigInvalid
    assert world.broker.is_done


def test_chains_that_are_due_are_renewed_in_the_background_with_what_is_below():
    world = World(c="")
    world.found["A~c"] = KEPT._replace(is_due=True, due_token_id="t1")
    world.found["A"] = FoundCredentials(b"base", is_good=True, is_due=True)
    assert world.answer_of(world.ask("A~c")) == b"kept"
    assert world.sts == [("A~c", b"base")]
    assert (world.portal, world.renewals) == (["A"], [(0.0, "corp", "t1")])
    world.note_renewal_end()
    world.end("A")
    world.end("A~c")
    assert world.broker.is_idle(world.now)


def test_a_caller_that_left_is_forgotten():
    world = World(c="")
    caller = world.ask("A~c")
    world.broker.forget_caller(caller)
    world.end("A")
    world.end("A~c")
    assert caller not in world.replies
    assert world.broker.is_done


def test_callers_wait_as_long_as_the_call_below_may():
    world = World(**{f"c{n}": f"b{n}" for n in range(3)}, **{f"b{n}": "" for n in range(3)})
    caller = world.ask("A~c0")
    world.broker._get_broker_for_role(key())._pace.note_answer(15.9)
    world.go_to(16.5)
    assert [told for _, told, _ in world.told] == [caller]
