"""The allow-list of `exec --allow`: which roles a program and its children may use."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ssohelper.core import allow_list, chains, journal
from ssohelper.core.model import SESSION_NAME
from ssohelper.core.text import show
from ssohelper.errors import Refused, UsageProblem
from ssohelper.fastpath import calling_process

if TYPE_CHECKING:
    from ssohelper.app import App


def build_allow_list_variable(app: App, globs: Sequence[str]) -> dict[str, str]:
    """Return the variable that limits a child process to roles matching the globs, or {}.

    If this process has an allow-list itself, the child's roles must match both lists. Names of
    profiles are replaced by their roles now, because the child could edit the config.
    Raises: UsageProblem for a glob that contains a separator, or matches no profile.
    """
    if not globs:
        return {}
    patterns: list[str] = []
    for glob in globs:
        if not glob or any(mark in glob for mark in allow_list.SEPARATORS):
            raise UsageProblem(
                f'"{show(glob, 40)}" is no pattern: it is empty, or contains "," or ";"',
                hint="in a pattern, ? stands for any one character: write it instead of , or ;",
            )
        patterns += [glob] if "/" in glob else _list_roles_of_profiles_that_match(app, glob)
    inherited = app.environ.get(allow_list.VARIABLE)
    present = (
        allow_list.AllowList(()) if inherited is None else allow_list.parse_allow_list(inherited)
    )
    return {allow_list.VARIABLE: present.with_further_list(dict.fromkeys(patterns)).text}


def refuse_if_allow_list_applies(app: App, action: str, command_for_user: str) -> None:
    """Raise Refused (9) if this process has an allow-list, as the action could give it more roles.

    `action` is text for the message, such as "change profiles". `command_for_user` is the command
    that the user may type instead.
    """
    if allow_list.VARIABLE not in app.environ:
        return
    app.journal.try_append(
        journal.refused_command_entry(action, calling_process.find_parent_name_and_terminal())
    )
    raise Refused(
        f"a program that SSOHELPER_ALLOW limits cannot {action}",
        hint=f"ask the person to run: {command_for_user}",
    )


def _list_roles_of_profiles_that_match(app: App, glob: str) -> list[str]:
    config, found = app.config.read(), []
    for entry in config.profiles():
        if not fnmatchcase(entry.name.casefold(), glob.casefold()):
            continue
        # A chain is allowed only if every role that it assumes one after another is allowed.
        chain = chains.find_chain_or_none(config, entry)
        target = chain.target if chain else config.target_or_none(entry)
        if target is None or target.session_name is None:
            continue
        # An invalid session name is skipped: "*" in a pattern would match every session.
        if not SESSION_NAME.fullmatch(target.session_name):
            continue
        roles = [target.role, *(step.role for step in (chain.steps if chain else ()))]
        found += [f"{target.session_name}:{role.account_id}/{role.name}" for role in roles]
    if not found:
        raise UsageProblem(
            f'no profile matches "{show(glob, 40)}"',
            hint="see them with: ssohelper profile list; roles are written as ACCOUNT/ROLE",
        )
    return found
