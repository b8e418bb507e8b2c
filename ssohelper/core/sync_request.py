"""Defines the request from which `profile sync` makes its plan."""

from collections.abc import Mapping
from typing import NamedTuple

from ssohelper.core import guard_rules
from ssohelper.core.choices import PROCESS, Choices
from ssohelper.core.listing import Listing
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.profile_names import UnnamedRole
from ssohelper.core.written_roles import WrittenRole

STAYS_PROCESS = "a rule guards this role: its profile stays in process form"


class SyncRequest(NamedTuple):
    """The request from which `profile sync` makes its plan of changes to the config.

    `command` is the program that profiles run. `taken_names`: the sections of ~/.aws/credentials.
    `convert`: existing profiles get `form` too; with `no_native`, all of them get it. `rules`: the
    guard rules. `only_roles`: if not empty, plan profiles for these roles only; `name`: the
    profile's name if there is one such role. `adopt`: other tools' profiles to adopt.
    `not_counted`: profiles that do not work, so their roles get new ones. `refused`: profiles whose
    section in ~/.aws/credentials names another role. `broken`: profiles of `only_roles` whose
    command is written again. `region_rules`: for an account that matches a pattern, its region is
    used instead of `region`. `old_region`: managed profiles that have this region get the new one.
    """

    session: SsoSession
    listing: Listing
    choices: Choices
    command: str
    template: str
    form: str
    region: str
    taken_names: frozenset[str] = frozenset()
    convert: bool = False
    no_native: bool = False
    rename: bool = False
    prune: bool = False
    has_new_filters: bool = False
    only_roles: frozenset[Role] = frozenset()
    name: str | None = None
    rules: tuple[str, ...] = ()
    adopt: frozenset[str] = frozenset()
    not_counted: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    region_rules: tuple[tuple[str, str], ...] = ()
    old_region: str | None = None
    written_roles: Mapping[str, WrittenRole] = {}

    def form_of(self, unnamed: UnnamedRole) -> str:
        """Return the form of a role's profile: process form for a guarded role.

        With a profile in native form, SDKs ask AWS without ssohelper: no guard would be checked.
        """
        return PROCESS if self.is_guarded(unnamed) else self.form

    def is_guarded(self, unnamed: UnnamedRole) -> bool:
        """Return whether a guard rule matches the role, or may match an account without a name."""
        account, role = unnamed
        rule = guard_rules.find_guarding_rule(
            self.rules, self.session.name, account, role.name, is_strict=True
        )
        return rule is not None
