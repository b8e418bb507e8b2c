"""Decides to which servers a token may be sent, by the server that issued the token.

A token that AWS issued is never sent to a server on this machine or in another AWS partition; a
token from a server on this machine is never sent to AWS. A token that another tool got has no known
issuer: it may go wherever core.service_hosts allows.
"""

import re
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit

from ssohelper.core import service_hosts
from ssohelper.core.model import AccessToken, ClientRegistration, SignInFacts, SsoSession
from ssohelper.errors import ConfigInvalid

LOOPBACK = "loopback"
# The issuer of a token: "loopback", or a partition and a region, such as "aws/eu-west-1".
FORM = re.compile(r"loopback|aws[a-z-]{0,10}/[a-z0-9-]{1,40}")

Service = Literal["oidc", "portal", "sts", "console sign-in"]


def issuer_of_service_url(service_url: str, region: str) -> str:
    """Return the issuer to record; `region` is used if the URL's host names none."""
    if service_hosts.is_loopback_url(service_url):
        return LOOPBACK
    labels = (urlsplit(service_url).hostname or "").split(".")
    named = next((label for label in labels if service_hosts.is_region(label)), region)
    return f"{service_hosts.partition_of(named).name}/{named}"


def token_issuer(token: AccessToken, facts: SignInFacts) -> str | None:
    return facts.issuer if token.id in facts.token_ids else None


def client_issuer(client: ClientRegistration, facts: SignInFacts) -> str | None:
    return facts.client_issuer if client_hash(client) == facts.client else None


def client_hash(client: ClientRegistration) -> str:
    """Return a hash that, unlike the client's id, may be written to files."""
    return sha256(client.client_id.encode()).hexdigest()[:16]


def may_send_secret(issuer: str | None, service_url: str, region: str) -> bool:
    there = issuer_of_service_url(service_url, region)
    return issuer is None or issuer.partition("/")[0] == there.partition("/")[0]


def check_secret_destination(
    issuer: str | None, service: Service, service_url: str, session: SsoSession
) -> None:
    """Raise ConfigInvalid unless the service may receive a secret of this issuer."""
    if may_send_secret(issuer, service_url, session.region):
        return
    if issuer == LOOPBACK:
        raise ConfigInvalid(
            f'the sign-in to "{session.name}" was made at a server on this machine, and its '
            "token is not sent to AWS",
            hint=f"sign in with: ssohelper login {session.name} --force",
        )
    is_local = service_hosts.is_loopback_url(service_url)
    there = "a server on this machine" if is_local else "another partition of AWS"
    raise ConfigInvalid(
        f'the sign-in to "{session.name}" was made at AWS, and its token is not sent to {there}',
        hint=f"unset {service_hosts.URL_VARIABLES[service]}",
    )


def check_credentials_destination(
    issuer: str | None, service: Service, service_url: str, session: SsoSession
) -> None:
    """Raise ConfigInvalid if AWS issued the credentials and the service is on this machine."""
    if issuer not in (None, LOOPBACK) and service_hosts.is_loopback_url(service_url):
        raise ConfigInvalid(
            f'the sign-in to "{session.name}" was made at AWS, and its role credentials are not '
            "sent to a server on this machine",
            hint=f"unset {service_hosts.URL_VARIABLES[service]}",
        )
