"""What a plan of `profile sync` is made from, apart from the config. Pure."""

from typing import NamedTuple

from ssohelper.core import guard_rules
from ssohelper.core.choices import PROCESS, Choices
from ssohelper.core.listing import Listing
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.profile_names import UnnamedRole

STAYS_PROCESS = "a rule guards this role: its profile stays in process form"


class SyncRequest(NamedTuple):
    """What a plan is made from, apart from the config.

    `choices` are the user's, of this command or remembered. `template`, `form` and `region` are
    the values to use: from the choices, else from the settings. `command` is the program that
    profiles run, without arguments. `taken_names` are the sections of ~/.aws/credentials.
    `convert`: existing profiles get `form`, as the user gave --form; with `no_native` all get it.
    `has_new_filters`: the user gave filters now, so prune also removes what they leave out.
    `rules`: the guard rules in force. A guarded role's profile is in process form whatever `form` is.
    `only_roles`: if there are any, plan profiles for these roles only; for one, `name` is its name.
    `adopt`: the profiles of other tools to take over. `not_counted`: profiles that the user or other
    tools wrote and that do not work, so that their roles get another profile.
    `region_rules`: patterns of accounts, each with the region of their profiles in place of
    `region`. `old_region`: managed profiles with this region get the one of a new profile.
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
    region_rules: tuple[tuple[str, str], ...] = ()
    old_region: str | None = None


def form_of(request: SyncRequest, unnamed: UnnamedRole) -> str:
    """Return the form of the request; for a guarded role the process form.

    A profile in native form asks AWS without ssohelper, so that no guard would be asked.
    """
    return PROCESS if is_guarded(request, unnamed) else request.form


def is_guarded(request: SyncRequest, unnamed: UnnamedRole) -> bool:
    """Return whether a rule guards the role, or would if its account's name were known."""
    account, role = unnamed
    rule = guard_rules.find_rule(
        request.rules, request.session.name, account, role.name, is_strict=True
    )
    return rule is not None
