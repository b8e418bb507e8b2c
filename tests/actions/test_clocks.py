"""The clocks of a session from this machine's files, and the warnings about an unknown end."""

from pathlib import Path

import pytest

from ssohelper.actions import clocks, tokens
from ssohelper.core.model import CachedCredentials, SignInFacts, SsoSession
from ssohelper.errors import LoginRequired
from tests.actions.world import HOUR, KEY, NOW, SESSION, WorldApp, keys, token

DEFAULT = 8 * HOUR  # AWS's default length of a sign-in


@pytest.fixture
def app(tmp_path) -> WorldApp:
    return WorldApp(tmp_path)


def signed_in(app: WorldApp, ago: int | None, left: int = HOUR, **more: int) -> None:
    """Write a token that ends in `left` seconds, of a sign-in that began `ago` seconds ago."""
    app.sign_in(left)
    began = None if ago is None else app.at - ago
    facts = SignInFacts(signed_in_at=began, token_ids=(token("first").id,))
    app.tokens.save_facts("corp", facts._replace(**more))


@pytest.mark.parametrize(
    ("ago", "is_warned"), [(DEFAULT - 1, False), (DEFAULT, True), (DEFAULT + 60, True), (60, False)]
)
def test_an_assumed_end_that_has_passed_is_a_warning(app, ago, is_warned):
    signed_in(app, ago)
    found = clocks.load_session_clock(app, SESSION)
    assert found.sign_in_ends_at == NOW - ago + DEFAULT
    assert found.sign_in_ends_source == "assumed"
    said = 'the sign-in of session "corp" may have ended: AWS\'s default length of 8 h has passed'
    assert app.warnings == ([said] if is_warned else [])


def test_a_sign_in_of_another_tool_has_no_end_and_no_warning(app):
    app.sign_in(HOUR)
    found = clocks.load_session_clock(app, SESSION)
    assert (found.sign_in_ends_at, found.outlook.at, app.warnings) == (None, None, [])


@pytest.mark.parametrize(("left", "state"), [(1, "valid"), (0, "expired"), (-1, "expired")])
def test_a_token_is_valid_until_its_end_and_refreshable_until_the_sign_in_s(app, left, state):
    signed_in(app, HOUR, left)
    found = clocks.load_session_clock(app, SESSION)
    assert (found.state, found.refreshable, found.token_expires_at) == (state, True, NOW + left)
    signed_in(app, HOUR, left, ended_at=NOW - 1, token_expires_at=NOW + left)
    assert not clocks.load_session_clock(app, SESSION).refreshable


def test_a_tokens_life_is_that_of_this_token(app):
    signed_in(app, HOUR, token_life_seconds=3600, token_expires_at=NOW + HOUR)
    assert clocks.load_session_clock(app, SESSION).token_life_seconds == 3600
    signed_in(app, HOUR, token_life_seconds=3600, token_expires_at=NOW + HOUR - 1)
    assert clocks.load_session_clock(app, SESSION).token_life_seconds is None


def test_a_damaged_token_is_a_warning_for_those_that_ask_for_the_clocks(app):
    signed_in(app, HOUR)
    Path(app.tokens.token_file(SESSION)).write_text("{")
    assert clocks.load_outlook(app, SESSION).reason == "damaged"
    assert app.warnings == []
    found = clocks.load_session_clock(app, SESSION)
    assert (found.state, found.outlook.reason) == ("signed_out", "damaged")
    assert len(app.warnings) == 1


@pytest.mark.parametrize(
    ("ago", "seconds", "said"),
    [
        (HOUR, 7 * HOUR, None),
        (HOUR, 7 * HOUR + 1, "within 7h: AWS does not report its length (7h left if sign-ins last"),
        (HOUR, 10 * HOUR, "within 10h: AWS does not report its length (7h left if sign-ins last"),
        (HOUR, None, "at any time: AWS does not report its length (7h left if sign-ins last 8h"),
        # Once the default has passed, a renewed token lasts an hour.
        (DEFAULT, 3600, None),
        (DEFAULT, 3601, "within 1h: AWS does not report its length. If you know"),
        (DEFAULT, None, "at any time: AWS does not report its length. If you know"),
        (None, 3600, None),
        (None, 7200, "within 2h: AWS does not report its length. Another tool signed in"),
        (None, None, "at any time: AWS does not report its length. Another tool signed in"),
    ],
)
def test_an_unknown_end_is_a_warning_unless_the_time_is_short(app, ago, seconds, said):
    signed_in(app, ago)
    clocks.warn_of_unknown_end(app, SESSION, app.tokens.load(SESSION), seconds)
    assert len(app.warnings) == (said is not None)
    if said:
        assert f'the sign-in to "corp" may end {said}' in app.warnings[0]


def test_a_known_end_is_no_warning(app):
    signed_in(app, HOUR, observed_hours_seconds=12 * HOUR)
    assert clocks.load_outlook(app, SESSION).is_end_known
    clocks.warn_of_unknown_end(app, SESSION, app.tokens.load(SESSION), 99 * HOUR)
    assert app.warnings == []


def test_an_expired_token_is_renewed_to_learn_whether_a_sign_in_is_needed(app):
    assert tokens.is_sign_in_needed(app, SESSION, 60)
    signed_in(app, HOUR, left=1)
    assert not tokens.is_sign_in_needed(app, SESSION, 60)
    assert app.used == []
    signed_in(app, HOUR, left=0)
    assert not tokens.is_sign_in_needed(app, SESSION, 60)
    assert app.used == ["first"]
    app.at += 2 * HOUR
    app.renewal = LoginRequired("ended")
    assert tokens.is_sign_in_needed(app, SESSION, 60)


def test_the_unexpired_credentials_of_the_named_sessions_are_listed(app):
    other = SESSION._replace(name="other")
    for session, role_name, left in ((SESSION, "A", 1), (SESSION, "B", 0), (other, "C", HOUR)):
        key = KEY._replace(session_name=session.name, role_name=role_name)
        cached = CachedCredentials(keys(role_name, NOW + left), NOW - HOUR, "id")
        app.vault.save(key, session, cached)

    def listed(*sessions: SsoSession) -> list[str]:
        found = clocks.load_cached_credentials(app, sessions)
        names = [key.role_name for key, _ in found]
        assert names == [cached.credentials.access_key_id for _, cached in found]
        return names

    assert listed(SESSION) == ["A"]
    assert listed(other, SESSION) == ["A", "C"]
    assert listed() == []
