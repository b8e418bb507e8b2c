"""Asks the user before a guarded role is granted, and before guard rules are removed."""

from collections.abc import Sequence
from contextlib import suppress

import click

from ssohelper.actions import guards, selection
from ssohelper.actions.flows import grant
from ssohelper.actions.flows.dialogue import NoTerminal
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core import journal
from ssohelper.core.instants import duration_text
from ssohelper.core.model import Profile
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import show
from ssohelper.errors import Refused, SsoHelperError, UsageProblem
from ssohelper.fastpath import calling_process

LOOSEN_WORD = "loosen"
reason_option = click.option(
    "--reason",
    "grant_reason",
    metavar="TEXT",
    help="Grant a guarded role for 30 min; the reason goes into the journal.",
)


def grant_role_for_reason(app: App, profile: Profile, reason: str | None) -> None:
    """Grant the role if --reason is given, the role is guarded, and no grant lasts.

    Raises: Refused, UsageProblem, LocalState.
    """
    if reason is None:
        return
    if app.vault.find_guarding_rule(profile.key) is None:
        app.warn("no guard rule matches this role, so your reason is not recorded")
        return
    given = app.grants.find(profile.key)
    if given is not None:
        left = duration_text(given.ends_at - app.clock.now())
        output.say(f"already granted for {left} more ({show(given.reason)})")
        return
    grant.ensure_grant(
        app,
        TerminalDialogue(),
        profile.key,
        reason,
        check_role=lambda: require_unchanged_profile(app, profile),
    )


def say_how_to_grant(app: App, profile: Profile) -> None:
    if guards.role_needs_grant(app, profile.key):
        rule = app.vault.find_guarding_rule(profile.key)
        output.say(
            f'the rule "{show(rule or "")}" guards this role; before you use the role: '
            f"ssohelper guard grant {word_as_typed(profile.name)} --reason TEXT"
        )


def type_loosening_word(notice: str) -> None:
    """Let the user type a word before a protection ends. Raises: Refused, NoTerminal."""

    def check(typed: str) -> None:
        if typed != LOOSEN_WORD:
            raise Refused(guards.WRONG_WORD)

    TerminalDialogue().type_word(notice, f"type {LOOSEN_WORD} to go on", check)


def confirm_rules_end(app: App, kept: Sequence[str]) -> list[str]:
    """Ask before guard rules that are not in `kept` end; return them. Raises: Refused."""
    ended = [rule for rule in app.vault.guard_rules_of_user if rule not in kept]
    if ended:
        listed = ", ".join(f'"{show(rule)}"' for rule in ended)
        confirm_loosening(app, "guard rules", f"these rules will guard no role any more: {listed}")
    return ended


def confirm_loosening(app: App, protection: str, notice: str) -> None:
    """Let the user type a word before a protection ends. Raises: Refused, UsageProblem."""
    try:
        type_loosening_word(notice)
    except Refused as error:
        caller = calling_process.find_caller()
        entry = journal.make_entry("refused", caller=caller, what=f"loosen {protection}")
        app.journal.try_append(entry)
        if isinstance(error, NoTerminal):
            raise UsageProblem(error.message, hint=error.hint) from error
        raise


def require_unchanged_profile(app: App, chosen: Profile) -> None:
    """Raise UsageProblem if the profile has another role by now.

    Call this after the last question, before the role is granted or handed out.
    """
    before, now = chosen.key.text, ""
    if chosen.name == before and chosen.assumed is None:
        return  # the user named an account and role, not a profile
    with suppress(SsoHelperError):
        found = selection.resolve_profile(app, chosen.name, chosen.session.name)
        if found._replace(region=chosen.region) == chosen:
            return
        now = found.key.text
    raise edited_profile_error(chosen.name, before, now)


def edited_profile_error(name: str, before: str, now: str) -> UsageProblem:
    more = f", and is {show(now)} now" if now not in ("", before) else ""
    return UsageProblem(
        f'the profile "{show(name)}" has been edited: it was {show(before)}{more}',
        hint="choose again",
    )
