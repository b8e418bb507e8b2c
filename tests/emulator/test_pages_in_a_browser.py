"""The pages in a real Chromium, by keyboard alone where that is possible."""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright import sync_api

from ssohelper.emulator.server import Emulator
from tests.emulator.conftest import PAYMENTS_DEV, REGISTRATION, VERIFIER, authorize_query, fetch
from tests.emulator.test_pages import device_code
from tests.programs import require_program
from tests.tui.looks import contrast
from tests.wire.catcher import Catcher

# `make test` signs in on these pages in tests/cli/test_sign_in_commands_in_a_browser.py.
pytestmark = [pytest.mark.browser, pytest.mark.long]

_FLAGS = ["--headless", "--no-sandbox", "--no-first-run"]
_FLAGS += [
    f"--disable-{what}"
    for what in ("gpu", "quic", "background-networking", "component-update", "sync")
]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Any]:
    program = require_program("chromium")
    # Chromium writes a certificate store and caches to HOME, whatever its profile folder.
    home = {**os.environ, "HOME": str(tmp_path_factory.mktemp("chromium"))}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS, env=home)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium) -> Iterator[Any]:
    """A page in a new browser context; the test fails if the browser's console has messages."""
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


def tab_to(page: Any, role: str, name: str) -> None:
    """Press Tab until the control has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _ in range(20):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{role} {name!r} cannot be reached with Tab")


def sign_in_by_keyboard(page: Any, downs: int = 0) -> None:
    page.get_by_role("button", name="Sign in", exact=True).wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for _ in range(downs):
        page.keyboard.press("ArrowDown")
    tab_to(page, "button", "Sign in")
    page.keyboard.press("Enter")


def check_page(page: Any) -> None:
    """Check what each page must have: language, title, one heading, landmarks, no overflow."""
    assert page.locator("html").get_attribute("lang") == "en"
    heading = page.get_by_role("heading", level=1)
    assert heading.count() == 1
    assert page.title() == f"{heading.inner_text()} – EMULATOR"
    assert page.get_by_role("main").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for button in page.get_by_role("button").all():
        assert button.bounding_box()["height"] >= 44
    for control in page.locator("input:not([type=hidden]), button").all():
        assert control.evaluate("e => (e.labels && e.labels[0] || e).innerText.trim()") != ""


def device_page(emu: Emulator) -> str:
    return f"{emu.url}/device?user_code={device_code(emu)}"


def begin_pkce(emu: Emulator, callback: Catcher) -> tuple[str, dict[str, str]]:
    """Register a client; return the authorize URL and the client."""
    client = fetch(emu, "POST", "/client/register", REGISTRATION).json()
    query = authorize_query(client["clientId"], callback.callback)
    kept = {name: client[name] for name in ("clientId", "clientSecret")}
    return f"{emu.url}/authorize?{urlencode(query)}", kept


def test_a_user_signs_in_and_allows_by_keyboard_alone(page, emu):
    with Catcher() as callback:
        address, client = begin_pkce(emu, callback)
        page.goto(address)
        check_page(page)
        sign_in_by_keyboard(page)
        page.wait_for_url("**/consent?**")
        check_page(page)
        assert "Ana Alvarez" in page.get_by_role("main").inner_text()
        assert "ssohelper-corp" in page.get_by_role("main").inner_text()
        tab_to(page, "button", "Allow")
        page.keyboard.press("Enter")
        page.wait_for_url("**/oauth/callback?**")
        assert callback.query["state"] == "s-1"
        asked = {
            **client,
            "grantType": "authorization_code",
            "code": callback.query["code"],
            "redirectUri": callback.callback,
            "codeVerifier": VERIFIER,
        }
        assert fetch(emu, "POST", "/token", asked).status == 200
    assert [sign_in.person for sign_in in emu.sign_ins] == ["ana"]


def test_denying_redirects_the_client_with_access_denied(page, emu):
    with Catcher() as callback:
        page.goto(begin_pkce(emu, callback)[0])
        sign_in_by_keyboard(page, downs=1)
        page.get_by_role("button", name="Deny").click()
        page.wait_for_url("**/oauth/callback?**")
        assert callback.query == {"error": "access_denied", "state": "s-1"}
    assert [sign_in.person for sign_in in emu.sign_ins] == ["ben"]


def test_a_signed_in_browser_gets_only_the_consent_page(page, emu):
    page.goto(device_page(emu))
    sign_in_by_keyboard(page)
    page.wait_for_url("**/consent?**")
    with Catcher() as callback:
        page.goto(begin_pkce(emu, callback)[0])
        assert page.get_by_role("button", name="Allow").is_visible()
        page.get_by_role("button", name="Sign in as somebody else").click()
        sign_in_by_keyboard(page, downs=2)
        page.wait_for_url("**/consent?**")
        assert "Chi Nguyen" in page.get_by_role("main").inner_text()
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url("**/oauth/callback?**")


@pytest.mark.parametrize(
    ("button", "title", "status"),
    [("Allow", "Request approved", "approved"), ("Deny", "Request denied", "denied")],
)
def test_a_device_code_is_compared_and_answered(page, emu, button, title, status):
    code = device_code(emu, "aws-cli")
    page.goto(f"{emu.url}/device")
    check_page(page)
    page.get_by_role("textbox", name="Code from your device").fill(code.lower())
    page.keyboard.press("Enter")
    sign_in_by_keyboard(page)
    page.wait_for_url("**/consent?**")
    check_page(page)
    assert page.get_by_label("Code", exact=True).inner_text() == code
    page.get_by_role("button", name=button).click()
    page.get_by_role("status").wait_for()
    check_page(page)
    assert page.get_by_role("status").is_visible()
    assert page.title() == f"{title} – EMULATOR"
    assert emu.find_device(code).status == status


def test_a_wrong_code_and_a_wrong_person_show_errors(page, emu):
    page.goto(f"{emu.url}/device?user_code=WRONG")
    check_page(page)
    assert "No device waits" in page.get_by_role("alert").inner_text()
    field = page.get_by_role("textbox", name="Code from your device")
    assert field.get_attribute("aria-invalid") == "true"
    page.goto(device_page(emu))
    page.get_by_role("radio", name="Finn").check()
    page.get_by_role("button", name="Sign in").click()
    check_page(page)
    assert "Finn Maher cannot sign in" in page.get_by_role("alert").inner_text()


def console_url(emu: Emulator, role: str) -> str:
    """Return the URL that signs a browser in to the console with ana's role."""
    arn = emu.world.session_arn(PAYMENTS_DEV, role, "ana")
    keys = emu.issue_credentials("ana", PAYMENTS_DEV, role, arn, 3600)
    names = {"sessionId": 0, "sessionKey": 1, "sessionToken": 2}
    session = json.dumps({name: keys[position] for name, position in names.items()})
    form = urlencode({"Action": "getSigninToken", "Session": session})
    token = fetch(emu, "POST", "/federation", form).json()["SigninToken"]
    page = "https://console.aws.amazon.com/s3/home?region=us-east-1"
    login = {"Action": "login", "Issuer": "x", "Destination": page, "SigninToken": token}
    return f"{emu.url}/federation?{urlencode(login)}"


def test_the_console_shows_the_last_login(page, emu):
    for role in ("ReadOnlyAccess", "Developer"):
        page.goto(console_url(emu, role))
        check_page(page)
        assert page.locator("#account").inner_text() == f"payments-dev {PAYMENTS_DEV}"
        assert page.locator("#role").inner_text() == role


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_schemes(chromium, emu, scheme, tmp_path):
    """Contrast of at least 4.5 to 1 for every text on the sign-in page, its alert included."""
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(device_page(emu))
    page.get_by_role("radio", name="Finn").check()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    pairs = page.evaluate(_COLOURS)
    context.close()
    assert len(pairs) > 10
    assert min(contrast(*map(tuple, pair)) for pair in pairs) >= 4.5


# Text colour and the nearest opaque background of each element with text.
_COLOURS = """() => [...document.body.querySelectorAll("*")]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .map(e => {
    let box = e, back;
    do { back = getComputedStyle(box).backgroundColor; box = box.parentElement; }
    while (box && back === "rgba(0, 0, 0, 0)");
    return [getComputedStyle(e).color, back].map(c => c.match(/\\d+/g).slice(0, 3).map(Number));
  })"""
