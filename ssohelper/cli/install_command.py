"""The command install: shows a shell's rc file as a diff, then adds or removes lines in it."""

from collections.abc import Sequence

import click

from ssohelper.actions import config_writing, leaving, undoing
from ssohelper.actions import install as installing
from ssohelper.actions.flows.setting_change import type_word
from ssohelper.actions.install import SHELLS
from ssohelper.actions.leaving import Leaving
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.standard_streams import write_stdout
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core import rc_text
from ssohelper.core.other_writes import OtherWrites
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.rc_text import FileEdit
from ssohelper.core.text import MANY_NAMES, shortened_name_list, show
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.system import shell_texts

_LEAVE = "install --uninstall --profiles"


@click.command("install", cls=output.Command)
@click.option("--shell", metavar="|".join(SHELLS), help="The shell to set up. Default: from SHELL.")
@click.option("--uninstall", is_flag=True, help="Remove exactly what install wrote.")
@click.option(
    "--prompt/--no-prompt", default=None, help="Show the profile and the time left in the prompt."
)
@click.option("--profiles", is_flag=True, help="Let all managed profiles work without ssohelper.")
@click.option("--dry-run", is_flag=True, help="Print the diff and change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def install_shell_lines(
    app: App,
    shell: str | None,
    uninstall: bool,
    prompt: bool | None,
    profiles: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Set up your shell for ssohelper: the function for `use`, the prompt, completion.

    \b
    Examples:
      ssohelper install                      shows the diff of the shell's file and asks
      ssohelper install --shell zsh --yes
      ssohelper install --no-prompt          leaves your prompt as it is, also later
      ssohelper install --uninstall          restores the file to the byte
      ssohelper install --uninstall --profiles --dry-run    what leaving ssohelper would change

    Adds its lines, between two comments that mark them, to ~/.bashrc, to ~/.zshrc (or the one in
    ZDOTDIR), or in a new file in fish's conf.d. The lines for pwsh are not tested.

    What install writes, other files can have too: `ssohelper shell-init SHELL` prints the function,
    `completion SHELL` the completion, `prompt` one line for a prompt. `ssohelper cache` lists what
    is saved, and `favourite` the roles that come first; both change it.

    With --uninstall --profiles, managed profiles get AWS's own form under the same names, and our
    lines are removed from the files of all shells.
    """
    if uninstall and prompt is not None:
        raise UsageProblem(
            "--uninstall removes all lines of ssohelper, also that of the prompt",
            hint="to remove only the prompt's line: ssohelper install --no-prompt",
        )
    if profiles and (not uninstall or shell is not None):
        raise UsageProblem(
            "--profiles goes with --uninstall, and without --shell",
            hint="to leave ssohelper: ssohelper install --uninstall --profiles",
        )
    if profiles:
        _leave_ssohelper(app, dry_run=dry_run, yes=yes)
        return
    chosen = installing.choose_shell(app, shell)
    if uninstall:
        edit = installing.plan_rc_file_uninstall(app, chosen)
    else:
        edit = installing.plan_rc_file_install(app, chosen, prompt)
    diff, written = edit.diff(), False
    output.print_diff(diff, dry_run)
    if uninstall:
        _warn_of_dependent_profiles(app)
    if edit.has_changes and not dry_run:
        written = output.confirm(f"{_write_text([edit])}?", yes=yes, what="install")
    if written:
        undoing.record_other_writes(app, OtherWrites(files=(edit,)))
        installing.write_file_edit(app, edit)
    data = {"shell": chosen, "file": str(edit.path), "diff": diff, "written": written}
    if not output.print_if_json({**data, "by_hand": edit.by_hand}) and not dry_run:
        _print_edit_outcome(app, edit, uninstall, written)


def _print_edit_outcome(app: App, edit: FileEdit, uninstall: bool, written: bool) -> None:
    path = show(str(edit.path))
    if edit.by_hand:
        output.say(f"your own line with shell-init is in {show(edit.by_hand)}; nothing was changed")
    elif not edit.has_changes:
        output.say(f"{path} {'has no' if uninstall else 'already has the'} line of ssohelper")
    elif not written:
        output.say(output.NOTHING_CHANGED)
    elif uninstall:
        _say_removed(edit)
    else:
        here = installing.line_for_this_shell(app, edit)
        output.say(f"written: {path}; new shells use it, and this shell after: {here}")
        if rc_text.PROMPT_LINES[edit.shell][0].encode() in (edit.after or b""):
            output.say(
                "your prompt then shows the profile and the time left; to leave that out: "
                "ssohelper install --no-prompt"
            )
        if advice := installing.login_shell_advice(app, edit):
            output.say(advice)


def _say_removed(edit: FileEdit) -> None:
    output.say(f"removed from {show(str(edit.path))}; running shells are not affected")
    if b"ssohelper_prompt" in (edit.after or b""):
        output.say("your line with ssohelper_prompt is still in that file: remove it")


def _leave_ssohelper(app: App, *, dry_run: bool, yes: bool) -> None:
    """Turn managed profiles into native ones, then remove ssohelper's lines from shells' rc files.

    The profiles are changed first, so that they work even if the command ends in between.
    """
    planned, edits = leaving.plan_leaving(app.config.read()), installing.plan_uninstall_all(app)
    config = str(app.locations.aws_config_file)
    diff = list(config_writing.diff_changes(app, planned.data, planned.changes))
    diffs = {config: diff} if planned.changes else {}
    diffs |= {str(edit.path): edit.diff() for edit in edits}
    written: list[str] = []
    for diff in diffs.values():
        output.print_diff(diff, dry_run)
    if dry_run:
        for name in leaving.list_guarded_roles(app, planned):
            output.say(f"this guarded role could be used without a grant: {show(name)}")
    elif diffs and _confirm_leaving(app, planned, edits, yes):
        written, others = list(diffs), OtherWrites(files=tuple(edits))
        if planned.changes:
            config_writing.write_changes(app, _LEAVE, planned.data, planned.changes, others=others)
            count = profile_count_text(len(planned.profiles))
            output.say(f"{count} changed; undo with: {undoing.COMMAND}")
        else:
            undoing.record_other_writes(app, others)
        for edit in edits:
            installing.write_file_edit(app, edit)
            _say_removed(edit)
    elif diffs:
        output.say(output.NOTHING_CHANGED)
    if dry_run or written or not diffs:
        for kept in planned.kept:
            output.say(f'"{show(kept.name)}" still needs ssohelper: {show(kept.reason)}')
        for name in sorted({key.session_name for key in planned.keys}):
            output.say(f"sign in from now on with: aws sso login --sso-session {show(name)}")
        if not diffs:
            what = "no profile is managed, and no shell's file has our lines"
            output.say(f"nothing to change: {what}")
    kept_json = [one._asdict() for one in planned.kept]
    data = {"profiles": planned.profiles, "kept": kept_json, "diffs": diffs, "written": written}
    output.print_if_json(data)


def _warn_of_dependent_profiles(app: App) -> None:
    names = leaving.list_dependent_profiles(app)
    if names:
        output.say(
            f"{profile_count_text(len(names))} in {show(str(app.locations.aws_config_file))} will stop "
            f"working without ssohelper; to keep them working: ssohelper {_LEAVE}"
        )


def _confirm_leaving(app: App, planned: Leaving, edits: list[FileEdit], yes: bool) -> bool:
    if not yes:
        output.require_terminal(_LEAVE)
    guarded = leaving.list_guarded_roles(app, planned)
    if guarded:
        shown = shortened_name_list([show(name) for name in guarded], MANY_NAMES)
        type_word(
            TerminalDialogue(), f"without ssohelper, these guarded roles need no grant: {shown}"
        )
    config = [str(app.locations.aws_config_file)] if planned.changes else []
    count = f"{profile_count_text(len(planned.profiles))} to change — " if planned.profiles else ""
    return output.confirm(f"{count}{_write_text(edits, config)}?", yes=yes, what=_LEAVE)


def _write_text(edits: Sequence[FileEdit], others: Sequence[str] = ()) -> str:
    written = [*others, *(str(edit.path) for edit in edits if edit.after is not None)]
    files = {"write": written, "remove": [str(edit.path) for edit in edits if edit.after is None]}
    shown = {verb: ", ".join(map(show, paths)) for verb, paths in files.items() if paths}
    return " and ".join(map(" ".join, shown.items()))


@click.command("shell-init", cls=output.Command)
@click.argument("shell", type=click.Choice(SHELLS), metavar="|".join(SHELLS))
@click.option(
    "--cmd", "name", metavar="NAME", default="ssohelper", help="The shell function's name."
)
def print_shell_init(_app: App, shell: str, name: str) -> None:
    """Print the shell function for `use` and `clear`, the prompt and the completion.

    \b
    Examples:
      eval "$(ssohelper-credentials shell-init bash)"            in ~/.bashrc
      eval "$(ssohelper-credentials shell-init zsh)"             in ~/.zshrc
      ssohelper-credentials shell-init fish | source             in ~/.config/fish/config.fish
      eval "$(ssohelper-credentials shell-init bash --cmd sso)"  the function is named sso
    """
    if not shell_texts.is_function_name(name):
        raise UsageProblem(
            f'"{name}" cannot be the name of a shell function',
            hint="use letters, digits, _ and -, beginning with a letter or _",
        )
    _print_script(shell_texts.shell_init_text(shell, name), f"text for {shell}")


@click.command("completion", cls=output.Command)
@click.argument("shell", type=click.Choice(SHELLS), metavar="|".join(SHELLS))
def print_completion_script(_app: App, shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      ssohelper completion bash > ~/.local/share/bash-completion/completions/ssohelper
      ssohelper completion zsh > ~/.zfunc/_ssohelper           into a folder of your fpath
      ssohelper completion fish > ~/.config/fish/completions/ssohelper.fish

    `ssohelper shell-init` prints this script too. The script for pwsh is not tested.
    """
    _print_script(shell_texts.completion_script_of(shell), f"completion for {shell}")


def _print_script(text: bytes | None, name: str) -> None:
    if text is None:
        raise LocalState(
            f"the {name} is missing from this installation", hint="install ssohelper again"
        )
    write_stdout(text)
