"""profile sync, list, show, add, rm, undo: what stands in ~/.aws/config, shown before it changes."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from ssohelper.actions import directory, profiles, selection
from ssohelper.actions.directory import Progress
from ssohelper.actions.profiles import Found, Said
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.choices import FORMS
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import show

_HEADER = ("PROFILE", "SESSION", "ACCOUNT ID", "ROLE", "FORM", "MANAGED")
_SECRET_WORDS = ("secret", "token", "password")
_SHOWN_SKIPS = 10


@click.group()
@output.common_options
def profile() -> None:
    """Write, list, add, remove or undo profiles in ~/.aws/config.

    \b
    Examples:
      ssohelper profile sync                          a profile for each role
      ssohelper profile sync --account 'pay*' --role ReadOnlyAccess
      ssohelper profile add payments-prod/Admin --name prod
      ssohelper profile undo
    """


@profile.command()
@click.option("--account", "accounts", multiple=True, metavar="GLOB", help="By name or id; !GLOB.")
@click.option("--role", "roles", multiple=True, metavar="GLOB", help="By role name; !GLOB.")
@click.option("--form", type=click.Choice(FORMS), help="process, or sso for hosts without us.")
@click.option("--name-template", metavar="T", help="Default: {account_name}.{role_name}")
@click.option("--default-region", metavar="R", help="The region of new profiles.")
@click.option("--rename", is_flag=True, help="Give profiles the names they would get today.")
@click.option("--prune", is_flag=True, help="Remove managed profiles whose role is gone.")
@click.option("--refresh", is_flag=True, help="Ask AWS, even when the saved list is young.")
@click.option("--dry-run", is_flag=True, help="Print the diff only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.common_options
def sync(
    accounts: tuple[str, ...],
    roles: tuple[str, ...],
    form: str | None,
    name_template: str | None,
    default_region: str | None,
    rename: bool,
    prune: bool,
    refresh: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Write profiles for all (or filtered) roles: shows a diff, asks, writes.

    \b
    Examples:
      ssohelper profile sync                    repeats your last filters, names and form
      ssohelper profile sync --dry-run          the diff alone
      ssohelper profile sync --role 'Read*' --account '!*sandbox*' --yes
      ssohelper profile sync --form sso         profiles that work where ssohelper is not
      ssohelper profile sync --prune            also removes profiles whose role is gone

    What you wrote yourself is never changed, and a written name never moves.
    """
    app = output.app()
    session = selection.session_of(app, output.talk().session)
    said = Said(accounts, roles, name_template, form, default_region)
    choices = profiles.choices_for(app, session, said)
    with _progress() as progress:
        listing = directory.listing(app, session, refresh=refresh or prune, progress=progress)
    plan = profiles.plan_sync(
        app,
        session,
        listing,
        choices,
        convert=form is not None,
        rename=rename,
        prune=prune,
        narrowed=bool(accounts or roles),
    )
    if dry_run:
        _print_plan(app, plan)
    else:
        _write(app, plan, yes=yes, what="profile sync")


@profile.command("list")
@output.common_options
def list_profiles() -> None:
    """Print the profiles in ~/.aws/config and the roles they point at.

    \b
    Examples:
      ssohelper profile list
      ssohelper profile list --session corp --json
    """
    app = output.app()
    wanted = output.talk().session
    found = [
        item
        for item in profiles.found_profiles(app)
        if wanted is None or (item.target is not None and item.target.session_name == wanted)
    ]
    if output.talk().json:
        output.print_json([_document(item) for item in found], app.warnings)
    else:
        output.print_rows(_HEADER, [_row(item) for item in found])


