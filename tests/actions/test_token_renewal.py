"""When a token is renewed, and what a caller gets when that fails: to the second."""

from pathlib import Path

import pytest

from ssohelper.actions import tokens
from ssohelper.broker.requests import TokenState
from ssohelper.core.model import SignInFacts
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, token


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    return WorldApp(tmp_path, sleeps=True)


@pytest.mark.parametrize(
    ("life", "left", "given"),
    [
        (HOUR, 1201, "first"),
        (HOUR, 1200, "renewed-1"),
        (HOUR, 0, "renewed-1"),
        (HOUR, -999, "renewed-1"),
        (900, 301, "first"),
        (900, 300, "renewed-1"),
        (8 * HOUR, 1201, "first"),
        (None, 1201, "first"),  # another tool's: it is taken for an hour's
        (None, 1200, "renewed-1"),
    ],
)
def test_a_token_is_renewed_when_its_end_is_near(app, life, left, given):
    app.sign_in(left)
    if life:
        app.tokens.save_facts(
            "corp", SignInFacts(token_expires_at=NOW + left, token_life_seconds=life)
        )
    near = TokenState.NEAR_END if left > 0 else TokenState.ENDED
    state = TokenState.GOOD if given == "first" else near
    assert tokens.load_for_broker(app, SESSION) == (state, token("first").id)
    assert app.valid() == given
    assert app.stands() == given
    assert app.used == ["first"] * (given != "first")


def test_the_life_of_an_earlier_token_says_nothing_of_this_one(app):
    app.sign_in(301)
    app.tokens.save_facts("corp", SignInFacts(token_expires_at=NOW, token_life_seconds=900))
    assert app.valid() == "renewed-1"


def test_signed_out_says_what_to_type(app):
    for call in (
        lambda: tokens.ensure_valid_token(app, SESSION, app.deadline()),
        lambda: tokens.renew_token(app, SESSION, token("x"), app.deadline()),
        lambda: tokens.load_for_broker(app, SESSION),
    ):
        with pytest.raises(LoginRequired) as refused:
            call()
        assert refused.value.message == 'the session "corp" is signed out'
        assert refused.value.hint == "sign in with: ssohelper login corp"
    assert app.used == []


@pytest.mark.parametrize("how", [{"refresh": None}, {"client_until": NOW}])
def test_what_cannot_be_renewed_is_used_to_its_end(app, how):
    app.sign_in(1, **how)
    assert app.valid() == "first"
    assert tokens.load_for_broker(app, SESSION).state is TokenState.GOOD
    assert tokens.renewal_due_at(app, SESSION) is None
    assert app.facts() == SignInFacts()  # nothing has ended
    app.at += 1
    for call in (app.valid, lambda: tokens.load_for_broker(app, SESSION)):
        with pytest.raises(LoginRequired) as refused:
            call()
        assert refused.value.message == 'the session "corp" expired'
        assert refused.value.hint == "sign in with: ssohelper login corp"
    assert (app.used, app.slept) == ([], 0)  # no other tool can have renewed it


@pytest.mark.parametrize(("left", "seconds"), [(1200, 6.0), (1, 6.0), (0, 18.0)])
def test_a_token_that_works_is_not_worth_the_whole_deadline(app, left, seconds):
    app.sign_in(left)
    app.valid()
    assert app.renewals_run == [seconds]


def test_nor_more_than_half_of_what_is_left(app):
    app.sign_in(1200)
    app.valid(8)
    assert app.renewals_run == [4.0]


@pytest.mark.parametrize(
    "error", [AwsUnreachable("down"), LoginRequired("no"), LocalState("read-only")]
)
def test_a_failed_renewal_takes_nothing_away_that_works(app, error):
    app.sign_in(1)
    app.renewal = error
    assert app.valid() == "first"
    app.at += 1
    with pytest.raises(type(error)):
        app.valid()


def test_what_ended_while_aws_was_asked_is_not_used(app):
    app.sign_in(1)
    app.renewal = AwsUnreachable("down")

    def wait() -> None:
        app.at += 1

    app.while_renewed = wait
    with pytest.raises(AwsUnreachable):
        app.valid()


def test_a_token_of_another_tool_is_taken_though_the_renewal_failed(app):
    app.sign_in(0)
    app.renewal = LoginRequired("invalid_grant")
    app.while_renewed = lambda: app.sign_in(100, "theirs")
    assert app.valid() == "theirs"


class TestDue:
    @pytest.mark.parametrize("left", [1801, 1800, 0])
    def test_is_at_half_of_a_life(self, app, left):
        app.sign_in(left)
        assert tokens.renewal_due_at(app, SESSION) == NOW + left - 1800

    def test_is_not_when_signed_out(self, app):
        assert tokens.renewal_due_at(app, SESSION) is None

    def test_is_not_of_a_sign_in_that_has_ended_but_of_the_next(self, app):
        app.sign_in(0)
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired):
            app.valid()
        assert tokens.renewal_due_at(app, SESSION) is None
        app.sign_in(1800, "theirs")
        assert tokens.renewal_due_at(app, SESSION) == NOW


class TestRejected:
    @pytest.mark.parametrize(
        ("stands", "left", "given", "used"),
        [
            ("first", 3000, "renewed-1", ["first"]),  # whatever its file says of its end
            ("theirs", 1, "theirs", []),
            ("theirs", 0, "renewed-1", ["theirs"]),
        ],
    )
    def test_is_replaced_unless_another_tool_has_done_so(self, app, stands, left, given, used):
        app.sign_in(left, stands)
        rejected = token("first", NOW + 3000)
        found = tokens.renew_token(app, SESSION, rejected, app.deadline())
        assert (found.value.reveal(), app.used) == (given, used)

    def test_is_not_given_again_when_the_renewal_brought_no_other(self, app):
        app.sign_in(3000)
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired, match="expired"):
            tokens.renew_token(app, SESSION, token("first"), app.deadline())
