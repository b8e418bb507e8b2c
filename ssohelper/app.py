"""`App` creates the stores and AWS clients that actions use, each on first use.

No other module creates them: actions receive an App and never import `stores` or `wire`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ssohelper.collaborators.stores import Stores

if TYPE_CHECKING:
    from ssohelper.broker.renewals import Renewals
    from ssohelper.collaborators.aws_clients import AwsClients
    from ssohelper.collaborators.vault import Vault
    from ssohelper.core.clock_text import Notice


class App(Stores):
    """All that one command uses: clock, file locations, stores, AWS clients, and the vault."""

    @cached_property
    def aws(self) -> AwsClients:
        from ssohelper.collaborators.aws_clients import AwsClients

        return AwsClients(self)

    @cached_property
    def vault(self) -> Vault:
        from ssohelper.collaborators.vault import Vault

        return Vault(self)

    @cached_property
    def renewals(self) -> Renewals:
        from ssohelper.broker.renewals import Renewals

        return Renewals(self.environ)

    def start_notice(self, notice: Notice) -> None:
        from ssohelper.system import notify

        command = self.settings.get("notify")
        problem = notify.start_notify_command(notice, command, self.environ) if command else None
        if problem:
            self.warn(problem)

    def start_listing_process(self, session_name: str) -> None:
        from ssohelper.fastpath import spawn

        argv = ["list", "--session", session_name, "--detached"]
        spawn.start_detached(argv, self.environ)
