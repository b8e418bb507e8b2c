"""The pages over plain HTTP: requests that a real browser would not send."""

import re
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from ssohelper.emulator.server import Emulator
from tests.emulator.conftest import Reply, fetch

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def device_code(emu: Emulator, name: str = "program") -> str:
    asked = {"clientName": name, "clientType": "public"}
    client = fetch(emu, "POST", "/client/register", asked).json()
    asked = {each: client[each] for each in ("clientId", "clientSecret")}
    asked["startUrl"] = emu.world.start_url
    return str(fetch(emu, "POST", "/device_authorization", asked).json()["userCode"])


class Page(NamedTuple):
    reply: Reply
    cookie: str
    fields: dict[str, str]


def open_page(emu: Emulator, path: str = "", cookie: str = "") -> Page:
    """Follow redirects to a page (without a path: that of a new device code).

    Return it with the cookie and its first form's hidden fields.
    """
    path = path or f"/device?user_code={device_code(emu)}"
    for _ in range(5):
        reply = fetch(emu, "GET", path, headers={"Cookie": cookie})
        cookie = reply.headers.get("set-cookie", cookie).split(";")[0]
        if reply.status not in (302, 303):
            break
        path = reply.headers["location"]
    form = reply.body.decode().partition("</form>")[0]
    pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return Page(reply, cookie, dict(pairs))


def send(emu: Emulator, path: str, page: Page, headers: dict[str, str], **fields: str) -> Reply:
    body = urlencode({**page.fields, **fields})
    return fetch(emu, "POST", path, body, {**FORM, "Cookie": page.cookie, **headers})


def test_pages_have_security_headers(emu):
    for path in ("/device", "/", "", "/authorize"):
        page = open_page(emu, path)
        policy = page.reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "base-uri 'none'; frame-ancestors 'none'" in policy
        assert page.reply.headers["x-content-type-options"] == "nosniff"
        assert page.reply.headers["cache-control"] == "no-store"
        text = page.reply.body.decode()
        assert re.search(r"<title>[^<]+ – EMULATOR</title>", text)
        assert '<html lang="en">' in text
        assert text.count("<h1>") == 1
        assert "<script" not in text


def test_the_cookie_is_http_only_and_new_after_each_sign_in_and_sign_out(emu):
    page = open_page(emu)
    first = page.reply.headers["set-cookie"]
    assert first.startswith(f"emulator_{emu.port}=CNRY-SIGNIN-")
    assert "HttpOnly" in first
    assert "SameSite=Lax" in first
    reply = send(emu, "/sign-in", page, {}, person="ana")
    assert reply.status == 303
    after = reply.headers["set-cookie"].split(";")[0]
    assert after != page.cookie
    signed_in = open_page(emu, cookie=after)
    assert b"Ana Alvarez" in signed_in.reply.body
    # The old cookie has no sign-in: an attacker who has planted it gains nothing.
    assert b"Who are you?" in open_page(emu, cookie=page.cookie).reply.body
    assert send(emu, "/sign-out", signed_in, {}).status == 303
    assert b"Who are you?" in open_page(emu, cookie=after).reply.body


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        *(({}, fields) for fields in ({"csrf": "x"}, {"csrf": ""}, {"request": "other"})),
        *(({"Cookie": cookie}, {}) for cookie in ("", "emulator=CNRY-SIGNIN-guess")),
        *(({"Origin": o}, {}) for o in ("https://evil.example", "null", "http://localhost:1")),
        *(({"Sec-Fetch-Site": site}, {}) for site in ("cross-site", "same-site")),
    ],
)
def test_a_form_of_another_site_is_refused(emu, headers, fields):
    page = open_page(emu)
    assert send(emu, "/sign-in", page, headers, person="ana", **fields).status == 403
    assert emu.sign_ins == []
    own = {"Origin": emu.url, "Sec-Fetch-Site": "same-origin"}
    assert send(emu, "/sign-in", page, own, person="ana").status == 303


def test_a_form_of_one_browser_is_refused_from_another(emu):
    stolen = open_page(emu)._replace(cookie=open_page(emu).cookie)
    assert send(emu, "/sign-in", stolen, {}, person="ana").status == 403


def test_consent_without_a_sign_in_redirects_to_the_sign_in(emu):
    reply = send(emu, "/consent", open_page(emu), {}, answer="allow")
    assert reply.status == 303
    assert reply.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("person", "says"), [("nobody", "no such user name"), ("finn", "this user is disabled")]
)
def test_a_wrong_person_gets_an_error_and_is_not_signed_in(emu, person, says):
    reply = send(emu, "/sign-in", open_page(emu), {}, person=person)
    assert says in reply.body.decode()
    assert 'role="alert"' in reply.body.decode()
    assert emu.sign_ins == []


def test_an_answered_device_code_cannot_be_answered_again(emu):
    code = device_code(emu)
    page = open_page(emu, f"/device?user_code={code}")
    reply = send(emu, "/sign-in", page, {}, person="ana")
    consent = open_page(emu, reply.headers["location"], reply.headers["set-cookie"].split(";")[0])
    assert b"Request denied" in send(emu, "/consent", consent, {}, answer="deny").body
    assert send(emu, "/consent", consent, {}, answer="allow").status == 400
    assert b"No device waits" in open_page(emu, f"/device?user_code={code}").reply.body


def test_hostile_names_add_no_markup(emu):
    bad = "<img src=x onerror=alert(1)>\u202e\"'"
    emu.world.name = bad
    emu.world.add_person("eve", display_name=bad)
    page = open_page(emu, f"/device?user_code={device_code(emu, bad)}")
    reply = send(emu, "/sign-in", page, {}, person="eve")
    consent = open_page(emu, reply.headers["location"], reply.headers["set-cookie"].split(";")[0])
    for found in (page.reply.body.decode(), consent.reply.body.decode()):
        assert "<img" not in found
        assert "<bdi>&lt;img src=x onerror=alert(1)&gt;\u202e&quot;&#x27;</bdi>" in found
