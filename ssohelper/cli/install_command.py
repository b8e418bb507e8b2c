"""install: the line in a shell's rc file, shown as a diff before it is written or taken away."""

import click

from ssohelper.actions import install as installing
from ssohelper.actions.install import SHELLS, Edit
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.plan_output import print_diff
from ssohelper.core.text import show


@click.command("install")
@click.option("--shell", metavar="|".join(SHELLS), help="Whose file; default: that of SHELL.")
@click.option("--uninstall", is_flag=True, help="Take away exactly what install wrote.")
@click.option("--dry-run", is_flag=True, help="Print the diff only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.common_options
def install(shell: str | None, uninstall: bool, dry_run: bool, yes: bool) -> None:
    """Put ssohelper into your shell: the function for `use`, the prompt, completion.

    \b
    Examples:
      ssohelper install                      shows the diff of the shell's file and asks
      ssohelper install --shell zsh --yes
      ssohelper install --uninstall          the file as it was, to the byte

    One line in ~/.bashrc or ~/.zshrc (also through ZDOTDIR), a file in fish's conf.d, between
    marks. The one for pwsh is not tried.
    """
    app = output.app()
    chosen = installing.choose_shell(app, shell)
    plan = installing.plan_uninstall if uninstall else installing.plan_install
    edit = plan(app, chosen)
    diff = edit.diff()
    written = False
    if edit.has_changes:
        print_diff(diff, dry_run)
        if not dry_run and _agreed(edit, uninstall, yes):
            installing.write_edit(app, edit)
            written = True
    if output.talk().json:
        data = {"shell": chosen, "file": str(edit.path), "diff": diff, "written": written}
        output.print_json({**data, "by_hand": edit.by_hand}, app.warnings)
    elif not dry_run:
        _say_what_is_so(edit, uninstall, written)
        if written and not uninstall:
            _say_what_it_takes(app, edit)


def _agreed(edit: Edit, uninstall: bool, yes: bool) -> bool:
    what = "install --uninstall" if uninstall else "install"
    verb = "remove" if edit.after is None else "write"
    return output.confirm(f"{verb} {show(str(edit.path))}?", yes=yes, what=what)


def _say_what_is_so(edit: Edit, uninstall: bool, written: bool) -> None:
    path = show(str(edit.path))
    if edit.by_hand:
        there = "is still there, written by hand" if uninstall else "is there already, by hand"
        output.say(f"a line with shell-init {there}: {show(edit.by_hand)}; nothing was changed")
    elif not edit.has_changes:
        output.say(
            f"nothing of ssohelper's is in {path}" if uninstall else f"{path} has it already"
        )
    elif not written:
        output.say("nothing was changed")
    elif uninstall:
        output.say(f"taken away from {path}; shells that run keep it until they end")
        if b"ssohelper_prompt" in (edit.after or b""):
            output.say("a line with ssohelper_prompt is still there: take it out by hand")
    else:
        output.say(f"written: {path}; it works in every new shell, here with: exec {edit.shell}")
        output.say("for the time left in your prompt, a line below it: ssohelper_prompt_on")


def _say_what_it_takes(app: App, edit: Edit) -> None:
    if not installing.has_completion_system(edit):
        output.say("zsh completes once this stands above it: autoload -U compinit && compinit")
    login_file = installing.find_incomplete_login_file(app, edit)
    if login_file is not None:
        line = 'if [ -n "$BASH" ]; then . ~/.bashrc; fi'
        output.say(
            f"login shells (ssh, tmux) have it once this is in {show(str(login_file))}: {line}"
        )
