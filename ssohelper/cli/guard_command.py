"""The command guard: shows which roles are guarded, and grants one for a limited time."""

from typing import Any

import click

from ssohelper.actions import guards
from ssohelper.actions.flows import grant
from ssohelper.app import App
from ssohelper.cli import choosing, guarding, output
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core.grants import Grant
from ssohelper.core.instants import duration_text, parse_duration, to_iso
from ssohelper.core.text import shortened_name_list, show
from ssohelper.errors import UsageProblem


@click.group("guard", cls=output.Group)
def guard_command_group() -> None:
    """Hand out guarded roles on purpose, and for a short time only.

    \b
    Examples:
      ssohelper guard list
      ssohelper guard grant payments-prod.Admin --reason "INC-4711"
      ssohelper guard revoke --all

    The setting guard.rules names the guarded roles. A guard stops mistakes, and scripts that use
    the wrong role; it does not stop a hostile program that runs as you.
    """


@guard_command_group.command("grant")
@click.argument("profile", required=False)
@click.option(
    "--reason", required=True, metavar="TEXT", help="The reason, which goes into the journal."
)
@click.option(
    "--for",
    "duration",
    default="30m",
    show_default=True,
    metavar="DURATION",
    help="How long the grant lasts; at most 60m.",
)
@click.option("--all-terminals", is_flag=True, help="Grant the role in all of your terminals.")
def grant_role(
    app: App, profile: str | None, reason: str, duration: str, all_terminals: bool
) -> None:
    """Allow a guarded role to be handed out for a while.

    \b
    Examples:
      ssohelper guard grant payments-prod.Admin --reason "INC-4711"
      ssohelper guard grant payments-prod/Admin --reason deploy --for 10m

    You type the account's name to confirm the grant. It counts in this terminal, until the time is
    over or the machine restarts. Granting again can only extend the grant. When it ends, programs
    keep the credentials that they have, and get no new ones.
    """
    seconds = int(parse_duration(duration) or 0)
    chosen = choosing.choose_profile(profile)
    if app.vault.find_guarding_rule(chosen.key) is None:
        raise UsageProblem(
            f"no rule guards {chosen.key.text}", hint="see the rules with: ssohelper guard list"
        )
    [made] = grant.ask_for_grants(
        app,
        TerminalDialogue(),
        [chosen.key],
        reason,
        seconds,
        on_all_terminals=all_terminals,
        check_role=lambda: guarding.require_unchanged_profile(app, chosen),
    )
    if not output.print_if_json(_grant_json(app, made)):
        where = "in your terminals" if all_terminals else "in this terminal"
        output.echo(f"granted {where} for {duration_text(seconds)}: {show(made.key.text)}")


@guard_command_group.command("revoke")
@click.argument("profile", required=False)
@click.option("--all", "is_all", is_flag=True, help="End all grants, in all terminals.")
def revoke_grants(app: App, profile: str | None, is_all: bool) -> None:
    """End grants before their time.

    \b
    Examples:
      ssohelper guard revoke payments-prod.Admin
      ssohelper guard revoke --all

    Programs keep the credentials that they have, and get no new ones.
    """
    if is_all == bool(profile):
        raise UsageProblem(
            "revoke needs either a profile or --all",
            hint="see the grants with: ssohelper guard list",
        )
    ended = guards.revoke_grants(app, None if is_all else choosing.choose_profile(profile).key)
    if output.print_if_json([_grant_json(app, one) for one in ended]):
        return
    for one in ended:
        output.echo(f"revoked: {show(one.key.text)}")
    if not ended:
        output.say("there was no grant to revoke")


@guard_command_group.command("list")
def list_guards(app: App) -> None:
    """Show the guard rules in force, and the grants that last.

    \b
    Examples:
      ssohelper guard list
      ssohelper guard list --json
    """
    rules, given = guards.list_guard_rules(app), app.grants.list_for_all_terminals()
    here, escaping = app.grants.list_in_force(), guards.find_escaping_profiles(app)
    data = {
        "rules": [
            {"rule": one.text, "configured": one.is_configured, "roles": one.matches}
            for one in rules
        ],
        "escaping_profiles": escaping,
        "grants": [{**_grant_json(app, one), "counts_here": one in here} for one in given],
    }
    if output.print_if_json(data):
        return
    if not rules:
        output.say("no role is guarded; guard some with: ssohelper config set guard.rules RULE…")
    rows = [(show(one.text), str(one.matches), _guard_rule_note(app, one)) for one in rules]
    if rows:
        output.print_rows(("rule", "roles", "note"), rows)
    if escaping:
        names = shortened_name_list([show(name, 80) for name in escaping], 20)
        output.say(f"without ssohelper, SDKs get guarded roles by: {names}; see: ssohelper doctor")
    if any(not one.is_configured for one in rules):
        output.say(
            "a rule that was removed from the settings file stays in force until you confirm with: "
            "ssohelper config set guard.rules RULE…"
        )
    for one in given:
        left = duration_text(one.ends_at - app.clock.now())
        where = "" if one in here else "in another terminal "
        output.echo(f"granted {where}for {left} more: {show(one.key.text)} ({show(one.reason)})")


def _guard_rule_note(app: App, rule: guards.Rule) -> str:
    notes = [] if rule.matches else ["guards no role of the saved lists"]
    if rule.text in app.company_policy.guard_rules:
        notes.append("of the company's policy")
    elif not rule.is_configured:
        notes.append("no longer in the settings file")
    return ", ".join(notes)


def _grant_json(app: App, found: Grant) -> dict[str, Any]:
    return {
        **found.key.json_fields,
        "reason": found.reason,
        "granted_at": to_iso(found.granted_at),
        "ends_at": to_iso(found.ends_at),
        "all_terminals": found.session is None,
        "left_seconds": max(0, found.ends_at - app.clock.now()),
    }
