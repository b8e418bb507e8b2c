"""The choices for each session's profiles: `<state>/choices/<session>.json`."""

from pathlib import Path
from typing import Any

from ssohelper.core.choices import FORMS, Choices
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, Role
from ssohelper.stores import files


class ChoicesStore:
    """Choices by session name; missing, malformed or foreign values are the defaults."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "choices"

    def load(self, session_name: str) -> Choices:
        found = files.read_json(self._folder / f"{session_name}.json")
        return _choices(found) if found else Choices()

    def save(self, session_name: str, choices: Choices) -> None:
        """Keep the choices; unchanged ones write nothing."""
        if choices == self.load(session_name):
            return
        files.private_folder(self._folder)
        files.write_json(self._folder / f"{session_name}.json", _document(choices))

    def forget(self, session_name: str) -> None:
        files.remove(self._folder / f"{session_name}.json")


def _document(choices: Choices) -> dict[str, Any]:
    return {
        "accounts": list(choices.accounts),
        "roles": list(choices.roles),
        "template": choices.template,
        "form": choices.form,
        "default_region": choices.default_region,
        "removed": sorted([role.account_id, role.name] for role in choices.removed),
    }


def _choices(found: dict[str, Any]) -> Choices:
    template, form = found.get("template"), found.get("form")
    region = found.get("default_region")
    return Choices(
        accounts=_texts(found.get("accounts")),
        roles=_texts(found.get("roles")),
        template=template if isinstance(template, str) else None,
        form=form if form in FORMS else None,
        default_region=region if isinstance(region, str) else None,
        removed=_removed(found.get("removed")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def _removed(value: Any) -> frozenset[Role]:
    items = value if isinstance(value, list) else []
    pairs = [item for item in items if isinstance(item, list) and len(item) == 2]
    return frozenset(
        Role(account_id, name)
        for account_id, name in pairs
        if isinstance(account_id, str)
        and isinstance(name, str)
        and ACCOUNT_ID.fullmatch(account_id)
        and ROLE_NAME.fullmatch(name)
    )
