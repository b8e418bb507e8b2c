"""The guard rules that were in force last, so that a rule does not end with its line in a file.

A rule that disappears from config.toml, or a config.toml that cannot be read, loosens nothing: the
remembered rule stays in force until the user confirms on a terminal that it shall go.
"""

from collections.abc import Iterable
from pathlib import Path

from ssohelper.stores import files

# What a damaged file counts as: a rule that guards each role.
EVERY_ROLE = "*"


class GuardMemory:
    """One file in the state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._path = state / "guard-rules.json"

    def load(self) -> tuple[str, ...]:
        """Return the remembered rules; a rule for every role when the file is damaged.

        Raises: NotOurs, LocalState when it cannot be read.
        """
        content = files.read_own_file(self._path)
        if content is None:
            return ()
        found = files.parse_object(content)
        rules = found.get("rules") if found else None
        if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
            return (EVERY_ROLE,)
        return tuple(rules)

    def save(self, rules: Iterable[str]) -> None:
        """Remember these rules and no others. Raises: LocalState."""
        files.ensure_private_folder(self._state)
        files.write_json(self._path, {"rules": list(rules)})
