"""Stores the grants for guarded roles in the runtime folder, all in one file."""

import time
from collections.abc import Callable
from pathlib import Path

from ssohelper.core import grants, journal
from ssohelper.core.deadline import Deadline
from ssohelper.core.grants import Grant, GrantContext
from ssohelper.core.model import RoleKey
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.journal_file import Journal

_LOCK_SECONDS = 10.0


class GrantStore:
    def __init__(
        self, runtime: Path, log: Journal, find_grant_context: Callable[[], GrantContext]
    ) -> None:
        self._runtime = runtime
        self._path = runtime / "grants.json"
        self._journal = log
        self._find_here = find_grant_context

    def add(self, grant: Grant, parent_and_terminal: tuple[str, str]) -> None:
        """Write the grant's line to the journal, then the grant. Raises: LocalState."""
        self._append_to_journal("grant", grant, parent_and_terminal)
        now = self._find_here().now
        self._change_file(lambda found: [*(one for one in found if now < one.ends_at), grant])

    def revoke(self, grant: Grant, parent_and_terminal: tuple[str, str]) -> None:
        self._change_file(lambda found: [one for one in found if one.id != grant.id])
        self._append_to_journal("revoke", grant, parent_and_terminal)

    def list_in_force(self) -> list[Grant]:
        """Return this terminal's grants that are in force, sorted by their end."""
        here = self._find_here()
        return [grant for grant in self._load() if grant.is_in_force(here)]

    def list_for_all_terminals(self) -> list[Grant]:
        here = self._find_here()
        return [one for one in self._load() if one.is_in_force(here._replace(session=one.session))]

    def find(self, key: RoleKey) -> Grant | None:
        """Return the role's grant in this terminal that ends last."""
        found = [grant for grant in self.list_in_force() if grant.key == key]
        return found[-1] if found else None

    def _load(self) -> list[Grant]:
        """Return all grants, sorted by their end; none if the file is unreadable."""
        try:
            found = (files.read_json(self._path) or {}).get("grants", [])
            return sorted(map(grants.parse_grant, found), key=lambda grant: grant.ends_at)
        except (LocalState, Damaged, TypeError):
            return []

    def _change_file(self, changed: Callable[[list[Grant]], list[Grant]]) -> None:
        files.ensure_private_folder(self._runtime)
        deadline = Deadline(_LOCK_SECONDS, time.monotonic)
        with files.hold_lock(self._runtime / "grants.lock", deadline):
            documents = [grants.grant_document(one) for one in changed(self._load())]
            files.write_json(self._path, {"grants": documents})

    def _append_to_journal(
        self, event: str, grant: Grant, parent_and_terminal: tuple[str, str]
    ) -> None:
        fields = {"reason": grant.reason, "until": grant.ends_at, "grant": grant.id}
        self._journal.append(journal.make_entry(event, grant.key, parent_and_terminal, **fields))
