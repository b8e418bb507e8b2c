"""Asks the user before a guarded role is granted."""

from contextlib import suppress

import click

from ssohelper.actions import guards, selection
from ssohelper.actions.flows import grant
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core.instants import duration_text
from ssohelper.core.model import Profile
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError, UsageProblem

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
    grant.ensure_grants(
        app,
        TerminalDialogue(),
        [profile.key],
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
