"""Prints the rows of the command list: a table on a terminal, else tab-separated, or as JSON.

Scripts rely on the columns: SESSION comes last, and only if several sessions are listed. On a
terminal, columns for people only are added.
"""

import shutil
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from ssohelper.actions import favourites, roles
from ssohelper.app import App
from ssohelper.cli import colors, output
from ssohelper.cli.table import Cell, Narrowing
from ssohelper.core import guard_rules
from ssohelper.core.clock_text import ago_text
from ssohelper.core.instants import to_iso
from ssohelper.core.listing import ListedRole, Listing
from ssohelper.core.model import GUARD_SIGN, NEVER_USED, RoleKey, SsoSession, Usage
from ssohelper.core.text import show

_ROLE_HEADER = ("ACCOUNT ID", "ACCOUNT", "ROLE", "PROFILES")
_ACCOUNT_HEADER = ("ACCOUNT ID", "ACCOUNT", "ADDRESS", "ROLES")
_SESSION_HEADER = ("SESSION",)
_GUARDED_HEADER = ("GUARDED",)
_USED_HEADER = ("USED",)
_GUARDED_CELL = Cell(f"{GUARD_SIGN} guarded", colors.GUARDED)
# On a narrow terminal, rows of accounts have only the account's name cut; in rows of roles, the
# profiles are first cut or left out. Account id, role and session are shown whole, because only
# these three together tell two rows apart.
_ACCOUNT_NARROWING = Narrowing(cut=(1,))
_ROLE_NARROWING = Narrowing(cut=(3, 1), whole=(0, 2, 4, 5), drop=3)
# A terminal with fewer columns than this shows no last use, to have room for names.
_COLUMNS_WITH_USED = 100

# The listings to print, each with its session.
Listings = Sequence[tuple[SsoSession, Listing]]


class _Row(NamedTuple):
    """A role that `list` prints, in one row. `profiles` are the names of its profiles."""

    key: RoleKey
    role: ListedRole
    profiles: tuple[str, ...]
    is_guarded: bool
    usage: Usage


# -- printing roles as lines, JSON or a table ----------------------------------------------------


def print_roles(
    app: App, found: Listings, query: tuple[str, ...], *, has_several_sessions: bool
) -> None:
    """Print the roles that match the query; if none matches, say so on stderr."""
    rows = _find_matching_role_rows(app, found, query)
    if output.options().json:
        durations = {
            key: cached.life_seconds for key, cached in app.credentials.list_cached_credentials()
        }
        output.print_json([_role_json(row, durations.get(row.key)) for row in rows], app.warnings)
        return
    if query and not rows:
        _say_nothing_matches(query)
        return
    is_for_people = sys.stdout.isatty()
    shows_guarded = is_for_people and any(row.is_guarded for row in rows)
    shows_used = is_for_people and any(row.usage != NEVER_USED for row in rows)
    if shutil.get_terminal_size().columns < _COLUMNS_WITH_USED:
        shows_used = False
    now = app.clock.now()
    output.print_rows(
        (
            *_ROLE_HEADER,
            *_SESSION_HEADER * has_several_sessions,
            *_GUARDED_HEADER * shows_guarded,
            *_USED_HEADER * shows_used,
        ),
        [
            (
                row.key.account_id,
                row.role.account.name,
                row.key.role_name,
                ",".join(row.profiles),
                *(row.key.session_name,) * has_several_sessions,
                *(_GUARDED_CELL if row.is_guarded else "",) * shows_guarded,
                *(_last_use_cell(row.usage, now) if shows_used else "",) * shows_used,
            )
            for row in rows
        ],
        narrowing=_ROLE_NARROWING,
        may_drop_last=shows_used,
    )


def _last_use_cell(usage: Usage, now: int) -> str | Cell:
    """Return the table cell for a role's last use, with a star for a favourite: `★ 3h ago`."""
    ago = "" if usage.last_used_at is None else ago_text(now - usage.last_used_at, units=1)
    if usage.favourite:
        return Cell(f"★ {ago}".rstrip(), colors.FAVOURITE)
    return Cell(ago, colors.DIM)


def _find_matching_role_rows(app: App, found: Listings, query: tuple[str, ...]) -> list[_Row]:
    profiles = roles.find_profile_names_by_role(app, [session for session, _listing in found])
    used = favourites.load_usage_of_roles(app)
    rules = app.vault.policy.rules
    rows = []
    for session, listing in found:
        for role in listing.search_roles(query):
            key = RoleKey(session.name, role.account.id, role.role_name)
            is_guarded = guard_rules.is_guarded(rules, session.name, role.account, role.role_name)
            names = profiles.get(key, ())
            rows.append(_Row(key, role, names, is_guarded, used.get(key, NEVER_USED)))
    return rows


def _role_json(row: _Row, life_seconds: int | None) -> dict[str, Any]:
    last_used_at = row.usage.last_used_at
    return {
        "session": row.key.session_name,
        "account_id": row.key.account_id,
        "account_name": row.role.account.name,
        "account_email": row.role.account.email,
        "role_name": row.key.role_name,
        "profiles": list(row.profiles),
        "guarded": row.is_guarded,
        "favourite": row.usage.favourite,
        "last_used_at": last_used_at and to_iso(last_used_at),
        "session_duration_seconds": life_seconds,
    }


def _say_nothing_matches(query: tuple[str, ...]) -> None:
    words = show(" ".join(query))
    output.say(
        f'nothing in the saved list matches "{words}"; for a new list from AWS, add --refresh'
    )


# -- printing accounts as lines, JSON or a table -------------------------------------------------


def print_accounts(
    app: App, found: Listings, query: tuple[str, ...], *, has_several_sessions: bool
) -> None:
    """Print the accounts that match the query; if none matches, say so on stderr."""
    accounts = [
        (session.name, listed)
        for session, listing in found
        for listed in listing.search_accounts(query)
    ]
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
        output.print_json(data, app.warnings)
        return
    if query and not accounts:
        _say_nothing_matches(query)
        return
    output.print_rows(
        (*_ACCOUNT_HEADER, *_SESSION_HEADER * has_several_sessions),
        [
            (
                listed.account.id,
                listed.account.name,
                listed.account.email,
                ",".join(listed.roles),
                *(session_name,) * has_several_sessions,
            )
            for session_name, listed in accounts
        ],
        narrowing=_ACCOUNT_NARROWING,
    )
