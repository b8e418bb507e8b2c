"""Remembers the last guard rules, so that a rule that disappears from the settings stays in force.

When a rule disappears from config.toml, or config.toml cannot be read, the rule's roles stay
guarded: the remembered rule is in force until the user confirms its removal on a terminal.

The rules are remembered in the state folder, and in the runtime folder too: a process with another
XDG_STATE_HOME shares the runtime folder, and would otherwise publish credentials of guarded roles
to it.
"""

from collections.abc import Iterable
from pathlib import Path

from ssohelper.stores import files

# A damaged file of remembered rules counts as one rule, which guards each role.
EVERY_ROLE = "*"
_NAME = "guard-rules.json"


class GuardMemory:
    """Stores guard rules in the state and the runtime folder. The rules of both are in force."""

    def __init__(self, state: Path, runtime: Path) -> None:
        self._folders = state, runtime

    def load_rules(self) -> tuple[str, ...]:
        """Return the remembered guard rules, with one that guards every role if a file is damaged.

        Raises: NotOurs, LocalState when a file cannot be read.
        """
        return tuple(
            dict.fromkeys(rule for folder in self._folders for rule in _load_rules(folder))
        )

    def save_rules(self, rules: Iterable[str]) -> None:
        """Replace the remembered guard rules by these. Raises: LocalState."""
        document = {"rules": list(rules)}
        for folder in self._folders:
            files.ensure_private_folder(folder)
            files.write_json(folder / _NAME, document)


def _load_rules(folder: Path) -> tuple[str, ...]:
    content = files.read_own_file(folder / _NAME)
    if content is None:
        return ()
    found = files.parse_json_object(content)
    rules = found.get("rules") if found else None
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        return (EVERY_ROLE,)
    return tuple(rules)
