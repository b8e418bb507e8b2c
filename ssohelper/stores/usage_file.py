"""When each role was last used, how often, and which are favourites: `<state>/usage.json`."""

from collections.abc import Callable
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleKey, Usage
from ssohelper.core.schema import state as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.stores import files

# 50 bytes a role: 20,000 roles are 2 MB, and nobody uses as many.
_LIMIT_BYTES = 8 << 20


class UsageStore:
    """Usage by role, in the state folder. A damaged file, or a damaged line of it, is absent."""

    def __init__(self, state: Path, *, runtime: Path) -> None:
        self._state = state
        self._lock = runtime / "locks" / "usage.lock"
        self._runtime = runtime

    def all(self) -> dict[RoleKey, Usage]:
        """Return what is known of every role that was ever used or made a favourite."""
        path = self._state / "usage.json"
        found: dict[RoleKey, Usage] = {}
        for line in files.read_record(path, schema.usage_lines, _LIMIT_BYTES) or []:
            try:
                key, usage = schema.usage(line)
            except Damaged as damage:
                files.report_damage(path, damage)
            else:
                found[key] = usage
        return found

    def change(self, key: RoleKey, change: Callable[[Usage], Usage], deadline: Deadline) -> None:
        """Replace what is known of one role, under a lock, so that no count is lost."""
        files.role_file_names(key)
        with files.hold_lock(self._lock, deadline, self._runtime):
            known = self.all()
            before = known.get(key, Usage())
            after = change(before)
            if after == before:
                return
            known[key] = after
            files.ensure_private_folder(self._state)
            lines = [[*role, *usage] for role, usage in sorted(known.items()) if usage != Usage()]
            document = {"version": schema.USAGE_VERSION, "roles": lines}
            files.write_json(self._state / "usage.json", document)
