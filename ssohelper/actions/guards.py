"""Finds a role's guard rule, grants a guarded role for a time, and ends grants and guard rules."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import agents, clocks, environment
from ssohelper.core import chains, grants, guard_rules, journal, process_command
from ssohelper.core.grants import Grant
from ssohelper.core.model import Account, RoleKey
from ssohelper.core.resolver import name_sources
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, Refused, SsoHelperError, UsageProblem
from ssohelper.fastpath import calling_process

if TYPE_CHECKING:
    from ssohelper.actions.environment import Environment
    from ssohelper.app import App
    from ssohelper.core.listing import Listing
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.settings import Settings

_APP_ID_PREFIX = "ssohelper-"
WRONG_WORD = "the typed word is not the requested one: nothing was granted or changed"
_USUAL = ("*/AdministratorAccess", "*/*BreakGlass*", "*/*Owner*")


class Rule(NamedTuple):
    """A guard rule in force, whether it is in the settings file, and how many listed roles it
    guards.
    """

    text: str
    is_configured: bool
    matches: int


def propose_usual_rules(app: App, listing: Listing) -> tuple[str, ...]:
    """Return rules to propose to a user without rules; () if they would match no role."""
    if app.vault.policy.rules:
        return ()
    roles = [(listed.account, role) for listed in listing.accounts for role in listed.roles]
    is_matched = any(guard_rules.is_guarded(_USUAL, "", account, role) for account, role in roles)
    return _USUAL if is_matched else ()


def make_grant_question(app: App, keys: Sequence[RoleKey]) -> tuple[str, str]:
    """Return the word to type, an account's name or the number of roles, and the notice before it."""
    accounts = [app.vault.find_account(key) for key in keys]
    words = [" ".join(show(one.name or one.id).split()) for one in accounts]
    roles = [
        f'{key.role_name} in the account "{word}" ({key.account_id})'
        for key, word in zip(keys, words, strict=True)
    ]
    if len(keys) > 1:
        return str(len(keys)), "\n".join([f"{len(keys)} guarded roles:", *roles])
    rule = show(app.vault.find_guarding_rule(keys[0]) or "")
    return words[0], f'the rule "{rule}" guards the role {roles[0]}'


def check_typed_word(app: App, keys: Sequence[RoleKey], typed: str, word: str) -> None:
    """Raise Refused, and write that to the journal, if the user typed another word than `word`."""
    if " ".join(typed.split()) != word:
        for key in keys:
            app.vault.journal_refusal(key, WRONG_WORD)
        raise Refused(WRONG_WORD)


def role_needs_grant(app: App, key: RoleKey) -> bool:
    """Return whether a rule guards the role and no grant is in force. Raises: LocalState."""
    return app.vault.find_guarding_rule(key) is not None and app.grants.find(key) is None


def grant_role(
    app: App, key: RoleKey, reason: str, seconds: int, *, on_all_terminals: bool = False
) -> Grant:
    """Allow ssohelper to hand out the role for `seconds`, on this terminal or on all of the user's.

    Raises: UsageProblem, Refused without a terminal, LocalState.
    """
    reason = checked_grant_reason(app, key, reason, seconds)
    here = app.find_grant_context()
    if here.session is None:
        raise Refused(
            "a grant is given on a terminal only", hint="run this command in a terminal yourself"
        )
    made = Grant(
        key=key,
        reason=reason,
        granted_at=here.now,
        ends_at=here.now + seconds,
        uptime=here.uptime,
        uid=here.uid,
        boot=here.boot,
        session=None if on_all_terminals else here.session,
        id=secrets.token_hex(8),
    )
    app.grants.add(made, calling_process.find_caller())
    clocks.forget_prompts(app, key)
    return made


def checked_grant_reason(app: App, key: RoleKey, reason: str, seconds: int) -> str:
    """Return the reason with single spaces. Call this before the user is asked to type a word.

    Raises: UsageProblem, Refused if an allow-list applies.
    """
    agents.refuse_if_limited(
        app, "grant a guarded role", f"ssohelper guard grant {key.text} --reason TEXT"
    )
    reason = " ".join(reason.split())
    if not reason or len(reason) > grants.LONGEST_REASON:
        raise UsageProblem(
            f"a reason has 1 to {grants.LONGEST_REASON} characters",
            hint='for example: --reason "INC-4711"',
        )
    if not 0 < seconds <= grants.MOST_SECONDS:
        raise UsageProblem("a grant lasts for 1 to 60 min", hint="for example: --for 30m")
    return reason


