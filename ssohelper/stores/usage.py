"""When each role was last used, how often, and which are favourites: `<state>/usage.json`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleKey
from ssohelper.core.usage import Usage
from ssohelper.errors import ConfigInvalid
from ssohelper.stores import files, places

_VERSION = 1
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
        found = files.read_json(self._state / "usage.json", _LIMIT_BYTES)
        if found is None or found.get("version") != _VERSION:
            return {}
        lines = found.get("roles")
        return dict(filter(None, map(_line, lines if isinstance(lines, list) else [])))

    def change(self, key: RoleKey, change: Callable[[Usage], Usage], deadline: Deadline) -> None:
        """Replace what is known of one role, under a lock, so that no count is lost."""
        places.role_parts(key)
        with files.lock(self._lock, deadline, self._runtime):
            known = self.all()
            before = known.get(key, Usage())
            after = change(before)
            if after == before:
                return
            known[key] = after
            files.private_folder(self._state)
            lines = [[*role, *usage] for role, usage in sorted(known.items()) if usage != Usage()]
            files.write_json(self._state / "usage.json", {"version": _VERSION, "roles": lines})


def _line(line: Any) -> tuple[RoleKey, Usage] | None:
    if not isinstance(line, list) or [type(value) for value in line[:3]] != [str, str, str]:
        return None
    key, usage = RoleKey(*line[:3]), line[3:]
    if len(usage) != 3 or type(usage[1]) is not int or type(usage[2]) is not bool:
        return None
    if usage[0] is not None and type(usage[0]) is not int:
        return None
    try:
        places.role_parts(key)
    except ConfigInvalid:
        return None
    return key, Usage(*usage)
