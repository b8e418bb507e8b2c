"""Checks the record of how the full screen's list was shown last. The first paint reads it."""

from typing import Any, NamedTuple

from ssohelper.core.model import SESSION_NAME
from ssohelper.core.schema import fields


class View(NamedTuple):
    """Which roles the list shows: those of one session or of all, and perhaps favourites only.

    `by_account` groups them under their accounts.
    """

    only_session: str | None = None
    only_favourites: bool = False
    by_account: bool = False


def view(found: dict[str, Any]) -> View:
    """Return the view in the record. Raises: Damaged."""
    name = found.get("only_session")
    return View(
        None if name is None else fields.matching(name, "only_session", SESSION_NAME),
        fields.boolean(found.get("only_favourites"), "only_favourites"),
        fields.boolean(found.get("by_account"), "by_account"),
    )
