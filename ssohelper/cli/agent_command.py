"""The command agent: writes settings with which AI coding agents get credentials from ssohelper."""

import click

from ssohelper.actions import agent_install
from ssohelper.actions.agent_install import TOOLS
from ssohelper.cli import choosing, output
from ssohelper.cli.plan_output import print_diff
from ssohelper.core.text import show


@click.group("agent")
@output.common_options
def agent_command_group() -> None:
    """Set up coding agents, such as Claude Code, for your profiles.

    \b
    Examples:
      ssohelper agent install claude payments-prod.ReadOnlyAccess

    To limit what an agent may get, start it with: ssohelper exec --allow GLOB PROFILE -- claude
    """


@agent_command_group.command("install")
@click.argument("tool", type=click.Choice(TOOLS), metavar="|".join(TOOLS))
@click.argument("profile", metavar="[PROFILE]", required=False)
@click.option("--server", "servers", multiple=True, help="An MCP server's name. Repeatable.")
@click.option("--dry-run", is_flag=True, help="Print the diff only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.common_options
def install_agent_settings(
    tool: str, profile: str | None, servers: tuple[str, ...], dry_run: bool, yes: bool
) -> None:
    """Write an agent's settings so that it uses PROFILE; asks first.

    \b
    Examples:
      ssohelper agent install claude payments-prod.ReadOnlyAccess
      ssohelper agent install kiro payments-prod.ReadOnlyAccess --server my-mcp-server
      ssohelper agent install codex payments-prod.ReadOnlyAccess --dry-run

    claude: ~/.claude/settings.json gets AWS_PROFILE, and awsAuthRefresh, which signs in. codex:
    ~/.codex/config.toml gets AWS_PROFILE for commands and for AWS's MCP servers. kiro:
    ~/.kiro/settings/mcp.json gets it for AWS's MCP servers. --server names others.
    """
    app = output.get_app()
    chosen = choosing.choose_profile(profile)
    edit = agent_install.plan_agent_install(app, tool, chosen, servers)
    diff, path, is_written = edit.diff(), show(str(edit.path)), False
    if edit.has_changes:
        print_diff(diff, dry_run)
        if not dry_run and output.confirm(f"write {path}?", yes=yes, what="agent install"):
            agent_install.write_agent_edit(app, edit)
            is_written = True
    if output.options().json:
        data = {"tool": tool, "file": str(edit.path), "diff": diff, "written": is_written}
        output.print_json(data, app.warnings)
    elif is_written:
        output.say(f"written: {path}; restart {tool} to use it")
    elif not edit.has_changes:
        output.say(f"{path} has these settings already")
    elif not dry_run:
        output.say(output.NOTHING_CHANGED)
