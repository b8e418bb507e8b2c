"""The command list: the accounts and roles of all sessions, from saved lists if recent.

Scripts rely on the columns: SESSION comes last, and only for several sessions. A terminal gets
columns for people too.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import compress

import click

from ssohelper.actions import directory, roles, tokens
from ssohelper.app import App
from ssohelper.cli import choosing, colors, listing_progress, output
from ssohelper.cli.table import Cell, Narrowing
from ssohelper.core import guard_rules
from ssohelper.core.clock_text import ago_text
from ssohelper.core.instants import to_iso
from ssohelper.core.listing import ListedRole, Listing
from ssohelper.core.model import GUARD_SIGN, NEVER_USED, RoleKey, SsoSession, Usage
from ssohelper.core.pasted_text import find_named_rows
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, LoginRequired, SsoHelperError

_GUARDED_CELL = Cell(f"{GUARD_SIGN} guarded", colors.GUARDED)
# The listings to print, each with its session.
Listings = Sequence[tuple[SsoSession, Listing]]


@click.command("list", cls=output.Command)
@click.argument("query", nargs=-1, metavar="[QUERY]...")
@click.option("--accounts", is_flag=True, help="List accounts, each with its roles.")
@click.option(
    "--refresh", is_flag=True, help="Ask AWS for a new list, even if the saved one is recent."
)
@click.option("--detached", is_flag=True, hidden=True)
def list_roles(
    app: App, query: tuple[str, ...], accounts: bool, refresh: bool, detached: bool
) -> None:
    """List the accounts and roles you may use.

    \b
    Examples:
      ssohelper list                       everything, from the saved lists
      ssohelper list prod read             rows that contain both words
      ssohelper list prod '!read'          rows that contain the first and not the second
      ssohelper list --accounts --refresh  accounts, from AWS now
      ssohelper list | cut -f 1            for a shell loop: tab-separated, no header

    All sessions are listed; with --session only that one. A list is saved. It is fetched from AWS
    again when it is older than a day, and in the background after a new sign-in. A row matches
    QUERY when its account name, account id, email address and role name together contain every
    word, in any order; QUERY may also be an ARN, a URL or an error of AWS's that names it. If a
    session cannot be listed, a warning says so, the others are listed, and the exit code is that of
    the error.
    """
    sessions = choosing.find_sessions_to_list(app, output.options().session)
    if detached:  # this is the background process that refreshes a saved list
        directory.refresh_in_background(app, sessions[0])
        return
    found: list[tuple[SsoSession, Listing]] = []
    errors: list[SsoHelperError] = []
    for session in sessions:
        try:
            found.append((session, _fetch_listing(app, session, refresh, errors)))
        except SsoHelperError as error:
            errors.append(error)
            if len(sessions) > 1:
                app.warn(f'the roles of "{show(session.name)}" are not listed: {error.message}')
    if found:
        print_found = _print_accounts if accounts else print_roles
        print_found(app, found, query, has_several_sessions=len(sessions) > 1)
    if errors:
        raise max(errors, key=lambda error: error.exit_code)


def _fetch_listing(
    app: App, session: SsoSession, refresh: bool, errors: list[SsoHelperError]
) -> Listing:
    """If AWS does not answer, return the saved list, and add the error to `errors`."""
    try:
        found = listing_progress.fetch_listing(app, session, refresh=refresh)
    except (AwsUnreachable, LoginRequired) as error:
        saved = directory.load_listing(app, session)
        if saved is None or refresh:
            raise
        days = (app.clock.now() - saved.listed_at) // 86400
        age = f"{days} days ago" if days > 1 else "yesterday"
        app.warn(f'this list of "{show(session.name)}" is from {age}: {error.message}')
        errors.append(error)
        return saved
    if directory.precedes_sign_in(app, session, found):
        what = f'this list of "{session.name}" was saved before you signed in'
        if tokens.may_renew_in_background(app):
            directory.start_refresh_process(app, session)
            app.warn(f"{what}; a new one is fetched in the background: run ssohelper list again")
        else:
            app.warn(f"{what}; for a new one: ssohelper list --refresh --session {session.name}")
    return found


def print_roles(
    app: App, found: Listings, query: tuple[str, ...], *, has_several_sessions: bool
) -> None:
    profiles = roles.find_profile_names(app, [session for session, _listing in found])
    used = app.usage.load_all()
    rules = app.vault.policy.rules
    rows = []
    for session, role in _search_roles(found, query, profiles):
        key = RoleKey(session.name, role.account.id, role.role_name)
        is_guarded = guard_rules.is_guarded(rules, session.name, role.account, role.role_name)
        rows.append((key, role.account, is_guarded, used.get(key, NEVER_USED)))
    if output.options().json:
        cached = app.credentials.list_cached_credentials()
        lives = {key: credentials.life_seconds for key, credentials in cached}
        data = [
            {
                **key.json_fields,
                "account_name": account.name,
                "account_email": account.email,
                "profiles": list(profiles.get(key, ())),
                "guarded": is_guarded,
                "favourite": usage.favourite,
                "last_used_at": usage.last_used_at and to_iso(usage.last_used_at),
                "session_duration_seconds": lives.get(key),
            }
            for key, account, is_guarded, usage in rows
        ]
        output.print_json(data)
        return
    is_for_people, now = sys.stdout.isatty(), app.clock.now()
    shows_guarded = is_for_people and any(row[2] for row in rows)
    shows_used = is_for_people and any(row[3] != NEVER_USED for row in rows)
    header = ["ACCOUNT ID", "ACCOUNT", "ROLE", "PROFILES", "SESSION", "GUARDED", "USED"]
    is_shown = [*[True] * 4, has_several_sessions, shows_guarded, shows_used]
    # On a narrow terminal the profiles are cut or left out, and the account's name is cut. Account id,
    # role and session stay whole: only together do they tell two rows apart.
    last = sum(is_shown) - 1 if shows_used else None
    cells = (
        (
            *(key.account_id, account.name, key.role_name, ",".join(profiles.get(key, ()))),
            *(key.session_name, _GUARDED_CELL if is_guarded else "", _last_use_cell(usage, now)),
        )
        for key, account, is_guarded, usage in rows
    )
    shown = [list(compress(row, is_shown)) for row in cells]
    narrowing = Narrowing(cut=(3, 1), drop=3, extra=last)
    _print_rows(query, list(compress(header, is_shown)), shown, narrowing)


def _search_roles(
    found: Listings, query: tuple[str, ...], profiles: Mapping[RoleKey, Sequence[str]]
) -> list[tuple[SsoSession, ListedRole]]:
    """Return the roles that match or, if none does, those that QUERY names as a pasted text."""

    def search(words: tuple[str, ...]) -> list[tuple[SsoSession, ListedRole]]:
        return [(one, role) for one, listing in found for role in listing.search_roles(words)]

    matching = search(query)
    if matching or not query:
        return matching
    every = search(())
    keys = [RoleKey(one.name, role.account.id, role.role_name) for one, role in every]
    numbers = find_named_rows(
        " ".join(query),
        [key.account_id for key in keys],
        [key.role_name for key in keys],
        [" ".join(profiles.get(key, ())) for key in keys],
    )
    return [every[number] for number in numbers]


def _last_use_cell(usage: Usage, now: int) -> Cell:
    ago = "" if usage.last_used_at is None else ago_text(now - usage.last_used_at, units=1)
    if usage.favourite:
        return Cell(f"★ {ago}".rstrip(), colors.FAVOURITE)
    return Cell(ago, colors.DIM)


def _print_accounts(
    app: App, found: Listings, query: tuple[str, ...], *, has_several_sessions: bool
) -> None:
    accounts = [
        (session.name, listed)
        for session, listing in found
        for listed in listing.search_accounts(query)
    ]
    if query and not accounts:
        profiles = roles.find_profile_names(app, [session for session, _listing in found])
        named = {(one.name, role.account) for one, role in _search_roles(found, query, profiles)}
        every = [(one.name, listed) for one, listing in found for listed in listing.accounts]
        accounts = [each for each in every if (each[0], each[1].account) in named]
    if output.options().json:
        data = [
            {
                "session": session_name,
                "account_id": listed.account.id,
                "account_name": listed.account.name,
                "account_email": listed.account.email,
                "roles": list(listed.roles),
            }
            for session_name, listed in accounts
        ]
        output.print_json(data)
        return
    shown = slice(5 if has_several_sessions else 4)
    rows = [(*one.account, ",".join(one.roles), session)[shown] for session, one in accounts]
    header = ("ACCOUNT ID", "ACCOUNT", "ADDRESS", "ROLES", "SESSION")[shown]
    _print_rows(query, header, rows, Narrowing(cut=(1,)))


def _print_rows(
    query: tuple[str, ...],
    header: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    narrowing: Narrowing,
) -> None:
    if rows or not query:
        output.print_rows(header, rows, narrowing)
    else:
        what = f'nothing in the saved list matches "{show(" ".join(query))}"'
        output.say(f"{what}; for a new list from AWS, add --refresh")
