"""What is served, when AWS is asked, and what is cached after, by the time left of an hour.

Without a broker: tests/broker/test_core.py has the order of callers.
"""

from pathlib import Path
from typing import Any

import pytest

from ssohelper.actions import broker_work, credentials, issuing
from ssohelper.core.policy import Way
from ssohelper.errors import (
    AwsUnreachable,
    LocalState,
    LoginRequired,
    NotOurs,
    RoleNotAssigned,
    TokenRejected,
)
from ssohelper.fastpath import spawn
from ssohelper.stores.stamps import SessionStamp
from tests.actions.world import HOUR, KEY, NOW, ROLE, SESSION, WorldApp, keys

LIFE = HOUR
NOT_PUBLISHED = "the credentials work, but were not published (later calls are slower): disk full"


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    app = WorldApp(tmp_path)
    app.sign_in()
    return app


def call(action, app: WorldApp, **more: Any) -> Any:
    """Call an action of `credentials` for the role, with a deadline where it takes one."""
    deadline = [] if more else [app.clock.deadline()]
    return action(app, SESSION, ROLE, Way.CREDENTIAL_PROCESS, *deadline, **more)


def refuse(monkeypatch, owner: object, name: str, error: Exception) -> None:
    def fail(*_: object) -> Any:
        raise error

    monkeypatch.setattr(owner, name, fail)


