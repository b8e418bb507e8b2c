"""Which role each browser was last signed in to the console as: `<state>/console.json`."""

from pathlib import Path
from typing import Any

from ssohelper.core.model import RoleKey
from ssohelper.core.schema import state as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.schema.state import Visit
from ssohelper.stores import files

# One for each browser command that was ever used; the oldest go.
_MOST_BROWSERS = 50


class ConsoleVisits:
    """Visits by browser command. What is damaged counts as missing; it decides nothing."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def last(self, browser: str) -> Visit | None:
        line = self._all().get(browser)
        try:
            return None if line is None else schema.visit(line)
        except Damaged as damage:
            files.report_damage(self._file, damage)
            return None

    def keep(self, browser: str, key: RoleKey, ends_at: int, *, is_told: bool) -> None:
        known = {name: line for name, line in self._all().items() if name != browser}
        known[browser] = [*key, ends_at, is_told]
        newest = dict(list(known.items())[-_MOST_BROWSERS:])
        files.ensure_private_folder(self._state)
        files.write_json(self._file, {"browsers": newest})

    @property
    def _file(self) -> Path:
        return self._state / "console.json"

    def _all(self) -> dict[str, Any]:
        found = (files.read_json(self._file) or {}).get("browsers")
        return found if isinstance(found, dict) else {}
