"""Runs a command as several roles, after the questions for missing sign-ins and for one grant."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from ssohelper.actions import credentials, environment, roles, run, selection
from ssohelper.actions.flows import grant
from ssohelper.actions.flows.dialogue import Dialogue, PlanShown
from ssohelper.actions.role_runs import RoleRun, RunGroup
from ssohelper.core.choices import Choices, account_filter, role_filter
from ssohelper.core.model import Account, RoleKey, SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.similar_names import did_you_mean
from ssohelper.errors import Interrupted, LoginRequired, RoleNotAssigned, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssohelper.app import App
    from ssohelper.core.listing import Listing


class RunsDialogue(Dialogue, Protocol):
    def sign_in(self, session: SsoSession, why: LoginRequired) -> bool:
        """Offer a sign-in; return whether the user has signed in. Raises: `why` off a terminal."""

    def show_runs(self, group: RunGroup) -> bool:
        """Run the commands to their end; return whether to run the failed ones again."""


def run_as_roles(
    app: App,
    dialogue: RunsDialogue,
    rows: Sequence[RoleRow],
    argv: Sequence[str],
    reason: str | None = None,
    variables: Mapping[str, str] | None = None,
    granted: Callable[[], object] = lambda: None,
) -> RunGroup:
    """Return the commands after their end. Before the first begins, all questions are asked.

    `granted` is called after a grant. Raises: LoginRequired, Refused, Interrupted,
    ProgramNotFound, NotExecutable.
    """
    run.find_program(argv[0], app.environ)
    while True:
        rows = _ensure_sign_ins(app, dialogue, rows, argv)
        if grant.ensure_grants(app, dialogue, [row.key for row in rows], reason):
            granted()
        group = RunGroup([RoleRun(app, row, argv, variables) for row in rows])
        try:
            is_again = dialogue.show_runs(group)
        finally:
            app.usage.save_failed_roles(one.row.key for one in group.failed)
        if not (is_again and group.failed):
            return group
        rows = [one.row for one in group.failed]


def _ensure_sign_ins(
    app: App, dialogue: RunsDialogue, rows: Sequence[RoleRow], argv: Sequence[str]
) -> Sequence[RoleRow]:
    """Return the rows of the sessions that need no sign-in, or that the user has signed in to."""
    left: dict[str, LoginRequired] = {}
    for name in dict.fromkeys(row.session_name for row in rows):
        keys = [row.key for row in rows if row.session_name == name]
        if all(credentials.has_cached_credentials(app, key) for key in keys):
            continue
        session = selection.find_session_by_name(app.config.read(), name)
        try:
            environment.renew_and_load_outlook(app, session)
        except LoginRequired as why:
            if not dialogue.sign_in(session, why):
                left[name] = why
    ready = [row for row in rows if row.session_name not in left]
    if not ready:
        raise next(iter(left.values()))
    question = f"run {shlex.join(argv)} as these {len(ready)} of {len(rows)} roles only?"
    labels = [f"{row.label} ({row.session_name})" for row in ready]
    if left and dialogue.show_plan(PlanShown([*labels, question], (), "")) != "y":
        raise Interrupted("nothing was run")
    return ready


def choose_roles(
    app: App, listing: Listing, session_name: str, accounts: Sequence[str], names: Sequence[str]
) -> list[RoleRow]:
    """Return the listed roles that match these filters. Raises: RoleNotAssigned if none does."""
    passes, listed = role_filter(Choices(tuple(accounts), tuple(names))), listing.role_set()
    known = [row for row in roles.read_roles(app, session_name).rows if row.key.role in listed]
    found = [row for row in known if passes(row.account, row.role_name)]
    if found:
        return sorted(found, key=lambda row: (row.account.name, row.account.id, row.role_name))
    in_account = account_filter(tuple(accounts))
    of_accounts = {row.role_name for row in known if in_account(row.account)}
    asked, names_there = (names, of_accounts) if of_accounts else (accounts, set[str]())
    names_there = names_there or {name for row in known for name in row.account[:2]}
    meant = did_you_mean(" ".join(asked).strip("*!"), sorted(names_there))
    raise RoleNotAssigned(
        f'no role in the list of "{session_name}" matches "{" ".join(accounts)}" and '
        f'"{" ".join(names)}"',
        hint=f"{meant}see them with: ssohelper list --session {session_name}",
    )


def find_failed_roles(app: App, session_name: str | None) -> list[RoleRow]:
    """Return the roles as which the last command over several roles failed. Raises: UsageProblem."""
    known = {row.key: row for row in roles.read_roles(app, session_name).rows}
    keys = [
        one for one in app.usage.load_failed_roles() if session_name in (None, one.session_name)
    ]
    if not keys:
        raise UsageProblem(
            "no role failed in the last command over several roles",
            hint="choose roles with: ssohelper exec --account GLOB --role GLOB -- COMMAND",
        )
    return [known.get(key) or _make_row(key) for key in keys]


def _make_row(key: RoleKey) -> RoleRow:
    account = Account(key.account_id, "", "")
    return RoleRow(key.session_name, account, key.role_name, chained=key if key.chain else None)
