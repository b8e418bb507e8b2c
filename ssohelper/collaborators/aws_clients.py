"""Creates the clients with which ssohelper calls AWS's services."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ssohelper.core.host_variant import (
    KEYS_BY_VARIABLE,
    HostVariant,
    choose_host_variant,
    host_variant_of_portal,
)
from ssohelper.core.service_hosts import (
    IGNORED_URL_VARIABLE,
    URL_VARIABLES,
    is_loopback_url,
    service_url,
)
from ssohelper.errors import ConfigInvalid

if TYPE_CHECKING:
    from ssohelper.collaborators.stores import Stores
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.model import RoleCredentials, SsoSession
    from ssohelper.stores.portals import PortalAddresses
    from ssohelper.wire.federation import Federation
    from ssohelper.wire.oidc import OidcClient
    from ssohelper.wire.portal import Portal
    from ssohelper.wire.sts import Identity
    from ssohelper.wire.transport import Probe


class AwsClients:
    """Creates the clients. With `portals`, a new portal client uses the connections of the one
    before.
    """

    portals: dict[SsoSession, Portal] | None = None

    def __init__(self, stores: Stores) -> None:
        self._app = stores

    def _warn_of_ignored_url(self) -> None:
        if self._app.environ.get("AWS_ENDPOINT_URL"):
            self._app.warn(IGNORED_URL_VARIABLE)

    def host_variant_for_roles(self, session: SsoSession) -> HostVariant:
        """Return the host variant (FIPS, dual-stack) for role credentials. Raises: ConfigInvalid."""
        default = self._app.config.read().profile("default")
        get_setting = partial(self._app.settings.get, session=session.name)
        return choose_host_variant(self._app.environ, get_setting, default.keys if default else {})

    def host_variant_of_keys(self, keys: Mapping[str, str]) -> HostVariant:
        """Return the host variant by the environment, else the profile's keys. Raises:
        ConfigInvalid.
        """
        return choose_host_variant(self._app.environ, lambda _key: None, keys)

    def set_host_variables(self, keys: Mapping[str, str]) -> None:
        """Set the variables for the broker and the command of `exec`, which do not see the profile."""
        for variable, key in KEYS_BY_VARIABLE.items():
            if keys.get(key) and not self._app.environ.get(variable):
                self._app.environ[variable] = keys[key]

    def host_variant_for_portal(self, session: SsoSession) -> HostVariant:
        """Return the host variant for the session's sign-in and portal. Raises: ConfigInvalid."""
        return host_variant_of_portal(self.host_variant_for_roles(session), session.aws_url)

    def oidc(self, session: SsoSession) -> OidcClient:
        from ssohelper.wire.oidc import OidcClient

        facts = partial(self._app.tokens.load_facts, session.sign_in_name)
        variant = self.host_variant_for_portal(session)
        self._warn_of_ignored_url()
        environ = self._app.aws_environ
        return OidcClient(session, environ, facts=facts, variant=variant)

    def portal(self, session: SsoSession) -> Portal:
        return self._portal(session, self.host_variant_for_portal(session), self._app.aws_environ)

    def portal_for_sign_out(self, session: SsoSession) -> Portal:
        """Return the portal's client, even if settings or policy have an error."""
        try:
            return self.portal(session)
        except ConfigInvalid:
            variant = host_variant_of_portal(self.host_variant_of_keys({}), session.aws_url)
            return self._portal(session, variant, self._app.environ)

    def _portal(
        self, session: SsoSession, variant: HostVariant, environ: Mapping[str, str]
    ) -> Portal:
        from ssohelper.wire.portal import Portal

        facts = partial(self._app.tokens.load_settled_facts, session.sign_in_name)
        self._warn_of_ignored_url()
        made = Portal(session, environ, facts=facts, variant=variant)
        if self.portals is not None:
            made.reuse_connections_of(self.portals.setdefault(session, made))
        return made

    @cached_property
    def portal_addresses(self) -> PortalAddresses:
        from ssohelper.stores.portals import PortalAddresses

        return PortalAddresses(self._app.locations.state_folder)

    def find_portal_url(self, start_url: str) -> str:
        """Ask where a company's start URL leads. Raises: ConfigInvalid, AwsUnreachable."""
        from ssohelper.wire.portal_page import find_portal_url

        return find_portal_url(start_url, self._app.aws_environ)

    def propose_region_of_portal(self, portal_url: str) -> str | None:
        """Return the region that the page of AWS's portal names, or None; it may be wrong."""
        from ssohelper.wire.portal_page import propose_region_of_portal

        if is_loopback_url(self._app.environ.get(URL_VARIABLES["oidc"], "")):
            return None
        return propose_region_of_portal(portal_url, self._app.aws_environ)

    def get_caller_identity(
        self,
        credentials: RoleCredentials,
        region: str,
        variant: HostVariant,
        *,
        any_caller: bool = False,
    ) -> Identity:
        """Ask STS whose credentials these are. With `any_caller`, they need not be a role
        session's.
        """
        from ssohelper.wire.sts import Sts

        environ, aws_now = self._app.aws_environ, self._app.clock.aws_now
        client = Sts(region, service_url("sts", region, environ, variant), environ)
        return client.get_caller_identity(credentials, aws_now, any_caller=any_caller)

    def federation(self, region: str) -> Federation:
        from ssohelper.wire.federation import Federation

        self._warn_of_ignored_url()
        return Federation(region, self._app.aws_environ)

    def probe(self, service_url: str, service: str, deadline: Deadline) -> Probe:
        from ssohelper.wire.transport import probe_service

        return probe_service(service_url, self._app.aws_environ, service, deadline)
