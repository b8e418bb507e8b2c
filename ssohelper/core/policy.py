"""Decides which role credentials may be handed out, and which roles may have a published response.

The vault (which asks AWS for credentials) takes two kinds of permits, which only `Policy` makes. A
role that a guard rule matches is handed out only while a grant for it lasts, and is never
published. An allow-list, which `exec --allow` sets, limits which roles are handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from ssohelper.core import guard_rules
from ssohelper.core.allow_list import AllowList
from ssohelper.core.model import Account, RoleKey
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import show
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
    pass


class ReleasePermit(_Permit):
    def __init__(
        self, seal: object, key: RoleKey, way: Way, grant_id: str | None, rule: str | None
    ) -> None:
        super().__init__(seal, key)
        self.way = way
        self.grant_id = grant_id
        self.rule = rule


class Policy:
    """Decides, during one call, which roles are handed out or may have a published response.

    `find_account` returns an account with an empty name if the name is unknown. Rules and the
    allow-list apply to the role or, for a chain, to each of its roles.
    """

    def __init__(
        self,
        rules: Sequence[str],
        allowed: AllowList | None,
        *,
        find_account: Callable[[RoleKey], Account],
        find_grant: Callable[[RoleKey], str | None],
        has_terminal: Callable[[], bool],
        find_roles: Callable[[RoleKey], Sequence[RoleKey]] = lambda key: (key,),
    ) -> None:
        self.rules = tuple(rules)
        self._allowed = allowed
        self._find_account = find_account
        self._find_grant = find_grant
        self._has_terminal = has_terminal
        self._find_roles = find_roles

    def find_guarding_rule(self, key: RoleKey) -> str | None:
        """Return a guard rule that matches the role.

        An unknown account name matches every pattern, because users notice a role that is guarded
        by mistake.
        """
        return next(iter(self._find_guards(key)), (None, None))[0]

    def _find_guards(self, key: RoleKey) -> list[tuple[str, RoleKey]]:
        found = []
        for link in self._find_roles(key) if self.rules else ():
            account = self._find_account(link)
            rule = guard_rules.find_guarding_rule(
                self.rules, link.session_name, account, link.role_name, is_strict=True
            )
            if rule is not None:
                found.append((rule, link))
        return found

    def permit_publishing(self, key: RoleKey) -> PublishPermit | None:
        return None if self.find_guarding_rule(key) else PublishPermit(_SEAL, key)

    def permit_release(self, key: RoleKey, way: Way) -> ReleasePermit:
        allowed = self._allowed
        for link in self._find_roles(key) if allowed is not None else ():
            if allowed is not None and not allowed.allows(link, self._find_account(link).name):
                raise _refusal_by_allow_list(allowed, link, key)
        guards = self._find_guards(key)
        if not guards:
            return ReleasePermit(_SEAL, key, way, None, None)
        # A grant for a chain covers all its roles. A grant for the SSO role covers that role alone.
        granted = self._find_grant(key)
        for rule, link in guards:
            grant_id = granted or (self._find_grant(link) if key.chain else None)
            if grant_id is None:
                raise Refused(
                    f'the rule "{rule}" guards {link.account_id}/{link.role_name}, '
                    "and no grant for it is in force in this terminal",
                    hint=self._hint_to_get_grant(key),
                )
        return ReleasePermit(_SEAL, key, way, grant_id, guards[0][0])

    def _hint_to_get_grant(self, key: RoleKey) -> str:
        command = f'ssohelper guard grant {word_as_typed(key.text)} --reason "…"'
        # A program without a terminal, such as an agent, must ask a user, who has another terminal.
        if self._allowed is None and self._has_terminal():
            return f"on a terminal: {command}"
        return f"ask the person to run: {command} --all-terminals"


def _refusal_by_allow_list(allowed: AllowList, outside: RoleKey, key: RoleKey) -> Refused:
    below = f', which the chain "{show(key.text, 80)}" leads through' if key.chain else ""
    name = allowed.find_pattern_without_role()
    if name is not None:
        hint = f'the list has "{show(name, 40)}", which names no role: write [SESSION:]ACCOUNT/ROLE'
    else:
        # A role's name may have a comma, which separates patterns in `--allow`.
        pattern = word_as_typed(key.text.replace(",", "?"))
        hint = (
            f"ask the person to run: ssohelper exec --allow {pattern} … -- COMMAND, "
            "to start this program with that role too"
        )
    text = f"{outside.session_name}:{outside.account_id}/{outside.role_name}" if below else key.text
    return Refused(f"the allow-list in SSOHELPER_ALLOW does not include {text}{below}", hint=hint)
