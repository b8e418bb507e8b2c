"""Records keyring storage and guard rules, so that only a user on a terminal can end them.

Each record is in the state folder and beside the tokens. A protection in either copy is in force,
so no other folder variable or lost file ends it. A damaged copy counts as keyring storage, or as a
rule that guards each role.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.codecs import FILE, KEYRING

EVERY_ROLE = "*"


class UsedStorage(NamedTuple):
    """Where sign-ins are stored. The storage `leftover` still has old copies."""

    storage: str = FILE
    leftover: str | None = None


class Protections:
    """The protections of the sign-ins in the folder `tokens`."""

    def __init__(self, state: Path, tokens: Path) -> None:
        self._state = state
        self._tokens = tokens

    def load_rules(self) -> tuple[str, ...]:
        """Raises: NotOurs, LocalState."""
        found = [rule for copy in self._load("guard-rules") for rule in _rules_of(copy)]
        return tuple(dict.fromkeys(found))

    def save_rules(self, rules: Iterable[str]) -> None:
        self._save("guard-rules", {"rules": list(rules)})

    def load_storage(self) -> UsedStorage:
        """Raises: NotOurs, LocalState."""
        found = [_storage_of(copy) for copy in self._load("storage")]
        # A move to another storage is done once both copies record it. If it was killed before,
        # keyring is in force.
        storage = KEYRING if any(one.storage == KEYRING for one in found) else FILE
        leftovers = (one.leftover for one in found if one.storage == storage and one.leftover)
        return UsedStorage(storage, next(leftovers, None))

    def save_storage(self, used: UsedStorage) -> None:
        self._save("storage", used._asdict())

    def lock_storage(self, deadline: Deadline) -> AbstractContextManager[object]:
        files.ensure_folder(self._tokens)
        path = self._tokens / ".ssohelper-storage.lock"
        return files.hold_lock(path, deadline, is_private=False)

    def _load(self, name: str) -> list[dict[str, Any]]:
        """Return the existing copies ({} if damaged). Adds a missing copy beside the tokens."""
        paths = self._paths(name)
        found = [
            None if content is None else files.parse_json_object(content) or {}
            for content in map(files.read_own_file, paths)
        ]
        if found[0] and found[1] is None:
            with suppress(LocalState):
                files.ensure_folder(self._tokens)
                files.write_json(paths[1], found[0])
        return [copy for copy in found if copy is not None]

    def _save(self, name: str, document: dict[str, Any]) -> None:
        files.ensure_private_folder(self._state)
        files.ensure_folder(self._tokens)
        for path in self._paths(name):
            files.write_json(path, document)

    def _paths(self, name: str) -> tuple[Path, Path]:
        # Other tools read each *.json in the folder of tokens, and `aws sso logout` removes each
        # file there that is a JSON object with the key accessToken.
        return self._state / f"{name}.json", self._tokens / f".ssohelper-{name}"


def _rules_of(copy: dict[str, Any]) -> list[str]:
    rules = copy.get("rules")
    is_valid = isinstance(rules, list) and all(isinstance(rule, str) for rule in rules)
    return rules if is_valid and rules is not None else [EVERY_ROLE]


def _storage_of(copy: dict[str, Any]) -> UsedStorage:
    known, leftover = (FILE, KEYRING), copy.get("leftover")
    storage = FILE if copy.get("storage") == FILE else KEYRING
    return UsedStorage(storage, leftover if leftover in known and leftover != storage else None)
