"""When a token is renewed, to the second, and what a caller gets when that fails."""

import pytest

from ssohelper.actions import regions, tokens
from ssohelper.broker.requests import TokenState
from ssohelper.core.model import SignInFacts
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, token


@pytest.fixture
def app(tmp_path) -> WorldApp:
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
        (None, 1201, "first"),  # another tool's token is taken to live an hour
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
    assert tokens.load_token_for_broker(app, SESSION) == (state, token("first").id)
    assert app.valid() == given
    assert app.stands() == given
    assert app.used == ["first"] * (given != "first")


def test_the_lifetime_of_an_earlier_token_is_not_used(app):
    app.sign_in(301)
    app.tokens.save_facts("corp", SignInFacts(token_expires_at=NOW, token_life_seconds=900))
    assert app.valid() == "renewed-1"


def test_signed_out_says_what_to_type(app):
    for call in (
        lambda: tokens.ensure_valid_token(app, SESSION, app.clock.deadline()),
        lambda: tokens.renew_token(app, SESSION, token("x"), app.clock.deadline()),
        lambda: tokens.load_token_for_broker(app, SESSION),
    ):
        with pytest.raises(LoginRequired) as refused:
            call()
        assert refused.value.message == 'the session "corp" is signed out'
        assert refused.value.hint == "sign in with: ssohelper login corp"
    assert app.used == []


@pytest.mark.parametrize("how", [{"refresh": None}, {"client_until": NOW}])
def test_a_token_that_cannot_be_renewed_is_used_until_its_end(app, how):
    app.sign_in(1, **how)
    assert app.valid() == "first"
    assert tokens.load_token_for_broker(app, SESSION).state is TokenState.GOOD
    assert tokens.load_token_renewal_time(app, SESSION) is None
    assert app.facts() == SignInFacts()  # no end of the sign-in is recorded yet
    app.at += 1
    for call in (app.valid, lambda: tokens.load_token_for_broker(app, SESSION)):
        with pytest.raises(LoginRequired) as refused:
            call()
        assert refused.value.message == 'the session "corp" expired'
        assert refused.value.hint == "sign in with: ssohelper login corp"
    assert (app.used, app.slept) == ([], 0)  # no other tool can have renewed it


@pytest.mark.parametrize(
    ("left", "deadline", "seconds"), [(1200, 18, 6.0), (1, 18, 6.0), (1200, 8, 4.0), (0, 18, 18.0)]
)
def test_with_an_unexpired_token_a_caller_waits_at_most_6_s_or_half_of_its_deadline(
    app, left, deadline, seconds
):
    app.sign_in(left)
    app.valid(deadline)
    assert app.renewals_run == [seconds]


@pytest.mark.parametrize(
    "error", [AwsUnreachable("down"), LoginRequired("no"), LocalState("read-only")]
)
def test_after_a_failed_renewal_an_unexpired_token_is_used(app, error):
    app.sign_in(1)
    app.renewal = error
    assert app.valid() == "first"
    app.at += 1
    with pytest.raises(type(error)):
        app.valid()


def test_a_token_that_expired_during_the_renewal_is_not_used(app):
    app.sign_in(1)
    app.renewal = AwsUnreachable("down")
    app.while_renewed = lambda: setattr(app, "at", app.at + 1)
    with pytest.raises(AwsUnreachable):
        app.valid()


def test_another_tools_token_is_used_although_the_renewal_failed(app):
    app.sign_in(0)
    app.renewal = LoginRequired("invalid_grant")
    app.while_renewed = lambda: app.sign_in(100, "theirs")
    assert app.valid() == "theirs"


@pytest.mark.parametrize("left", [1801, 1800, 0])
def test_a_token_is_due_after_half_of_its_lifetime_while_the_sign_in_lasts(app, left):
    assert tokens.load_token_renewal_time(app, SESSION) is None
    app.sign_in(left)
    assert tokens.load_token_renewal_time(app, SESSION) == NOW + left - 1800
    if not left:
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired):
            app.valid()
        assert tokens.load_token_renewal_time(app, SESSION) is None
        app.sign_in(1800, "theirs")
        assert tokens.load_token_renewal_time(app, SESSION) == NOW


class TestRejected:
    @pytest.mark.parametrize(
        ("stands", "left", "given", "used"),
        [
            # A refused token is renewed, whatever its expiry.
            ("first", 3000, "renewed-1", ["first"]),
            ("theirs", 1, "theirs", []),
            ("theirs", 0, "renewed-1", ["theirs"]),
        ],
    )
    def test_a_rejected_token_is_renewed_unless_another_tool_has_replaced_it(
        self, app, stands, left, given, used
    ):
        app.sign_in(left, stands)
        rejected = token("first", NOW + 3000)
        found = tokens.renew_token(app, SESSION, rejected, app.clock.deadline())
        assert (found.value.reveal(), app.used) == (given, used)

    def test_a_rejected_token_is_not_returned_when_the_renewal_brings_no_other(self, app):
        app.sign_in(3000)
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired, match="expired"):
            tokens.renew_token(app, SESSION, token("first"), app.clock.deadline())


def test_only_the_token_that_was_seen_is_renewed(app):
    def renew(seen: str) -> None:
        regions.renew_token(app, SESSION, token(seen).id, app.clock.deadline(5))

    with pytest.raises(LoginRequired, match="signed out"):
        renew("first")
    app.sign_in(HOUR)
    renew("another")
    assert app.used == []
    renew("first")
    assert app.used == ["first"]
