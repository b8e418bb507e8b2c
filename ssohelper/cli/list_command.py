"""The command list: the accounts and roles of all sessions, from saved lists if they are recent."""

from collections.abc import Iterable

import click

from ssohelper.actions import directory, tokens
from ssohelper.app import App
from ssohelper.cli import choosing, list_output, listing_progress, output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, LoginRequired, SsoHelperError


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
      ssohelper list                       everything, from the saved lists
      ssohelper list prod read             rows that contain both words
      ssohelper list prod '!read'          rows that contain the first and not the second
      ssohelper list --accounts --refresh  accounts, from AWS now
      ssohelper list | cut -f 1            for a shell loop: tab-separated, no header

    All sessions are listed; with --session only that one. A list is saved. It is fetched from AWS
    again when it is older than a day, and in the background after a new sign-in. A row matches
    QUERY when its account name, account id, email address and role name together contain every
    word, in any order. If a session cannot be listed, a warning says so, the others are listed,
    and the exit code is that of the error.
    """
    app = output.get_app()
    sessions = choosing.find_sessions_to_list(app, output.options().session)
    if detached:  # this is the background process that refreshes a saved list
        directory.refresh_listing_in_this_process(app, sessions[0])
        return
    found, errors = _fetch_or_load_listings(app, sessions, refresh)
    if accounts:
        list_output.print_accounts(app, found, query, has_several_sessions=len(sessions) > 1)
    else:
        list_output.print_roles(app, found, query, has_several_sessions=len(sessions) > 1)
    if errors:
        raise _worst_error(errors)


def _fetch_or_load_listings(
    app: App, sessions: list[SsoSession], refresh: bool
) -> tuple[list[tuple[SsoSession, Listing]], list[SsoHelperError]]:
    """Return the listings of the sessions, and the errors of sessions that AWS did not list now.

    Raises: the worst of these errors if no session could be listed.
    """
    found: list[tuple[SsoSession, Listing]] = []
    errors: list[SsoHelperError] = []
    for session in sessions:
        try:
            listing, error = _fetch_or_load_listing(app, session, refresh)
        except SsoHelperError as cause:
            errors.append(cause)
            if len(sessions) > 1:
                app.warn(f'the roles of "{show(session.name)}" are not listed: {cause.message}')
            continue
        found.append((session, listing))
        errors += [error] if error else []
    if not found:
        raise _worst_error(errors)
    return found, errors


def _worst_error(errors: Iterable[SsoHelperError]) -> SsoHelperError:
    """Return the error with the highest exit code; the first one if several have the same."""
    return max(errors, key=lambda error: error.exit_code)


def _fetch_or_load_listing(
    app: App, session: SsoSession, refresh: bool
) -> tuple[Listing, SsoHelperError | None]:
    """Return the roles that AWS lists; if AWS does not answer, the saved list, and the error."""
    try:
        found = listing_progress.fetch_listing(app, session, refresh=refresh)
    except (AwsUnreachable, LoginRequired) as error:
        saved = directory.load_listing(app, session)
        if saved is None or refresh:
            raise
        age = _days_ago(app.clock.now() - saved.listed_at)
        app.warn(f'this list of "{show(session.name)}" is from {age}: {error.message}')
        return saved, error
    if directory.is_listing_of_earlier_sign_in(app, session, found):
        _refresh_outdated_list(app, session)
    return found, None


def _refresh_outdated_list(app: App, session: SsoSession) -> None:
    """Refresh the saved list in the background; warn that the printed list may be outdated."""
    what = f'this list of "{session.name}" was saved before you signed in'
    if tokens.may_renew_in_background(app):
        directory.start_listing_refresh_process(app, session)
        app.warn(f"{what}; a new one is fetched in the background: run ssohelper list again")
    else:
        app.warn(f"{what}; for a new one: ssohelper list --refresh --session {session.name}")


def _days_ago(seconds: int) -> str:
    days = max(1, seconds // 86400)
    return "yesterday" if days == 1 else f"{days} days ago"
