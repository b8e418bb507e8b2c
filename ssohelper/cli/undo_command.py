"""The command undo: takes back what the last command wrote, after a question with the diff."""

import sys

import click

from ssohelper.actions import sync_choices, undoing
from ssohelper.actions.flows import undo as flow
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core import plan_text
from ssohelper.core.config_edit import hide_secret
from ssohelper.core.text import show


@click.command("undo", cls=output.Command, short_help="Take back what the last command wrote.")
@click.option("--print", "prints", is_flag=True, help="Print the earlier config, change nothing.")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def undo_last_command(app: App, prints: bool, dry_run: bool, yes: bool) -> None:
    """Take back what the last command wrote: settings, ~/.aws/config, the shell's file.

    \b
    Examples:
      ssohelper undo --dry-run
      ssohelper undo --yes
      ssohelper undo --print          prints the earlier config
      ssohelper profile undo          the same

    The last three commands can be undone, one after the other. What you edited elsewhere stays. If
    you edited a part that the command wrote, nothing is restored: undo shows both, and --print
    prints the whole earlier config. Where a guard rule would end, a person types a word, also with
    --yes. A sync that changed only filters, names, form or region counts as a command.
    """
    if prints:
        data = undoing.load_last_config(app)
        earlier = [hide_secret(f" {line}")[1:] for line in data.decode().splitlines()]
        if output.print_if_json({"lines": earlier}):
            return
        if sys.stdout.isatty():
            output.print_diff(earlier, on_stdout=True)
        else:
            click.echo(data, nl=False)
        return
    try:
        undo = undoing.plan_undo(app)
    except undoing.EditedSinceWrite as error:
        output.print_diff(error.diff, dry_run)
        raise
    lines = list(undoing.diff_undo(app, undo))
    if dry_run:
        output.print_diff(lines, on_stdout=True)
        for session_name, choices in undo.options:
            line = plan_text.restored_options_line(session_name, choices, "would be")
            output.say(show(line, 500))
    else:
        what = click.get_current_context().command_path.removeprefix("ssohelper ")
        flow.undo_last_command(app, TerminalDialogue(what, yes=yes), undo)
    restored = [{"session": name, **sync_choices.choices_json(one)} for name, one in undo.options]
    output.print_if_json({"diff": lines, "options": restored})
