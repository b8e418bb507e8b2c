"""Shows a sign-in on the terminal: addresses, codes and questions, on stderr."""

import sys
from collections.abc import Callable

from ssohelper.actions import login as sign_in
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.device_flow import DeviceAuthorization
from ssohelper.core.model import SsoSession
from ssohelper.core.service_hosts import is_loopback_url
from ssohelper.core.text import show
from ssohelper.system import browser


class TerminalUi:
    """Shows a sign-in on the terminal. Always prints the URL and the code, to stderr."""

    def __init__(
        self, app: App, session: SsoSession, *, no_browser: bool, qr: bool, yes: bool
    ) -> None:
        self._app = app
        self._session = session
        self._qr = qr
        self._yes = yes
        setting = sign_in.browser_command_setting(app, session)
        self._opener = None if no_browser else browser.find_opener(app.environ, setting)

    def show_page(self, url: str) -> None:
        name = show(self._session.name)
        where = "a browser on this machine"
        if self._opener is not None:
            where = "the browser that opens now; if none does, open this page on this machine"
        output.say(f'sign in to "{name}" in {where}:')
        self._print_address(url)
        if self._qr:
            # This sign-in redirects to a port of this machine, which a phone cannot reach.
            output.say(f"to sign in with a phone: ssohelper login {name} --device-code --qr")

    def show_code(self, authorization: DeviceAuthorization) -> None:
        output.say(
            f'you are signing in to "{show(self._session.name)}". '
            "Go on only if you started this yourself, and if the page shows this very code:"
        )
        output.say(f"\n    {show(authorization.user_code)}\n")
        # The demo's pages are on this machine.
        is_local = is_loopback_url(authorization.verification_uri)
        where = "a browser on this machine" if is_local else "any browser, on any machine"
        output.say(f"open this page in {where}:")
        self._print_address(authorization.verification_uri_complete)
        if authorization.verification_uri != authorization.verification_uri_complete:
            output.say(f"or type the code at {show(authorization.verification_uri)}")

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        if self._opener is None:
            return False
        started = browser.start_opener(self._opener, make_address(), self._app.environ)
        if started is None:
            output.say(f'"{show(self._opener[0])}" could not be started: open the page yourself')
        return started is not None

    def report_waiting(self) -> None:
        output.say(
            f'another login of "{show(self._session.name)}" is running: waiting for its result'
        )

    def report_further_region(self, region: str) -> None:
        output.say(f"now sign in in the region {show(region)} too, as the same user")

    def confirm_another_user(self, earlier: str, user: str) -> bool:
        name = show(self._session.name)
        output.say(f'"{show(user)}" signed in to "{name}"; last time it was "{show(earlier)}"')
        return output.confirm("keep this sign-in?", yes=self._yes, what="another user's sign-in")

    def confirm_other_portal(self, earlier: str, found: str) -> bool:
        if not output.can_ask_user():
            return False
        output.say(f"{show(self._session.start_url)} now leads to another portal:")
        output.say(f"  last time  {show(earlier)}")
        output.say(f"  now        {show(found)}")
        return output.confirm("sign in there?", yes=self._yes, what="another portal")

    def is_cancelled(self) -> bool:
        """Return False: on a terminal, Ctrl-C ends the whole command."""
        return False

    def _print_address(self, url: str) -> None:
        output.say(f"\n    {show(url)}\n")
        if self._qr:
            from ssohelper.cli import qr_code

            output.say(qr_code.qr_text(url, getattr(sys.stderr, "encoding", None) or "utf-8"))
