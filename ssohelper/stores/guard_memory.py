"""The guard rules that were in force last, so that a rule does not end with its line in a file.

A rule that disappears from config.toml, or a config.toml that cannot be read, loosens nothing: the
remembered rule stays in force until the user confirms on a terminal that it shall go.

The rules are remembered in the state folder, and in the runtime folder too: a process with another
XDG_STATE_HOME shares the runtime folder, and would publish there what the rules guard.
"""

from collections.abc import Iterable
from pathlib import Path

from ssohelper.stores import files

# What a damaged file counts as: a rule that guards each role.
EVERY_ROLE = "*"
_NAME = "guard-rules.json"


class GuardMemory:
    """One file in the state folder, and one in the runtime folder. What either names is in force."""

    def __init__(self, state: Path, runtime: Path) -> None:
        self._folders = state, runtime

    def load(self) -> tuple[str, ...]:
        """Return the remembered rules; a rule for every role when a file is damaged.

        Raises: NotOurs, LocalState when one cannot be read.
        """
        return tuple(dict.fromkeys(rule for folder in self._folders for rule in _load(folder)))

    def save(self, rules: Iterable[str]) -> None:
        """Remember these rules and no others. Raises: LocalState."""
        document = {"rules": list(rules)}
        for folder in self._folders:
            files.ensure_private_folder(folder)
            files.write_json(folder / _NAME, document)


def _load(folder: Path) -> tuple[str, ...]:
    content = files.read_own_file(folder / _NAME)
    if content is None:
        return ()
    found = files.parse_object(content)
    rules = found.get("rules") if found else None
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        return (EVERY_ROLE,)
    return tuple(rules)
