"""Changes single keys of config.toml, and keeps its other text, which the user may have edited."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from ssohelper.core.deadline import Deadline
from ssohelper.errors import ConfigInvalid
from ssohelper.stores import files


class SettingsFile:
    """Sets and removes keys in the settings file. A symlink stays a symlink."""

    def __init__(self, path: Path, *, runtime: Path) -> None:
        self._path = path
        self._runtime = runtime

    def set(self, parts: tuple[str, ...], value: Any, deadline: Deadline) -> bool:
        """Set the key; return whether that changed the file. Raises: ConfigInvalid, LocalState."""
        return self._change(lambda document: _set_key(document, parts, value), deadline)

    def unset(self, parts: tuple[str, ...], deadline: Deadline) -> bool:
        """Remove the key; return whether the file was written. Raises: as `set`."""
        return self._change(lambda document: _remove_key(document, parts), deadline)

    def remove_settings_of_session(self, name: str, deadline: Deadline) -> bool:
        """Remove the table `sessions.NAME`; return whether the file changed. Raises: as `set`."""
        return self._change(lambda found: found.get("sessions", {}).pop(name, None), deadline)

    def _change(self, change: Callable[[Any], None], deadline: Deadline) -> bool:
        files.ensure_private_folder(self._runtime)
        with files.hold_lock(self._runtime / "locks" / "settings.lock", deadline):
            target = self._path.resolve()
            files.ensure_folder(target.parent)
            before = files.read_own_file(target) or b""
            try:
                document = tomlkit.parse(before.decode("utf-8"))
                change(document)
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
    parts = _parts_as_written(document, parts)
    for name in parts[:-1]:
        if name not in table:
            table[name] = tomlkit.table(is_super_table=parts[0] == "sessions" and table is document)
        table = table[name]
    table[parts[-1]] = list(value) if isinstance(value, tuple) else value


def _remove_key(document: Any, parts: tuple[str, ...]) -> None:
    table = document
    parts = _parts_as_written(document, parts)
    for name in parts[:-1]:
        if name not in table:
            return
        table = table[name]
    table.pop(parts[-1], None)


def _parts_as_written(document: Any, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the key as the file has it: the user may have quoted it, as in `"accounts.shell"`."""
    quoted = ".".join(parts[1:])
    is_quoted = len(parts) > 2 and quoted in document.get(parts[0], {})
    return (parts[0], quoted) if is_quoted else parts
