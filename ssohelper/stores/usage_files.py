"""Stores when and how often roles were used, and which pages of the AWS console."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import PageChoice, RoleKey, Usage
from ssohelper.core.role_tree import SORTS, RoleListView
from ssohelper.core.schema import fields
from ssohelper.core.schema import use_records as schema
from ssohelper.core.schema.fields import Check
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder
from ssohelper.stores.disk_errors import warn_once
from ssohelper.stores.files import Warn

_VIEW_VERSION = 1
_LIST_VIEW: dict[str, Check] = {
    "version": fields.number(_VIEW_VERSION, _VIEW_VERSION),
    "flat": fields.checked_boolean,
    "sort": fields.matching(re.compile("|".join(SORTS))),
}
_T = TypeVar("_T")


class UsageStore:
    """When and how often each role was used, and which are favourites."""

    def __init__(self, state: Path, runtime: Path, warn: Warn = warn_once) -> None:
        self._cache, self._warn = CacheFolder(state), warn
        self._usage, self._pages = state / "usage.json", state / "console-pages.json"
        self._view = state / "list-view.json"
        self._failed = state / "failed-roles.json"
        self._lock = runtime / "locks" / "usage.lock"
        self._runtime = runtime

    def load_all(self) -> dict[RoleKey, Usage]:
        """Return each role that was ever used or made a favourite."""
        return self._load()[0]

    def _load(self) -> tuple[dict[RoleKey, Usage], bool]:
        return files.read_valid_parts(self._usage, schema.parse_usages, {}, self._cache.read)

    def update(self, key: RoleKey, change: Callable[[Usage], Usage], deadline: Deadline) -> None:
        """Replace the usage of one role. A lock makes sure that no count is lost."""
        files.role_folder_names(key)
        self._change(lambda known: {**known, key: change(known.get(key, Usage()))}, deadline)

    def forget_usage_of_session(self, name: str, deadline: Deadline) -> None:
        self._change(lambda known: _without_session(known, name), deadline)

    def _change(
        self, change: Callable[[dict[RoleKey, Usage]], dict[RoleKey, Usage]], deadline: Deadline
    ) -> None:
        with files.hold_lock(self._lock, deadline, self._runtime):
            before, is_whole = self._load()
            after = {key: usage for key, usage in change(before).items() if usage != Usage()}
            if after != before:
                lines = [[*key.parts, *usage] for key, usage in sorted(after.items())]
                document = {"version": schema.VERSION, "roles": lines}
                files.write_entries(self._usage, document, is_whole=is_whole, warn=self._warn)

    # -- pages of the console; a damaged file counts as missing ----------------------------------

    def load_console_pages(self, key: RoleKey) -> list[PageChoice]:
        """Return the role's pages, the last used page first."""
        return self._load_all_console_pages().get(key, [])

    def save_console_page(self, key: RoleKey, page: PageChoice) -> None:
        known = self._load_all_console_pages()
        before = known.pop(key, [])
        pages = [page, *(other for other in before if other != page)]
        known[key] = pages[: schema.MOST_PAGES]
        self._save_all_console_pages(known)

    def forget_pages_of_session(self, name: str) -> None:
        known = self._load_all_console_pages()
        left = _without_session(known, name)
        if left != known:
            self._save_all_console_pages(left)

    def _save_all_console_pages(self, known: dict[RoleKey, list[PageChoice]]) -> None:
        newest = list(known.items())[-schema.MOST_PAGE_ROLES :]
        lines = [[*role.parts, found] for role, found in newest]
        document = {"version": schema.VERSION, "roles": lines}
        with suppress(LocalState):  # then the next full screen offers no recent pages
            self._cache.write_json(self._pages, document)

    def _load_all_console_pages(self) -> dict[RoleKey, list[PageChoice]]:
        parse, none = schema.parse_console_pages, dict[RoleKey, list[PageChoice]]()
        return files.read_valid_parts(self._pages, parse, none, self._cache.read)[0]

    # -- the roles as which the last command over several roles failed ---------------------------

    def load_failed_roles(self) -> list[RoleKey]:
        return self._cache.read_record(self._failed, schema.parse_role_keys) or []

    def save_failed_roles(self, keys: Iterable[RoleKey]) -> None:
        document = {"version": schema.VERSION, "roles": [key.parts for key in keys]}
        with suppress(LocalState):  # then they cannot be run again by --failed
            self._cache.write_json(self._failed, document)

    # -- the order of the full screen's list -----------------------------------------------------

    def load_list_view(self) -> RoleListView:
        return self._cache.read_record(self._view, _parse_list_view) or RoleListView()

    def save_list_view(self, view: RoleListView) -> None:
        """Save this view's order, unless the file has it already."""
        order = RoleListView(view.is_flat, view.sort)
        if order != self.load_list_view():
            document = {"version": _VIEW_VERSION, "flat": view.is_flat, "sort": view.sort}
            self._cache.write_json(self._view, document)


def _without_session(known: dict[RoleKey, _T], name: str) -> dict[RoleKey, _T]:
    return {key: value for key, value in known.items() if key.session_name != name}


def _parse_list_view(document: dict[str, Any]) -> RoleListView:
    return RoleListView(*fields.read(document, _LIST_VIEW)[1:])
