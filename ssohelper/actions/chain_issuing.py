"""Gets new credentials of a chain from STS, caches them, and writes the published response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.actions import assumed_chains, broker_work, issuing, prompt_notes, selection, tokens
from ssohelper.core.schema.credential_records import credential_document, parse_credential_document
from ssohelper.errors import RoleNotAssigned, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.broker.requests import AskedBy, Reply
    from ssohelper.core.model import RoleKey


class Work(broker_work.Work):
    """All operations that the broker's loop runs: those of `broker_work`, and those for chains."""

    def find_source_role(self, key: RoleKey) -> RoleKey:
        """Return the key of the role whose credentials assume a chain. Raises: ConfigInvalid."""
        return assumed_chains.find_source_role(self.current_app(), key)

    def read_config_fingerprint(self) -> str:
        """Return a text that changes with each write of ~/.aws/config."""
        app = self.current_app()
        return str(app.prompt_state.read_config_mtime_ns(str(app.locations.aws_config_file)))

    def assume_role(self, key: RoleKey, asked_by: AskedBy, source: bytes) -> Reply:
        """Get a chain's credentials with the source credentials, which are JSON in `source`.

        Raises the errors of `issue_credentials_of_chain`.
        """
        return self.get_reply_with_credentials(
            lambda app: issue_credentials_of_chain(app, key, asked_by, source)
        )


def issue_credentials_of_chain(app: App, key: RoleKey, asked_by: AskedBy, source: bytes) -> bytes:
    """Assume a chain's role, cache the credentials, and return them as JSON.

    `source` is the JSON document of the credentials that assume the role. Also writes the chain's
    published response. Sends one request.
    Raises: SourceRejected, RoleNotAssigned, AwsUnreachable, ConfigInvalid, LocalState; Superseded
    if the chain was edited, or a sign-in or sign-out happened meanwhile.
    """
    session = selection.require_session(app, key.session_name)
    token = app.tokens.load(session)
    if token is None:
        raise tokens.signed_out_error(session)
    below, deadline = parse_credential_document(source), app.clock.deadline(issuing.CALL_SECONDS)
    # The token's id is looked up before STS is asked: if the source credentials are renewed during
    # that request, the cache no longer has the ones that were used.
    token_id = assumed_chains.find_token_id_of_source_credentials(app, key, session, below)
    try:
        credentials, chain_id = assumed_chains.assume_chain(
            app, key, session, below, deadline, asked_by
        )
    except SsoHelperError as error:
        prompt_notes.show_failed_renewal(app, session, key)
        if isinstance(error, RoleNotAssigned):
            issuing.forget_unassigned_role(app, session, key, token)
        raise
    cached = issuing.checked_credentials(app, "STS", credentials, token_id)._replace(
        chain_id=chain_id
    )
    issuing.save_credentials(app, session, key, cached)
    return credential_document(credentials, assumed_chains.find_account_id_of_credentials(app, key))
