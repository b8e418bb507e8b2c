"""The command agent: writes settings with which AI coding agents get credentials from ssohelper."""

import click

from ssohelper.actions import agent_install
from ssohelper.actions import install as installing
from ssohelper.actions.agent_install import TOOLS
from ssohelper.app import App
from ssohelper.cli import choosing, output
from ssohelper.core import agent_settings
from ssohelper.core.model import Profile
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem


@click.group("agent", cls=output.Group)
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
@click.option("--for-model", is_flag=True, help="PROFILE is for Claude's model on Amazon Bedrock.")
@click.option("--dry-run", is_flag=True, help="Print the diff only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def install_agent_settings(
    app: App,
    tool: str,
    profile: str | None,
    servers: tuple[str, ...],
    for_model: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Write an agent's settings so that it uses PROFILE; asks first.

    \b
    Examples:
      ssohelper agent install claude payments-prod.ReadOnlyAccess
      ssohelper agent install kiro payments-prod.ReadOnlyAccess --server my-mcp-server
      ssohelper agent install codex payments-prod.ReadOnlyAccess --dry-run

    claude: ~/.claude/settings.json gets AWS_PROFILE, and awsAuthRefresh, which signs in. codex:
    ~/.codex/config.toml gets AWS_PROFILE for commands and for AWS's MCP servers. kiro:
    ~/.kiro/settings/mcp.json gets AWS_PROFILE for AWS's MCP servers. --server names other MCP
    servers. In a server's arguments, the profile after --profile is replaced.
    """
    chosen = choosing.choose_profile(profile)
    edit = agent_install.plan_agent_install(app, tool, chosen, servers)
    diff, path, is_written = edit.diff(), show(str(edit.path)), False
    if edit.has_changes:
        output.print_diff(diff, dry_run)
        is_of_model = tool == "claude" and agent_settings.uses_bedrock(edit.after or b"{}")
        is_wanted = not dry_run and (for_model or not is_of_model or _is_for_model(chosen))
        if is_wanted and output.confirm(f"write {path}?", yes=yes, what="agent install"):
            installing.write_file_edit(app, edit)
            is_written = True
    if output.options().json:
        data = {"tool": tool, "file": str(edit.path), "diff": diff, "written": is_written}
        output.print_json(data)
    elif is_written:
        output.say(f"written: {path}; restart {tool} to use it")
    elif not edit.has_changes:
        output.say(f"{path} has these settings already")
    elif not dry_run:
        output.say(output.NOTHING_CHANGED)


def _is_for_model(chosen: Profile) -> bool:
    """Raises: UsageProblem off a terminal."""
    text = "Claude Code runs its model on Amazon Bedrock with the profile in its settings"
    if not output.can_ask_user():
        raise UsageProblem(
            f"{text}: this would move the model too",
            hint=f"if the profile is for the model: {output.command_line()} --for-model",
        )
    return output.confirm(
        f'{text}; is "{show(chosen.name)}" meant for the model?', yes=False, what=""
    )
