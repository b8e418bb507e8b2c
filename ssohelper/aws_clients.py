"""`AwsClients` is the part of `App` that creates the clients of AWS's services."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssohelper.core.endpoint_family import Family
    from ssohelper.core.model import RoleCredentials, SsoSession
    from ssohelper.settings import Settings
    from ssohelper.stores.config_store import ConfigStore
    from ssohelper.stores.token_cache import TokenStore
    from ssohelper.wire.account import AccountClient
    from ssohelper.wire.federation import Federation
    from ssohelper.wire.oidc import OidcClient
    from ssohelper.wire.portal import Portal


class AwsClients:
    """Creates the clients of AWS's services, each for the endpoints that the user asks for."""

    environ: Mapping[str, str]

    if TYPE_CHECKING:  # App has these

        @property
        def settings(self) -> Settings: ...

        @property
        def config(self) -> ConfigStore: ...

        @property
        def tokens(self) -> TokenStore: ...

        def warn(self, message: str) -> None: ...

    def account_family(self, session: SsoSession) -> Family:
        """Return the family of endpoints for calls with role credentials of this session.

        Raises: ConfigInvalid for a value that is neither true nor false.
        """
        from ssohelper.core.endpoint_family import choose_family

        default = self.config.read().profile("default")
        return choose_family(
            self.environ,
            lambda key: self.settings.get(key, session=session.name),
            default.keys if default else {},
        )

    def portal_family(self, session: SsoSession) -> Family:
        """Return the family of endpoints for the session's sign-in service and portal.

        Raises: ConfigInvalid for a value that is neither true nor false.
        """
        from ssohelper.core.endpoint_family import family_of_portal

        return family_of_portal(self.account_family(session), session.start_url)

    def oidc(self, session: SsoSession) -> OidcClient:
        """Return a client of the sign-in service (sso-oidc)."""
        from ssohelper.wire.oidc import OidcClient

        facts = partial(self.tokens.load_facts, session.name)
        family = self.portal_family(session)
        return OidcClient(session, self.environ, warn=self.warn, facts=facts, family=family)

    def portal(self, session: SsoSession) -> Portal:
        """Return a client of the access portal."""
        from ssohelper.wire.portal import Portal

        facts = partial(self.tokens.load_settled_facts, session.name)
        family = self.portal_family(session)
        return Portal(session, self.environ, warn=self.warn, facts=facts, family=family)

    def account_client(
        self, credentials: RoleCredentials, region: str, family: Family
    ) -> AccountClient:
        """Return a client of STS, with this role's credentials."""
        from ssohelper.wire.account import AccountClient

        return AccountClient(credentials, region, self.environ, warn=self.warn, family=family)

    def import_account_client(self) -> None:
        """Import the modules of `account_client` (0.3 s of CPU) while the user is still busy."""
        from ssohelper.wire import account  # noqa: F401

    def federation(self, region: str) -> Federation:
        """Return a client of the console's federation endpoint."""
        from ssohelper.wire.federation import Federation

        return Federation(region, self.environ, warn=self.warn)
