"""Writes settings that give AI coding agents credentials; docs/how-to/agents.md has sources."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ssohelper.actions import agents
from ssohelper.core import agent_settings
from ssohelper.core.rc_text import FileEdit
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem
from ssohelper.system import installation
from ssohelper.system.locations import expand_home

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import Profile

TOOLS = ("claude", "codex", "kiro")


def plan_agent_install(app: App, tool: str, profile: Profile, servers: tuple[str, ...]) -> FileEdit:
    """Raises: UsageProblem for a missing profile or MCP server; ConfigInvalid; LocalState."""
    agents.refuse_if_limited(
        app,
        "change an agent's settings",
        f"ssohelper agent install {tool} {shlex.quote(profile.name)}",
    )
    path = _find_agent_settings_file(app, tool)
    found = app.make_user_file(path).read()
    before = None if found.mark is None else found.data
    if tool == "claude":
        if servers:
            raise UsageProblem("--server is for codex and kiro")
        _refuse_servers_with_other_profile(app, profile)
        after = agent_settings.edit_claude_settings(
            before, str(path), _make_claude_code_settings(app, profile)
        )
        return FileEdit(path, before, after)
    if not _is_profile_in_config(app, profile):
        raise UsageProblem(
            f"{tool} needs a profile of {app.locations.aws_config_file}",
            hint=f"add one: ssohelper profile add {shlex.quote(profile.name)}",
        )
    edit = agent_settings.edit_codex_config if tool == "codex" else agent_settings.edit_mcp_json
    return FileEdit(path, before, edit(before, str(path), profile.name, servers))


def _refuse_servers_with_other_profile(app: App, profile: Profile) -> None:
    for file in (Path(expand_home("~/.claude.json", app.environ)), Path(".mcp.json").absolute()):
        content = app.make_user_file(file).read().data
        others = agent_settings.find_servers_with_other_profile(content, str(file), profile.name)
        if others:
            raise ConfigInvalid(
                f'the MCP server "{show(others[0], 80)}" in "{file}" uses another profile: '
                "nothing was changed",
                hint=f"write {show(profile.name, 80)} there in an editor, or remove the server",
            )


def _make_claude_code_settings(app: App, profile: Profile) -> dict[str, object]:
    """Return Claude Code's settings. Without a profile, they run a command that exports keys."""
    installation.refuse_temporary_installation(app.environ, "its commands would be gone later")
    installation.warn_if_exposed(app.environ, app.warn)
    command = installation.quote_program_path(installation.find_ssohelper_command(app.environ))
    values: dict[str, object] = {"awsAuthRefresh": f"{command} login {profile.session.name}"}
    if _is_profile_in_config(app, profile):
        return {"env": {agent_settings.AWS_PROFILE: profile.name}, **values}
    export = f"{command} env --format sts {shlex.quote(profile.key.text)}"
    return {**values, agent_settings.EXPORT: export}


def _is_profile_in_config(app: App, profile: Profile) -> bool:
    return app.config.read().profile(profile.name) is not None


def _find_agent_settings_file(app: App, tool: str) -> Path:
    places = {
        "claude": "~/.claude/settings.json",
        "codex": "~/.codex/config.toml",
        "kiro": "~/.kiro/settings/mcp.json",
    }
    moved = app.environ.get("CODEX_HOME") if tool == "codex" else None
    path = Path(moved) / "config.toml" if moved else Path(expand_home(places[tool], app.environ))
    if not os.path.isabs(path):
        raise LocalState(f'CODEX_HOME is "{moved}": not an absolute path')
    return path
