"""Builds the HTML of the emulator's pages, which work with a keyboard and at a width of 320 px.

The pages have no script and load nothing from elsewhere. Every value is escaped and put into <bdi>,
so that a hostile name can neither add markup nor change the direction of the surrounding text.
"""

import base64
import hashlib
import html
from typing import NamedTuple

from ssohelper.emulator.exchange import Answer, Refusal
from ssohelper.emulator.organization import Account, Person, World

# If there are more people than this, the user types a name instead of choosing it from a list.
_LISTED_PEOPLE = 12
_SCOPES = {"sso:account:access": "See your accounts and roles, and fetch credentials for them"}

_STYLE = """
:root{color-scheme:light dark;--page:#f3f4f6;--card:#fff;--text:#16191f;--soft:#545b64;
--line:#d5dbdb;--field:#687078;--main:#0b5cad;--over:#084a8c;--on:#fff;--band:#ffe8a3;
--band-text:#4a3500;--bad:#b3121d;--bad-page:#fdf0f0;--good:#1a6b2d}
@media (prefers-color-scheme:dark){:root{--page:#0f141a;--card:#1a212b;--text:#eceff3;
--soft:#aab4c0;--line:#38434f;--field:#8b97a5;--main:#66b0f5;--over:#8cc5fa;--on:#06182b;
--band:#4a3a08;--band-text:#ffe8a3;--bad:#ff9a9a;--bad-page:#33191c;--good:#7fd894}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
.band{background:var(--band);color:var(--band-text);padding:.5rem 1rem;text-align:center;
font-size:.875rem}
main{max-width:30rem;margin:2.5rem auto;padding:2rem;background:var(--card);
border:1px solid var(--line);border-radius:12px;overflow-wrap:anywhere}
main.wide{max-width:44rem}
.org{margin:0 0 .25rem;color:var(--soft);font-size:.875rem}
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}
h2{margin:0;font-size:1rem}
p{margin:0 0 1rem}
.soft{color:var(--soft)}
.small{font-size:.875rem}
fieldset{margin:0 0 1.5rem;padding:0;border:0}
legend,.label{display:block;margin:0 0 .5rem;padding:0;font-weight:600}
.choice{display:flex;align-items:center;gap:.75rem;min-height:3rem;padding:.5rem .75rem;
border:1px solid var(--line);border-radius:8px;margin-bottom:.5rem;cursor:pointer}
.choice:hover{border-color:var(--main)}
.choice:has(:checked){border-color:var(--main);box-shadow:inset 0 0 0 1px var(--main)}
.choice input{width:1.25rem;height:1.25rem;margin:0;flex:none;accent-color:var(--main)}
.choice .soft{display:block;font-size:.875rem}
input[type=text]{width:100%;min-height:2.75rem;padding:.5rem .75rem;font:inherit;
color:inherit;background:var(--card);border:1px solid var(--field);border-radius:8px}
.code{font:600 1.75rem/1.2 ui-monospace,"Liberation Mono",monospace;letter-spacing:.1em;
text-align:center;padding:1rem;background:var(--page);border-radius:8px}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0 1rem}
main>:last-child{margin-bottom:0}
button{min-height:2.75rem;min-width:6.5rem;padding:.5rem 1.25rem;font:inherit;font-weight:600;
border-radius:8px;border:1px solid var(--main);background:var(--main);color:var(--on);
cursor:pointer}
button:hover{background:var(--over);border-color:var(--over)}
button.second{background:transparent;color:var(--main)}
button.second:hover{color:var(--over);border-color:var(--over)}
button.link{min-width:0;padding:.5rem 0;border:0;background:none;color:var(--main);
text-decoration:underline;font-weight:400}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
.choice:has(:focus-visible){outline:3px solid var(--main);outline-offset:2px}
.choice :focus-visible{outline:0}
.alert{padding:.75rem 1rem;border-left:4px solid var(--bad);background:var(--bad-page);
border-radius:4px}
.mark{font-size:2.5rem;line-height:1;margin:0 0 .75rem;font-weight:700}
.good{color:var(--good)}
.bad{color:var(--bad)}
ul{margin:0 0 1rem;padding-left:1.25rem}
section{padding:1rem 0;border-top:1px solid var(--line)}
section ul{margin:.5rem 0 0}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem}
@media (max-width:34rem){main{margin:0;padding:1.5rem 1rem;border-radius:0;border-width:0 0 1px}
.actions button{flex:1}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


class Form(NamedTuple):
    """The hidden fields of a page's forms."""

    request_id: str
    csrf: str


