"""Defines the request from which `profile sync` makes its plan. Pure."""

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

    `choices` are the user's choices, given to this command or remembered. `template`, `form` and
    `region` are the values to use: from the choices, else from the settings. `command` is the
    program that profiles run, without arguments. `taken_names` are the sections of
    ~/.aws/credentials. `convert`: existing profiles get `form` too, because the user gave --form;
    with `no_native` all of them. `has_new_filters`: the user gave filters now, so prune also
    removes profiles that the filters leave out. `rules`: the guard rules in force. A guarded role's
    profile is in process form whatever `form` is. `only_roles`: if not empty, plan profiles for
    these roles only; if it is a single role, `name` is the name of its profile. `adopt`: the
    profiles of other tools to take over. `not_counted`: profiles that the user or other tools wrote
    and that do not work, so that their roles get another profile. `refused`: profiles whose section
    in ~/.aws/credentials names another role, so that they are not adopted. `broken`: managed
    profiles of `only_roles` whose command does not run and is written again. `region_rules`:
    patterns of accounts, each with the region that profiles of matching accounts get instead of
    `region`. `written_roles`: the roles for which ssohelper wrote managed profiles that name no
    role any more, by profile name. `old_region`: managed profiles with this region get the region
    of a new profile.
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
        """Return whether a guard rule matches the role, or might if its account's name were known."""
        account, role = unnamed
        rule = guard_rules.find_guarding_rule(
            self.rules, self.session.name, account, role.name, is_strict=True
        )
        return rule is not None
