"""Pages for the user's browser, against requests that any web page or program can send."""

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from ssohelper.core.model import Secret
from ssohelper.fastpath import peer
from ssohelper.wire import browser_pages
from ssohelper.wire.browser_pages import BrowserPages, Callback, OneTimeRedirect, SignInPages
from tests.left_behind import threads_left_at_most

STATE = "right-state"
TARGET = "https://signin.aws.amazon.com/federation?Action=login&SigninToken=secret"


@pytest.fixture
def sign_in() -> Iterator[SignInPages]:
    with SignInPages(Secret(STATE)) as pages:
        yield pages


@pytest.fixture
def redirect() -> Iterator[OneTimeRedirect]:
    with BrowserPages() as pages:
        yield pages.add_redirect(Secret(TARGET))


class Visit:
    """One request and its answer."""

    def __init__(self, url: str, target: str, method: str = "GET", **headers: str) -> None:
        address = f"127.0.0.1:{urlsplit(url).port}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
            connection.request(method, target, headers=sent)
            answer = connection.getresponse()
            self.status, self.headers = answer.status, dict(answer.getheaders())
            self.page = answer.read().decode()
        self.location = self.headers.get("Location")


def visit(redirect: OneTimeRedirect, target: str | None = None, **more: str) -> Visit:
    path = urlsplit(redirect.url).path
    return Visit(redirect.url, path if target is None else target, **more)


def call_back(pages: SignInPages, query: str, **more: str) -> Visit:
    return Visit(pages.redirect_uri, f"/oauth/callback{query}", **more)


class TestCallback:
    def test_of_two_callbacks_at_one_moment_one_counts(self, sign_in, monkeypatch):
        parse = sign_in._parse_callback

        def parse_while_another_is_taken(query: str) -> Callback | None:
            sign_in._taken.acquire(blocking=False)
            return parse(query)

        monkeypatch.setattr(sign_in, "_parse_callback", parse_while_another_is_taken)
        answer = call_back(sign_in, f"?code=the-code&state={STATE}")
        assert answer.status == 410
        assert sign_in.wait_for_callback(0.01) is None

    def test_the_expected_callback_brings_the_code(self, sign_in):
        answer = call_back(sign_in, f"?code=the-code&state={STATE}")
        assert sign_in.wait_for_callback(20) == Callback(Secret("the-code"), None)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Server" not in answer.headers
        assert "the-code" not in answer.page
        assert call_back(sign_in, f"?code=two&state={STATE}").status == 410
        assert sign_in.wait_for_callback(0.01) is None

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
            (f"/oauth/callback?code=evil&state=&state={STATE}", 400),
            (f"/oauth/callback?code=a&code=b&state={STATE}", 400),
            (f"/oauth/callback?code=&state={STATE}", 400),
            (f"/oauth/callback?code=evil&state={STATE}%00", 400),
            (f"/oauth/callback?code=evil&state={STATE}&x=" + "a" * 9000, 400),
            (f"/oauth/callback?code=evil&state={STATE}&x=" + "a" * 70000, 403),
            (f"/oauth/callback/?code=evil&state={STATE}", 404),
            (f"/?code=evil&state={STATE}", 404),
            ("/favicon.ico", 404),
        ],
    )
    def test_another_request_changes_nothing(self, sign_in, target, status):
        assert Visit(sign_in.redirect_uri, target).status == status
        assert sign_in.wait_for_callback(0.01) is None
        assert call_back(sign_in, f"?code=good&state={STATE}").status == 200
        assert sign_in.wait_for_callback(20) == Callback(Secret("good"), None)

    @pytest.mark.parametrize(
        "more",
        [
            *({"method": method} for method in ("POST", "HEAD", "PUT", "OPTIONS", "TRACE")),
            *({"Host": host} for host in ("evil.net", "127.0.0.1", "localhost:{port}")),
            {"Host": "127.0.0.1.nip.io:{port}"},
        ],
    )
    def test_another_method_or_host_is_refused(self, sign_in, more):
        port = urlsplit(sign_in.redirect_uri).port
        more = {name: value.format(port=port) for name, value in more.items()}
        assert call_back(sign_in, f"?code=evil&state={STATE}", **more).status == 403
        assert sign_in.wait_for_callback(0.01) is None

    def test_a_browser_with_many_cookies_of_other_programs_is_answered(self, sign_in):
        """Cookies have no port: the browser sends those of every program on 127.0.0.1."""
        cookies = "; ".join(f"session{number}=" + "é" * 40 for number in range(400))
        answer = call_back(
            sign_in,
            f"?code=good&state={STATE}",
            Cookie=cookies.encode().decode("latin-1"),
            Sec_Fetch_Site="cross-site",
            Upgrade_Insecure_Requests="1",
        )
        assert answer.status == 200
        assert sign_in.wait_for_callback(20) is not None

    def test_an_unknown_users_code_counts_and_their_refusal_does_not(self, sign_in, monkeypatch):
        """Linux cannot tell the user of a Windows browser in WSL, nor of any program in gVisor."""
        monkeypatch.setattr(peer, "find_peer_uid", lambda _connection: None)
        refusal = call_back(sign_in, f"?error=access_denied&state={STATE}")
        assert (refusal.status, "Ctrl-C" in refusal.page) == (400, True)
        assert call_back(sign_in, "?code=evil&state=wrong").status == 400
        assert sign_in.wait_for_callback(0.01) is None
        assert call_back(sign_in, f"?code=good&state={STATE}").status == 200
        assert sign_in.wait_for_callback(20) == Callback(Secret("good"), None)

    def test_another_users_callback_is_ignored(self, sign_in, monkeypatch):
        monkeypatch.setattr(peer, "find_peer_uid", lambda _connection: 64_000)
        for query in (f"?error=x&state={STATE}", f"?code=evil&state={STATE}"):
            with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
                call_back(sign_in, query)
        assert sign_in.wait_for_callback(0.01) is None
        monkeypatch.undo()
        assert call_back(sign_in, f"?code=good&state={STATE}").status == 200

    def test_it_listens_on_this_machine_only_and_a_refusal_with_the_right_state_ends_the_wait(
        self, sign_in
    ):
        assert sign_in.redirect_uri.startswith("http://127.0.0.1:")
        port = urlsplit(sign_in.redirect_uri).port
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port or 0), timeout=20)
        error = f"%3Cscript%3E{'x' * 100}"
        answer = call_back(sign_in, f"?error={error}&state={STATE}&error_description=%3Cb%3E")
        assert sign_in.wait_for_callback(20) == Callback(None, "<script>" + "x" * 92)
        assert (answer.status, "<script>" in answer.page) == (200, False)


