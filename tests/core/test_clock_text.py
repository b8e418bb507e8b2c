"""The texts for sign-ins that the command line and the full screen share."""

import time
from collections.abc import Iterator

import pytest

from ssohelper.core import clock_text
from ssohelper.core.sign_in_outlook import Outlook

NOW = 4_000_000_000
HOUR = 3600
EIGHT = NOW + 8 * HOUR
KNOWN = "signed in until 17:06"
ASSUMED = "signed in until about 17:06 (assumed: AWS's default of 8 h; it does not say)"
UNKNOWN = "AWS does not say how long the sign-in lasts"
LEFT = "; its access token lasts 10m more"
RENEWED = "the access token lasts 1h and is renewed automatically"


@pytest.fixture(autouse=True)
def _in_rome(monkeypatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Rome")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8000, "2h 13m left"), (1, "1s left"), (0, "ended just now"), (-8000, "ended 2h 13m ago")],
)
def test_a_text_of_the_time_left(seconds, text):
    assert clock_text.time_left_text(NOW + seconds, NOW) == text


@pytest.mark.parametrize(
    ("seconds", "urgency"),
    [(HOUR + 1, "good"), (HOUR, "warn"), (901, "warn"), (900, "bad"), (0, "bad"), (-1, "bad")],
)
def test_the_last_hour_is_urgent_and_the_last_15_minutes_more(seconds, urgency):
    assert clock_text.urgency_of_time_left(seconds) == urgency


@pytest.mark.parametrize(
    ("seconds", "units", "text"),
    [
        (-5, 2, "just now"),
        (59, 1, "just now"),
        (60, 2, "1m ago"),
        (8000, 1, "2h ago"),
        (8000, 2, "2h 13m ago"),
    ],
)
def test_a_text_of_the_time_since(seconds, units, text):
    assert clock_text.ago_text(seconds, units=units) == text


@pytest.mark.parametrize(
    ("outlook", "text"),
    [
        (Outlook(None, "signed out"), "-"),
        (Outlook(None, "unknown", NOW), "-"),
        (Outlook(NOW + 600, "configured", NOW + HOUR, True), "10m left (configured)"),
        (Outlook(NOW - 600, "assumed", NOW + HOUR), "probably ended 10m ago (assumed)"),
        (Outlook(NOW, "configured", NOW + HOUR, True), "probably ended just now (configured)"),
        (Outlook(NOW - 600, "observed", NOW, True), "probably ended 10m ago (observed)"),
        (Outlook(NOW - 60, "not renewable", NOW - 60, True), "ended 1m ago (not renewable)"),
        (Outlook(NOW - 600, "refused", NOW + HOUR, True), "ended 10m ago (observed)"),
        (Outlook(NOW + HOUR, "not renewable", NOW + HOUR, True), "1h left (not renewable)"),
    ],
)
def test_the_end_of_a_sign_in_in_status(outlook, text):
    assert clock_text.sign_in_end_text(outlook, NOW) == text


@pytest.mark.parametrize(
    ("outlook", "text"),
    [
        (Outlook(NOW + 8000, "configured", NOW + HOUR), "2h 13m of the sign-in left"),
        (Outlook(NOW + 8000, "assumed", NOW + HOUR), "about 2h 13m of the sign-in left (assumed)"),
        (Outlook(NOW - 1, "assumed", NOW + HOUR), "the sign-in may have ended"),
        (Outlook(NOW + 8000, "assumed", NOW), "the sign-in may have ended"),
        (Outlook(None, "unknown", NOW), "the sign-in may have ended"),
        (Outlook(None, "unknown", NOW + HOUR), RENEWED),
        (Outlook(NOW - 1, "refused", NOW + 600, True), f"the sign-in has ended{LEFT}"),
        (Outlook(NOW - 1, "observed", NOW + 600, True), f"the sign-in has probably ended{LEFT}"),
        (Outlook(NOW - 1, "configured", NOW, True), "the sign-in has probably ended"),
        (Outlook(None, "signed out"), "the sign-in has ended"),
    ],
)
def test_how_long_a_sign_in_lasts_in_use(outlook, text):
    assert clock_text.sign_in_left_text(outlook, NOW) == text


@pytest.mark.parametrize(
    ("how", "user", "text"),
    [
        ("signed in", "a\x1bna", 'signed in to "corp" as "a\\x1bna"'),
        ("joined", None, 'another login command signed in to "corp" (the user is unknown)'),
        ("kept", None, 'already signed in to "corp"'),
        ("renewed", None, 'access token renewed for "corp"'),
    ],
)
def test_the_result_of_a_login_names_the_user_of_a_new_sign_in(how, user, text):
    outlook = Outlook(EIGHT, "configured", NOW + HOUR)
    assert clock_text.login_result_text("corp", how, outlook, NOW, user) == f"{text}: {KNOWN}"


@pytest.mark.parametrize(
    ("at", "reason", "text"),
    [
        (EIGHT, "observed", KNOWN),
        (EIGHT - 30, "configured", "signed in until 17:06"),
        (EIGHT + 8 * HOUR, "configured", "signed in until 2096-10-03 01:06"),
        (EIGHT, "assumed", ASSUMED),
        (NOW - 1, "assumed", UNKNOWN),
        (None, "unknown", UNKNOWN),
    ],
)
def test_the_result_of_a_login_names_the_end_of_the_sign_in_in_local_time(at, reason, text):
    outlook = Outlook(at, reason, NOW + HOUR)
    found = clock_text.login_result_text("corp", "kept", outlook, NOW)
    assert found == f'already signed in to "corp": {text}'
