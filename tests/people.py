"""Users of the emulator's sign-in pages, without a browser: forms are filled in and sent.

`sign_in_here` signs in within the test's own process, and confirms each device code at once.
"""

import re
import urllib.request
from collections.abc import Callable
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin, urlsplit

from ssohelper.actions import login
from ssohelper.actions.login import LoginOptions
from ssohelper.app import App
from ssohelper.core.device_flow import DeviceAuthorization
from ssohelper.core.model import SsoSession
from ssohelper.emulator.server import Emulator


def sign_in(url: str, person: str = "ana") -> str:
    """Open a sign-in page, sign in, allow the access; return the last page's text."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(CookieJar()), urllib.request.ProxyHandler({})
    )
    page = _Page(opener, url, None)
    if "/sign-in" in page.actions:
        page = page.send("/sign-in", person=person)
    return page.send("/consent", answer="allow").text


def redirect_target_of(address: str) -> str:
    """Request the one-time address that the browser's command got; return where it redirects."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        assert answer.status == 302
        return str(answer.getheader("Location"))
    finally:
        connection.close()


def sign_in_here(app: App, session: SsoSession, emulator: Emulator, person: str = "ana") -> None:
    """Sign this user in, whichever user is signed in now. The App's `sleep` must return at once."""
    options = LoginOptions(device_code=True, force=True)
    login.log_in(app, session, _ConfirmsAtOnce(emulator, person), options)


class _ConfirmsAtOnce:
    def __init__(self, emulator: Emulator, person: str) -> None:
        self._emulator = emulator
        self._person = person

    def __getattr__(self, name: str) -> Callable[..., bool]:
        """Nothing else is shown or opened; a question is answered with yes."""
        return lambda *_, **__: name in ("confirm", "can_ask")

    def show_code(self, authorization: DeviceAuthorization) -> None:
        self._emulator.approve_device(authorization.user_code, self._person)


class _Page:
    def __init__(self, opener: urllib.request.OpenerDirector, url: str, body: bytes | None) -> None:
        self._opener = opener
        with opener.open(url, body, timeout=30) as reply:
            self.url = reply.url
            self.text = reply.read().decode()
        self.actions = re.findall(r'<form[^>]* action="([^"]+)"', self.text)

    def send(self, action: str, **fields: str) -> "_Page":
        [form] = [f for f in re.findall(r"<form.*?</form>", self.text, re.S) if action in f]
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        body = urlencode({**hidden, **fields}).encode()
        return _Page(self._opener, urljoin(self.url, action), body)
