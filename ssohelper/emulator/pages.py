"""Builds the HTML of the emulator's pages, which work with a keyboard and at a width of 320 px.

The pages have no script and load nothing. Every value is escaped and put into <bdi>, so that a
hostile name can neither add markup nor change the direction of the text around it.
"""

import base64
import hashlib
import html
from typing import NamedTuple

from ssohelper.emulator.exchange import Answer, Refusal
from ssohelper.emulator.organization import Person, World

_SCOPES = {"sso:account:access": "See your accounts and roles, and fetch credentials for them"}

# System colours are readable in light and dark mode.
_STYLE = """
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;background:Canvas;color:CanvasText;font:1rem/1.5 system-ui,sans-serif}
.band{background:#ffe8a3;color:#4a3500;padding:.5rem 1rem;text-align:center}
main{max-width:30rem;margin:0 auto;padding:1.5rem 1rem;overflow-wrap:anywhere}
h1{margin:0 0 1rem;font-size:1.5rem}
fieldset{margin:0;padding:0;border:0}
legend,.label{display:block;margin-bottom:.5rem;font-weight:600}
.choice{display:flex;align-items:center;gap:.75rem;min-height:3rem;padding:.5rem .75rem;
border:1px solid GrayText;border-radius:8px;margin-bottom:.5rem;cursor:pointer}
.choice .small{display:block}
.small{font-size:.875rem}
.code{font:600 1.75rem/1.2 monospace;letter-spacing:.1em;text-align:center}
input[type=text]{width:100%}
input[type=text],button{min-height:2.75rem;padding:.5rem 1.25rem;font:inherit}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0 1rem}
.alert{padding:.75rem 1rem;border:2px solid #d13212}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


class Form(NamedTuple):
    request_id: str
    csrf: str


def build_page(
    title: str,
    organization: str,
    body: str,
    status: int = 200,
    send_to: str = "",
) -> Answer:
    """Return a complete page around `body`. `send_to` is the origin that a form may redirect to.

    Chromium checks the redirect after a form against form-action. With no-referrer instead of
    same-origin, it would send `Origin: null` even with the emulator's own forms, which would be
    refused.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        f"form-action 'self' {send_to}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )
    text = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{_escape_html(title)} – EMULATOR</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>"
        '<div class="band" role="note"><strong>EMULATOR</strong> · this page comes from your own '
        "machine, not from AWS</div>"
        f'<main><p class="small">{_in_bdi(organization)}</p>'
        f"<h1>{_escape_html(title)}</h1>{body}</main></body></html>\n"
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    )
    return Answer(status, headers, text.encode("utf-8", "replace"))


def sign_in_page(world: World, form: Form, error: str = "", chosen: str = "") -> Answer:
    rows = "".join(
        f'<label class="choice"><input type="radio" name="person" required '
        f'value="{_escape_html(person.user_name)}"'
        f"{' checked' if person.user_name == chosen else ''}>"
        f'<span>{_in_bdi(person.display_name)} <span class="small">'
        f"{_in_bdi(person.user_name)} · {_in_bdi(person.email)}</span></span></label>"
        for person in world.people.values()
    )
    body = (
        f"{_alert(error)}{_form_start('/sign-in', form)}"
        f"<fieldset><legend>Who are you?</legend>{rows}</fieldset>"
        '<div class="actions"><button type="submit">Sign in</button></div></form>'
        '<p class="small">There is no password here: these people exist on this machine only.'
        "</p>"
    )
    return build_page("Sign in", world.name, body)


def consent_page(
    organization: str,
    person: Person,
    client_name: str,
    scopes: tuple[str, ...],
    form: Form,
    user_code: str = "",
    send_to: str = "",
) -> Answer:
    allowed = "".join(f"<li>{_in_bdi(_SCOPES.get(scope, scope))}</li>" for scope in scopes)
    what = f"<ul>{allowed or '<li>See your accounts and fetch credentials</li>'}</ul>"
    compare = ""
    if user_code:
        compare = (
            "<p>Go on only if this code is the one that your device shows:</p>"
            f'<p class="code" aria-label="Code">{_in_bdi(user_code)}</p>'
        )
    body = (
        f"{compare}<p>The program <strong>{_in_bdi(client_name)}</strong> asks to:</p>{what}"
        f"<p>Signed in as {_in_bdi(person.display_name)} "
        f"({_in_bdi(person.user_name)}).</p>"
        f"{_form_start('/consent', form)}"
        '<div class="actions"><button type="submit" name="answer" value="allow">Allow</button>'
        '<button type="submit" name="answer" value="deny">Deny</button></div></form>'
        f"{_form_start('/sign-out', form)}"
        '<button type="submit">Sign in as somebody else</button></form>'
    )
    return build_page("Allow access?", organization, body, send_to=send_to)


def device_code_page(organization: str, error: str = "", entered: str = "") -> Answer:
    invalid = ' aria-invalid="true" aria-describedby="problem"' if error else ""
    body = (
        f'{_alert(error)}<form method="get" action="/device">'
        '<p><label class="label" for="user_code">Code from your device</label>'
        f'<input type="text" id="user_code" name="user_code" value="{_escape_html(entered)}" required '
        f'autocomplete="off" autocapitalize="characters" spellcheck="false"{invalid}></p>'
        '<div class="actions"><button type="submit">Continue</button></div></form>'
    )
    return build_page("Enter the code", organization, body)


def result_page(organization: str, is_approved: bool) -> Answer:
    title = "Request approved" if is_approved else "Request denied"
    text = "You can close this window and go back to your terminal."
    if not is_approved:
        text = "The program got no access. You can close this window."
    return build_page(title, organization, f'<p role="status">{text}</p>')


def refusal(world: World, message: str, status: int = 400) -> Refusal:
    advice = "Close this window and start the sign-in again from your terminal."
    body = f'<p class="alert" role="alert">{_escape_html(message)}</p><p>{advice}</p>'
    return Refusal(build_page("This request cannot continue", world.name, body, status))


def console_page(organization: str, facts: list[tuple[str, str]]) -> Answer:
    rows = "".join(
        f'<p><span class="label">{_escape_html(name)}</span>'
        f'<span id="{_escape_html(name.lower().replace(" ", "-"))}">{_in_bdi(value)}</span></p>'
        for name, value in facts
    )
    return build_page("AWS console", organization, rows)


def _alert(error: str) -> str:
    return f'<p class="alert" role="alert" id="problem">{_escape_html(error)}</p>' if error else ""


def _form_start(action: str, form: Form) -> str:
    return (
        f'<form method="post" action="{action}">'
        f'<input type="hidden" name="request" value="{_escape_html(form.request_id)}">'
        f'<input type="hidden" name="csrf" value="{_escape_html(form.csrf)}">'
    )


def _escape_html(value: object) -> str:
    return html.escape(str(value))


def _in_bdi(value: object) -> str:
    return f"<bdi>{_escape_html(value)}</bdi>"
