"""The client that a sign-in registers or has already, and how often it asks for the token."""

from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.actions import login
from ssohelper.core.device_flow import DeviceAuthorization, Poll
from ssohelper.core.model import ClientRegistration, IssuedToken, Secret
from ssohelper.errors import AwsUnreachable, LoginRequired, Throttled
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, token

DAY = 24 * HOUR
GRANT = "authorization_code"
NEW = ClientRegistration("new", Secret("s"), NOW + 90 * DAY, (GRANT, "refresh_token"))
PAGE = "https://device.sso.us-east-1.amazonaws.com/"
CODE = DeviceAuthorization(Secret("d"), "ABCD-EFGH", PAGE, f"{PAGE}?user_code=ABCD-EFGH", 5, NOW, 0)
OIDC: Any = SimpleNamespace(
    register_client=lambda _grant: NEW,
    may_receive_secret_of=lambda _client: True,
    authorize_url=lambda *_: PAGE,
    issuer="aws/us-east-1",
)


@pytest.fixture
def app(tmp_path) -> WorldApp:
    return WorldApp(tmp_path, sleeps=True)


def get_token(
    app: WorldApp, poll: Any, seconds: int, steps: list[Any], *, device_code: bool
) -> IssuedToken:
    """Sign in with a code of `seconds`; the UI's steps go to `steps`."""
    code = CODE._replace(expires_at=NOW + seconds, life_seconds=seconds)
    start = lambda _client: code  # noqa: E731
    words = {**vars(OIDC), "start_device_authorization": start, "poll_for_token": poll}
    app.oidc = lambda _session: SimpleNamespace(**words)  # type: ignore[method-assign]
    ui: Any = SimpleNamespace(
        is_cancelled=lambda: False,
        show_code=steps.append,
        show_page=lambda *page: steps.append(page),
        read_line=lambda: None,
        open_browser=lambda make_address: steps.append(make_address()),
    )
    options = login.LoginOptions(device_code=device_code, force=True)
    return login.get_token(app, SESSION, ui, options)


@pytest.mark.parametrize(
    ("settings", "options", "has_browser", "expected"),
    [
        ({}, {}, True, (False, 0)),
        ({}, {}, False, (True, 0)),
        ({}, {"device_code": True}, True, (True, 0)),
        ({}, {"port": 8400}, False, (False, 8400)),
        ({"login_port": 8401}, {}, False, (False, 8401)),
        ({"login_port": 8401}, {"port": 8400}, True, (False, 8400)),
        ({"device_code": "always"}, {}, True, (True, 0)),
        ({"device_code": "always"}, {"port": 8400}, True, (False, 8400)),
        ({"device_code": "always", "login_port": 8401}, {}, True, (True, 8401)),
        ({"device_code": "never"}, {}, False, (False, 0)),
        ({"device_code": "never"}, {"device_code": True}, False, (True, 0)),
    ],
)
def test_the_method_is_that_of_the_options_else_of_the_settings(
    app, settings, options, has_browser, expected
):
    for key, value in settings.items():
        app.settings = app.settings.with_value(key, value)
    wanted = login.LoginOptions(**options)
    found = login.choose_method(app, wanted, has_browser=has_browser)
    assert (found.device_code, found.port) == expected


@pytest.mark.parametrize(
    ("days_left", "must_register", "is_reused"),
    [
        (89, False, True),
        (61, False, True),
        (60, False, False),
        (2, False, False),
        (89, True, False),
    ],
)
def test_a_registered_client_is_used_while_it_outlasts_the_sign_in(
    app, days_left, must_register, is_reused
):
    app.tokens.save_registration(SESSION, NEW._replace(expires_at=NOW + days_left * DAY))
    found = login._ensure_registration(app, SESSION, OIDC, GRANT, must_register)
    assert found.expires_at == (NOW + days_left * DAY if is_reused else NEW.expires_at)


def test_a_device_code_is_shown_with_a_browser_and_asked_for_no_faster_than_aws_wants(app):
    issued = IssuedToken(token("new"), HOUR)
    answers: list[Any] = [Poll.PENDING, AwsUnreachable("down"), Throttled("429"), issued]
    slept, steps = list[float](), list[Any]()

    def answer(_registration: object, _waiting: object) -> Any:
        slept.append(round(app.slept, 3))
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    assert get_token(app, answer, 600, steps, device_code=True) == issued
    assert slept == [5, 10, 15, 25]
    [shown, opened] = steps
    assert shown.user_code == CODE.user_code
    assert str(opened).startswith("http://127.0.0.1:")


@pytest.mark.parametrize("device_code", [True, False])
def test_a_sign_in_that_nobody_confirms_ends_with_its_time(app, monkeypatch, device_code):
    monkeypatch.setattr(login, "USER_SECONDS", 0)
    with pytest.raises(LoginRequired, match='no sign-in to "corp" came in time'):
        get_token(app, lambda *_: Poll.PENDING, 5, [], device_code=device_code)


@pytest.mark.parametrize("seconds", [0.05, 1.0, 2.5])
def test_a_pause_of_a_sign_in_is_as_long_as_it_was_asked_for(app, seconds):
    ui: Any = SimpleNamespace(is_cancelled=lambda: False)
    login.wait_unless_cancelled(app, SESSION, ui, seconds, app.clock.sleep)
    assert app.slept == pytest.approx(seconds)