def build_page(
    title: str,
    organization: str,
    body: str,
    status: int = 200,
    send_to: str = "",
    wide: bool = False,
) -> Answer:
    """Return a complete page around `body`. `send_to` is the origin that a form may redirect to.

    Chromium checks the redirect after a form against the policy's form-action. So form-action must
    list the client's loopback listener (`send_to`). Referrer-Policy is same-origin, because with
    no-referrer Chromium would send `Origin: null` even with the emulator's own forms, and the check
    of the Origin header would refuse them.
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
        f'<main{" class=wide" if wide else ""}><p class="org">{_in_bdi(organization)}</p>'
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
    people = world.people.values()
    if len(people) <= _LISTED_PEOPLE:
        rows = "".join(
            f'<label class="choice"><input type="radio" name="person" required '
            f'value="{_escape_html(person.user_name)}"'
            f"{' checked' if person.user_name == chosen else ''}>"
            f'<span>{_in_bdi(person.display_name)} <span class="soft">'
            f"{_in_bdi(person.user_name)} · {_in_bdi(person.email)}</span></span></label>"
            for person in people
        )
        choice = f"<fieldset><legend>Who are you?</legend>{rows}</fieldset>"
    else:
        choice = (
            '<p><label class="label" for="person">User name</label>'
            f'<input type="text" id="person" name="person" value="{_escape_html(chosen)}" required '
            f'autocomplete="username" autocapitalize="none" spellcheck="false"{_invalid(error)}></p>'
        )
    body = (
        f"{_alert(error)}{_form_start('/sign-in', form)}{choice}"
        '<div class="actions"><button type="submit">Sign in</button></div></form>'
        '<p class="soft small">There is no password here: these people exist on this machine only.'
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
    """Return the consent page. With a user code it first asks the user to compare the code."""
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
        f'<p class="soft">Signed in as {_in_bdi(person.display_name)} '
        f"({_in_bdi(person.user_name)}).</p>"
        f"{_form_start('/consent', form)}"
        '<div class="actions"><button type="submit" name="answer" value="allow">Allow</button>'
        '<button type="submit" name="answer" value="deny" class="second">Deny</button></div></form>'
        f"{_form_start('/sign-out', form)}"
        '<button type="submit" class="link">Sign in as somebody else</button></form>'
    )
    return build_page("Allow access?", organization, body, send_to=send_to)


def device_code_page(organization: str, error: str = "", entered: str = "") -> Answer:
    body = (
        f'{_alert(error)}<form method="get" action="/device">'
        '<p><label class="label" for="user_code">Code from your device</label>'
        f'<input type="text" id="user_code" name="user_code" value="{_escape_html(entered)}" required '
        f'autocomplete="off" autocapitalize="characters" spellcheck="false"{_invalid(error)}></p>'
        '<div class="actions"><button type="submit">Continue</button></div></form>'
    )
    return build_page("Enter the code", organization, body)


def result_page(organization: str, is_approved: bool) -> Answer:
    if is_approved:
        title, mark = "Request approved", '"mark good" aria-hidden="true">✓'
        text = "You can close this window and go back to your terminal."
    else:
        title, mark = "Request denied", '"mark bad" aria-hidden="true">✕'
        text = "The program got no access. You can close this window."
    body = f'<p class={mark}</p><p role="status">{text}</p>'
    return build_page(title, organization, body)


def problem_page(
    organization: str,
    message: str,
    status: int = 400,
    title: str = "This request cannot continue",
    advice: str = "Close this window and start the sign-in again from your terminal.",
) -> Answer:
    """Never redirects."""
    body = f'<p class="alert" role="alert">{_escape_html(message)}</p><p>{advice}</p>'
    return build_page(title, organization, body, status)


def refusal(world: World, message: str, status: int = 400) -> Refusal:
    return Refusal(problem_page(world.name, message, status))


def portal_page(
    organization: str,
    person: Person,
    rows: list[tuple[Account, tuple[str, ...]]],
    ends: str,
    form: Form,
) -> Answer:
    sections = "".join(
        f'<section><div class="head"><h2>{_in_bdi(account.name)}</h2>'
        f'<span class="soft">{_escape_html(account.id)}</span></div>'
        f'<p class="soft small">{_in_bdi(account.email)}</p><ul>'
        + "".join(f"<li>{_in_bdi(role)}</li>" for role in roles)
        + "</ul></section>"
        for account, roles in rows
    )
    total = sum(len(roles) for _, roles in rows)
    body = (
        f"<p>{_in_bdi(person.display_name)} ({_in_bdi(person.user_name)}): {len(rows)} accounts, "
        f"{total} roles. "
        f'<span class="soft">The sign-in session ends at {_escape_html(ends)}.</span></p>'
        f"{_form_start('/sign-out', form)}"
        '<p><button type="submit" class="second">Sign out</button></p></form>'
        f"{sections or '<p>No account has been assigned to you.</p>'}"
    )
    return build_page("Your accounts", organization, body, wide=True)


def console_page(
    organization: str, facts: list[tuple[str, str]], also_signed_in: list[str]
) -> Answer:
    """Return the page of the emulated AWS console, which lists `facts` as label and value.

    `also_signed_in` names the other console sessions of the same browser.
    """
    rows = "".join(
        f'<p><span class="label">{_escape_html(name)}</span>'
        f'<span id="{_escape_html(name.lower().replace(" ", "-"))}">{_in_bdi(value)}</span></p>'
        for name, value in facts
    )
    others = "".join(f"<li>{_in_bdi(other)}</li>" for other in also_signed_in)
    more = f'<h2>Also signed in here</h2><ul id="others">{others}</ul>' if others else ""
    return build_page("AWS console", organization, rows + more)


def _invalid(error: str) -> str:
    return ' aria-invalid="true" aria-describedby="problem"' if error else ""


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
