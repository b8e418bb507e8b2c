"""When a token is renewed, what happens when that fails, and what is known after: to the second."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.actions import tokens
from ssohelper.app import App
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SignInFacts, SsoSession
from ssohelper.core.sign_in_clock import PromptClock
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired, SsoHelperError

NOW = 4_000_000_000
HOUR = 3600
SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())


class WorldApp(App):
    """The program on a disk of its own; AWS, the clock and other tools are what a test says."""

    def __init__(self, folder: Path) -> None:
        self.at = NOW
        self.slept = 0.0
        super().__init__(
            {"HOME": str(folder), "SSOHELPER_HOME": str(folder)},
            clock=lambda: self.at,
            monotonic=lambda: self.slept,
            sleep=self._sleep,
        )
        self.answer: SsoHelperError | None = None
        self.used: list[str] = []
        self.seconds: list[float] = []
        self.while_asked: Callable[[], object] = lambda: None
        self.while_asleep: Callable[[], object] = lambda: None

    def oidc(self, session: SsoSession) -> Any:
        return SimpleNamespace(refresh=self._refresh)

    def _refresh(self, used: AccessToken, deadline: Any) -> tuple[AccessToken, int]:
        assert used.refresh_token
        self.used.append(used.value.reveal())
        self.seconds.append(deadline.left())
        self.while_asked()
        if self.answer is not None:
            raise self.answer
        return token(f"fresh-{len(self.used)}", self.at + HOUR), HOUR

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.while_asleep()

    def sign_in(self, left: int, value: str = "old", **more: Any) -> None:
        """Another tool writes a token of which so much is left."""
        self.tokens.save(SESSION, token(value, self.at + left, **more), signed_in=True)

    def valid(self) -> str:
        return tokens.valid_token(self, SESSION, self.deadline(18)).value.reveal()

    def stands(self) -> str | None:
        found = self.tokens.load(SESSION)
        return found.value.reveal() if found else None


def token(
    value: str, expires_at: int, *, refresh: str | None = "r", client_until: int = NOW + 99 * HOUR
) -> AccessToken:
    client = ClientRegistration("client", Secret("secret"), client_until)
    return AccessToken(Secret(value), expires_at, Secret(refresh) if refresh else None, client)


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    return WorldApp(tmp_path)


@pytest.mark.parametrize(
    ("life", "left", "given"),
    [
        (HOUR, 1201, "old"),
        (HOUR, 1200, "fresh-1"),
        (HOUR, 0, "fresh-1"),
        (HOUR, -999, "fresh-1"),
        (900, 301, "old"),
        (900, 300, "fresh-1"),
        (8 * HOUR, 1201, "old"),
        (None, 1201, "old"),  # another tool's: it is taken for an hour's
        (None, 1200, "fresh-1"),
    ],
)
def test_a_token_is_renewed_when_its_end_is_near(app, life, left, given):
    app.sign_in(left)
    if life:
        app.tokens.save_facts(
            "corp", SignInFacts(token_expires_at=NOW + left, token_life_seconds=life)
        )
    assert app.valid() == given
    assert app.stands() == given
    assert app.used == ["old"] * (given != "old")


def test_the_life_of_an_earlier_token_says_nothing_of_this_one(app):
    app.sign_in(301)
    app.tokens.save_facts("corp", SignInFacts(token_expires_at=NOW, token_life_seconds=900))
    assert app.valid() == "fresh-1"


def test_signed_out_says_what_to_type(app):
    for call in (
        tokens.valid_token,
        lambda *words: tokens.renewed_after_rejection(*words[:2], token("x", NOW), words[2]),
        lambda *words: tokens.renewed_to_last(*words[:2], 60, words[2]),
    ):
        with pytest.raises(LoginRequired) as refused:
            call(app, SESSION, app.deadline())
        assert refused.value.message == 'the session "corp" is signed out'
        assert refused.value.hint == "sign in with: ssohelper login corp"
    assert app.used == []


@pytest.mark.parametrize("how", [{"refresh": None}, {"client_until": NOW}])
def test_what_cannot_be_renewed_is_used_to_its_end(app, how):
    app.sign_in(1, **how)
    assert app.valid() == "old"
    assert tokens.renewal_due_at(app, SESSION) is None
    assert app.tokens.facts("corp") == SignInFacts()  # nothing has ended
    app.at += 1
    with pytest.raises(LoginRequired) as refused:
        app.valid()
    assert refused.value.message == 'the session "corp" expired'
    assert refused.value.hint == "sign in with: ssohelper login corp"
    assert (app.used, app.slept) == ([], 0)  # nobody else can have renewed it


@pytest.mark.parametrize(("left", "seconds"), [(1200, 6.0), (1, 6.0), (0, 18.0)])
def test_a_token_that_works_is_not_worth_the_whole_deadline(app, left, seconds):
    app.sign_in(left)
    app.valid()
    assert app.seconds == [seconds]


def test_nor_more_than_half_of_what_is_left(app):
    app.sign_in(1200)
    tokens.valid_token(app, SESSION, app.deadline(8))
    assert app.seconds == [4.0]


@pytest.mark.parametrize("trouble", [AwsUnreachable("down"), LoginRequired("no")])
def test_a_failed_renewal_takes_nothing_away_that_works(app, trouble):
    app.sign_in(1)
    app.answer = trouble
    assert app.valid() == "old"
    app.at += 1
    with pytest.raises(type(trouble)):
        app.valid()


def test_what_ended_while_aws_was_asked_is_not_used(app):
    app.sign_in(1)
    app.answer = AwsUnreachable("down")

    def wait() -> None:
        app.at += 1

    app.while_asked = wait
    with pytest.raises(AwsUnreachable):
        app.valid()


def test_a_prompt_counts_down_the_new_sign_in_clock(app):
    app.sign_in(100)
    app.tokens.save_facts("corp", SignInFacts(signed_in_at=NOW - HOUR))
    app.valid()
    assert app.prompt_state.session("corp") == PromptClock(NOW + 7 * HOUR, "assumed")


def test_another_tools_token_is_a_prompts_clock_too(app):
    app.sign_in(0)
    app.answer = LoginRequired("invalid_grant")
    app.while_asked = lambda: app.sign_in(100, "theirs", refresh=None)
    assert app.valid() == "theirs"
    assert app.prompt_state.session("corp") == PromptClock(NOW + 100, "known")


def test_a_failure_is_shared_for_half_a_minute_or_until_the_file_changes(app):
    app.sign_in(0)
    app.answer = AwsUnreachable("down")
    for seconds, asked in ((0, 1), (29, 1), (30, 2), (31, 2)):
        app.at = NOW + seconds
        with pytest.raises(AwsUnreachable, match="down"):
            app.valid()
        assert len(app.used) == asked
    app.sign_in(-1, "other")
    with pytest.raises(AwsUnreachable):
        app.valid()
    assert app.used[2:] == ["other"]
    app.answer = None
    app.sign_in(-1, "third")
    assert app.valid() == "fresh-4"


def test_what_works_again_is_no_failure_any_more(app):
    app.sign_in(0)
    app.answer = AwsUnreachable("down")
    with pytest.raises(AwsUnreachable):
        app.valid()
    app.at, app.answer = NOW + 30, None
    app.valid()
    assert app.failures.recall("sign-in corp", app.tokens.fingerprint(SESSION), app.at) is None


def test_trouble_of_this_machine_is_not_shared(app):
    app.sign_in(0)
    app.answer = LocalState("no certificates")
    for asked in (1, 2):
        with pytest.raises(LocalState):
            app.valid()
        assert len(app.used) == asked


def test_what_is_known_after_a_renewal(app):
    app.sign_in(100)
    facts = SignInFacts(NOW - 50, None, 8 * HOUR, None, "ana", NOW + 100, HOUR)
    app.tokens.save_facts("corp", facts)
    app.valid()
    assert app.tokens.facts("corp") == facts._replace(
        refreshed_at=NOW, token_expires_at=NOW + HOUR, token_life_seconds=HOUR
    )


def test_what_is_known_after_a_refusal(app):
    app.sign_in(0)
    facts = SignInFacts(NOW - 8 * HOUR, None, None, NOW - HOUR, "ana", NOW, HOUR)
    app.tokens.save_facts("corp", facts)
    app.answer = LoginRequired("invalid_grant")
    for _ in range(2):
        with pytest.raises(LoginRequired, match='the session "corp" expired'):
            app.valid()
        app.at += 31
    assert app.used == ["old", "old"]
    assert app.tokens.facts("corp") == facts._replace(
        ended_at=NOW, observed_hours_seconds=8 * HOUR, token_life_seconds=None
    )
    assert tokens.renewal_due_at(app, SESSION) is None
    assert app.prompt_state.session("corp").kind == "ended"


def test_an_unreachable_aws_ends_no_sign_in(app):
    app.sign_in(0)
    app.answer = AwsUnreachable("down")
    with pytest.raises(AwsUnreachable):
        app.valid()
    assert app.tokens.facts("corp").ended_at is None


@pytest.mark.parametrize(("after", "given"), [(0.0, "theirs"), (2.9, "theirs"), (3.5, None)])
def test_after_a_refusal_another_tools_token_is_waited_for(app, after, given):
    app.sign_in(0)
    app.answer = LoginRequired("invalid_grant")

    def write() -> None:
        if app.slept >= after:
            app.sign_in(100, "theirs")

    app.while_asked = app.while_asleep = write
    if given:
        assert app.valid() == given
        assert app.tokens.facts("corp").ended_at is None
    else:
        with pytest.raises(LoginRequired, match="expired"):
            app.valid()
    assert app.slept <= 3.0


@pytest.mark.parametrize(("value", "left"), [("old", 100), ("theirs", 0)])
def test_but_none_that_was_refused_or_has_ended(app, value, left):
    app.sign_in(0)
    app.answer = LoginRequired("invalid_grant")
    app.while_asked = lambda: app.sign_in(left, value)
    with pytest.raises(LoginRequired):
        app.valid()


def test_nobody_waits_for_another_tool_while_aws_is_down_or_the_person_is_signed_out(app):
    app.sign_in(0)
    app.answer = AwsUnreachable("down")
    with pytest.raises(AwsUnreachable):
        app.valid()
    app.at, app.answer = NOW + 30, LoginRequired("invalid_grant")
    app.while_asked = lambda: app.tokens.forget(SESSION)
    with pytest.raises(LoginRequired):
        app.valid()
    assert app.slept == 0


@pytest.mark.parametrize(
    ("left", "given", "used"), [(1201, "theirs", []), (1200, "fresh-1", ["theirs"])]
)
def test_who_waited_takes_the_token_of_the_one_before(app, left, given, used):
    app.sign_in(100)
    really_lock = app.tokens.lock

    def lock(*words: Any):
        app.sign_in(left, "theirs")  # the one before us has renewed when we have its lock
        return really_lock(*words)

    app.tokens.lock = lock
    assert app.valid() == given
    assert app.used == used


def test_who_waited_for_a_sign_out_is_told_so(app):
    app.sign_in(0)
    really_lock = app.tokens.lock

    def lock(*words: Any):
        app.tokens.forget(SESSION)
        return really_lock(*words)

    app.tokens.lock = lock
    with pytest.raises(LoginRequired, match="is signed out"):
        app.valid()
    assert app.used == []


def test_a_sign_out_meanwhile_is_not_undone(app, tmp_path):
    app.sign_in(0)
    other_process = WorldApp(tmp_path)
    app.while_asked = lambda: other_process.tokens.forget(SESSION)
    with pytest.raises(LoginRequired, match="signed out meanwhile"):
        app.valid()
    assert app.stands() is None


@pytest.mark.parametrize("call", ["save", "save_facts"])
def test_a_full_disk_costs_the_next_one_a_renewal_and_not_this_one_its_token(
    app, monkeypatch, call
):
    app.sign_in(0)

    def refuse(*_: object, **__: object) -> None:
        raise LocalState("disk full")

    monkeypatch.setattr(app.tokens, call, refuse)
    assert app.valid() == "fresh-1"
    assert app.warnings == ["the renewed token could not be kept: disk full"]


def test_a_failure_that_cannot_be_remembered_is_said_and_stands(app, monkeypatch):
    app.sign_in(0)
    app.answer = AwsUnreachable("down")

    def refuse(*_: object) -> None:
        raise LocalState("disk full")

    monkeypatch.setattr(app.failures, "remember", refuse)
    with pytest.raises(AwsUnreachable):
        app.valid()
    assert app.warnings == ["the failure could not be remembered: disk full"]


class TestAhead:
    @pytest.mark.parametrize(("left", "stands"), [(1801, "old"), (1800, "fresh-1"), (0, "fresh-1")])
    def test_is_at_half_of_a_life(self, app, left, stands):
        app.sign_in(left)
        assert tokens.renewal_due_at(app, SESSION) == NOW + left - 1800
        tokens.renew_ahead(app, SESSION, app.deadline())
        assert app.stands() == stands

    def test_is_not_when_signed_out(self, app):
        assert tokens.renewal_due_at(app, SESSION) is None
        tokens.renew_ahead(app, SESSION, app.deadline())
        assert app.used == []

    def test_is_of_a_sign_in_that_another_tool_made_after_an_end_too(self, app):
        app.sign_in(0)
        app.answer = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired):
            app.valid()
        assert tokens.renewal_due_at(app, SESSION) is None
        app.answer = None
        app.sign_in(1800, "theirs")
        assert tokens.renewal_due_at(app, SESSION) == NOW
        tokens.renew_ahead(app, SESSION, app.deadline())
        assert app.stands() == "fresh-2"

    def test_is_done_once_by_those_who_wait_for_each_other(self, app):
        app.sign_in(1000)
        really_lock = app.tokens.lock

        def lock(*words: Any):
            app.sign_in(HOUR, "theirs")
            return really_lock(*words)

        app.tokens.lock = lock
        tokens.renew_ahead(app, SESSION, app.deadline())
        assert (app.stands(), app.used) == ("theirs", [])

    @pytest.mark.parametrize("trouble", [AwsUnreachable("down"), LoginRequired("no")])
    def test_is_no_trouble_while_the_token_works(self, app, trouble):
        app.sign_in(1)
        app.answer = trouble
        tokens.renew_ahead(app, SESSION, app.deadline())
        app.at += 30
        app.sign_in(0, "other")
        with pytest.raises(type(trouble)):
            tokens.renew_ahead(app, SESSION, app.deadline())

    def test_a_person_who_signs_out_meanwhile_is_needed(self, app):
        app.sign_in(1000)
        app.answer = LoginRequired("no")
        app.while_asked = lambda: app.tokens.forget(SESSION)
        with pytest.raises(LoginRequired):
            tokens.renew_ahead(app, SESSION, app.deadline())


class TestRejected:
    @pytest.mark.parametrize(
        ("stands", "left", "given", "used"),
        [
            ("old", 3000, "fresh-1", ["old"]),  # whatever its file says of its end
            ("theirs", 1, "theirs", []),
            ("theirs", 0, "fresh-1", ["theirs"]),
        ],
    )
    def test_is_replaced_unless_somebody_has_done_so(self, app, stands, left, given, used):
        app.sign_in(left, stands)
        found = tokens.renewed_after_rejection(
            app, SESSION, token("old", NOW + 3000), app.deadline()
        )
        assert (found.value.reveal(), app.used) == (given, used)


class TestToLast:
    @pytest.mark.parametrize(
        ("left", "seconds", "given"),
        [
            (3000, 3000, "old"),
            (3000, 3001, "fresh-1"),
            (1201, 60, "old"),
            (1200, 60, "fresh-1"),  # it would be renewed by the next call in any case
        ],
    )
    def test_is_what_a_person_asked_for(self, app, left, seconds, given):
        app.sign_in(left)
        found = tokens.renewed_to_last(app, SESSION, seconds, app.deadline())
        assert found.value.reveal() == given
