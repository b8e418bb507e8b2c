"""Checks the record of how the user wants the list of roles: tree or flat, order, folds, filters.

The first paint of the full screen needs this module, so it imports little.
"""

from typing import Any

from ssohelper.core.model import ACCOUNT_ID, SESSION_NAME
from ssohelper.core.role_tree import MOST_EXCEPTIONS, SORTS, AccountKey, View
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import Damaged

VERSION = 1


def view(found: dict[str, Any]) -> View:
    """Return the view in the record."""
    if found.get("version") != VERSION:
        raise Damaged("version")
    if found.get("sort") not in SORTS:
        raise Damaged("sort")
    session = found.get("only_session")
    lines = fields.rows(found.get("exceptions"), "exceptions", MOST_EXCEPTIONS)
    return View(
        fields.boolean(found.get("flat"), "flat"),
        found["sort"],
        fields.boolean(found.get("all_folded"), "all_folded"),
        frozenset(map(_account, lines)),
        None if session is None else fields.matching(session, "only_session", SESSION_NAME),
        fields.boolean(found.get("only_favourites"), "only_favourites"),
    )


def document_of(view: View) -> dict[str, Any]:
    """Return the view as the JSON object that is written to its file."""
    return {
        "version": VERSION,
        "flat": view.is_flat,
        "sort": view.sort,
        "all_folded": view.all_folded,
        "exceptions": sorted(map(list, view.exceptions)),
        "only_session": view.only_session,
        "only_favourites": view.only_favourites,
    }


def _account(line: object) -> AccountKey:
    values = fields.rows(line, "exceptions", 2)
    if len(values) != 2:
        raise Damaged("exceptions")
    return AccountKey(
        fields.matching(values[0], "exceptions", SESSION_NAME),
        fields.matching(values[1], "exceptions", ACCOUNT_ID),
    )
