"""What is served, when AWS is asked, and what stays after: by time left of a life of an hour."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.actions import credentials, tokens
from ssohelper.app import App
from ssohelper.core.model import (
    AccessToken,
    KeptCredentials,
    Role,
    RoleCredentials,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.sign_in_clock import PromptClock
from ssohelper.errors import (
    AwsUnreachable,
    LocalState,
    LoginRequired,
    NotOurs,
    Refused,
    RoleNotAssigned,
    SsoHelperError,
    TokenRejected,
)

NOW = 4_000_000_000
LIFE = 3600
SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())
ROLE = Role("000000000001", "ReadOnlyAccess")
KEY = SESSION.key_of(ROLE)


def keys(name: str, expires_at: int = NOW + LIFE) -> RoleCredentials:
    return RoleCredentials(name, Secret("s"), Secret("t"), expires_at)


def token(value: str) -> AccessToken:
    return AccessToken(Secret(value), NOW + LIFE, None, None)


class WorldApp(App):
    """The program on a disk of its own; AWS and the sign-in are what a test says they are."""

    def __init__(self, folder: Path) -> None:
        self.at = NOW
        super().__init__(
            {"HOME": str(folder), "SSOHELPER_HOME": str(folder)}, clock=lambda: self.at
        )
        self.answer: SsoHelperError | None = None
        self.asked: list[str] = []
        self.renewals: list[object] = []
        self.facts = SignInFacts(signed_in_at=1)
        self.while_asked: Callable[[], object] = lambda: None
        self.__dict__["_aws_clock"] = SimpleNamespace(
            now=lambda wall: wall, learn=lambda *_: self.__dict__.setdefault("learned", True)
        )
        self.__dict__["tokens"] = SimpleNamespace(
            facts=lambda _name: self.facts, fingerprint=lambda _session: "same"
        )

    def portal(self, session: SsoSession) -> Any:
        return SimpleNamespace(role_credentials=self._role_credentials, answered_at=lambda: self.at)

    def _role_credentials(self, used: AccessToken, role: Role, _deadline: object):
        assert role == ROLE
        self.asked.append(used.value.reveal())
        self.while_asked()
        if self.answer is not None:
            raise self.answer
        return keys(f"fresh-{len(self.asked)}", self.at + LIFE)

    def start_renewal(self, key: object) -> None:
        self.renewals.append(key)

    def release(self, seconds: float = 18) -> str:
        found = credentials.release(self, SESSION, ROLE, "env", self.deadline(seconds))
        return found.access_key_id

    def is_kept(self) -> str | None:
        found = self.credentials.get(KEY, SESSION)
        return found and found.credentials.access_key_id

    def served_for(self) -> int:
        """Return for how many seconds a hit prints what is published."""
        return max(0, self.credentials.published_until(KEY) - self.at)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldApp:
    monkeypatch.setattr(tokens, "valid_token", lambda *_: token("first"))
    monkeypatch.setattr(tokens, "renewed_after_rejection", lambda *_: token("second"))
    monkeypatch.setattr(tokens, "renewal_due_at", lambda *_: None)
    monkeypatch.setattr(tokens, "renew_ahead", lambda *_: None)
    return WorldApp(tmp_path)


def keep(app: WorldApp, left: int) -> None:
    """Keep and publish an hour's credentials of which so much is left."""
    app.at = NOW + LIFE - left
    app.credentials.keep(KEY, SESSION, KeptCredentials(keys("old"), NOW))


