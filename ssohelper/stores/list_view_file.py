"""Stores how the list of roles is shown, and the views of it that the user saved with a name.

The files are `<state>/list-view.json` and `<state>/saved-views.json`.
"""

from collections.abc import Callable
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.core.role_tree import DEFAULT_VIEW, RoleListView, SavedView
from ssohelper.core.schema import list_view_records as schema
from ssohelper.stores import files, user_entries
from ssohelper.stores.cache_folder import CacheFolder
from ssohelper.stores.disk_errors import warn_once
from ssohelper.stores.user_entries import Entries, Warn, load_entries

# The limit for the size of `list-view.json`, which names at most 20,000 accounts with at most 90
# bytes each.
_LIMIT_BYTES = 2 << 20
_SAVED_LIMIT_BYTES = 32 << 20


class ListViewStore:
    """Stores whether the list of roles is a tree, its order, folded accounts and filters.

    If the file is damaged, all accounts are shown unfolded. A damaged saved view is left out;
    before the next write, the file with such a view is renamed to `NAME.damaged`, with a warning.
    """

    def __init__(self, state: Path, runtime: Path, warn: Warn = warn_once) -> None:
        self._state, self._cache, self._warn = state, CacheFolder(state), warn
        self._lock = runtime / "locks" / "list-view.lock"
        self._runtime = runtime

    def load(self) -> RoleListView:
        """Return how to show the list of roles."""
        found = self._cache.read_record(self._view_file, schema.parse_list_view, _LIMIT_BYTES)
        return found or DEFAULT_VIEW

    def update(self, change: Callable[[RoleListView], RoleListView], deadline: Deadline) -> None:
        """Change the view, under a lock, so that processes do not undo each other's changes.

        Raises: LocalState; LockNotObtained.
        """
        with files.hold_lock(self._lock, deadline, self._runtime):
            before = self.load()
            after = change(before)
            if after != before:
                self._cache.write_json(self._view_file, schema.document_of_view(after))

    def load_saved_views(self) -> dict[str, SavedView]:
        """Return the saved views by their names. Raises the errors of `files.read_own_file`."""
        return dict(self._load_entries_of_saved_views().found)

    def has_unreadable_views(self) -> bool:
        """Return whether the file has saved views that this version of ssohelper cannot read."""
        return not self._load_entries_of_saved_views().is_whole

    def _load_entries_of_saved_views(self) -> Entries[tuple[str, SavedView]]:
        return load_entries(
            self._saved_views_file,
            schema.unchecked_saved_view_records,
            schema.parse_saved_view,
            _SAVED_LIMIT_BYTES,
        )

    def update_saved_views(
        self, change: Callable[[dict[str, SavedView]], dict[str, SavedView]], deadline: Deadline
    ) -> None:
        """Replace the saved views, under a lock. Raises: LocalState; LockNotObtained."""
        with files.hold_lock(self._lock, deadline, self._runtime):
            loaded = self._load_entries_of_saved_views()
            before = dict(loaded.found)
            after = change(before)
            if after != before:
                user_entries.write_entries(
                    self._saved_views_file,
                    schema.document_of_saved_views(after),
                    is_whole=loaded.is_whole and len(before) == len(loaded.found),
                    warn=self._warn,
                )

    @property
    def _saved_views_file(self) -> Path:
        return self._state / "saved-views.json"

    @property
    def _view_file(self) -> Path:
        return self._state / "list-view.json"
