"""Does the broker's work with credentials and tokens: finds, issues and renews them.

Runs in the broker, or in a caller's process if no broker can run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssohelper.actions import assumed_chains, issuing, notices, regions, selection, tokens
from ssohelper.broker.requests import AskedBy, FoundCredentials, Reply, Token, Wait
from ssohelper.core import chains
from ssohelper.core.model import RoleKey
from ssohelper.errors import LocalState, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

# The process that renews a token has time limits of its own.
_RENEWAL_SECONDS = 150.0


class Work:
    """`current_app` returns an App with the current settings."""

    def __init__(self, current_app: Callable[[], App]) -> None:
        self.current_app = current_app

    def find_credentials(
        self, key: RoleKey, least_share: float, *, is_permitted: bool
    ) -> FoundCredentials:
        app = self.current_app()
        if not is_permitted:
            app.vault.refuse_role_if_guarded(key)
        return issuing.find_credentials(app, key, least_share)

    def load_token(self, session_name: str) -> Token:
        app = self.current_app()
        session = selection.require_session(app, session_name)
        return tokens.load_token_for_broker(app, regions.list_portals_to_ask(app, session)[0])

    def read_token_file_fingerprint(self, session_name: str) -> str:
        """Return a text that changes with the token files; "" for an invalid config."""
        app = self.current_app()
        try:
            session = selection.require_session(app, session_name)
            portals = [session, *regions.list_further_portals(app, session)]
            return " ".join(map(app.tokens.read_token_file_fingerprint, portals))
        except SsoHelperError:
            # `find_credentials` reports this error, which must not end the broker.
            return ""

    def may_renew_in_background(self) -> bool:
        return tokens.may_renew_in_background(self.current_app())

    def prepare_wait(self, session_name: str) -> Wait | None:
        app = self.current_app()
        try:
            return notices.prepare_wait(app, selection.require_session(app, session_name))
        except SsoHelperError:
            return None  # the caller gets the error that a sign-in is needed, and does not wait

    def get_role_credentials(self, key: RoleKey, asked_by: AskedBy) -> Reply:
        return self.reply_with(lambda app: issuing.issue_credentials(app, key, asked_by))

    def reply_with(self, get_credentials: Callable[[App], bytes]) -> Reply:
        app = self.current_app()
        warned = len(app.warnings)
        with _crashes_as_errors():
            document = get_credentials(app)
        return Reply(document, warnings=tuple(app.warnings[warned:]))

    def find_source_role(self, key: RoleKey) -> RoleKey:
        """Return the key of the role whose credentials assume a chain. Raises: ConfigInvalid."""
        config = self.current_app().config.read()
        return chains.find_chain_by_key(config, key).key_of_source_role(key)

    def read_config_fingerprint(self) -> str:
        app = self.current_app()
        return str(app.prompt_state.read_mtime_ns(app.locations.aws_config_file))

    def assume_role(self, key: RoleKey, asked_by: AskedBy, source: bytes) -> Reply:
        """Get a chain's credentials from STS. `source` is the JSON document of the source
        credentials.

        Raises the errors of `assumed_chains.issue_chain`.
        """
        return self.reply_with(lambda app: assumed_chains.issue_chain(app, key, asked_by, source))

    def renew_token(self, session_name: str, seen_id: str) -> None:
        """Renew the token `seen_id` or, if its region does not answer, another region's token."""
        app = self.current_app()
        session = selection.require_session(app, session_name)
        with _crashes_as_errors():
            regions.renew_token(app, session, seen_id, app.clock.deadline(_RENEWAL_SECONDS))


@contextmanager
def _crashes_as_errors() -> Iterator[None]:
    try:
        yield
    except SsoHelperError:
        raise
    except MemoryError as cause:  # nothing more can be imported
        raise LocalState("there is not enough memory", hint="raise ulimit -v") from cause
    except Exception as cause:
        from ssohelper.system import crash_report

        raise crash_report.log_crash(cause, sys.exc_info()[2]) from cause
