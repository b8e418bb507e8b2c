"""Checks the records of the role list's view (tree or flat, order, folds, filters) and saved views.

The first paint of the full screen needs this module, so it imports little.
"""

from typing import Any

from ssohelper.core.model import ACCOUNT_ID, SESSION_NAME
from ssohelper.core.role_tree import (
    MOST_EXCEPTIONS,
    MOST_SAVED,
    OTHERS_KEY,
    SORTS,
    VIEW_NAME,
    AccountKey,
    RoleListView,
    SavedView,
)
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import Damaged

VERSION = 1
_LONGEST_QUERY = 200


def parse_list_view(document: dict[str, Any]) -> RoleListView:
    """Return the view of the role list that the JSON object `document` describes."""
    if document.get("version") != VERSION:
        raise Damaged("version")
    if document.get("sort") not in SORTS:
        raise Damaged("sort")
    session = document.get("only_session")
    lines = fields.checked_list(document.get("exceptions"), "exceptions", MOST_EXCEPTIONS)
    return RoleListView(
        fields.checked_boolean(document.get("flat"), "flat"),
        document["sort"],
        fields.checked_boolean(document.get("all_folded"), "all_folded"),
        frozenset(map(_parse_account_key, lines)),
        None if session is None else fields.checked_match(session, "only_session", SESSION_NAME),
        fields.checked_boolean(document.get("only_favourites"), "only_favourites"),
    )


def document_of_view(view: RoleListView) -> dict[str, Any]:
    """Return the view of the role list as the JSON object that is written to its file."""
    return {
        "version": VERSION,
        "flat": view.is_flat,
        "sort": view.sort,
        "all_folded": view.all_folded,
        "exceptions": sorted(map(list, view.exceptions)),
        "only_session": view.only_session,
        "only_favourites": view.only_favourites,
    }


def unchecked_saved_view_records(document: dict[str, Any]) -> list[Any]:
    """Return the records in the file of saved views, unchecked; `parse_saved_view` checks each."""
    if document.get("version") != VERSION:
        raise Damaged("version")
    return fields.checked_list(document.get("views"), "views", MOST_SAVED)


def document_of_saved_views(views: dict[str, SavedView]) -> dict[str, Any]:
    """Return the saved views as the JSON object that is written to their file."""
    lines = [
        {"name": name, "query": saved.query, "view": document_of_view(saved.view)}
        for name, saved in views.items()
    ]
    return {"version": VERSION, "views": lines}


def parse_saved_view(record: object) -> tuple[str, SavedView]:
    """Return the name and the view in one record of the file of saved views."""
    line = fields.checked_object(record, "views")
    name = fields.checked_match(line.get("name"), "name", VIEW_NAME)
    query = fields.checked_text(line.get("query"), "query", _LONGEST_QUERY)
    return name, SavedView(query, parse_list_view(fields.checked_object(line.get("view"), "view")))


def _parse_account_key(line: object) -> AccountKey:
    values = fields.checked_list(line, "exceptions", 2)
    if len(values) != 2:
        raise Damaged("exceptions")
    if values == list(OTHERS_KEY):
        return OTHERS_KEY
    return AccountKey(
        fields.checked_match(values[0], "exceptions", SESSION_NAME),
        fields.checked_match(values[1], "exceptions", ACCOUNT_ID),
    )
