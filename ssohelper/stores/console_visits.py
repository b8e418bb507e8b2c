"""Which role each browser was last signed in to the console as: `<state>/console.json`."""

from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core.model import ACCOUNT_ID, RoleKey
from ssohelper.stores import files

# One for each browser command that was ever used; the oldest go.
_MOST_BROWSERS = 50


class Visit(NamedTuple):
    """A console session; `is_told`: the person has heard what two of them in one browser need."""

    key: RoleKey
    ends_at: int
    is_told: bool


class ConsoleVisits:
    """Visits by browser command. What is damaged counts as missing; it decides nothing."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def last(self, browser: str) -> Visit | None:
        return _visit(self._all().get(browser))

    def keep(self, browser: str, key: RoleKey, ends_at: int, *, is_told: bool) -> None:
        known = {name: line for name, line in self._all().items() if name != browser}
        known[browser] = [*key, ends_at, is_told]
        newest = dict(list(known.items())[-_MOST_BROWSERS:])
        files.private_folder(self._state)
        files.write_json(self._state / "console.json", {"browsers": newest})

    def _all(self) -> dict[str, Any]:
        found = (files.read_json(self._state / "console.json") or {}).get("browsers")
        return found if isinstance(found, dict) else {}


def _visit(line: Any) -> Visit | None:
    if not isinstance(line, list) or [type(v) for v in line] != [str, str, str, int, bool]:
        return None
    key = RoleKey(*line[:3])
    return Visit(key, line[3], line[4]) if ACCOUNT_ID.fullmatch(key.account_id) else None
