"""Stores the grants for guarded roles in the runtime folder, each in a file."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from ssohelper.core import grants, journal
from ssohelper.core.grants import Grant, GrantContext
from ssohelper.core.model import RoleKey
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.journal_file import Journal

_NAME = re.compile(r"([0-9a-f]{32})\.json")
_LIMIT_BYTES = 4096


class GrantStore:
    """Adds, finds and removes grants. `find_grant_context` returns terminal, boot and time."""

    def __init__(
        self, runtime: Path, log: Journal, find_grant_context: Callable[[], GrantContext]
    ) -> None:
        self._runtime = runtime
        self._folder = runtime / "grants"
        self._journal = log
        self._find_here = find_grant_context

    def add(self, grant: Grant, parent_and_terminal: tuple[str, str]) -> None:
        """Write the grant's line to the journal, then the grant's file. Raises: LocalState."""
        self._append_to_journal("grant", grant, parent_and_terminal)
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(self._folder)
        path = self._folder / f"{grant.id}.json"
        files.write_atomically(path, grants.grant_to_text(grant).encode(), durable=False)

    def revoke(self, grant: Grant, parent_and_terminal: tuple[str, str]) -> None:
        """End the grant: remove its file, and add a line to the journal. Raises: LocalState."""
        files.remove_file(self._folder / f"{grant.id}.json")
        self._append_to_journal("revoke", grant, parent_and_terminal)

    def list_in_force(self) -> list[Grant]:
        """Return the grants in force in this terminal; the grant that ends first comes first."""
        here = self._find_here()
        return self._list_journaled_grants(lambda grant: grant.is_in_force(here))

    def list_for_all_terminals(self) -> list[Grant]:
        """Return the grants in force now, in this or in another terminal of the user."""
        here = self._find_here()
        return self._list_journaled_grants(
            lambda grant: grant.is_in_force(here._replace(session=grant.session))
        )

    def find(self, key: RoleKey) -> Grant | None:
        """Return the role's grant in this terminal that ends last; None if none is in force."""
        here = self._find_here()
        found = self._list_journaled_grants(
            lambda grant: grant.key == key and grant.is_in_force(here)
        )
        return found[-1] if found else None

    def remove_ended(self) -> None:
        """Remove the files of grants that have ended, and damaged files."""
        here = self._find_here()
        for name in files.list_names_in_folder(self._folder):
            # A file with a name of another form is left alone: another process may be writing it.
            if _NAME.fullmatch(name) is None:
                continue
            grant = self._load(name)
            if grant is None or here.now >= grant.ends_at:
                with contextlib.suppress(LocalState, OSError):
                    files.remove_file(self._folder / name)

    def _list_journaled_grants(self, is_wanted: Callable[[Grant], bool]) -> list[Grant]:
        """Return the grants that `is_wanted` accepts and that have a line in the journal.

        A file is no grant if it cannot be read, has another id than its name says, or has no line
        in the journal.
        """
        loaded = map(self._load, files.list_names_in_folder(self._folder))
        wanted = [grant for grant in loaded if grant is not None and is_wanted(grant)]
        if not wanted:
            return []  # the journal, of up to 5 MB, need not be read then
        given = self._find_unrevoked_grant_ids([grant.id for grant in wanted])
        return sorted(
            (grant for grant in wanted if grant.id in given), key=lambda grant: grant.ends_at
        )

    def _load(self, name: str) -> Grant | None:
        is_named = _NAME.fullmatch(name)
        if is_named is None:
            return None
        try:
            found = files.read_json(self._folder / name, _LIMIT_BYTES)
            grant = None if found is None else grants.parse_grant(found)
        except (LocalState, Damaged):
            return None
        return grant if grant is not None and grant.id == is_named[1] else None

    def _find_unrevoked_grant_ids(self, ids: list[str]) -> set[str]:
        """Return the ids of grants that the journal says were given and were not revoked."""
        try:
            lines = self._journal.find_lines(*ids)
        except LocalState:
            return set()
        # Only the field "grant" of these lines counts: an id in another field, such as a grant's
        # reason, may be text that a user typed.
        of = {
            event: {line.fields.get("grant") for line in lines if line.event == event}
            for event in ("grant", "revoke")
        }
        return {one for one in ids if one in of["grant"] and one not in of["revoke"]}

    def _append_to_journal(
        self, event: str, grant: Grant, parent_and_terminal: tuple[str, str]
    ) -> None:
        self._journal.append_to_file(
            journal.decision_entry(
                event,
                grant.key,
                parent_and_terminal,
                reason=grant.reason,
                until=grant.ends_at,
                grant=grant.id,
            )
        )
