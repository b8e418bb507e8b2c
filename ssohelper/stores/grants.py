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

    def add(self, grant: Grant, caller: tuple[str, str]) -> None:
        """Keep the grant; its line in the journal comes first. Raises: LocalState."""
        self._append("grant", grant, caller)
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(self._folder)
        path = self._folder / f"{grant.id}.json"
        files.write_atomically(path, grants.grant_to_text(grant).encode(), durable=False)

    def revoke(self, grant: Grant, caller: tuple[str, str]) -> None:
        """End the grant: remove its file, and add a line to the journal. Raises: LocalState."""
        files.remove(self._folder / f"{grant.id}.json")
        self._append("revoke", grant, caller)

    def list_in_force(self) -> list[Grant]:
        """Return the grants that count here and now, the first end first."""
        here = self._find_here()
        return self._list(lambda grant: grant.is_in_force(here))

    def list_of_all_terminals(self) -> list[Grant]:
        """Return the grants that count now, here or in another terminal of the user."""
        here = self._find_here()
        return self._list(lambda grant: grant.is_in_force(here._replace(session=grant.session)))

    def find(self, key: RoleKey) -> Grant | None:
        """Return the grant for the role that ends last; None without one."""
        here = self._find_here()
        found = self._list(lambda grant: grant.key == key and grant.is_in_force(here))
        return found[-1] if found else None

    def remove_ended(self) -> None:
        """Remove the files of grants that are over, and damaged ones."""
        here = self._find_here()
        for name in files.list_names(self._folder):
            # Another process may be writing a file with another name.
            if _NAME.fullmatch(name) is None:
                continue
            grant = self._load(name)
            if grant is None or here.now >= grant.ends_at:
                with contextlib.suppress(LocalState, OSError):
                    files.remove(self._folder / name)

    def _list(self, is_wanted: Callable[[Grant], bool]) -> list[Grant]:
        """Return the wanted grants that have a line in the journal.

        A file that cannot be read, does not match its name, or has no such line is no grant.
        """
        loaded = map(self._load, files.list_names(self._folder))
        wanted = [grant for grant in loaded if grant is not None and is_wanted(grant)]
        if not wanted:
            return []  # the journal may have 5 MB: it is read for a grant that would count
        given = self._find_given([grant.id for grant in wanted])
        return sorted(
            (grant for grant in wanted if grant.id in given), key=lambda grant: grant.ends_at
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

    def _find_given(self, ids: list[str]) -> set[str]:
        """Return those of the ids that the journal has a grant of, and no revocation."""
        try:
            lines = self._journal.find_lines(*ids)
        except LocalState:
            return set()
        # Not any line with the id in it: a reason may contain anything.
        of = {
            event: {line.fields.get("grant") for line in lines if line.event == event}
            for event in ("grant", "revoke")
        }
        return {one for one in ids if one in of["grant"] and one not in of["revoke"]}

    def _append(self, event: str, grant: Grant, caller: tuple[str, str]) -> None:
        self._journal.append_to_file(
            journal.decision_entry(
                event,
                grant.key,
                caller,
                reason=grant.reason,
                until=grant.ends_at,
                grant=grant.id,
            )
        )
