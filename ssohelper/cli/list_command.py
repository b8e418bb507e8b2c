"""The command list: the accounts and roles of a session, from the saved list if it is recent."""

import sys
from typing import Any

import click

from ssohelper.actions import directory, favourites, roles
from ssohelper.app import App
from ssohelper.cli import choosing, listing_progress, output
from ssohelper.core import guard_rules
from ssohelper.core.instants import to_iso
from ssohelper.core.listing import ListedRole, Listing
from ssohelper.core.model import NEVER_USED, RoleKey, SsoSession, Usage
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, LoginRequired, SsoHelperError

_ROLE_HEADER = ("ACCOUNT ID", "ACCOUNT", "ROLE", "PROFILES")
_GUARDED_HEADER = "GUARDED"
_ACCOUNT_HEADER = ("ACCOUNT ID", "ACCOUNT", "ADDRESS", "ROLES")


@click.command("list")
@click.argument("query", nargs=-1, metavar="[QUERY]...")
@click.option("--accounts", is_flag=True, help="List accounts, each with its roles.")
@click.option(
    "--refresh", is_flag=True, help="Ask AWS for a new list, even if the saved one is recent."
)
@click.option("--detached", is_flag=True, hidden=True)
@output.common_options
def list_roles(query: tuple[str, ...], accounts: bool, refresh: bool, detached: bool) -> None:
    """List the accounts and roles you may use.

    \b
    Examples:
      ssohelper list                       everything, from the saved list
      ssohelper list prod read             rows that contain both words
      ssohelper list prod '!read'          rows that contain the first and not the second
      ssohelper list --accounts --refresh  accounts, from AWS now
      ssohelper list | cut -f 1            for a shell loop: tab-separated, no header

    The list is saved. It is fetched from AWS again when it is older than a day, and in the
    background after a new sign-in. A row matches QUERY when its account name, account id, email
    address and role name together contain every word, in any order.
    """
    app = output.get_app()
    session = choosing.choose_session(output.options().session)
    if detached:  # this process was started by start_background_refresh
        directory.refresh_listing_in_this_process(app, session)
        return
    found, error = _fetch_or_load_listing(app, session, refresh)
    if accounts:
        _print_accounts(app, session, found, query)
    else:
        _print_roles(app, session, found, query)
    if error:
        raise error


def _fetch_or_load_listing(
    app: App, session: SsoSession, refresh: bool
) -> tuple[Listing, SsoHelperError | None]:
    """Return the listing, or if AWS cannot be asked, the saved one and the error to exit with."""
    try:
        with listing_progress.show_listing_progress() as progress:
            found = directory.fetch_listing(app, session, refresh=refresh, progress=progress)
    except (AwsUnreachable, LoginRequired) as error:
        saved = directory.load_listing(app, session)
        if saved is None or refresh:
            raise
        app.warn(
            f"this list is from {_days_ago(app.clock.now() - saved.listed_at)}: {error.message}"
        )
        return saved, error
    if directory.is_listing_of_earlier_sign_in(app, session, found):
        _refresh_outdated_list(app, session)
    return found, None


def _refresh_outdated_list(app: App, session: SsoSession) -> None:
    """Refresh the list in the background; warn that the printed one is of an earlier sign-in."""
    what = f'this list of "{session.name}" is from before the present sign-in'
    if app.settings.get("renew_ahead"):
        directory.start_listing_refresh_process(app, session)
        app.warn(f"{what}; the next ssohelper list will show a new one")
    else:
        app.warn(f"{what}; for a new one: ssohelper list --refresh --session {session.name}")


def _days_ago(seconds: int) -> str:
    days = max(1, seconds // 86400)
    return "yesterday" if days == 1 else f"{days} days ago"


def _say_nothing_matches(query: tuple[str, ...]) -> None:
    words = show(" ".join(query))
    output.say(f'nothing matches "{words}" in the saved list; for a list from AWS, add --refresh')


# -- printing roles ------------------------------------------------------------------------------


def _print_roles(app: App, session: SsoSession, found: Listing, query: tuple[str, ...]) -> None:
    rows = found.search_roles(query)
    profiles = roles.find_profiles_by_role(app, [session])
    rules = app.vault.policy.rules
    guarded = {
        row
        for row in rows
        if guard_rules.is_guarded(rules, session.name, row.account, row.role_name)
    }
    if output.options().json:
        durations = {key: cached.life_seconds for key, cached in app.credentials.list_entries()}
        used = favourites.load_usage_of_roles(app)
        data = [
            _role_json(session, row, profiles, durations, used, guarded=row in guarded)
            for row in rows
        ]
        output.print_json(data, app.warnings)
        return
    if query and not rows:
        _say_nothing_matches(query)
        return
    # The column GUARDED is shown on a terminal only: scripts rely on the number of columns.
    shows_guarded = bool(guarded) and sys.stdout.isatty()
    header = (*_ROLE_HEADER, _GUARDED_HEADER) if shows_guarded else _ROLE_HEADER
    output.print_rows(
        header,
        [
            (
                row.account.id,
                row.account.name,
                row.role_name,
                ",".join(profiles.get(RoleKey(session.name, row.account.id, row.role_name), ())),
                f"{guard_rules.SIGN} guarded" if row in guarded else "",
            )[: len(header)]
            for row in rows
        ],
    )


def _role_json(
    session: SsoSession,
    row: ListedRole,
    profiles: dict[RoleKey, tuple[str, ...]],
    durations: dict[RoleKey, int],
    used: dict[RoleKey, Usage],
    *,
    guarded: bool,
) -> dict[str, Any]:
    key = RoleKey(session.name, row.account.id, row.role_name)
    usage_of_role = used.get(key, NEVER_USED)
    last_used_at = usage_of_role.last_used_at
    return {
        "session": session.name,
        "account_id": row.account.id,
        "account_name": row.account.name,
        "account_email": row.account.email,
        "role_name": row.role_name,
        "profiles": list(profiles.get(key, ())),
        "guarded": guarded,
        "favourite": usage_of_role.favourite,
        "last_used_at": last_used_at and to_iso(last_used_at),
        "session_duration_seconds": durations.get(key),
    }


# -- printing accounts ---------------------------------------------------------------------------


def _print_accounts(app: App, session: SsoSession, found: Listing, query: tuple[str, ...]) -> None:
    accounts = found.search_accounts(query)
    if output.options().json:
        data = [
            {
                "session": session.name,
                "account_id": listed.account.id,
                "account_name": listed.account.name,
                "account_email": listed.account.email,
                "roles": list(listed.roles),
            }
            for listed in accounts
        ]
        output.print_json(data, app.warnings)
        return
    if query and not accounts:
        _say_nothing_matches(query)
        return
    output.print_rows(
        _ACCOUNT_HEADER,
        [
            (listed.account.id, listed.account.name, listed.account.email, ",".join(listed.roles))
            for listed in accounts
        ],
    )
