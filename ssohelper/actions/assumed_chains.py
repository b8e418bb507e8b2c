"""Gets credentials of a chain: a role that is assumed with the credentials of an SSO role.

This module runs in the broker or in a caller's process. The broker gets the source credentials
first, by the same rules as for any other caller (broker.chain_levels).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import tokens
from ssohelper.core import chains, issuer
from ssohelper.core.service_hosts import StsAddress, sts_service_url

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.broker.requests import AskedBy
    from ssohelper.core.chains import Chain
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.model import (
        CachedCredentials,
        RoleCredentials,
        RoleKey,
        SsoSession,
    )

# Matches the characters that STS refuses in the name of a role session.
_NOT_IN_SESSION_NAME = re.compile(r"[^A-Za-z0-9_+=,.@-]+")
_LONGEST_SESSION_NAME = 64
_USUAL_SESSION_NAME = "ssohelper"


def find_source_role(app: App, key: RoleKey) -> RoleKey:
    """Return the key of the role whose credentials assume the chain. Raises: ConfigInvalid."""
    return _find_chain(app, key).key_of_source_role(key)


def find_chain_id(app: App, key: RoleKey) -> str:
    """Return the id (`Chain.id`) of the key's chain as the config has it; "" without a chain.

    Raises: ConfigInvalid.
    """
    return _find_chain(app, key).id if key.chain else ""


def find_account_id_of_credentials(app: App, key: RoleKey) -> str:
    """Return the account that the key's credentials are for. Raises: ConfigInvalid."""
    return _find_chain(app, key).assumed_role.account_id if key.chain else key.account_id


class AssumedChain(NamedTuple):
    """The credentials of a chain, and the id (`Chain.id`) of the chain that was assumed."""

    credentials: RoleCredentials
    chain_id: str


def assume_chain(
    app: App,
    key: RoleKey,
    session: SsoSession,
    source: RoleCredentials,
    deadline: Deadline,
    asked_by: AskedBy,
) -> AssumedChain:
    """Assume the chain's last role with the credentials `source`; return the new credentials.

    Sends one request.
    Raises: SourceRejected, RoleNotAssigned, AwsUnreachable, ConfigInvalid.
    """
    chain = _find_chain(app, key)
    region = chain.region(session)
    chain.check_partition(region)
    service_url = sts_service_url(region, app.environ, app.aws.host_variant_for_roles(session))
    issuer.check_credentials_destination(
        tokens.load_token_issuer(app, session), "sts", service_url, session
    )
    step = chain.steps[-1]
    asked = chains.AssumeRole(
        step.role_arn,
        step.session_name or _role_session_name(app, session),
        step.external_id,
        step.duration_seconds,
    )
    issued, answered_at = app.vault.assume_chained_role(
        key, session, asked, source, deadline, asked_by, StsAddress(region, service_url)
    )
    app.clock.learn_aws_time(answered_at)
    return AssumedChain(issued, chain.id)


def find_token_id_of_source_credentials(
    app: App, key: RoleKey, session: SsoSession, source: RoleCredentials
) -> str:
    """Return the id of the access token that the SSO role's credentials were requested with.

    Returns "" if the source credentials are no longer cached: the chain's credentials then count as
    of an unknown sign-in, and are renewed before use.
    """
    cached: CachedCredentials | None = app.credentials.load(find_source_role(app, key), session)
    if cached is None or cached.credentials.access_key_id != source.access_key_id:
        return ""
    return cached.token_id


def _find_chain(app: App, key: RoleKey) -> Chain:
    return chains.find_chain_by_key(app.config.read(), key)


def _role_session_name(app: App, session: SsoSession) -> str:
    """Return the name of the role session, which CloudTrail shows: the user's name, if known."""
    user = app.tokens.load_facts(session.name).user or ""
    name = _NOT_IN_SESSION_NAME.sub("-", user)[:_LONGEST_SESSION_NAME].strip("-")
    return name if len(name) > 1 else _USUAL_SESSION_NAME
