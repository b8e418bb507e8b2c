"""Changes single keys of config.toml. Its other text stays, since the user may have edited it."""

from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from ssohelper.core.deadline import Deadline
from ssohelper.errors import ConfigInvalid
from ssohelper.stores import files


class SettingsFile:
    """A symlink stays a symlink."""

    def __init__(self, path: Path, *, runtime: Path) -> None:
        self._path = path
        self._runtime = runtime

    def set(self, parts: tuple[str, ...], value: Any, deadline: Deadline) -> bool:
        """Set the key, or remove it if `value` is None; return whether that changed the file.

        Raises: ConfigInvalid, LocalState.
        """
        lock = self._runtime / "locks" / "settings.lock"
        with files.hold_lock(lock, deadline, self._runtime):
            target = self._path.resolve()
            files.ensure_folder(target.parent)
            before = files.read_own_file(target) or b""
            try:
                document = tomlkit.parse(before.decode("utf-8"))
                _set_key(document, parts, value)
                after = tomlkit.dumps(document).encode("utf-8")
                tomlkit.parse(after.decode("utf-8"))
            except (TOMLKitError, UnicodeDecodeError, AttributeError, TypeError) as cause:
                raise ConfigInvalid(f'"{self._path}" cannot be changed: not valid TOML') from cause
            if after == before:
                return False
            files.write_atomically(target, after)
            return True


def _set_key(document: Any, parts: tuple[str, ...], value: Any) -> None:
    table = document
    *above, last = _parts_as_written(document, parts)
    for name in above:
        if name not in table:
            if value is None:
                return
            table[name] = tomlkit.table(is_super_table=parts[0] == "sessions" and table is document)
        table = table[name]
    if value is None:
        table.pop(last, None)
    else:
        table[last] = list(value) if isinstance(value, tuple) else value


def _parts_as_written(document: Any, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the key as the file has it: the user may have put it in quotes."""
    quoted = ".".join(parts[1:])
    is_quoted = len(parts) > 2 and quoted in document.get(parts[0], {})
    return (parts[0], quoted) if is_quoted else parts
