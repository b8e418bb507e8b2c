"""Reads the local journal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import guard_rules
from ssohelper.core.choices import glob_filter
from ssohelper.core.model import Account, RoleKey, encoded_profile_name
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.journal import Line


class AuditRow(NamedTuple):
    line: Line
    key: RoleKey | None
    account_name: str


def read_journal(
    app: App,
    *,
    since: float = 0,
    session: str | None = None,
    events: tuple[str, ...] = (),
    role: str | None = None,
) -> list[AuditRow]:
    """Return the journal's lines that match, oldest first; warn of damaged lines.

    `role` is a pattern for the role's name or, with a slash, a rule as in `guard.rules`. Raises:
    LocalState.
    """
    found = app.journal.read()
    if found.damaged:
        app.warn(f"damaged lines in the journal, which are left out: {found.damaged}")
    names, is_wanted_role, rows = dict[str, str](), _make_role_filter(role), []
    # the journal stays readable even if a saved list of roles is damaged
    with suppress(SsoHelperError):
        names = app.directory.load_account_names()
    for line in found.lines:
        key = _role_key_of_line(line)
        name = names.get(key.account_id, "") if key else ""
        if (
            line.at_seconds >= since
            and session in (None, line.fields.get("session"))
            and (not events or line.event in events)
            and is_wanted_role(key, name)
        ):
            rows.append(AuditRow(line, key, name))
    return rows


def _role_key_of_line(line: Line) -> RoleKey | None:
    parts = [line.fields.get(name) for name in ("session", "account_id", "role")]
    if all(isinstance(part, str) and part for part in parts):
        chain = str(line.fields.get("chain") or "")
        session, account_id, role = map(str, parts)
        return RoleKey(session, account_id, role, encoded_profile_name(chain))
    return None


def _make_role_filter(pattern: str | None) -> Callable[[RoleKey | None, str], bool]:
    if pattern is None:
        return lambda _key, _name: True
    if "/" in pattern:
        return lambda key, name: (
            key is not None
            and guard_rules.is_guarded(
                [pattern], key.session_name, Account(key.account_id, name, ""), key.role_name
            )
        )
    matches = glob_filter((pattern,))
    return lambda key, _name: key is not None and matches(key.role_name)