class TestRedirect:
    def test_the_first_visit_is_redirected_and_not_cached(self, redirect):
        answer = visit(redirect)
        assert (answer.status, answer.location) == (302, TARGET)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert redirect.wait_for_visit(30) == "served"
        again = visit(redirect)
        assert (again.status, again.location) == (410, None)

    def test_of_two_visits_at_once_one_is_redirected(self, redirect):
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: visit(redirect).status, range(8)))
        assert sorted(found) == [302] + [410] * 7

    def test_each_redirect_has_its_own_address(self):
        with BrowserPages() as pages:
            one, two = (pages.add_redirect(Secret(f"https://example.com/{n}")) for n in (1, 2))
            with BrowserPages() as others:  # they take another port
                assert visit(others.add_redirect(Secret(TARGET))).location == TARGET
            assert visit(two).location == "https://example.com/2"
            assert visit(one).location == "https://example.com/1"
            assert (one.wait_for_visit(30), two.wait_for_visit(30)) == ("served", "served")
            # A path is 256 random bits: a "/" and the base64 text of 32 bytes.
            assert {len(urlsplit(each.url).path) for each in (one, two)} == {1 + 43}

    def test_nothing_listens_before_a_redirect_and_after_close(self):
        with threads_left_at_most(0), BrowserPages():
            pass
        with BrowserPages() as pages:
            redirect = pages.add_redirect(Secret(TARGET))
        with pytest.raises(ConnectionRefusedError):
            visit(redirect)

    @pytest.mark.parametrize("more", ["x", "/", "?", "?a=b", "/../"])
    def test_another_path_is_refused_and_does_not_use_the_redirect(self, redirect, more):
        path = urlsplit(redirect.url).path
        for wrong in ("/", "/favicon.ico", path[:-1], path.swapcase(), path + more):
            answer = visit(redirect, wrong)
            assert (answer.status, answer.location) == (404, None)
        assert visit(redirect).status == 302

    def test_another_host_or_method_is_refused_and_does_not_use_the_redirect(self, redirect):
        port = urlsplit(redirect.url).port
        hosts = ["localhost", "evil.example", "127.0.0.1", ""]
        hosts += [f"{host}:{port}" for host in hosts if host != "127.0.0.1"]
        wrong = [{"Host": host} for host in hosts]
        wrong += [{"method": name} for name in ("POST", "HEAD", "OPTIONS", "PUT")]
        for more in wrong:
            answer = visit(redirect, **more)
            assert (answer.status, answer.location) == (403, None), more
        assert visit(redirect).status == 302

    @pytest.mark.parametrize("uid", [None, 64_000])
    def test_an_unknown_and_another_user_are_refused(self, redirect, uid, monkeypatch):
        monkeypatch.setattr(peer, "find_peer_uid", lambda _connection: uid)
        with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
            visit(redirect)
        assert redirect.wait_for_visit(0.01) == "refused"
        monkeypatch.undo()
        assert visit(redirect).status == 302
        assert redirect.wait_for_visit(30) == "served"

    @pytest.mark.parametrize(("is_wsl", "status"), [(False, 403), (True, 302)])
    def test_only_in_wsl_a_sign_in_redirect_serves_an_unknown_user(
        self, sign_in, is_wsl, status, monkeypatch
    ):
        redirect = sign_in.add_redirect(Secret(TARGET))
        monkeypatch.setattr(browser_pages, "_is_running_in_wsl", lambda: is_wsl)
        monkeypatch.setattr(peer, "find_peer_uid", lambda _connection: None)
        assert visit(redirect).status == status

    def test_silent_connections_block_no_visit_and_no_callback(self, redirect, sign_in):
        assert redirect.wait_for_visit(0.01) == "not visited"
        with ExitStack() as stack:
            for port in [urlsplit(url).port for url in (redirect.url, sign_in.redirect_uri)] * 30:
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            assert visit(redirect).status == 302
            assert call_back(sign_in, f"?code=good&state={STATE}").status == 200


@pytest.mark.parametrize(
    ("system", "release", "is_wsl"),
    [
        ("linux", "5.15.153.1-microsoft-standard-WSL2", True),
        ("linux", "4.4.0-19041-Microsoft", True),
        ("linux", "6.8.0-45-generic", False),
        ("darwin", "23.1.0-microsoft", False),
    ],
)
def test_wsl_is_recognized_by_its_kernel(system, release, is_wsl, monkeypatch):
    monkeypatch.setattr(browser_pages.sys, "platform", system)
    monkeypatch.setattr(browser_pages.os, "uname", lambda: SimpleNamespace(release=release))
    assert browser_pages._is_running_in_wsl() == is_wsl
