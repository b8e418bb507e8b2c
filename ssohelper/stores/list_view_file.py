"""Remembers the last order of the full screen's list of roles, and whether it was a tree."""

from pathlib import Path
from typing import Any

from ssohelper.core.role_tree import SORTS, RoleListView
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import Damaged
from ssohelper.stores.cache_folder import CacheFolder

_VERSION = 1


class ListViewFile:
    """The file `<state>/list-view.json`. Earlier versions wrote more keys, which are ignored."""

    def __init__(self, state: Path) -> None:
        self._path, self._cache = state / "list-view.json", CacheFolder(state)

    def load(self) -> RoleListView:
        return self._cache.read_record(self._path, _parse_list_view) or RoleListView()

    def save(self, view: RoleListView) -> None:
        """Remember this view's order, unless the file has it already. Raises: LocalState."""
        order = RoleListView(view.is_flat, view.sort)
        if order != self.load():
            document = {"version": _VERSION, "flat": view.is_flat, "sort": view.sort}
            self._cache.write_json(self._path, document)


def _parse_list_view(document: dict[str, Any]) -> RoleListView:
    if document.get("version") != _VERSION:
        raise Damaged("version")
    if document.get("sort") not in SORTS:
        raise Damaged("sort")
    return RoleListView(fields.checked_boolean(document.get("flat"), "flat"), document["sort"])
