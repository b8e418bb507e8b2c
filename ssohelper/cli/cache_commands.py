"""The commands `cache list` and `cache clear`: list saved files (without secrets), remove them."""

from typing import Any

import click

from ssohelper.actions import cache_contents
from ssohelper.actions.selection import resolve_session
from ssohelper.app import App
from ssohelper.cli import colors, output
from ssohelper.cli.table import Cell, Narrowing
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.text import count_text, show

# The session, and what the file is for, may be cut; the path is left out if not all fits.
_NARROWING = Narrowing(cut=(1, 2), extra=4)


@click.group("cache", cls=output.Group)
def cache_command_group() -> None:
    """List the saved files, or remove cached role credentials and listings.

    \b
    Examples:
      ssohelper cache list
      ssohelper cache clear --session corp
    """


@cache_command_group.command("list")
def list_cache(app: App) -> None:
    """List the files that ssohelper has saved, and when they expire. No secret is printed.

    \b
    Examples:
      ssohelper cache list --json
    """
    found = _find_cached_items(app, output.options().session)
    if output.print_if_json([_item_json(item) for item in found]):
        return
    if not found:
        output.say("nothing is saved")
        return
    now = app.clock.aws_now()
    rows = [
        (item.kind, item.session, item.what, _time_left_cell(item, now), item.path)
        for item in found
    ]
    header = ("kind", "session", "what", "lasts", "path")
    if output.print_rows(header, rows, _NARROWING):
        output.say("this terminal is too narrow for the paths: ssohelper cache list --json")


@cache_command_group.command("clear")
@click.option("--yes", is_flag=True, help="Remove without asking.")
def clear_cache(app: App, yes: bool) -> None:
    """Remove cached credentials and saved lists of roles; sign-ins stay.

    \b
    Examples:
      ssohelper cache clear --yes
      ssohelper cache clear --session corp --yes
    """
    session = output.options().session
    _find_cached_items(app, session)  # raises UsageProblem for an unknown session name
    whose = f'of the session "{show(session)}"' if session else "of all sessions"
    question = f"remove cached role credentials and saved lists of roles {whose}?"
    if not output.confirm(question, yes=yes, what="cache clear"):
        output.say(output.NOTHING_CHANGED)
        return
    removed = cache_contents.clear_cache(app, session)
    if not output.print_if_json({"removed": removed}):
        output.say(f"{count_text(removed, 'file')} removed")


def _find_cached_items(app: App, session: str | None) -> list[cache_contents.CachedItem]:
    """Return the saved files. Raises: UsageProblem for an unknown session."""
    found = cache_contents.list_cached_items(app, session)
    if session and not found:
        resolve_session(app, session)
    return found


def _item_json(item: cache_contents.CachedItem) -> dict[str, Any]:
    return {
        "kind": item.kind.replace(" ", "_").replace("-", "_"),
        "session": item.session,
        "account_id": item.key.account_id if item.key else None,
        "role_name": item.key.role_name if item.key else None,
        "chain": item.key.text if item.key and item.key.chain else None,
        "path": item.path,
        "expires_at": to_iso(item.expires_at) if item.expires_at is not None else None,
    }


def _time_left_cell(item: cache_contents.CachedItem, now: int) -> str | Cell:
    if item.expires_at is None:
        return "-"
    left = item.expires_at - now
    return colors.time_cell(duration_text(left) if left > 0 else "expired", left)
