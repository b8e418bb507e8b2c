"""Gets credentials of a chain, with source credentials that the broker got before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssohelper.actions import issuing, selection, tokens
from ssohelper.core import chains
from ssohelper.core.schema.credential_records import credential_document, parse_credential_document
from ssohelper.core.service_hosts import StsAddress, service_url
from ssohelper.errors import RoleNotAssigned

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.broker.requests import AskedBy
    from ssohelper.core.model import RoleKey

# The characters that STS refuses in the name of a role session.
_NOT_IN_SESSION_NAME = re.compile(r"[^A-Za-z0-9_+=,.@-]+")
_LONGEST_SESSION_NAME = 64


def issue_chain(app: App, key: RoleKey, asked_by: AskedBy, source: bytes) -> bytes:
    """Assume a chain's role, cache and publish the credentials, and return them as JSON.

    `source` is the JSON document of the source credentials.
    Raises: Superseded if the chain was edited, or a sign-in or sign-out happened meanwhile.
    """
    session = selection.require_session(app, key.session_name)
    token = app.tokens.load(session)
    if token is None:
        raise tokens.signed_out_error(session)
    below, deadline = parse_credential_document(source), app.clock.deadline(issuing.CALL_SECONDS)
    chain = chains.find_chain_by_key(app.config.read(), key)
    # The token's id is read before STS is asked, because a renewal may change it meanwhile. Without
    # an id, the credentials count as of an unknown sign-in, and are renewed before use.
    cached = app.credentials.load(chain.key_of_source_role(key), session)
    is_same = cached is not None and cached.credentials.access_key_id == below.access_key_id
    token_id = cached.token_id if cached is not None and is_same else ""
    region, step = chain.region(session), chain.steps[-1]
    chain.check_partition(region)
    url = service_url("sts", region, app.environ, app.aws.host_variant_for_roles(session))
    tokens.check_credentials_destination(app, session, "sts", url)
    # The name of the role session, which CloudTrail shows, is the user's name, if known.
    user = _NOT_IN_SESSION_NAME.sub("-", app.tokens.load_facts(session.name).user or "")
    user = user[:_LONGEST_SESSION_NAME].strip("-")
    name = step.session_name or (user if len(user) > 1 else "ssohelper")
    asked = chains.AssumeRole(step.role_arn, name, step.external_id, step.duration_seconds)
    try:
        credentials, answered_at = app.vault.assume_chained_role(
            key, session, asked, below, deadline, asked_by, StsAddress(region, url)
        )
    except RoleNotAssigned:
        issuing.forget_unassigned_role(app, session, key, token)
        raise
    app.clock.learn_aws_time(answered_at)
    made = issuing.checked_credentials(app, "STS", credentials, token_id)
    issuing.save_credentials(app, session, key, made._replace(chain_id=chain.id))
    return credential_document(credentials, chain.assumed_role.account_id)
