"""Which endpoint issued a token, and whether a token may go to another. The only place that decides.

AWS's tokens never go to an endpoint on this machine or to another partition of AWS, and those of an
endpoint on this machine never go to AWS. A token of another tool has no record: it goes to the
endpoint that core.endpoints allows, and to one on this machine with a warning.
"""

import re
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit

from ssohelper.core import endpoints
from ssohelper.core.model import AccessToken, ClientRegistration, SignInFacts, SsoSession
from ssohelper.errors import ConfigInvalid

LOOPBACK = "loopback"
# Such as "aws/eu-west-1": partition and region.
FORM = re.compile(r"loopback|aws[a-z-]{0,10}/[a-z0-9-]{1,40}")

Service = Literal["oidc", "portal", "sts", "console sign-in"]


def issuer_of(endpoint: str, region: str) -> str:
    """Return what to record of a checked endpoint: "loopback", or partition and region.

    `region` is the session's, for an endpoint whose host names none.
    """
    if endpoints.is_loopback_url(endpoint):
        return LOOPBACK
    labels = (urlsplit(endpoint).hostname or "").split(".")
    named = next((label for label in labels if endpoints.is_region(label)), region)
    return f"{endpoints.partition_of(named).name}/{named}"


def token_issuer(token: AccessToken, facts: SignInFacts) -> str | None:
    """Return what issued the token; None for a token that we neither got nor renewed."""
    return facts.issuer if token.id in facts.token_ids else None


def client_issuer(client: ClientRegistration, facts: SignInFacts) -> str | None:
    """Return what issued the client's secret; None for a client that another tool registered."""
    return facts.client_issuer if client_name(client) == facts.client else None


def client_name(client: ClientRegistration) -> str:
    """Return a name of the client that a file may hold."""
    return sha256(client.client_id.encode()).hexdigest()[:16]


def may_be_sent(issuer: str | None, endpoint: str, region: str) -> bool:
    """Return whether what this issuer gave may be sent to the endpoint."""
    if issuer is None:
        return True
    return _realm(issuer) == _realm(issuer_of(endpoint, region))


def check_destination(
    issuer: str | None, service: Service, endpoint: str, session: SsoSession
) -> str | None:
    """Return a warning, or None. Call it before a token or a client's secret is sent.

    Raises: ConfigInvalid where it must not go to this endpoint.
    """
    variable = endpoints.variable_of(service)
    if may_be_sent(issuer, endpoint, session.region):
        if issuer is not None or not endpoints.is_loopback_url(endpoint):
            return None
        return (
            f'{variable} sends the sign-in to "{session.name}", which another tool made, to an '
            "endpoint on this machine"
        )
    if issuer == LOOPBACK:
        raise ConfigInvalid(
            f'the sign-in to "{session.name}" was made at an endpoint on this machine, and its '
            "token does not go to AWS",
            hint=f"sign in with: ssohelper login {session.name} --force",
        )
    there = "an endpoint on this machine"
    if not endpoints.is_loopback_url(endpoint):
        there = "another partition of AWS"
    raise ConfigInvalid(
        f'the sign-in to "{session.name}" was made at AWS, and its token does not go to {there}',
        hint=f"unset {variable}",
    )


def check_credentials_destination(
    issuer: str | None, service: Service, endpoint: str, session: SsoSession
) -> None:
    """Check, before role credentials are sent, that AWS's do not go to this machine.

    Raises: ConfigInvalid.
    """
    if issuer not in (None, LOOPBACK) and endpoints.is_loopback_url(endpoint):
        raise ConfigInvalid(
            f'the sign-in to "{session.name}" was made at AWS, and its role credentials do not go '
            "to an endpoint on this machine",
            hint=f"unset {endpoints.variable_of(service)}",
        )


def _realm(issuer: str) -> str:
    """Return the part that decides: a region's token may be asked about in another region."""
    return issuer.partition("/")[0]
