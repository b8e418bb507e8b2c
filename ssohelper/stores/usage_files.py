"""Stores how often and when roles and pages of the AWS console were used."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import PageChoice, RoleKey, Usage
from ssohelper.core.schema import use_records as schema
from ssohelper.errors import LocalState
from ssohelper.stores import files, user_entries
from ssohelper.stores.cache_folder import CacheFolder
from ssohelper.stores.disk_errors import warn_once
from ssohelper.stores.user_entries import Entries, Warn, load_entries

# The size limit of usage.json. The record of a role takes 50 bytes: 20,000 roles, more than any
# user has, take 1 MB.
_LIMIT_BYTES = 8 << 20


class UsageStore:
    """Stores when and how often each role was used, and which roles are favourites."""

    def __init__(self, state: Path, runtime: Path, warn: Warn = warn_once) -> None:
        self._state, self._warn = state, warn
        self._lock = runtime / "locks" / "usage.lock"
        self._runtime = runtime

    def load_all(self) -> dict[RoleKey, Usage]:
        """Return the usage of every role that was ever used or made a favourite."""
        return dict(self._load().found)

    def _load(self) -> Entries[tuple[RoleKey, Usage]]:
        return load_entries(
            self._state / "usage.json",
            schema.usage_rows,
            schema.parse_usage,
            _LIMIT_BYTES,
            CacheFolder(self._state).read_record,
        )

    def update(self, key: RoleKey, change: Callable[[Usage], Usage], deadline: Deadline) -> None:
        """Replace the usage of one role, under a lock, so that no count is lost."""
        files.role_folder_names(key)
        with files.hold_lock(self._lock, deadline, self._runtime):
            loaded = self._load()
            known = dict(loaded.found)
            before = known.get(key, Usage())
            after = change(before)
            if after != before:
                self._save_all({**known, key: after}, loaded.is_whole)

    def forget_usage_of_session(self, name: str, deadline: Deadline) -> None:
        with files.hold_lock(self._lock, deadline, self._runtime):
            loaded = self._load()
            known = dict(loaded.found)
            left = {key: usage for key, usage in known.items() if key.session_name != name}
            if left != known:
                self._save_all(left, loaded.is_whole)

    def _save_all(self, known: dict[RoleKey, Usage], was_whole: bool) -> None:
        lines = [[*key.parts, *usage] for key, usage in sorted(known.items()) if usage != Usage()]
        document = {"version": schema.VERSION, "roles": lines}
        path = self._state / "usage.json"
        user_entries.write_entries(path, document, is_whole=was_whole, warn=self._warn)


class ConsoleVisits:
    """Stores as which role each browser was last signed in, and which pages were last opened.

    A damaged file counts as missing: it only decides on a hint, and which pages are offered first.
    """

    def __init__(self, state: Path) -> None:
        self._state, self._cache = state, CacheFolder(state)

    def load_console_pages(self, key: RoleKey) -> list[PageChoice]:
        """Return the console pages last opened with this role, the last one first."""
        return self._load_all_console_pages().get(key, [])

    def save_console_page(self, key: RoleKey, page: PageChoice) -> None:
        known = self._load_all_console_pages()
        before = known.pop(key, [])
        pages = [page, *(other for other in before if other != page)]
        known[key] = pages[: schema.MOST_PAGES]
        self._save_all_console_pages(known)

    def forget_pages_of_session(self, name: str) -> None:
        known = self._load_all_console_pages()
        left = {key: pages for key, pages in known.items() if key.session_name != name}
        if left != known:
            self._save_all_console_pages(left)

    def _save_all_console_pages(self, known: dict[RoleKey, list[PageChoice]]) -> None:
        newest = list(known.items())[-schema.MOST_PAGE_ROLES :]
        lines = [[*role.parts, found] for role, found in newest]
        document = {"version": schema.VERSION, "roles": lines}
        with suppress(LocalState):  # the next full screen offers no pages first
            self._cache.write_json(self._pages_file, document)

    def _load_all_console_pages(self) -> dict[RoleKey, list[PageChoice]]:
        loaded = load_entries(
            self._pages_file,
            schema.page_rows,
            schema.parse_console_pages,
            _LIMIT_BYTES,
            self._cache.read_record,
        )
        return dict(loaded.found)

    @property
    def _pages_file(self) -> Path:
        return self._state / "console-pages.json"
