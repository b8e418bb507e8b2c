"""The entry point of the command line (click). A command's module is imported only to run it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from ssohelper.cli import output, standard_streams
from ssohelper.errors import SsoHelperError, UsageProblem

if TYPE_CHECKING:
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.system.shell_answer import ShellAnswer

# The one-line help of each command: `ssohelper --help` takes 37 ms, with the modules 300.
GROUPS = {
    "Start": {
        "setup": "Onboard in one command: sign in, list, write profiles",
        "install": "Set up your shell for ssohelper, or undo that",
        "demo": "Try everything on a local Identity Center, no AWS needed",
    },
    "Sign-in": {
        "login": "Sign in to a session and save its token",
        "logout": "Sign out of a session, on this machine and at AWS",
        "status": "Show how long sign-ins, tokens and credentials last",
        "session": "Manage the portals that you sign in to",
    },
    "Roles and profiles": {
        "list": "List the accounts and roles you may use",
        "profile": "Manage profiles in ~/.aws/config",
        "undo": "Take back what the last command wrote",
        "whoami": "Show which account and role a profile stands for",
        "console": "Open the AWS console as a profile's role",
    },
    "In the shell": {
        "use": "Switch this shell to a profile",
        "clear": "Undo `use`: restore this shell's environment",
        "exec": "Run a command with credentials of a role",
        "env": "Print a role's keys as shell exports, for eval",
    },
    "For programs": {
        "serve": "Serve a role's credentials to containers and jobs",
        "agent": "Set up coding agents for your profiles",
        "credential-process": "Print credentials for an SDK; profiles call this",
        "emulator": "Run the demo's local Identity Center alone",
    },
    "Safety": {
        "guard": "Hand out guarded roles on purpose, for a short time",
        "audit": "Show what AWS issued, and to which program",
    },
    "Settings and repair": {
        "config": "Get and set ssohelper's own settings",
        "doctor": "Find what is wrong with your AWS setup, and the cure",
    },
    # These are not in the root help: the help of `install` names them.
    "": {
        "favourite": "Manage the roles that come first in lists",
        "prompt": "Print one line for a prompt: profile and time left",
        "shell-init": "Print the shell code of `use`, for eval",
        "completion": "Print the completion script of a shell",
        "cache": "List saved files, remove credentials and lists",
    },
}
COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}
# The module of a command, if its name is not the command's name with `_command`.
_MODULES = {
    **dict.fromkeys(("login", "logout", "status"), "sign_in_commands"),
    **{name: f"{name}_commands" for name in ("session", "profile", "config", "cache")},
    "clear": "use_command",
    "credential-process": "credential_command",
    "emulator": "demo_command",
    "shell-init": "install_command",
    "completion": "install_command",
}
ALIASES = {"ls": "list"}
# What users of other tools, or of git, type for these commands.
MEANT_COMMANDS = {
    "help": "ssohelper --help",
    "version": "ssohelper --version",
    "sync": "ssohelper profile sync",
    "switch": "ssohelper use",
    "assume": "ssohelper use",
}


class LazyGroup(output.Group):
    """Imports the module of the command that is run, and of no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        if sys.platform == "win32" and name == "serve":
            raise output.no_windows_error("serve")
        module = import_module(f"ssohelper.cli.{_MODULES.get(name, f'{name}_command')}")
        commands = (one for one in vars(module).values() if isinstance(one, click.Command))
        return next(command for command in commands if command.name == name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None:
            if name in MEANT_COMMANDS:
                hint = f"did you mean: {MEANT_COMMANDS[name]}"
                raise UsageProblem(f'no command named "{name}"', hint=hint)
            raise output.unknown_name_error("command", name, COMMANDS, "ssohelper --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for heading, group in GROUPS.items():
            if heading:
                with formatter.section(heading):
                    formatter.write_dl([(name.ljust(width), text) for name, text in group.items()])


class _BuildVersion(str):
    """Looks for the version's commit only when it is printed."""

    def __str__(self) -> str:
        from ssohelper.system.own_source import find_version

        return find_version()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(_BuildVersion(), prog_name="ssohelper", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Credentials and profiles for AWS IAM Identity Center (SSO).

    \b
    Examples:
      ssohelper demo                                    try it, no AWS account needed
      ssohelper setup https://d-0000000000.awsapps.com/start
      ssohelper login                                   sign in
      ssohelper                                         open the full screen (on a terminal)
      ssohelper list prod read                          find accounts and roles
      ssohelper use payments-prod.ReadOnlyAccess        switch this shell (run install first)
      ssohelper exec payments-prod.ReadOnlyAccess -- aws s3 ls
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        ctx.exit(2)


def run(argv: list[str], chosen: RoleRow | None = None, answer: ShellAnswer | None = None) -> int:
    """Run the command line; return its exit code. Only this function turns errors into messages."""
    standard_streams.replace_streams()
    options = output.CommonOptions(chosen, answer)
    try:
        # For a BrokenPipeError, `main.main` would end the process with code 1.
        with main.make_context("ssohelper", list(argv), obj=options) as context:
            result = main.invoke(context)
    except SsoHelperError as error:
        for warning in options.unprinted_warnings():
            output.warn(warning)
        return output.report_error(error)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        return output.report_usage_error(error)
    except (click.Abort, EOFError, KeyboardInterrupt):
        return output.report_interrupted()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except Exception as error:
        from ssohelper.system import crash_report

        return crash_report.report_crash(error, error.__traceback__)
    return result if isinstance(result, int) else 0
