"""Emulates AWS's federation host, which signs browsers in to the console, and a console page.

Wire: GET or POST /federation. Action=getSigninToken gets a JSON answer; Action=login signs a
browser in and redirects the browser. Source: IAM user guide, "custom identity broker".
"""

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from ssohelper.emulator import pages
from ssohelper.emulator.addresses import find_aws_host, partition_name
from ssohelper.emulator.core import Center, IssuedCredentials
from ssohelper.emulator.exchange import (
    Answer,
    Refusal,
    Request,
    iso_time,
    json_answer,
    parse_json_object,
)
from ssohelper.emulator.organization import World

# How long (seconds) a console sign-in URL can be used.
_TOKEN_SECONDS = 900


class SignInToken(NamedTuple):
    """One login can use this token, until `expires_at`. The console session ends with the keys."""

    keys: IssuedCredentials
    expires_at: float


class Console:
    def __init__(self, center: Center) -> None:
        self._center = center
        self._tokens: dict[str, SignInToken] = {}
        # the latest console session, by the browser's cookie
        self._sessions: dict[str, IssuedCredentials] = {}

    def answer_federation(self, request: Request) -> Answer:
        form = request.fields()
        if form.get("Action") == "getSigninToken":
            return self._issue_sign_in_token(form)
        if form.get("Action") == "login":
            return self._sign_in_browser(form)
        raise _json_refusal("unknown Action")

    def _issue_sign_in_token(self, form: dict[str, str]) -> Answer:
        center = self._center
        keys = _find_session_credentials(center, form.get("Session", ""))
        token = center.make_secret("FT", 600)
        self._tokens[token] = SignInToken(keys, center.now() + _TOKEN_SECONDS)
        return json_answer({"SigninToken": token})

    def _sign_in_browser(self, form: dict[str, str]) -> Answer:
        center, world = self._center, self._center.world
        token = self._tokens.pop(form.get("SigninToken", ""), None)
        if token is None or token.expires_at <= center.now():
            message = "This sign-in URL was used already, has expired, or is unknown."
            raise pages.refusal(world, message)
        destination = form.get("Destination", "")
        if not _is_console_page(destination, world):
            message = "The destination of this sign-in URL is not a page of the console."
            raise pages.refusal(world, message)
        cookie = center.make_secret("CONSOLE", 40)
        self._sessions[cookie] = token.keys
        life, name = int(token.keys.expires_at - center.now()), center.cookie_name("console")
        value = f"{name}={cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}"
        headers = (
            ("Location", f"/console?{urlencode({'destination': destination})}"),
            ("Set-Cookie", value),
            ("Cache-Control", "no-store"),
        )
        return Answer(302, headers, b"")

    def show_console(self, request: Request) -> Answer:
        world = self._center.world
        name = self._center.cookie_name("console")
        mine = self._sessions.get(request.find_cookie(name, self._sessions) or "")
        if mine is None or mine.expires_at <= self._center.now():
            message = "No user is signed in to the console in this browser."
            raise pages.refusal(world, message, 403)
        account = world.accounts.get(mine.account_id)
        return pages.console_page(
            world.name,
            [
                ("Account", f"{account.name if account else ''} {mine.account_id}".strip()),
                ("Role", mine.role_name),
                ("User", mine.person),
                ("Page", request.query.get("destination", "")),
                ("Session ends", iso_time(mine.expires_at)),
            ],
        )


def _find_session_credentials(center: Center, text: str) -> IssuedCredentials:
    """Return the issued credentials that a `Session` parameter names by id, key and token.

    Raises: Refusal (400) if one of the three is wrong or the credentials have expired.
    """
    session = parse_json_object(text)
    if session is None:
        raise _json_refusal("Session is not a JSON object")
    keys = center.issued.get(str(session.get("sessionId")))
    given = (session.get("sessionKey"), session.get("sessionToken"))
    if keys is None or given != (keys.secret_access_key, keys.session_token):
        raise _json_refusal("the credentials are not valid")
    if keys.expires_at <= center.now():
        raise _json_refusal("the credentials have expired")
    return keys


def _is_console_page(url: str, world: World) -> bool:
    parts = urlsplit(url)
    host = find_aws_host(parts.netloc)
    is_console = parts.scheme == "https" and host is not None and host.service == "console"
    # An organization is in one AWS partition, and its accounts use the console of that partition.
    return is_console and host is not None and host.partition == partition_name(world.region)


def _json_refusal(message: str) -> Refusal:
    return Refusal(json_answer({"message": message}, 400))