@profile.command("show")
@click.argument("name", metavar="PROFILE")
@output.common_options
def show_profile(name: str) -> None:
    """Print one profile: its role, its keys, and where it stands. Secrets are left out.

    \b
    Examples:
      ssohelper profile show payments-prod.ReadOnlyAccess
    """
    app = output.app()
    found = {item.entry.name: item for item in profiles.found_profiles(app)}
    if name not in found:
        raise output.unknown_name("profile", name, found, "ssohelper profile list")
    item = found[name]
    keys = {key: _shown(key, value) for key, value in item.entry.keys.items()}
    place = f"{app.aws_config_file}:{item.entry.line}"
    if output.talk().json:
        output.print_json({**_document(item), "keys": keys, "place": place}, app.warnings)
        return
    rows = [(key.lower(), text) for key, text in zip(_HEADER, _row(item), strict=True)]
    rows += [("place", place), *((f"key {key}", value) for key, value in keys.items())]
    output.print_rows(("WHAT", "VALUE"), rows)


@profile.command()
@click.argument("role", metavar="[SESSION:]ACCOUNT/ROLE")
@click.option("--name", metavar="NAME", help="The profile's name; default: by the template.")
@click.option("--form", type=click.Choice(FORMS), help="process, or sso for hosts without us.")
@click.option("--region", metavar="R", help="The profile's region.")
@click.option("--dry-run", is_flag=True, help="Print the diff only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.common_options
def add(
    role: str, name: str | None, form: str | None, region: str | None, dry_run: bool, yes: bool
) -> None:
    """Add a profile for one role, also one that was removed.

    \b
    Examples:
      ssohelper profile add payments-prod/ReadOnlyAccess
      ssohelper profile add corp:001234567890/Admin --name prod-admin --region eu-west-1
    """
    app = output.app()
    wanted = selection.profile_of(app, role, output.talk().session)
    session = wanted.session
    choices = profiles.choices_for(app, session, Said(form=form, default_region=region))
    with _progress() as progress:
        listing = directory.listing(app, session, progress=progress)
    plan = profiles.plan_add(app, session, listing, choices, wanted.role, name)
    if dry_run:
        _print_plan(app, plan)
    else:
        _write(app, plan, yes=yes, what="profile add")


@profile.command()
@click.argument("names", nargs=-1, required=True, metavar="PROFILE...")
@click.option("--dry-run", is_flag=True, help="Print the diff only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.common_options
def rm(names: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Remove managed profiles; sync does not bring them back, add does.

    \b
    Examples:
      ssohelper profile rm payments-prod.ReadOnlyAccess
    """
    app = output.app()
    found = profiles.managed_of(app, names)
    _show_diff(profiles.removal_diff(app, found), dry_run)
    removed = [item.entry.name for item in found]
    if not dry_run and _asked(app, f"{_count(len(removed))} to remove", yes, "profile rm"):
        profiles.remove(app, found)
        output.say(f"removed {_count(len(removed))}; take it back with: ssohelper profile undo")
    if output.talk().json:
        output.print_json({"remove": removed}, app.warnings)


@profile.command()
@click.option("--dry-run", is_flag=True, help="Print the diff only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.common_options
def undo(dry_run: bool, yes: bool) -> None:
    """Put ~/.aws/config back as it was before the last writing command.

    \b
    Examples:
      ssohelper profile undo --dry-run
      ssohelper profile undo --yes

    If somebody edited the file since, only what was written then is taken back.
    """
    app = output.app()
    version = profiles.last_write(app)
    lines = list(profiles.undo_diff(app, version))
    _show_diff(lines, dry_run)
    if not dry_run and _asked(app, "the last write is taken back", yes, "profile undo"):
        profiles.undo(app, version)
        output.say(f"put back: {show(str(app.aws_config_file))}")
    if output.talk().json:
        output.print_json({"diff": lines}, app.warnings)


# -- pieces --------------------------------------------------------------------------------------


def _print_plan(app: App, plan: Plan) -> None:
    """Print the diff, or the plan as JSON; nothing is written and nothing remembered."""
    if output.talk().json:
        output.print_json(_plan_document(plan), app.warnings)
        return
    _show_diff(profiles.diff(app, plan), on_stdout=True)
    _say_rest(plan)


def _write(app: App, plan: Plan, *, yes: bool, what: str) -> None:
    """Show the diff, ask, write; a plan without changes only remembers what was chosen."""
    if not plan.changes:
        profiles.remember(app, plan)
        output.say("nothing to change")
    else:
        _show_diff(profiles.diff(app, plan), on_stdout=False)
        if not _asked(app, _summary(plan), yes, what):
            output.say("nothing was written")
            return
        profiles.apply(app, plan)
        output.say(f"{_summary(plan, done=True)}; take it back with: ssohelper profile undo")
    _say_rest(plan)
    if output.talk().json:
        output.print_json(_plan_document(plan), app.warnings)


def _asked(app: App, summary: str, yes: bool, what: str) -> bool:
    question = f"{summary} — write {show(str(app.aws_config_file))}?"
    return output.confirm(question, yes=yes, what=what)


def _summary(plan: Plan, *, done: bool = False) -> str:
    kinds = [
        (len(plan.add), "added" if done else "to add"),
        (len(plan.change), "changed" if done else "to change"),
        (len(plan.remove), "removed" if done else "to remove"),
    ]
    parts = [f"{count} {kind}" for count, kind in kinds if count]
    if not parts:
        return f'the session "{plan.wish.session.name}"' + (" written" if done else " to write")
    first, *rest = parts
    number, _, words = first.partition(" ")
    return ", ".join([f"{_count(int(number))} {words}", *rest])


def _count(number: int) -> str:
    return "1 profile" if number == 1 else f"{number} profiles"


def _say_rest(plan: Plan) -> None:
    """Say what was left alone, and why."""
    for skipped in plan.skipped[:_SHOWN_SKIPS]:
        output.say(f'skipped "{show(skipped.name)}": {show(skipped.reason)}')
    if len(plan.skipped) > _SHOWN_SKIPS:
        output.say(f"and {len(plan.skipped) - _SHOWN_SKIPS} more: see --dry-run --json")
    left = len(plan.stale) - len(plan.remove)
    if left:
        names = "whose role is gone; remove with: ssohelper profile sync --prune"
        output.say(f"{_count(left)} left {names}")


def _plan_document(plan: Plan) -> dict[str, Any]:
    return {
        "add": list(plan.add),
        "change": [change._asdict() for change in plan.change],
        "remove": list(plan.remove),
        "stale": list(plan.stale),
        "skipped": [skipped._asdict() for skipped in plan.skipped],
    }


def _show_diff(lines: Iterable[str], on_stdout: bool) -> None:
    """Print a diff: as data when it is what was asked for, else as talk before a question."""
    if output.talk().json:
        return
    tell: Callable[[str], None] = output.echo if on_stdout else output.say
    text = "\n".join(show(line) for line in lines)
    if text:
        tell(text)


def _row(item: Found) -> tuple[str, ...]:
    target = item.target
    managed = "yes" if item.entry.managed else "no"
    if target is None:
        return (item.entry.name, "", "", "", "", managed)
    role = target.role
    session = target.session_name or ""
    return (item.entry.name, session, role.account_id, role.name, target.form, managed)


def _document(item: Found) -> dict[str, Any]:
    target = item.target
    return {
        "name": item.entry.name,
        "session": target.session_name if target else None,
        "account_id": target.role.account_id if target else None,
        "role_name": target.role.name if target else None,
        "form": target.form if target else None,
        "region": item.entry.keys.get("region"),
        "managed": item.entry.managed,
    }


def _shown(key: str, value: str) -> str:
    return "(not shown)" if any(word in key for word in _SECRET_WORDS) else value.strip()


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Give a bar on a terminal's stderr; elsewhere nothing."""
    if not sys.stderr.isatty() or output.talk().json:
        yield None
        return
    from ssohelper.cli import progress

    with progress.bar("listing accounts") as step:
        yield step
