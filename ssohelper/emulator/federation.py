"""Emulates AWS's federation host, which signs browsers in to the console, and a console page.

Wire: GET or POST /federation. Action=getSigninToken gets a JSON answer; Action=login signs a
browser in and redirects the browser. Source: IAM user guide, "custom identity broker".
"""

import json
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from ssohelper.emulator import pages
from ssohelper.emulator.addresses import find_aws_host, partition_name
from ssohelper.emulator.core import Center, IssuedCredentials
from ssohelper.emulator.exchange import Answer, Refusal, Request, iso_time, json_answer
from ssohelper.emulator.organization import World

ACTIONS = ("getSigninToken", "login")
# AWS allows five console sessions in one browser.
_MAX_SESSIONS = 5


class SignInToken(NamedTuple):
    """One login can use it, until `expires_at`."""

    keys: IssuedCredentials
    expires_at: float
    session_ends_at: float


class ConsoleSession(NamedTuple):
    keys: IssuedCredentials
    ends_at: float


class Console:
    def __init__(self) -> None:
        self._tokens: dict[str, SignInToken] = {}
        self._browsers: dict[str, list[ConsoleSession]] = {}

    def answer_federation(self, center: Center, request: Request) -> Answer:
        """Answer a request for a sign-in token or for a login with such a token.

        Wire: GET or POST /federation. Raises: Refusal (400) for an unknown Action.
        """
        form = request.fields()
        if form.get("Action") == "getSigninToken":
            return self._issue_sign_in_token(center, form)
        if form.get("Action") == "login":
            return self._sign_in_browser(center, request, form)
        raise Refusal(json_answer({"message": "unknown Action"}, 400))

    def _issue_sign_in_token(self, center: Center, form: dict[str, str]) -> Answer:
        keys = _find_session_credentials(center, form.get("Session", ""))
        now = center.now()
        token = center.make_secret("FT", 600)
        ends_at = keys.expires_at
        if "SessionDuration" in form:
            ends_at = now + _parse_duration(form["SessionDuration"])
        life = center.faults.signin_token_seconds
        self._tokens[token] = SignInToken(keys, now + life, ends_at)
        return json_answer({"SigninToken": token})

    def _sign_in_browser(self, center: Center, request: Request, form: dict[str, str]) -> Answer:
        """Sign the browser in to the console, and redirect it to the page that it asked for.

        The sign-in token in the form can be used once.
        """
        token = self._tokens.pop(form.get("SigninToken", ""), None)
        if token is None or token.expires_at <= center.now():
            message = "This sign-in URL was used already, has expired, or is unknown."
            raise Refusal(pages.problem_page(center.world.name, message))
        destination = form.get("Destination", "")
        if not _is_console_page(destination, center.world):
            raise Refusal(
                pages.problem_page(
                    center.world.name,
                    "The destination of this sign-in URL is not a page of the console.",
                )
            )
        cookie = self._cookie_of(center, request)
        here = [s for s in self._browsers.get(cookie or "", []) if s.ends_at > center.now()]
        mine = ConsoleSession(token.keys, token.session_ends_at)
        others = [session for session in here if session.keys.arn != mine.keys.arn]
        if others and not center.faults.multi_session:
            raise Refusal(pages.sign_out_first_page(center.world.name))
        fresh = cookie or center.make_secret("CONSOLE", 40)
        self._browsers[fresh] = [mine, *others][:_MAX_SESSIONS]
        life = int(mine.ends_at - center.now())
        value = f"{_cookie_name(center)}={fresh}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}"
        headers = (
            ("Location", f"/console?{urlencode({'destination': destination})}"),
            ("Set-Cookie", value),
            ("Cache-Control", "no-store"),
        )
        return Answer(302, headers, b"")

    def show_console(self, center: Center, request: Request) -> Answer:
        here = self._browsers.get(self._cookie_of(center, request) or "", [])
        live = [session for session in here if session.ends_at > center.now()]
        if not live:
            raise Refusal(
                pages.problem_page(
                    center.world.name, "No user is signed in to the console in this browser.", 403
                )
            )
        mine = live[0].keys
        account = center.world.accounts.get(mine.account_id)
        return pages.console_page(
            center.world.name,
            [
                ("Account", f"{account.name if account else ''} {mine.account_id}".strip()),
                ("Role", mine.role_name),
                ("User", mine.person),
                ("Page", request.query.get("destination", "")),
                ("Session ends", iso_time(live[0].ends_at)),
            ],
            [f"{other.keys.account_id} {other.keys.role_name}" for other in live[1:]],
        )

    def _cookie_of(self, center: Center, request: Request) -> str | None:
        return request.find_cookie(_cookie_name(center), self._browsers)


def find_federation_action(request: Request) -> str | None:
    """Return the request's known action, which counters and scripts use as its name, or None."""
    action = request.fields().get("Action")
    return action if action in ACTIONS else None


def _find_session_credentials(center: Center, text: str) -> IssuedCredentials:
    """Return the issued credentials that a `Session` parameter names by id, key and token.

    Raises: Refusal (400) if one of the three is wrong or the credentials have expired.
    """
    try:
        session: Any = json.loads(text)
    except ValueError:
        session = None
    if not isinstance(session, dict):
        raise Refusal(json_answer({"message": "Session is not a JSON object"}, 400))
    keys = center.issued.get(str(session.get("sessionId")))
    given = (session.get("sessionKey"), session.get("sessionToken"))
    if keys is None or given != (keys.secret_access_key, keys.session_token):
        raise Refusal(json_answer({"message": "the credentials are not valid"}, 400))
    if keys.expires_at <= center.now():
        raise Refusal(json_answer({"message": "the credentials have expired"}, 400))
    return keys


def _parse_duration(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 900 <= int(text) <= 43200:
        raise Refusal(json_answer({"message": "SessionDuration must be from 900 to 43200"}, 400))
    return int(text)


def _is_console_page(url: str, world: World) -> bool:
    parts = urlsplit(url)
    host = find_aws_host(parts.netloc)
    is_console = parts.scheme == "https" and host is not None and host.service == "console"
    # An organization is in one AWS partition, and its accounts use the console of that partition.
    return is_console and host is not None and host.partition == partition_name(world.region)


def _cookie_name(center: Center) -> str:
    # Browsers send a cookie to all ports of a host. The port in the name keeps the cookies of two
    # emulators apart.
    return f"console_{center.url.rpartition(':')[2]}"
