"""Reads an emulated organization from a world file (JSON or TOML), and makes such file content.

A world file has the keys `name`, `start_url` and `region`, and the lists of tables `ou`, `account`,
`group`, `person`, `permission_set`, `iam_role` and `assignment`. Unknown keys are refused, so that
the user notices a misspelt key.
"""

import inspect
import json
import tomllib
from pathlib import Path
from typing import Any

from ssohelper.emulator.organization import World, WorldError

# For each table of a world file: the method of `World` that takes a row. The keys of the row are the
# names of the method's arguments.
_TABLES = {
    "ou": "add_ou",
    "account": "add_account",
    "group": "add_group",
    "person": "add_person",
    "permission_set": "add_permission_set",
    "iam_role": "add_iam_role",
    "assignment": "assign",
}
_TOP = ("name", "start_url", "region")
# The types of values in a world file. The value of a key that is not listed here is text.
_KINDS: dict[str, tuple[type, str]] = {
    "groups": (list, "a list"),
    "session_seconds": (int, "a whole number"),
    "trusts": (list, "a list"),
    "most_seconds": (int, "a whole number"),
    "needs_mfa": (bool, "true or false"),
    "enabled": (bool, "true or false"),
}


def load_world(path: str | Path) -> World:
    """Read a world file and return its organization. A file `*.json` is JSON, any other is TOML.
    Raises: WorldError, whose message has the file's name and what is wrong in it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        value = json.loads(text) if str(path).endswith(".json") else tomllib.loads(text)
        return world_from_table(value)
    except (OSError, ValueError, TypeError, RecursionError) as exc:
        raise WorldError(f"cannot use the world file {str(path)!r}: {exc}") from exc


def world_from_table(value: Any) -> World:
    if not isinstance(value, dict):
        raise WorldError("the file's top level must be a table")
    for key in value:
        if key not in _TOP and key not in _TABLES:
            raise WorldError(f"unknown key {key!r}")
    _check_value_types({key: value[key] for key in _TOP if key in value})
    world = World(**{key: value[key] for key in _TOP if key in value})
    for table, method in _TABLES.items():
        add = getattr(world, method)
        for number, row in enumerate(value.get(table, []), start=1):
            try:
                inspect.signature(add).bind(**row)
                _check_value_types(row)
                add(**row)
            except (WorldError, TypeError) as exc:
                raise WorldError(f"{table} {number}: {exc}") from exc
    return world


def _check_value_types(row: dict[str, Any]) -> None:
    for key, value in row.items():
        kind, words = _KINDS.get(key, (str, "text"))
        # In Python, True and False are instances of int, so `bool` is checked too.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise WorldError(f"the value of {key!r} is not {words}")


def world_file_content(world: World) -> dict[str, Any]:
    return {
        "name": world.name,
        "start_url": world.start_url,
        "region": world.region,
        "ou": [{"path": path} for path in sorted(world.ous)],
        "account": [
            {"account_id": a.id, "name": a.name, "email": a.email, "ou": a.ou}
            for a in world.accounts.values()
        ],
        "group": [{"name": name} for name in sorted(world.groups)],
        "person": [{**p._asdict(), "groups": sorted(p.groups)} for p in world.people.values()],
        "permission_set": [one._asdict() for one in world.permission_sets.values()],
        "iam_role": [
            {key: value for key, value in r._asdict().items() if value is not None}
            for r in world.iam_roles.values()
        ],
        "assignment": [a._asdict() for a in world.assignments],
    }
