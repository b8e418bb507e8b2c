"""The client that a sign-in registers or has already, and how often it asks for the token."""

from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.actions import login_flows
from ssohelper.core.device_flow import DeviceAuthorization, Poll
from ssohelper.core.model import ClientRegistration, IssuedToken, Secret
from ssohelper.errors import AwsUnreachable, LoginRequired, Throttled
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, token

DAY = 24 * HOUR
GRANT = "authorization_code"
NEW = ClientRegistration("new", Secret("s"), NOW + 90 * DAY, (GRANT, "refresh_token"))


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
    tmp_path, days_left, must_register, is_reused
):
    app = WorldApp(tmp_path)
    asked: list[str] = []

    def register(grant: str) -> ClientRegistration:
        asked.append(grant)
        return NEW

    oidc: Any = SimpleNamespace(
        register_client=register, may_receive_secret_of=lambda _client: True, issuer="aws/us-east-1"
    )
    app.tokens.save_registration(SESSION, NEW._replace(expires_at=NOW + days_left * DAY))
    found = login_flows._ensure_registration(app, SESSION, oidc, GRANT, must_register)
    assert len(asked) == (not is_reused)
    assert found.expires_at == (NOW + days_left * DAY if is_reused else NEW.expires_at)


def test_a_device_code_is_shown_with_a_browser_and_asked_for_no_faster_than_aws_wants(tmp_path):
    app = WorldApp(tmp_path, sleeps=True)
    issued = IssuedToken(token("new"), HOUR)
    answers: list[Any] = [Poll.PENDING, AwsUnreachable("down"), Throttled("429"), issued]
    slept: list[float] = []
    page = "https://device.sso.us-east-1.amazonaws.com/"
    complete = f"{page}?user_code=ABCD-EFGH"
    code = DeviceAuthorization(Secret("d"), "ABCD-EFGH", page, complete, 5, NOW + 600, 600)
    steps: list[object] = []

    def answer(_registration: object, _waiting: object) -> Any:
        slept.append(round(app.slept, 3))
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    ui: Any = SimpleNamespace(
        is_cancelled=lambda: False,
        show_code=steps.append,
        open_browser=lambda make_address: steps.append(make_address()),
    )
    oidc: Any = SimpleNamespace(
        register_client=lambda _grant: NEW,
        start_device_authorization=lambda _client: code,
        poll_for_token=answer,
        issuer="aws/us-east-1",
    )
    app.oidc = lambda _session: oidc  # type: ignore[method-assign]
    found = login_flows.get_token(app, SESSION, ui, device_code=True, must_register=True)
    assert found == issued
    assert slept == [5, 10, 15, 25]
    [shown, opened] = steps
    assert shown == code
    assert str(opened).startswith("http://127.0.0.1:")


@pytest.mark.parametrize("device_code", [True, False])
def test_a_sign_in_that_nobody_confirms_ends_with_its_time(tmp_path, monkeypatch, device_code):
    app = WorldApp(tmp_path, sleeps=True)
    page = "https://device.sso.us-east-1.amazonaws.com/"
    code = DeviceAuthorization(Secret("d"), "ABCD-EFGH", page, page, 5, NOW + 5, 5)
    monkeypatch.setattr(login_flows, "USER_SECONDS", 0)
    ui: Any = SimpleNamespace(
        is_cancelled=lambda: False,
        show_code=lambda _code: None,
        show_page=lambda _url: None,
        open_browser=lambda _make_address: False,
    )
    oidc: Any = SimpleNamespace(
        register_client=lambda _grant: NEW,
        authorize_url=lambda *_: page,
        start_device_authorization=lambda _client: code,
        poll_for_token=lambda *_: Poll.PENDING,
        issuer="aws/us-east-1",
    )
    app.oidc = lambda _session: oidc  # type: ignore[method-assign]
    with pytest.raises(LoginRequired, match='no sign-in to "corp" came in time'):
        login_flows.get_token(app, SESSION, ui, device_code=device_code, must_register=True)
