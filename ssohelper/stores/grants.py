"""The grants for guarded roles, one file each in the runtime folder."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from ssohelper.core import grants, journal
from ssohelper.core.grants import Grant, Here
from ssohelper.core.model import RoleKey
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.journal import Journal

_NAME = re.compile(r"([0-9a-f]{32})\.json")
_LIMIT_BYTES = 4096


class GrantStore:
    """Adds, finds and removes grants. `find_here` returns what they are compared with."""

    def __init__(self, runtime: Path, log: Journal, find_here: Callable[[], Here]) -> None:
        self._runtime = runtime
        self._folder = runtime / "grants"
        self._journal = log
        self._find_here = find_here

    def add(self, grant: Grant, parent: str, terminal: str) -> None:
        """Keep the grant; its line in the journal comes first. Raises: LocalState."""
        self._append("grant", grant, parent, terminal)
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(self._folder)
        path = self._folder / f"{grant.id}.json"
        files.write_atomically(path, grants.to_text(grant).encode(), durable=False)

    def revoke(self, grant: Grant, parent: str, terminal: str) -> None:
        """End the grant: remove its file, and add a line to the journal. Raises: LocalState."""
        files.remove(self._folder / f"{grant.id}.json")
        self._append("revoke", grant, parent, terminal)

    def list_in_force(self) -> list[Grant]:
        """Return the grants that count here and now; removes the files of the others.

        A file that cannot be read, does not match its name, or has no line in the journal counts
        as no grant.
        """
        here, found = self._find_here(), []
        for name in files.list_names(self._folder):
            grant = self._load(name)
            if grant is not None and grant.is_in_force(here) and self._is_in_journal(grant):
                found.append(grant)
            elif grant is None or here.now >= grant.ends_at:
                with contextlib.suppress(LocalState, OSError):
                    files.remove(self._folder / name)
        return sorted(found, key=lambda grant: grant.ends_at)

    def find(self, key: RoleKey) -> Grant | None:
        """Return the grant for the role that ends last; None without one."""
        return max(
            (grant for grant in self.list_in_force() if grant.key == key),
            key=lambda grant: grant.ends_at,
            default=None,
        )

    def _load(self, name: str) -> Grant | None:
        is_named = _NAME.fullmatch(name)
        if is_named is None:
            return None
        try:
            found = files.read_json(self._folder / name, _LIMIT_BYTES)
            grant = None if found is None else grants.parse(found)
        except (LocalState, Damaged):
            return None
        return grant if grant is not None and grant.id == is_named[1] else None

    def _is_in_journal(self, grant: Grant) -> bool:
        try:
            events = [line.event for line in self._journal.find_lines(grant.id)]
        except LocalState:
            return False
        return "grant" in events and "revoke" not in events

    def _append(self, event: str, grant: Grant, parent: str, terminal: str) -> None:
        self._journal.append_to_file(
            journal.decided(
                event,
                grant.key,
                reason=grant.reason,
                until=grant.ends_at,
                grant=grant.id,
                parent=parent,
                terminal=terminal,
            )
        )
