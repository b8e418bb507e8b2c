"""The callback listener against the requests that any page in a browser can send."""

import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from ssohelper.core.model import Secret
from ssohelper.wire.loopback import CallbackListener

STATE = "right-state"


@pytest.fixture
def listener() -> Iterator[CallbackListener]:
    with CallbackListener() as listening:
        listening.expect(Secret(STATE))
        yield listening


def ask(
    listener: CallbackListener,
    target: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], str]:
    port = urlsplit(listener.redirect_uri).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, target, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def test_the_right_callback_brings_the_code(listener: CallbackListener) -> None:
    status, headers, page = ask(listener, f"/oauth/callback?code=the-code&state={STATE}")
    callback = listener.wait(20)
    assert status == 200
    assert callback is not None
    assert callback.code == Secret("the-code")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Server" not in headers
    assert "the-code" not in page


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/oauth/callback", 400),
        ("/oauth/callback?error=access_denied", 400),
        ("/oauth/callback?error=x&state=wrong", 400),
        ("/oauth/callback?code=evil", 400),
        ("/oauth/callback?code=evil&state=", 400),
        ("/oauth/callback?code=evil&state=wrong", 400),
        (f"/oauth/callback?code=evil&state=wrong&state={STATE}", 400),
        (f"/oauth/callback?code=a&code=b&state={STATE}", 400),
        (f"/oauth/callback?code=&state={STATE}", 400),
        (f"/oauth/callback?code=evil&state={STATE}%00", 400),
        (f"/oauth/callback?code=evil&state={STATE}&x=" + "a" * 9000, 400),
        (f"/oauth/callback/?code=evil&state={STATE}", 404),
        (f"/?code=evil&state={STATE}", 404),
        ("/favicon.ico", 404),
    ],
)
def test_other_requests_change_nothing(
    listener: CallbackListener, target: str, status: int
) -> None:
    assert ask(listener, target)[0] == status
    assert listener.wait(0.01) is None
    assert ask(listener, f"/oauth/callback?code=good&state={STATE}")[0] == 200
    callback = listener.wait(20)
    assert callback is not None
    assert callback.code == Secret("good")


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS", "TRACE"])
def test_only_get_is_answered(listener: CallbackListener, method: str) -> None:
    target = f"/oauth/callback?code=evil&state={STATE}"
    assert ask(listener, target, method=method)[0] == 501
    assert listener.wait(0.01) is None


@pytest.mark.parametrize(
    "host", ["evil.net", "127.0.0.1", "localhost:{port}", "127.0.0.1.nip.io:{port}"]
)
def test_another_host_is_refused(listener: CallbackListener, host: str) -> None:
    port = urlsplit(listener.redirect_uri).port
    headers = {"Host": host.format(port=port)}
    assert ask(listener, f"/oauth/callback?code=x&state={STATE}", headers=headers)[0] == 403
    assert listener.wait(0.01) is None


def test_storms_and_idle_connections_do_not_keep_the_right_one_out(
    listener: CallbackListener,
) -> None:
    port = urlsplit(listener.redirect_uri).port
    assert port is not None
    idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(60)]
    try:
        for number in range(200):
            assert ask(listener, f"/oauth/callback?code=evil&state={number}")[0] == 400
        assert ask(listener, f"/oauth/callback?code=good&state={STATE}")[0] == 200
        callback = listener.wait(20)
        assert callback is not None
        assert callback.code == Secret("good")
        assert len(listener._server._open) <= 20
    finally:
        for connection in idle:
            connection.close()


def test_a_second_callback_comes_too_late(listener: CallbackListener) -> None:
    first = ask(listener, f"/oauth/callback?code=one&state={STATE}")
    second = ask(listener, f"/oauth/callback?code=two&state={STATE}")
    assert (first[0], second[0]) == (200, 410)
    callback = listener.wait(20)
    assert callback is not None
    assert callback.code == Secret("one")


def test_a_refusal_with_the_right_state_ends_the_wait(listener: CallbackListener) -> None:
    status, _, page = ask(
        listener, f"/oauth/callback?error=%3Cscript%3E&state={STATE}&error_description=%3Cb%3E"
    )
    callback = listener.wait(20)
    assert status == 200
    assert "<script>" not in page
    assert callback is not None
    assert callback.code is None
    assert callback.error == "<script>"


def test_it_listens_on_this_machine_only(listener: CallbackListener) -> None:
    assert listener._server.socket.getsockname()[0] == "127.0.0.1"
    assert listener.redirect_uri.startswith("http://127.0.0.1:")
