"""Sign in with a real Chromium, through the redirect of our local server."""

import signal
from contextlib import contextmanager

import pytest

from tests.conftest import SCRIPT, Home
from tests.emulator.test_pages_in_a_browser import (  # noqa: F401
    check_page,
    chromium,
    page,
    sign_in_by_keyboard,
    tab_to,
)
from tests.endpoint.world import Program, wait_for

pytestmark = pytest.mark.browser


@contextmanager
def running_login(home: Home, *more: str):
    """Yield a running `login`, whose browser command only writes the address to a file, and that."""
    notes = home.browser(visits=False)
    with Program([SCRIPT, "login", "corp", *more], home) as login:
        wait_for(lambda: notes.exists() and notes.read_text().endswith("\n"))
        yield login, notes.read_text().strip()


@pytest.fixture
def desk(home, emulator) -> Home:
    emulator.auto_approve = None
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    return home


def test_the_address_redirects_to_the_sign_in_page_and_the_sign_in_comes_back(page, desk, emulator):  # noqa: F811
    with running_login(desk) as (login, address):
        page.goto(address)
        assert page.url.startswith(f"{emulator.url}/")
        check_page(page)
        sign_in_by_keyboard(page)
        page.wait_for_url("**/consent?**")
        check_page(page)
        tab_to(page, "button", "Allow")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Sign-in received").wait_for()
        assert login.ends() == 0
        wait_for(lambda: 'signed in to "corp"' in "".join(login.err))


@pytest.mark.long
def test_the_address_works_once_then_explains_itself(chromium, desk):  # noqa: F811
    with running_login(desk) as (login, address), chromium.new_context() as context:
        for heading in ("Sign in", "Used already"):
            # A new page each time, as when the user opens the address twice.
            visitor = context.new_page()
            visitor.goto(address)
            visitor.get_by_role("heading", name=heading, exact=True).wait_for()
        assert login.ends(signal.SIGINT) == 130


@pytest.mark.long
def test_the_address_also_redirects_to_the_page_of_a_device_code(page, desk):  # noqa: F811
    with running_login(desk, "--device-code") as (login, address):
        page.goto(address)
        sign_in_by_keyboard(page)
        page.wait_for_url("**/consent?**")
        code = page.get_by_label("Code", exact=True).inner_text()
        assert f"\n    {code}\n" in "".join(login.err)
        page.get_by_role("button", name="Allow").click()
        page.get_by_role("status").wait_for()
        assert login.ends() == 0


@pytest.mark.long
def test_a_refusal_in_the_browser_ends_the_login(page, desk):  # noqa: F811
    with running_login(desk) as (login, address):
        page.goto(address)
        sign_in_by_keyboard(page)
        page.wait_for_url("**/consent?**")
        page.get_by_role("button", name="Deny").click()
        page.get_by_role("heading", name="Not signed in").wait_for()
        assert login.ends() == 4
