"""Sign in with a real Chromium, through the redirect of our local server."""

import signal
import subprocess
import threading

import pytest

from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.emulator.test_pages_in_a_browser import (  # noqa: F401
    check_page,
    chromium,
    page,
    sign_in_by_keyboard,
    tab_to,
)
from tests.endpoint.world import wait_for

pytestmark = pytest.mark.browser


class Login:
    """A running `login` whose browser command only writes the address to a file."""

    def __init__(self, home: Home, *more: str) -> None:
        notes = home.browser(visits=False)
        self.process = subprocess.Popen(
            [SCRIPT, "login", "corp", *more],
            env=home.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        wait_for(lambda: notes.exists() and notes.read_text().endswith("\n"))
        self.address = notes.read_text().strip()

    def _read(self) -> None:
        assert self.process.stderr
        self.said.extend(self.process.stderr)
        self.process.stderr.close()

    def ends(self, number: int | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(RUN_SECONDS)
        self._reading.join(RUN_SECONDS)
        return code


@pytest.fixture
def desk(home, emulator) -> Home:
    emulator.auto_approve = None
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    return home


def test_the_address_redirects_to_the_sign_in_page_and_the_sign_in_comes_back(page, desk, emulator):  # noqa: F811
    login = Login(desk)
    page.goto(login.address)
    assert page.url.startswith(f"{emulator.url}/")
    check_page(page)
    sign_in_by_keyboard(page)
    page.wait_for_url("**/consent?**")
    check_page(page)
    tab_to(page, "button", "Allow")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Sign-in received").wait_for()
    assert login.ends() == 0
    assert 'signed in to "corp"' in "".join(login.said)


@pytest.mark.long
def test_the_address_works_once_then_explains_itself(chromium, desk, emulator):  # noqa: F811
    login = Login(desk)
    context = chromium.new_context()
    for heading in ("Sign in", "Used already"):
        # A new page each time, as when the user opens the address twice.
        visitor = context.new_page()
        visitor.goto(login.address)
        visitor.get_by_role("heading", name=heading, exact=True).wait_for()
    context.close()
    assert login.ends(signal.SIGINT) == 130


def test_the_address_also_redirects_to_the_page_of_a_device_code(page, desk, emulator):  # noqa: F811
    login = Login(desk, "--device-code")
    page.goto(login.address)
    sign_in_by_keyboard(page)
    page.wait_for_url("**/consent?**")
    code = page.get_by_label("Code", exact=True).inner_text()
    assert f"\n    {code}\n" in "".join(login.said)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/done?**")
    assert login.ends() == 0


@pytest.mark.long
def test_a_refusal_in_the_browser_ends_the_login(page, desk, emulator):  # noqa: F811
    login = Login(desk)
    page.goto(login.address)
    sign_in_by_keyboard(page)
    page.wait_for_url("**/consent?**")
    page.get_by_role("button", name="Deny").click()
    page.get_by_role("heading", name="Not signed in").wait_for()
    assert login.ends() == 4
