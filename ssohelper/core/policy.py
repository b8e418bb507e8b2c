"""Which role credentials may be handed out, and which may be published. Pure.

Two permits open the vault (`ssohelper.vault`), and only `Policy` makes them: code that forgot to ask
has none. A role that a rule guards is handed out only while a grant for it lasts, and is never
published. An allow-list, which `exec --allow` sets, limits both to the roles that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from ssohelper.core import guard_rules
from ssohelper.core.allow_list import AllowList
from ssohelper.core.model import Account, RoleKey
from ssohelper.errors import Refused

_SEAL = object()


class Way(StrEnum):
    """How credentials reach the program or the user that asked for them."""

    CREDENTIAL_PROCESS = "credential-process"
    ENV = "env"
    EXEC = "exec"
    USE = "use"
    SERVE = "serve"
    CONSOLE = "console"
    WHOAMI = "whoami"
    SHELL = "shell"


class _Permit:
    def __init__(self, seal: object, key: RoleKey) -> None:
        if seal is not _SEAL:
            raise TypeError("only core.policy makes permits")
        self.key = key


class PublishPermit(_Permit):
    """Permission to publish the credentials of `key`: no rule guards this role."""


class ReleasePermit(_Permit):
    """Permission to hand out the credentials of `key` in the way `way`.

    `grant_id` names the grant of a guarded role; None when no rule guards the role.
    """

    def __init__(
        self, seal: object, key: RoleKey, way: Way, grant_id: str | None, rule: str | None
    ) -> None:
        super().__init__(seal, key)
        self.way = way
        self.grant_id = grant_id
        self.rule = rule


class Policy:
    """The decisions for one call.

    `rules`: the guard rules in force. `allowed`: the allow-list, None without one. `find_account`
    returns a role's account, with an empty name if it is unknown; `find_profiles` returns the names
    of its profiles. `find_grant` returns the id of the live grant for a role, None without one.
    """

    def __init__(
        self,
        rules: Sequence[str],
        allowed: AllowList | None,
        *,
        find_account: Callable[[RoleKey], Account],
        find_profiles: Callable[[RoleKey], Sequence[str]],
        find_grant: Callable[[RoleKey], str | None],
    ) -> None:
        self.rules = tuple(rules)
        self._allowed = allowed
        self._find_account = find_account
        self._find_profiles = find_profiles
        self._find_grant = find_grant

    def find_guarding_rule(self, key: RoleKey) -> str | None:
        """Return a rule that guards the role; None when none does.

        An account with an unknown name counts as one that each pattern for names matches: a role
        that is guarded by mistake is noticed, one that is not guarded by mistake is not.
        """
        if not self.rules:
            return None
        account = self._find_account(key)
        return guard_rules.find_rule(
            self.rules, key.session_name, account, key.role_name, is_strict=True
        )

    def permit_publishing(self, key: RoleKey) -> PublishPermit | None:
        """Return the permission to publish the role's credentials; None for a guarded role."""
        return None if self.find_guarding_rule(key) else PublishPermit(_SEAL, key)

    def permit_release(self, key: RoleKey, way: Way) -> ReleasePermit:
        """Return the permit that the function which hands out this role needs. Raises: Refused."""
        if self._allowed is not None and not self._is_allowed(self._allowed, key):
            raise Refused(
                f"the allow-list does not include {key.account_id}/{key.role_name} "
                f'of the session "{key.session_name}"',
                hint="this program may use the roles that SSOHELPER_ALLOW names; "
                "ask the person who started it to allow more",
            )
        rule = self.find_guarding_rule(key)
        if rule is None:
            return ReleasePermit(_SEAL, key, way, None, None)
        grant_id = self._find_grant(key)
        if grant_id is None:
            raise Refused(
                f'the rule "{rule}" guards {key.account_id}/{key.role_name}, '
                "and no grant for it is in force in this terminal",
                hint=f'on a terminal: ssohelper guard grant {key.text} --reason "…"',
            )
        return ReleasePermit(_SEAL, key, way, grant_id, rule)

    def _is_allowed(self, allowed: AllowList, key: RoleKey) -> bool:
        account = self._find_account(key)
        return allowed.allows(key, account.name, lambda: self._find_profiles(key))
