"""What is served, when AWS is asked, and what stays after: by time left of a life of an hour.

Without a broker, as where there can be none: when each caller's turn comes is broker/test_core.py.
"""

from pathlib import Path
from typing import Any

import pytest

from ssohelper.actions import credentials, issuing
from ssohelper.errors import (
    AwsUnreachable,
    LocalState,
    LoginRequired,
    NotOurs,
    RoleNotAssigned,
    TokenRejected,
)
from tests.actions.world import HOUR, KEY, NOW, ROLE, SESSION, WorldApp, keys

LIFE = HOUR


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    app = WorldApp(tmp_path)
    app.sign_in()
    return app


def test_what_aws_answers_is_kept_and_published_for_half_of_its_life(app):
    assert app.release() == "fresh-1"
    assert (app.is_kept(), app.served_for()) == ("fresh-1", LIFE // 2)
    assert app.learned == [NOW]
    assert app.release() == "fresh-1"
    assert (app.asked, app.used) == (["first"], [])


@pytest.mark.parametrize(
    ("left", "given", "is_due", "served_for"),
    [
        (3661, "fresh-1", False, 1800),  # our clock was set back: what is left is unknown
        (3660, "old", False, 1860),
        (3600, "old", False, 1800),
        (1801, "old", False, 1),  # a published response that was lost is restored
        (1800, "old", True, 30),
        (931, "old", True, 30),
        (910, "old", True, 10),  # never past the moment from which on a caller waits
        (901, "old", True, 1),
        (900, "fresh-1", False, 1800),
        (61, "fresh-1", False, 1800),
        (60, "fresh-1", False, 1800),
        (-5, "fresh-1", False, 1800),
    ],
)
def test_what_is_served_while_aws_answers(app, left, given, is_due, served_for):
    app.keep(left)
    found = issuing.find(app, KEY)
    assert (found.is_good, found.is_due) == (given == "old", is_due)
    assert bool(found.document) == (60 < left <= 3660)
    for _ in range(2):  # a caller in the same second changes nothing
        assert app.release() == given
        assert app.served_for() == served_for
        assert len(app.asked) == (given != "old")


@pytest.mark.parametrize(
    ("left", "is_served"), [(900, True), (91, True), (61, True), (60, False), (0, False)]
)
@pytest.mark.parametrize("error", [AwsUnreachable("down"), LoginRequired("expired")])
def test_good_credentials_are_served_while_aws_fails_and_after_the_sign_in(
    app, left, is_served, error
):
    app.keep(left)
    app.answer = error
    if is_served:
        assert app.release() == "old"
        assert app.asked, "AWS was not asked"
    else:
        with pytest.raises(type(error)):
            app.release()
    # Each caller asks the broker, which notices at once that AWS works again.
    assert (app.is_kept(), app.served_for()) == ("old", 0)


def test_an_error_of_this_machine_is_not_shared(app):
    app.answer = LocalState("disk full")
    for asked in (1, 2):
        with pytest.raises(LocalState):
            app.release()
        assert len(app.asked) == asked


@pytest.mark.parametrize("left", [900, 60])
def test_a_role_that_is_no_longer_assigned_leaves_nothing(app, left):
    app.keep(left)
    app.answer = RoleNotAssigned("no access")
    with pytest.raises(RoleNotAssigned):
        app.release()
    assert (app.is_kept(), app.served_for()) == (None, 0)


def test_a_renewal_in_the_background_removes_such_a_role_for_all(app):
    app.keep(1800)
    app.release()
    app.answer = RoleNotAssigned("no access")
    with pytest.raises(RoleNotAssigned):
        credentials.renew_ahead(app, SESSION, ROLE, app.deadline())
    assert (app.is_kept(), app.served_for()) == (None, 0)


def test_a_refusal_that_was_asked_for_with_an_earlier_token_removes_nothing(app):
    """Another person has signed in meanwhile: what AWS refuses the first is the second's."""
    app.keep(900)
    app.answer = RoleNotAssigned("no access")

    def sign_in() -> None:
        app.sign_in(value="second")

    app.while_asked = sign_in
    with pytest.raises(RoleNotAssigned):
        app.release()
    assert app.is_kept() == "old"


def test_a_prompt_counts_down_what_is_not_renewed_automatically(app):
    app.keep(900)
    app.answer = AwsUnreachable("down")
    app.release()
    assert app.prompt_state.role_ends_at(KEY) == NOW + LIFE
    app.answer = None
    app.release()
    assert app.prompt_state.role_ends_at(KEY) is None


def test_a_prompt_counts_down_no_role_that_is_no_longer_assigned(app):
    app.keep(900)
    app.answer = AwsUnreachable("down")
    app.release()
    app.answer = RoleNotAssigned("no access")
    with pytest.raises(RoleNotAssigned):
        app.release()
    assert app.prompt_state.role_ends_at(KEY) is None


def test_a_rejected_token_is_renewed_once(app):
    rejections = iter([TokenRejected("401"), None])

    def reject() -> None:
        app.answer = next(rejections)

    app.while_asked = reject
    assert app.release() == "fresh-2"
    assert (app.asked, app.used) == (["first", "renewed-1"], ["first"])


def test_a_renewed_token_that_is_rejected_too_needs_a_sign_in(app):
    app.answer = TokenRejected("401")
    with pytest.raises(LoginRequired):
        app.release()
    assert app.asked == ["first", "renewed-1"]


@pytest.mark.parametrize("is_our_sign_in", [True, False])
def test_after_a_sign_in_meanwhile_the_new_person_is_asked_for(app, is_our_sign_in):
    """Nothing of the sign-in before is handed out, so AWS is asked again with the new token."""

    def sign_in() -> None:
        app.while_asked = lambda: None
        app.sign_in(value="second")

    app.while_asked = sign_in
    assert app.release() == "fresh-2"
    assert app.asked == ["first", "second"]
    assert (app.is_kept(), app.served_for()) == ("fresh-2", 1800)


def test_after_a_sign_out_meanwhile_nothing_is_handed_out(app):
    app.while_asked = lambda: app.tokens.forget(SESSION)
    with pytest.raises(LoginRequired, match="signed out"):
        app.release()
    assert (app.is_kept(), app.served_for()) == (None, 0)


@pytest.mark.parametrize("left", [3600, 1800, 900])
def test_after_a_sign_out_by_any_tool_nothing_is_handed_out(app, left):
    app.keep(left)
    app.tokens.forget(SESSION)
    with pytest.raises(LoginRequired, match="signed out"):
        app.release()
    assert app.served_for() == 0


@pytest.mark.parametrize("left", [3600, 1800, 900])
def test_after_another_tool_wrote_the_token_aws_is_asked_first(app, left):
    app.keep(left, asked_with="other")
    assert app.release() == "fresh-1"
    assert app.asked == ["first"]
    assert app.warnings == []


@pytest.mark.parametrize("left", [3600, 900])
def test_and_served_only_where_aws_cannot_be_reached(app, left):
    app.keep(left, asked_with="other")
    app.answer = AwsUnreachable("down")
    assert app.release() == "old"
    assert app.warnings == [
        "another tool changed the sign-in since these credentials were issued, and AWS cannot be "
        "reached to renew them"
    ]
    assert app.served_for() == 0


def test_a_renewal_of_ours_takes_no_credentials_away(app):
    app.release()
    app.sign_in(60)
    app.tokens.save_facts("corp", app.facts()._replace(token_ids=(app.tokens.load(SESSION).id,)))
    app.valid()
    assert app.stands() == "renewed-1"
    assert app.release() == "fresh-1"


def test_the_token_counts_when_it_is_due_sooner(app):
    assert credentials.due_at(app, SESSION, ROLE) == 0
    for token_left, expected in ((1900, NOW + 100), (99 * HOUR, NOW + 1800)):
        app.sign_in(token_left)
        app.credentials.forget_role(KEY)
        app.credentials.withdraw(KEY)
        app.release()
        assert credentials.due_at(app, SESSION, ROLE) == expected
        assert app.credentials.load_published_until(KEY) == expected


@pytest.mark.parametrize(("token_left", "is_due"), [(1801, False), (1800, True), (1201, True)])
def test_a_token_at_half_of_its_life_is_due_by_name(app, token_left, is_due):
    app.sign_in(token_left)
    app.keep(3600)
    found = issuing.find(app, KEY)
    assert found.is_good
    assert not found.is_due
    assert found.due_token_id == (app.tokens.load(SESSION).id if is_due else None)


@pytest.mark.parametrize("is_on", [True, False])
def test_the_settings_say_whether_renewals_go_on_in_the_background(app, is_on):
    app.settings_file.write_text(f"renew_ahead = {str(is_on).lower()}\n")
    assert issuing.Work(lambda: app).may_renew_in_background() is is_on


def test_an_error_in_the_settings_takes_no_good_credentials_away(app):
    app.keep(1800)
    app.settings_file.write_text("renew_ahead = = false\n")
    assert app.release() == "old"
    assert app.asked == []
    assert issuing.Work(lambda: app).may_renew_in_background() is False


class TestLeastShare:
    """Keys that are handed over once have 90 % of their life where AWS answers in 5 s."""

    @pytest.mark.parametrize(
        ("left", "share", "given"),
        [
            (3240, 0.9, "old"),
            (3239, 0.9, "fresh-1"),
            (901, 0.0, "old"),
            (3600, 2.0, "fresh-1"),
        ],
    )
    def test_less_is_renewed_first(self, app, left, share, given):
        app.keep(left)
        assert app.release(least_share=share) == given

    def test_less_is_handed_out_while_aws_cannot_be_reached(self, app):
        app.keep(1000)
        app.answer = AwsUnreachable("down")
        assert app.release(least_share=0.9) == "old"


class TestCached:
    @pytest.mark.parametrize(
        ("left", "now", "allow_due"),
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
    def test_is_what_is_cached_and_asks_for_nothing(self, app, left, now, allow_due):
        app.keep(left)
        for due, expected in ((False, now), (True, allow_due)):
            found = credentials.find_cached(app, SESSION, ROLE, allow_due=due)
            assert (found and found.access_key_id) == expected
        assert app.asked == []

    def test_is_nothing_when_nothing_is_cached(self, app):
        assert credentials.find_cached(app, SESSION, ROLE, allow_due=True) is None


class TestRenewing:
    @pytest.mark.parametrize("left", [3600, 1800, 60])
    def test_now_takes_fresh_ones_whatever_is_cached(self, app, left):
        app.keep(left)
        credentials.renew_now(app, SESSION, ROLE, app.deadline())
        assert (app.is_kept(), app.served_for()) == ("fresh-1", LIFE // 2)

    def test_now_says_when_only_the_cached_ones_could_be_had(self, app):
        app.keep(3600)
        app.answer = AwsUnreachable("down")
        with pytest.raises(AwsUnreachable, match="could not be renewed"):
            credentials.renew_now(app, SESSION, ROLE, app.deadline())

    @pytest.mark.parametrize(("left", "kept"), [(3600, "old"), (1801, "old"), (1800, "fresh-1")])
    def test_ahead_begins_at_half_of_a_life(self, app, left, kept):
        app.keep(left)
        credentials.renew_ahead(app, SESSION, ROLE, app.deadline())
        assert app.is_kept() == kept

    def test_ahead_begins_with_the_token_and_takes_what_is_missing(self, app):
        app.sign_in(1800)
        done = []
        app.while_renewed = lambda: done.append("token")
        app.while_asked = lambda: done.append("role")
        credentials.renew_ahead(app, SESSION, ROLE, app.deadline())
        assert done == ["token", "role"]

    @pytest.mark.parametrize(("left", "used"), [(1801, []), (1800, ["first"]), (0, ["first"])])
    def test_ahead_renews_a_token_at_half_of_its_life(self, app, left, used):
        app.keep(3600)
        app.sign_in(left)
        credentials.renew_ahead(app, SESSION, ROLE, app.deadline())
        assert app.used == used


class TestDisk:
    """A disk that refuses costs the next caller a request, not this one its answer."""

    @pytest.mark.parametrize(
        ("call", "said"),
        [
            ("save", "the credentials could not be saved: disk full"),
            ("publish", "the credentials are good, but could not be published: disk full"),
        ],
    )
    @pytest.mark.parametrize("left", [900, 60])
    def test_what_aws_answered_is_given_and_the_error_said(
        self, app, monkeypatch, call, said, left
    ):
        app.keep(left)
        self._refuse(app, monkeypatch, call, LocalState("disk full"))
        assert app.release() == "fresh-1"
        assert app.warnings == [said]

    def test_good_credentials_are_served_though_they_cannot_be_published(self, app, monkeypatch):
        app.keep(1801)
        self._refuse(app, monkeypatch, "publish", LocalState("disk full"))
        assert app.release() == "old"
        assert app.warnings == ["the credentials are good, but could not be published: disk full"]

    def test_what_cannot_be_removed_is_said_and_the_refusal_stands(self, app, monkeypatch):
        app.keep(900)
        app.answer = RoleNotAssigned("no access")
        self._refuse(app, monkeypatch, "forget_role", LocalState("read-only"))
        with pytest.raises(RoleNotAssigned):
            app.release()
        assert app.warnings == ["the credentials could not be removed: read-only"]

    @pytest.mark.parametrize(
        ("left", "call"),
        [
            (3600, "publish"),
            (1800, "publish"),
            (900, "publish"),
            (60, "save"),
            (3600, "load"),
            (900, "load"),
        ],
    )
    def test_nothing_goes_past_a_planted_file(self, app, monkeypatch, left, call):
        app.keep(left)
        self._refuse(app, monkeypatch, call, NotOurs("a link"))
        with pytest.raises(NotOurs):
            app.release()

    @staticmethod
    def _refuse(app: WorldApp, monkeypatch: pytest.MonkeyPatch, call: str, error: Exception):
        def refuse(*_: object) -> Any:
            raise error

        monkeypatch.setattr(app.credentials, call, refuse)


def test_a_document_of_the_broker_comes_back_whole():
    given = keys("A")
    document = issuing.document_of(given, ROLE.account_id)
    assert credentials.parse_document(document) == given
    with pytest.raises(LocalState, match="no end"):
        credentials.parse_document(document.replace(b'"Expiration":"', b'"Expiration":"x'))
