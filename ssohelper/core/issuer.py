"""Which endpoint issued a token, and where it may be sent. The only place that decides it.

A token that AWS issued is never sent to an endpoint on this machine or in another AWS partition.
One that an endpoint on this machine issued is never sent to AWS. The issuer of another tool's token
is not recorded: that token is sent where core.endpoints allows, to this machine with a warning.
"""

import re
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit

from ssohelper.core import endpoints
from ssohelper.core.model import AccessToken, ClientRegistration, SignInFacts, SsoSession
from ssohelper.errors import ConfigInvalid

LOOPBACK = "loopback"
# "loopback", or partition and region, such as "aws/eu-west-1".
FORM = re.compile(r"loopback|aws[a-z-]{0,10}/[a-z0-9-]{1,40}")

Service = Literal["oidc", "portal", "sts", "console sign-in"]


def issuer_of(endpoint: str, region: str) -> str:
    """Return the issuer to record for a checked endpoint: "loopback", or partition and region.

    `region` is the session's; it counts when the endpoint's host names no region.
    """
    if endpoints.is_loopback_url(endpoint):
        return LOOPBACK
    labels = (urlsplit(endpoint).hostname or "").split(".")
    named = next((label for label in labels if endpoints.is_region(label)), region)
    return f"{endpoints.partition_of(named).name}/{named}"


def token_issuer(token: AccessToken, facts: SignInFacts) -> str | None:
    """Return the token's issuer; None for a token that another tool got or renewed."""
    return facts.issuer if token.id in facts.token_ids else None


def client_issuer(client: ClientRegistration, facts: SignInFacts) -> str | None:
    """Return the issuer of the client's secret; None for a client that another tool registered."""
    return facts.client_issuer if client_name(client) == facts.client else None


def client_name(client: ClientRegistration) -> str:
    """Return a hash that identifies the client; unlike its id it may be written to a file."""
    return sha256(client.client_id.encode()).hexdigest()[:16]


def may_be_sent(issuer: str | None, endpoint: str, region: str) -> bool:
    """Return whether a secret of this issuer may be sent to the endpoint."""
    if issuer is None:
        return True
    return _realm(issuer) == _realm(issuer_of(endpoint, region))


def check_destination(
    issuer: str | None, service: Service, endpoint: str, session: SsoSession
) -> str | None:
    """Check, before a token or a client's secret is sent, that this endpoint may receive it.

    Returns a warning, or None. Raises: ConfigInvalid when the endpoint must not receive it.
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
    """Check, before role credentials are sent, that this machine gets none that AWS issued.

    Raises: ConfigInvalid when they would be.
    """
    if issuer not in (None, LOOPBACK) and endpoints.is_loopback_url(endpoint):
        raise ConfigInvalid(
            f'the sign-in to "{session.name}" was made at AWS, and its role credentials do not go '
            "to an endpoint on this machine",
            hint=f"unset {endpoints.variable_of(service)}",
        )


def _realm(issuer: str) -> str:
    """Return "loopback" or the partition: within a partition a token may go to another region."""
    return issuer.partition("/")[0]
