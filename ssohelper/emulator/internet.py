"""Emulates AWS's hosts by name, for clients that use the emulator as their https proxy.

Such a client needs no AWS_ENDPOINT_URL: it sends requests to AWS's own host names. Each host
answers only for its own service, region, partition and IP family (IPv4 or dual-stack). Tests add
other hosts, such as a company's own start URL.
"""

import html
import json
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from ssohelper.emulator.addresses import AwsHost, find_aws_host, portal_host_name
from ssohelper.emulator.core import Center
from ssohelper.emulator.exchange import (
    Answer,
    Request,
    json_answer,
    oidc_refusal,
    parse_json_object,
    portal_refusal,
)
from ssohelper.emulator.organization import World
from ssohelper.emulator.portal import TOKEN_HEADER

Host = Callable[[Request], Answer]
_PATHS = {
    "oidc": ("/client/register", "/device_authorization", "/token"),
    "portal": ("/assignment/accounts", "/assignment/roles", "/federation/credentials", "/logout"),
    "sts": ("/",),
    "sign-in": ("/federation", "/console"),
}
# The paths of AWS's sign-in pages. In this emulator, each host that has pages serves all of them.
_PAGES = ("/authorize", "/device", "/sign-in", "/consent", "/done", "/sign-out", "/favicon.ico")


class Visit(NamedTuple):
    host: str
    request: Request


class Internet:
    """The hosts that clients can reach: AWS's, and those that a test added."""

    def __init__(self, center: Center) -> None:
        self._center = center
        self._added: dict[str, Host] = {}
        self._visits: list[Visit] = []

    def add_host(self, name: str, answer: Host) -> None:
        """Replaces a host of AWS with the same name."""
        self._added[name] = answer

    def has_host(self, name: str) -> bool:
        return name in self._added or find_aws_host(name) is not None

    def visits(self) -> list[Visit]:
        return list(self._visits)

    def handle(self, request: Request, answer: Callable[[Request], Answer]) -> Answer:
        """For hosts of AWS, call `answer`."""
        self._visits.append(Visit(request.host, request))
        added = self._added.get(request.host)
        if added is not None:
            return added(request)
        aws_host = find_aws_host(request.host)
        if aws_host is None:
            return json_answer({"message": "no such host (EMULATOR)"}, 404)
        is_page = request.path in _PAGES and aws_host.service in ("oidc", "start")
        if aws_host.service == "start" and not is_page:
            return self._portal_page(aws_host, request)
        if not is_page and request.path not in _PATHS.get(aws_host.service, ()):
            return json_answer({"message": f"{aws_host.service} has no such path (EMULATOR)"}, 404)
        with self._center.lock:
            refused = self._refuse_wrong_host(aws_host, request)
        return refused or self._move_device_page(aws_host, request, answer(request))

    def _portal_page(self, aws_host: AwsHost, request: Request) -> Answer:
        """It names the portal's region, as AWS's page does."""
        world = next(
            (w for w in self._center.worlds if _host_of_start_url(w) == request.host), None
        )
        region = world.region if world else aws_host.region
        if not region:
            return json_answer({"message": "no such portal (EMULATOR)"}, 404)
        page = (
            f'<!DOCTYPE html><html><head><meta name="region" content="{html.escape(region)}"/>'
            "<title>AWS access portal (EMULATOR)</title></head><body></body></html>"
        )
        return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), page.encode())

    # -- requests that a host refuses ---------------------------------------------------------

    def _refuse_wrong_host(self, aws_host: AwsHost, request: Request) -> Answer | None:
        if aws_host.service == "oidc":
            return self._refuse_wrong_region(aws_host, request)
        if aws_host.service == "start":
            return self._refuse_wrong_family(aws_host, request)
        if aws_host.service in ("sts", "sign-in"):
            return self._refuse_wrong_partition(aws_host, request)
        token = self._center.tokens.get(request.headers.get(TOKEN_HEADER, ""))
        if token is None or token.sign_in.world.region == aws_host.region:
            return None
        return portal_refusal("UnauthorizedException", "Session token not found or invalid")

    def _refuse_wrong_region(self, aws_host: AwsHost, request: Request) -> Answer | None:
        body = parse_json_object(request.body) or {}
        url = body.get("issuerUrl") or body.get("startUrl")
        world = self._center.find_world(url) if isinstance(url, str) else None
        if world is not None and world.region != aws_host.region:
            return oidc_refusal("InvalidRequestException", "Invalid start URL provided")
        state = self._center
        code, refresh = state.codes.get(body.get("code", "")), body.get("refreshToken", "")
        used = code or state.refresh_tokens.get(refresh)
        if used is not None and used.sign_in.world.region != aws_host.region:
            return oidc_refusal("InvalidGrantException", "Invalid grant provided")
        return None

    def _refuse_wrong_family(self, aws_host: AwsHost, request: Request) -> Answer | None:
        """Refuse a device code unless its portal and this host are both dual-stack or both not."""
        device = self._center.find_device(request.query.get("user_code", ""))
        home = find_aws_host(_host_of_start_url(device.world)) if device else None
        if home is None or not home.region or home.dual_stack == aws_host.dual_stack:
            return None
        return json_answer(
            {"message": "the sign-in could not be passed to the portal (EMULATOR)"}, 400
        )

    def _refuse_wrong_partition(self, aws_host: AwsHost, request: Request) -> Answer | None:
        session = parse_json_object(request.form().get("Session", "")) or {}
        sent = request.headers.get("x-amz-security-token") or session.get("sessionToken", "")
        issued = next((i for i in self._center.issued.values() if i.session_token == sent), None)
        if issued is None or issued.arn.split(":")[1] == aws_host.partition:
            return None
        return json_answer({"message": "the security token is invalid here (EMULATOR)"}, 403)

    def _move_device_page(self, aws_host: AwsHost, request: Request, answer: Answer) -> Answer:
        if request.path != "/device_authorization" or answer.status != 200:
            return answer
        body, asked = json.loads(answer.body), parse_json_object(request.body) or {}
        world = self._center.find_world(asked.get("startUrl")) or self._center.world
        instance = _host_of_start_url(world).partition(".")[0]
        own = f"https://{portal_host_name(aws_host, instance)}"
        for key in ("verificationUri", "verificationUriComplete"):
            if isinstance(body.get(key), str):
                body[key] = body[key].replace(self._center.url, own)
        return answer._replace(body=json.dumps(body).encode())


def host_that_redirects_to(url: str, status: int = 302) -> Host:
    return lambda _request: Answer(status, (("Location", url),), b"")


def _host_of_start_url(world: World) -> str:
    return urlsplit(world.start_url).hostname or ""