def with_grant_reason(app: App, key: RoleKey, found: Environment) -> Environment:
    """Return `found` with the variable by which AWS SDKs send the grant's reason to CloudTrail.

    An application id that the user set stays. If no rule guards the role, an id that an earlier
    `use` set is unset.
    """
    present = app.environ.get(environment.APP_ID, "")
    if present and not present.startswith(_APP_ID_PREFIX):
        return found
    given = app.grants.find(key) if app.vault.find_guarding_rule(key) is not None else None
    if given is not None:
        # AWS's SDKs take at most 50 of RFC 9110's token characters.
        text = _APP_ID_PREFIX + re.sub(r"[^A-Za-z0-9.+!$%&'*^_`|~#-]+", "-", given.reason)
        return found._replace(set={**found.set, environment.APP_ID: text[:50]})
    if present:
        return found._replace(unset=(*found.unset, environment.APP_ID))
    return found


def revoke_grants(app: App, key: RoleKey | None = None) -> list[Grant]:
    """End the grants for the role, or all, in all terminals; return them. Raises: LocalState."""
    given = app.grants.list_for_all_terminals()
    ended = [one for one in given if key is None or one.key == key]
    for one in ended:
        app.grants.revoke(one, calling_process.find_caller())
        clocks.forget_prompts(app, one.key)
    return ended


def list_guard_rules(app: App) -> list[Rule]:
    configured = app.company_policy.guard_rules
    try:
        configured = (*configured, *app.settings.guard_rules())
    except SsoHelperError as error:
        app.warn(f"the settings cannot be read; these rules were read before: {error.message}")
    rules = app.vault.written_guard_rules
    counts = _count_roles(app, rules)
    return [Rule(rule, rule in configured, counts.get(rule, 0)) for rule in rules]


def find_escaping_profiles(app: App) -> list[str]:
    rules, config, found = app.vault.policy.rules, app.config.read(), []
    names = app.directory.load_account_names() if rules else {}
    for entry in config.profiles() if rules else ():
        # A profile without a role, or with an unusable role, gives credentials of no role.
        with suppress(ConfigInvalid):
            roles = chains.find_roles_of_profile(config, entry)
            role = roles[-1].role if roles else chains.checked_chain_step("", entry.keys, None).role
            session = roles[-1].session_name if roles else ""
            account = Account(role.account_id, names.get(role.account_id, ""), "")
            command = entry.keys.get("credential_process", "")
            is_only_source = name_sources(entry.keys) == ["credential_process"]
            is_ours = is_only_source and process_command.ssohelper_options(command) is not None
            if not is_ours and guard_rules.is_guarded(rules, session, account, role.name):
                found.append(entry.name)
    return found


def is_row_guarded(app: App, row: RoleRow) -> bool:
    rules = app.vault.policy.rules
    return guard_rules.is_guarded(rules, row.session_name, row.account, row.role_name)


def warn_of_idle_rules(app: App, rules: Iterable[str]) -> None:
    for rule, matches in _count_roles(app, rules).items():
        if not matches:
            text = f'the rule "{show(rule)}" guards no role of the saved lists'
            if "/" not in rule:
                text += f': this rule names an account; for a role write "*/{show(rule)}"'
            app.warn(text)


def _count_roles(app: App, rules: Iterable[str]) -> dict[str, int]:
    """Return how many roles of the saved lists each rule guards; {} without a saved list."""
    lists = ((name, app.directory.load(name)) for name in app.directory.list_session_names())
    listed = [(name, one) for name, found in lists if found is not None for one in found.accounts]
    roles = [(name, one.account, role) for name, one in listed for role in one.roles]
    found = {}
    for rule in rules if roles else ():
        of_portals: Sequence[str] = [rule]
        with suppress(SsoHelperError):  # a config that cannot be read
            of_portals = app.vault.for_portals([rule])
        found[rule] = sum(guard_rules.is_guarded(of_portals, *role) for role in roles)
    return found


def end_rules(app: App, keep: list[str]) -> None:
    """End all guard rules except `keep`, as the user confirmed. Raises: LocalState."""
    was, stays = ", ".join(app.vault.guard_rules_of_user), ", ".join(keep)
    app.journal.append(journal.make_entry("loosened", what="guard.rules", before=was, after=stays))
    app.protections.save_rules(keep)


def rules_after_change(app: App, key: str, before: Settings, after: Settings) -> list[str]:
    """Return the user's own guard rules that stay in force after a change of this setting.

    A change of `guard.rules` names every rule that stays: a rule that was removed in an editor ends
    too.
    """
    configured = after.guard_rules()
    if key == "guard.rules":
        return list(configured)
    ended = set(before.guard_rules()) - set(configured)
    stay = (rule for rule in app.vault.guard_rules_of_user if rule not in ended)
    return list(dict.fromkeys((*stay, *configured)))
