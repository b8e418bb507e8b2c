"""Emulates AWS's hosts by name, for clients that use the emulator as their https proxy.

Such a client needs no AWS_ENDPOINT_URL: it sends requests to AWS's own host names. Each host
answers only for its own service, region, partition and IP family (IPv4 or dual-stack). Tests add
other hosts, such as a company's own start URL.
"""

import html
import json
from collections.abc import Callable
from urllib.parse import urlsplit

from ssohelper.emulator.addresses import AwsHost, find_aws_host, portal_host_name
from ssohelper.emulator.core import Center
from ssohelper.emulator.exchange import (
    Answer,
    Refusal,
    Request,
    json_answer,
    oidc_error,
    parse_json_object,
    portal_error,
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
_PAGES = ("/authorize", "/device", "/sign-in", "/consent", "/sign-out", "/favicon.ico")


class Internet:
    def __init__(self, center: Center) -> None:
        self._center = center
        self._added: dict[str, Host] = {}
        self._visits: list[Request] = []

    def add_host(self, name: str, answer: Host) -> None:
        """Replaces a host of AWS with the same name."""
        self._added[name] = answer

    def has_host(self, name: str) -> bool:
        return name in self._added or find_aws_host(name) is not None

    def visits(self) -> list[Request]:
        return list(self._visits)

    def handle(self, request: Request, answer: Callable[[Request], Answer]) -> Answer:
        self._visits.append(request)
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
        try:
            with self._center.lock:
                self._check_host(aws_host, request)
        except Refusal as refused:
            return refused.answer
        return self._move_device_page(aws_host, request, answer(request))

    def _portal_page(self, aws_host: AwsHost, request: Request) -> Answer:
        """Return the page, which names the portal's region, as AWS's page does."""
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

    def _check_host(self, aws_host: AwsHost, request: Request) -> None:
        """Raises: Refusal if this host does not know what the request names."""
        if aws_host.service == "oidc":
            self._check_region(aws_host, request)
        elif aws_host.service == "start":
            self._check_family(aws_host, request)
        elif aws_host.service == "portal":
            token = self._center.tokens.get(request.headers.get(TOKEN_HEADER, ""))
            if token is not None and token.sign_in.world.region != aws_host.region:
                raise portal_error("UnauthorizedException", "Session token not found or invalid")
        else:
            self._check_partition(aws_host, request)

    def _check_region(self, aws_host: AwsHost, request: Request) -> None:
        center, body = self._center, parse_json_object(request.body) or {}
        url = body.get("issuerUrl") or body.get("startUrl")
        world = center.find_world(url) if isinstance(url, str) else None
        if world is not None and world.region != aws_host.region:
            raise oidc_error("InvalidRequestException", "Invalid start URL provided")
        code, refresh = center.codes.get(body.get("code", "")), body.get("refreshToken", "")
        used = code or center.refresh_tokens.get(refresh)
        if used is not None and used.sign_in.world.region != aws_host.region:
            raise oidc_error("InvalidGrantException", "Invalid grant provided")

    def _check_family(self, aws_host: AwsHost, request: Request) -> None:
        """Refuse a device code unless its portal and this host are both dual-stack, or both not."""
        device = self._center.find_device(request.query.get("user_code", ""))
        home = find_aws_host(_host_of_start_url(device.world)) if device else None
        if home is not None and home.region and home.dual_stack != aws_host.dual_stack:
            message = "the sign-in could not be passed to the portal (EMULATOR)"
            raise Refusal(json_answer({"message": message}, 400))

    def _check_partition(self, aws_host: AwsHost, request: Request) -> None:
        session = parse_json_object(request.form().get("Session", "")) or {}
        sent = request.headers.get("x-amz-security-token") or session.get("sessionToken", "")
        issued = next((i for i in self._center.issued.values() if i.session_token == sent), None)
        if issued is not None and issued.arn.split(":")[1] != aws_host.partition:
            message = "the security token is invalid here (EMULATOR)"
            raise Refusal(json_answer({"message": message}, 403))

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