def test_an_answer_of_aws_is_cached_and_published_for_half_of_its_lifetime(app):
    assert app.release() == "fresh-1"
    assert (app.is_kept(), app.served_for()) == ("fresh-1", LIFE // 2)
    assert app.learned == [NOW]
    assert app.release() == "fresh-1"
    assert (app.asked, app.used) == (["first"], [])


@pytest.mark.parametrize(
    ("left", "given", "is_due", "served_for"),
    [
        (3661, "fresh-1", False, 1800),  # our clock was set back: the time left is unknown
        (3660, "old", False, 1860),
        (3600, "old", False, 1800),
        (1801, "old", False, 1),  # a published response that was lost is restored
        (1800, "old", True, 30),
        (931, "old", True, 30),
        (910, "old", True, 10),  # never past the time at which it must be renewed before use
        (901, "old", True, 1),
        (900, "fresh-1", False, 1800),
        (61, "fresh-1", False, 1800),
        (60, "fresh-1", False, 1800),
        (-5, "fresh-1", False, 1800),
    ],
)
def test_what_is_served_while_aws_answers(app, left, given, is_due, served_for):
    app.keep(left)
    found = issuing.find_credentials(app, KEY)
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


def test_a_local_error_is_not_shared(app):
    app.answer = LocalState("disk full")
    for asked in (1, 2):
        with pytest.raises(LocalState):
            app.release()
        assert len(app.asked) == asked


@pytest.mark.parametrize(("left", "in_background"), [(900, False), (60, False), (1800, True)])
def test_nothing_stays_cached_of_a_role_that_is_no_longer_assigned(app, left, in_background):
    app.keep(left)
    if in_background:
        app.release()
    app.answer = RoleNotAssigned("no access")
    with pytest.raises(RoleNotAssigned):
        call(credentials.renew_credentials_early, app) if in_background else app.release()
    assert (app.is_kept(), app.served_for()) == (None, 0)


def test_a_refusal_of_an_earlier_token_removes_nothing(app):
    """AWS has refused the token of the first user, after another user has signed in."""
    app.keep(900)
    app.answer = RoleNotAssigned("no access")
    app.while_asked = lambda: app.sign_in(value="second")
    with pytest.raises(RoleNotAssigned):
        app.release()
    assert app.is_kept() == "old"


def test_a_rejected_token_is_renewed_once(app):
    rejections = iter([TokenRejected("401"), None])
    app.while_asked = lambda: setattr(app, "answer", next(rejections))
    assert app.release() == "fresh-2"
    assert (app.asked, app.used) == (["first", "renewed-1"], ["first"])


def test_a_renewed_token_that_is_rejected_too_needs_a_sign_in(app):
    app.answer = TokenRejected("401")
    with pytest.raises(LoginRequired):
        app.release()
    assert app.asked == ["first", "renewed-1"]


def test_after_a_sign_in_meanwhile_aws_is_asked_with_the_new_token(app):
    """Credentials of the earlier sign-in are not handed out."""

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


@pytest.mark.parametrize(
    ("left", "is_down"), [(3600, False), (1800, False), (900, False), (3600, True), (900, True)]
)
def test_doubtful_credentials_are_served_only_when_aws_cannot_be_reached(app, left, is_down):
    """Another tool wrote the token, so AWS is asked first."""
    app.keep(left, asked_with="other")
    app.answer = AwsUnreachable("down") if is_down else None
    assert app.release() == ("old" if is_down else "fresh-1")
    assert app.warnings == ([issuing._DOUBTFUL] if is_down else [])
    assert app.asked == ["first"] or is_down
    assert app.served_for() == (0 if is_down else 1800)


def test_our_own_renewal_keeps_the_cached_credentials(app):
    app.release()
    app.sign_in(60)
    app.tokens.save_facts("corp", app.facts()._replace(token_ids=(app.tokens.load(SESSION).id,)))
    app.valid()
    assert app.stands() == "renewed-1"
    assert app.release() == "fresh-1"


def test_a_token_that_is_due_sooner_decides(app):
    assert credentials.load_renewal_time(app, SESSION, ROLE) == 0
    for token_left, expected in ((1900, NOW + 100), (99 * HOUR, NOW + 1800)):
        app.sign_in(token_left)
        app.credentials.remove_role(KEY)
        app.credentials.delete_response(KEY)
        app.release()
        assert credentials.load_renewal_time(app, SESSION, ROLE) == expected
        assert app.credentials.load_response_expiry(KEY) == expected


@pytest.mark.parametrize(("token_left", "is_due"), [(1801, False), (1800, True), (1201, True)])
def test_a_token_after_half_of_its_lifetime_is_due(app, token_left, is_due):
    app.sign_in(token_left)
    app.keep(3600)
    found = issuing.find_credentials(app, KEY)
    assert found.is_good
    assert not found.is_due
    assert found.due_token_id == (app.tokens.load(SESSION).id if is_due else None)


@pytest.mark.parametrize("is_on", [True, False])
def test_the_settings_decide_about_background_renewals(app, is_on):
    app.locations.settings_file.write_text(f"renew_ahead = {str(is_on).lower()}\n")
    vars(app).pop("settings")  # a broker's App reads them for each call
    assert broker_work.Work(lambda: app).may_renew_in_background() is is_on


@pytest.mark.parametrize(
    ("outlives", "left", "is_good"),
    [(True, 961, True), (True, 960, False), (False, 3 * HOUR, True), (False, 3 * HOUR - 1, False)],
)
def test_in_a_container_a_call_renews_when_less_than_a_quarter_is_left(
    app, monkeypatch, outlives, left, is_good
):
    monkeypatch.setattr(spawn, "can_outlive_caller", lambda: outlives)
    app.sign_in(12 * HOUR)
    app.keep(left, life=12 * HOUR)
    assert issuing.find_credentials(app, KEY).is_good is is_good
    assert broker_work.Work(lambda: app).may_renew_in_background() is outlives


def test_with_an_error_in_the_settings_good_credentials_are_served(app):
    app.keep(1800)
    app.locations.settings_file.write_text("renew_ahead = = false\n")
    assert app.release() == "old"
    assert app.asked == []
    vars(app).pop("settings", None)  # a broker's App reads them for each call
    assert broker_work.Work(lambda: app).may_renew_in_background() is False


class TestLeastShare:
    """Credentials that are handed over once have 90 % of their lifetime left, if AWS answers in 4 s."""

    @pytest.mark.parametrize(
        ("left", "share", "given"),
        [(3240, 0.9, "old"), (3239, 0.9, "fresh-1"), (901, 0.0, "old"), (3600, 2.0, "fresh-1")],
    )
    def test_credentials_with_less_left_are_renewed_first(self, app, left, share, given):
        app.keep(left)
        assert app.release(least_share=share) == given

    def test_credentials_with_less_left_are_returned_when_aws_cannot_be_reached(self, app):
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
    def test_find_cached_returns_cached_credentials_without_a_request(
        self, app, left, now, allow_due
    ):
        app.keep(left)
        for due, expected in ((False, now), (True, allow_due)):
            found = call(credentials.find_cached_credentials, app, allow_due=due)
            assert (found and found.access_key_id) == expected
        assert app.asked == []

    @pytest.mark.parametrize(("left", "is_offered"), [(900, False), (60, True)])
    def test_a_sign_in_is_offered_unless_good_credentials_are_cached(self, app, left, is_offered):
        app.keep(left)
        assert credentials.has_cached_credentials(app, KEY) is not is_offered

    def test_find_cached_returns_none_and_no_sign_in_is_offered_where_the_cache_cannot_be_read(
        self, app, monkeypatch
    ):
        assert call(credentials.find_cached_credentials, app, allow_due=True) is None
        refuse(monkeypatch, app.credentials, "load", NotOurs("a link"))
        assert credentials.has_cached_credentials(app, KEY)


class TestRenewing:
    @pytest.mark.parametrize("left", [3600, 1800, 60])
    def test_renew_now_gets_new_credentials_whatever_is_cached(self, app, left):
        app.keep(left)
        call(credentials.replace_cached_credentials, app)
        assert (app.is_kept(), app.served_for()) == ("fresh-1", LIFE // 2)

    def test_renew_now_raises_when_only_cached_credentials_are_available(self, app):
        app.keep(3600)
        app.answer = AwsUnreachable("down")
        with pytest.raises(AwsUnreachable, match="could not be renewed"):
            call(credentials.replace_cached_credentials, app)

    @pytest.mark.parametrize(
        ("left", "kept", "token_left", "used"),
        [
            (3600, "old", 99 * HOUR, []),
            (1801, "old", 1801, []),
            (1800, "fresh-1", 99 * HOUR, []),
            (3600, "old", 1800, ["first"]),
            (3600, "old", 0, ["first"]),
        ],
    )
    def test_renew_ahead_starts_at_half_of_the_lifetime(self, app, left, kept, token_left, used):
        app.keep(left)
        app.sign_in(token_left)
        call(credentials.renew_credentials_early, app)
        assert (app.is_kept(), app.used) == (kept, used)

    def test_renew_ahead_renews_the_token_first_and_gets_missing_credentials(self, app):
        app.sign_in(1800)
        done = []
        app.while_renewed = lambda: done.append("token")
        app.while_asked = lambda: done.append("role")
        call(credentials.renew_credentials_early, app)
        assert done == ["token", "role"]


class TestDisk:
    """When the disk refuses, this caller gets its answer and the next one asks AWS again."""

    @pytest.mark.parametrize(
        ("name", "said"),
        [("save", "the credentials could not be saved: disk full"), ("publish", NOT_PUBLISHED)],
    )
    @pytest.mark.parametrize(("left", "given"), [(1801, "old"), (900, "fresh-1"), (60, "fresh-1")])
    def test_the_answer_is_returned_with_a_warning(self, app, monkeypatch, name, said, left, given):
        app.keep(left)
        refuse(monkeypatch, app.vault, name, LocalState("disk full"))
        assert app.release() == given
        assert app.warnings == ([] if (name, given) == ("save", "old") else [said])

    def test_without_the_stamps_of_the_files_nothing_is_published(self, app, monkeypatch):
        """A response without a stamp would outlive the sign-in that it belongs to."""
        app.keep(1801)
        refuse(monkeypatch, SessionStamp, "prepare_publishing", LocalState("disk full"))
        assert app.release() == "old"
        assert (app.served_for(), app.warnings) == (0, [NOT_PUBLISHED])

    def test_with_an_unreadable_token_file_nothing_is_published(self, app):
        """A response would be served without a look at the token file, so after a sign-out too."""
        app.keep(1801)
        Path(app.tokens.token_file(SESSION)).write_text("damaged")
        assert app.release() == "old"
        assert app.served_for() == 0

    def test_a_file_that_cannot_be_removed_is_a_warning_and_the_refusal_is_raised(
        self, app, monkeypatch
    ):
        app.keep(900)
        app.answer = RoleNotAssigned("no access")
        refuse(monkeypatch, app.credentials, "remove_role", LocalState("read-only"))
        with pytest.raises(RoleNotAssigned):
            app.release()
        assert app.warnings == [
            "cached credentials of a role that is no longer assigned remain: read-only"
        ]


def test_a_document_of_the_broker_is_parsed_completely():
    given = keys("A")
    document = issuing.credential_document(given, ROLE.account_id)
    assert credentials.parse_credential_document(document) == given
    with pytest.raises(LocalState, match="no expiration"):
        credentials.parse_credential_document(
            document.replace(b'"Expiration":"', b'"Expiration":"x')
        )
