"""The allow-list of `exec --allow`: which roles a program and its children may use."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import allow_list, chains, child_config, journal
from ssohelper.core.model import SESSION_NAME
from ssohelper.core.resolver import name_sources
from ssohelper.core.text import show
from ssohelper.errors import Refused, UsageProblem
from ssohelper.fastpath import calling_process, folders

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.allow_list import AllowList
    from ssohelper.core.config_file import ConfigFile, ProfileEntry


class Limits(NamedTuple):
    """What a command gets: variables and, with an allow-list, the section headers of its profiles."""

    variables: dict[str, str]
    kept: Collection[str] | None = None


def limit_command(app: App, globs: Sequence[str], *, has_endpoint: bool) -> Limits:
    """Return the limits of a command, by these globs and by the allow-list of this process.

    Writes the config that the command sees, unless an endpoint will write it. Raises: UsageProblem;
    LocalState; ConfigInvalid for a config of an unusual form.
    """
    variables = build_allow_list_variable(app, globs)
    text = variables.get(allow_list.VARIABLE, app.environ.get(allow_list.VARIABLE))
    if text is None:
        return Limits(variables)
    names, child_files = app.vault.load_names_at_exec(), app.make_child_files()
    if names is None:
        names = app.directory.load_account_names()
        folder = child_files.save({"accounts": json.dumps(names).encode()})
        variables[allow_list.NAMES_VARIABLE] = str(folder / "accounts")
    allowed, config = app.vault.parse_allow_list(text, names), app.config.read()
    kept = {one.header for one in config.profiles() if _is_allowed(config, one, allowed)}
    if not has_endpoint:
        content = child_config.allowed_config_text(config, kept).encode()
        folder = child_files.save({"config": content, "credentials": b""})
        variables |= folders.config_copy_variables(str(folder), *app.locations.aws_files)
    return Limits(variables, kept)


def _is_allowed(config: ConfigFile, entry: ProfileEntry, allowed: AllowList) -> bool:
    roles = chains.find_roles_of_profile(config, entry)
    # If a profile has two sources of credentials, SDKs disagree on which one they use.
    is_clear = len(name_sources(entry.keys)) == 1
    return is_clear and bool(roles) and all(allowed.allows(role, "") for role in roles)


def build_allow_list_variable(app: App, globs: Sequence[str]) -> dict[str, str]:
    """Return the variable that limits a child process to roles matching the globs, or {}.

    The roles must match an allow-list of this process too. Names of profiles are replaced by their
    roles now, because the child could edit the config. Raises: UsageProblem.
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
        patterns += [glob] if "/" in glob else _list_roles_of_profiles(app, glob)
    inherited, present = app.environ.get(allow_list.VARIABLE), allow_list.AllowList(())
    if inherited is not None:
        present = allow_list.parse_allow_list(inherited)
    return {allow_list.VARIABLE: present.with_further_list(dict.fromkeys(patterns)).text}


def refuse_if_limited(app: App, action: str, command_for_user: str) -> None:
    """Raise Refused (9) if this process has an allow-list, as the action could give it more roles."""
    if allow_list.VARIABLE not in app.environ:
        return
    app.journal.try_append(
        journal.make_entry("refused", caller=calling_process.find_caller(), what=action)
    )
    raise Refused(
        f"a program that SSOHELPER_ALLOW limits cannot {action}",
        hint=f"ask the person to run: {command_for_user}",
    )


def _list_roles_of_profiles(app: App, glob: str) -> list[str]:
    config, found = app.config.read(), []
    for entry in config.profiles():
        if not fnmatchcase(entry.name.casefold(), glob.casefold()):
            continue
        # A chain is allowed only if every role that it assumes one after another is allowed.
        # An invalid session name is skipped: "*" in a pattern would match every session.
        roles = chains.find_roles_of_profile(config, entry)
        found += [role.text for role in roles if SESSION_NAME.fullmatch(role.session_name)]
    if not found:
        raise UsageProblem(
            f'no profile matches "{show(glob, 40)}"',
            hint="see them with: ssohelper profile list; roles are written as ACCOUNT/ROLE",
        )
    return found
