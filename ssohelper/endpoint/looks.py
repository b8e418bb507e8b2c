"""The App of one look: settings, files and folders of now. What is costly to make outlasts it."""

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

from ssohelper.app import App
from ssohelper.core.model import RoleKey, SsoSession
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.settings import Settings
    from ssohelper.wire.oidc import OidcClient
    from ssohelper.wire.portal import Portal


class Lasting:
    """The last settings that were good, and the two clients of AWS's that renewing takes.

    Making those costs 0.1 s and 4 MB each time.
    """

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self.portal: Portal | None = None
        self.oidc: OidcClient | None = None

    def clean_up(self) -> None:
        """After an asking: keep no connection, which a sleep would leave dead, and no garbage.

        botocore's leavings are cycles, which Python by itself lets lie for many renewals.
        """
        for client in (self.portal, self.oidc):
            if client is not None:
                client.hang_up()
        gc.collect()


class ServingApp(App):
    """Made anew for each look, days long; `lasting` and `wake` are those of the server."""

    lasting: Lasting | None = None
    wake: Callable[[], None] | None = None

    def start_renewal(self, key: RoleKey) -> None:
        """Let the keeper renew, in this process."""
        if self.wake:
            self.wake()

    def read_settings(self) -> "Settings":
        """A slip while somebody edits their file must not end a job of days: it is a warning."""
        if self.lasting is None:
            return super().read_settings()
        try:
            self.lasting.settings = super().read_settings()
        except SsoHelperError as trouble:
            self.warn(f"settings as they were before are used: {trouble.message}")
        return self.lasting.settings

    def portal(self, session: SsoSession) -> "Portal":
        if self.lasting is None:
            return super().portal(session)
        self.lasting.portal = self.lasting.portal or super().portal(session)
        return self.lasting.portal

    def oidc(self, session: SsoSession) -> "OidcClient":
        if self.lasting is None:
            return super().oidc(session)
        self.lasting.oidc = self.lasting.oidc or super().oidc(session)
        return self.lasting.oidc

    def get_ready(self, session: SsoSession) -> None:
        """Make what asking AWS takes, before anybody waits for it: 0.5 s, on a busy machine 3."""
        self.oidc(session).get_ready()
        self.portal(session).get_ready()

    def clean_up(self) -> None:
        if self.lasting is not None:
            self.lasting.clean_up()