def test_what_aws_answers_is_kept_and_published_for_half_of_its_life(app):
    assert app.release() == "fresh-1"
    assert (app.is_kept(), app.served_for()) == ("fresh-1", LIFE // 2)
    assert app.learned
    assert app.release() == "fresh-1"
    assert (app.asked, app.renewals) == (["first"], [])


@pytest.mark.parametrize(
    ("left", "given", "renewals", "served_for"),
    [
        (3661, "fresh-1", 0, 1800),  # our clock was set back: nobody knows what is left
        (3660, "old", 0, 1860),
        (3600, "old", 0, 1800),
        (1801, "old", 0, 1),  # a document that was lost is put back
        (1800, "old", 1, 30),
        (931, "old", 1, 30),
        (910, "old", 1, 10),  # never past the moment from which on a caller waits
        (901, "old", 1, 1),
        (900, "fresh-1", 0, 1800),
        (61, "fresh-1", 0, 1800),
        (60, "fresh-1", 0, 1800),
        (-5, "fresh-1", 0, 1800),
    ],
)
def test_what_is_served_while_aws_answers(app, left, given, renewals, served_for):
    keep(app, left)
    assert app.release() == given
    assert app.renewals == [KEY] * renewals
    assert app.served_for() == served_for
    assert len(app.asked) == (given != "old")
    # Whoever comes in the same second changes nothing.
    assert app.release() == given
    assert app.renewals == [KEY] * renewals
    assert app.served_for() == served_for


@pytest.mark.parametrize(
    ("left", "served_for"),
    [(900, 30), (91, 30), (90, 30), (80, 20), (61, 1), (60, None), (0, None)],
)
@pytest.mark.parametrize("trouble", [AwsUnreachable("down"), LoginRequired("expired")])
def test_good_ones_outlive_aws_and_the_sign_in(app, left, served_for, trouble):
    keep(app, left)
    app.answer = trouble
    if served_for is None:
        with pytest.raises(type(trouble)):
            app.release()
        assert app.served_for() == 0
    else:
        assert app.release() == "old"
        assert app.served_for() == served_for
    assert app.is_kept() == "old"


def test_a_failure_is_shared_for_half_a_minute(app):
    app.answer = AwsUnreachable("down")
    for seconds, asked in ((0, 1), (29, 1), (30, 2)):
        app.at = NOW + seconds
        with pytest.raises(AwsUnreachable, match="down"):
            app.release()
        assert len(app.asked) == asked
    app.at, app.answer = NOW + 60, None
    assert app.release() == "fresh-3"


def test_what_it_ends_with_is_forgotten_as_a_failure(app):
    app.answer = AwsUnreachable("down")
    with pytest.raises(AwsUnreachable):
        app.release()
    app.at, app.answer = NOW + 30, None
    app.release()
    app.credentials.remove(KEY)
    assert app.release() == "fresh-3"


def test_trouble_of_this_machine_is_not_shared(app):
    app.answer = LocalState("disk full")
    for asked in (1, 2):
        with pytest.raises(LocalState):
            app.release()
        assert len(app.asked) == asked


@pytest.mark.parametrize("left", [900, 60])
def test_a_role_that_is_taken_away_leaves_nothing(app, left):
    keep(app, left)
    app.answer = RoleNotAssigned("no access")
    with pytest.raises(RoleNotAssigned):
        app.release()
    assert (app.is_kept(), app.served_for()) == (None, 0)


def test_who_renews_behind_takes_it_away_for_all(app):
    keep(app, 1800)
    app.release()
    app.answer = RoleNotAssigned("no access")
    with pytest.raises(RoleNotAssigned):
        credentials.renew_ahead(app, SESSION, ROLE, app.deadline())
    assert (app.is_kept(), app.served_for()) == (None, 0)


def test_a_prompt_counts_down_what_is_not_renewed_by_itself(app):
    keep(app, 900)
    app.answer = AwsUnreachable("down")
    app.release()
    assert app.prompt_state.role(KEY) == PromptClock(NOW + LIFE, "known")
    app.at, app.answer = app.at + 30, None
    app.release()
    assert app.prompt_state.role(KEY) is None


def test_nor_what_is_gone(app):
    keep(app, 900)
    app.answer = AwsUnreachable("down")
    app.release()
    app.at, app.answer = app.at + 30, RoleNotAssigned("no access")
    with pytest.raises(RoleNotAssigned):
        app.release()
    assert app.prompt_state.role(KEY) is None


def test_a_rejected_token_is_renewed_once(app):
    rejections = iter([TokenRejected("401"), None])

    def reject() -> None:
        app.answer = next(rejections)

    app.while_asked = reject
    assert app.release() == "fresh-2"
    assert app.asked == ["first", "second"]


def test_a_renewed_token_that_is_rejected_too_needs_a_person(app):
    app.answer = TokenRejected("401")
    with pytest.raises(LoginRequired):
        app.release()
    assert app.asked == ["first", "second"]


def test_who_signs_in_meanwhile_finds_no_keys_of_the_person_before(app):
    def sign_in() -> None:
        app.facts = SignInFacts(signed_in_at=2)

    app.while_asked = sign_in
    assert app.release() == "fresh-1"
    assert (app.is_kept(), app.served_for()) == (None, 0)


def test_the_token_counts_when_it_is_due_sooner(app, monkeypatch):
    for due_at, expected in ((NOW + 100, NOW + 100), (NOW + 9999, NOW + 1800)):
        monkeypatch.setattr(tokens, "renewal_due_at", lambda *_, at=due_at: at)
        app.credentials.remove(KEY)
        assert credentials.due_at(app, SESSION, ROLE) == 0
        app.release()
        assert credentials.due_at(app, SESSION, ROLE) == expected
        assert app.credentials.published_until(KEY) == expected


def test_a_token_that_is_due_starts_the_renewal(app, monkeypatch):
    keep(app, 3600)
    monkeypatch.setattr(tokens, "renewal_due_at", lambda *_: app.at)
    assert app.release() == "old"
    assert app.renewals == [KEY]


def test_nothing_is_renewed_behind_where_the_settings_say_no(app):
    (app.settings_file).write_text("renew_ahead = false\n")
    keep(app, 1800)
    assert app.release() == "old"
    assert (app.renewals, app.served_for()) == ([], 0)


def test_who_holds_the_roles_lock_is_renewing_already(app):
    for left, given in ((1800, "old"), (900, "old")):
        keep(app, left)
        with app.credentials.lock(KEY, app.deadline()):
            assert app.release(seconds=0.05) == given
        assert (app.renewals, app.asked) == ([], [])


@pytest.mark.parametrize(
    ("left", "given", "waits"), [(900, 18, 5), (61, 18, 5), (61, 3, 3), (60, 18, 18), (-5, 18, 18)]
)
def test_what_still_works_is_not_worth_the_whole_deadline(app, left, given, waits):
    keep(app, left)
    app.monotonic = lambda: 0.0
    seconds = []
    really_lock = app.credentials.lock

    def lock(key: object, deadline: Any):
        seconds.append(deadline.left())
        return really_lock(key, deadline)

    app.credentials.lock = lock
    app.release(seconds=given)
    assert seconds == [waits]


def test_only_the_first_one_starts_the_renewal(app):
    keep(app, 1800)
    really_lock = app.credentials.lock

    def lock(key: object, deadline: object):
        # The one before us has dated the document ahead when we have its lock.
        document = credentials.document(keys("old"), ROLE.account_id)
        app.credentials.publish(KEY, document, app.at + 30, app.at)
        return really_lock(key, deadline)

    app.credentials.lock = lock
    assert app.release() == "old"
    assert app.renewals == []


def test_who_waited_takes_the_answer_of_the_one_before(app):
    keep(app, 900)

    def lock(key: object, deadline: object):
        # The one before us has renewed when we have its lock.
        fresh = KeptCredentials(keys("theirs", app.at + LIFE), app.at)
        app.credentials.keep(KEY, SESSION, fresh)
        return really_lock(key, deadline)

    really_lock, app.credentials.lock = app.credentials.lock, lock
    assert app.release() == "theirs"
    assert app.asked == []


@pytest.mark.parametrize("left", [3600, 900])
def test_a_policy_is_asked_before_and_a_recorder_told_after_nothing_else_leaves(app, left):
    keep(app, left)
    told: list[object] = []

    def refuse(*asked: object) -> None:
        told.append(asked)
        raise Refused("guarded")

    def record(*words: object) -> None:
        told.append(words)

    with pytest.raises(Refused):
        credentials.release(app, SESSION, ROLE, "env", app.deadline(), policy=refuse)
    with pytest.raises(Refused):
        credentials.at_hand(app, SESSION, ROLE, "serve", even_due=True, policy=refuse)
    assert told == [(app, SESSION, ROLE, "env"), (app, SESSION, ROLE, "serve")]
    assert app.asked == []
    told.clear()
    given = [
        credentials.at_hand(app, SESSION, ROLE, "serve", even_due=True, recorder=record),
        credentials.release(app, SESSION, ROLE, "env", app.deadline(), recorder=record),
    ]
    assert told == [(app, SESSION, ROLE, "serve", given[0]), (app, SESSION, ROLE, "env", given[1])]


class TestAtHand:
    @pytest.mark.parametrize(
        ("left", "now", "even_due"),
        [
            (3600, "old", "old"),
            (1800, "old", "old"),
            (901, "old", "old"),
            (900, None, "old"),
            (61, None, "old"),
            (60, None, None),
            (-5, None, None),
        ],
    )
    def test_is_what_is_kept_and_asks_nobody(self, app, left, now, even_due):
        keep(app, left)
        for due, expected in ((False, now), (True, even_due)):
            found = credentials.at_hand(app, SESSION, ROLE, "serve", even_due=due)
            assert (found and found.access_key_id) == expected
        assert app.asked == []
        assert app.renewals == [KEY] * (900 < left <= 1800)

    def test_is_nothing_when_nothing_is_kept(self, app):
        assert credentials.at_hand(app, SESSION, ROLE, "serve", even_due=True) is None


class TestRenewing:
    @pytest.mark.parametrize("left", [3600, 1800, 60])
    def test_now_takes_fresh_ones_whatever_is_kept(self, app, left):
        keep(app, left)
        credentials.renew_now(app, SESSION, ROLE, app.deadline())
        assert (app.is_kept(), app.served_for()) == ("fresh-1", LIFE // 2)

    @pytest.mark.parametrize(("left", "kept"), [(3600, "old"), (1801, "old"), (1800, "fresh-1")])
    def test_ahead_begins_at_half_of_a_life(self, app, left, kept):
        keep(app, left)
        credentials.renew_ahead(app, SESSION, ROLE, app.deadline())
        assert app.is_kept() == kept
        assert app.served_for() == (left - 1800 if kept == "old" else 1800)

    def test_ahead_begins_with_the_token_and_takes_what_is_missing(self, app, monkeypatch):
        done = []
        monkeypatch.setattr(tokens, "renew_ahead", lambda *_: done.append("token"))
        app.while_asked = lambda: done.append("role")
        credentials.renew_ahead(app, SESSION, ROLE, app.deadline())
        assert done == ["token", "role"]


def test_a_slip_in_the_settings_takes_no_good_ones_away(app):
    keep(app, 1800)
    app.settings_file.write_text("renew_ahead = = false\n")
    assert app.release() == "old"
    assert (app.asked, app.renewals) == ([], [])
    (said,) = app.warnings
    assert said.startswith("the credentials are good, but cannot be renewed ahead: ")
    assert f'"{app.settings_file}" line 1: ' in said


class TestDisk:
    """A disk that says no costs the next one a request, not this one its answer."""

    @pytest.mark.parametrize("call", ["keep", "publish"])
    @pytest.mark.parametrize("left", [900, 60])
    def test_what_aws_answered_is_given_and_the_trouble_said(self, app, monkeypatch, call, left):
        keep(app, left)
        self._refuse(app, monkeypatch, call, LocalState("disk full"))
        assert app.release() == "fresh-1"
        assert app.warnings == ["the credentials could not be kept: disk full"]

    def test_good_ones_are_served_though_their_time_cannot_be_told(self, app, monkeypatch):
        keep(app, 900)
        app.answer = AwsUnreachable("down")
        self._refuse(app, monkeypatch, "publish", LocalState("disk full"))
        assert app.release() == "old"
        assert app.warnings == ["the credentials could not be published: disk full"]

    def test_a_renewal_that_cannot_begin_is_said(self, app, monkeypatch):
        keep(app, 1801)
        self._refuse(app, monkeypatch, "publish", LocalState("disk full"))
        assert app.release() == "old"
        assert app.warnings == ["the credentials are good, but cannot be renewed ahead: disk full"]

    def test_what_cannot_be_removed_is_said_and_the_refusal_stands(self, app, monkeypatch):
        keep(app, 900)
        app.answer = RoleNotAssigned("no access")
        self._refuse(app, monkeypatch, "remove", LocalState("read-only"))
        with pytest.raises(RoleNotAssigned):
            app.release()
        assert app.warnings == ["the credentials could not be removed: read-only"]

    @pytest.mark.parametrize(
        ("left", "answer", "call"),
        [
            (3600, None, "publish"),
            (1800, None, "publish"),
            (900, None, "publish"),
            (60, None, "keep"),
            (900, None, "lock"),
            (900, AwsUnreachable("down"), "publish"),
        ],
    )
    def test_nothing_goes_past_what_somebody_planted(self, app, monkeypatch, left, answer, call):
        keep(app, left)
        app.answer = answer
        self._refuse(app, monkeypatch, call, NotOurs("a link"))
        with pytest.raises(NotOurs):
            app.release()

    @staticmethod
    def _refuse(app: WorldApp, monkeypatch: pytest.MonkeyPatch, call: str, error: Exception):
        def refuse(*_: object) -> None:
            raise error

        monkeypatch.setattr(app.credentials, call, refuse)
