"""Carries out `install --uninstall --profiles`: shows the changes, asks, and writes the files."""

from ssohelper.actions import config_writing, leaving
from ssohelper.actions import install as installing
from ssohelper.actions.leaving import Leaving
from ssohelper.app import App
from ssohelper.cli import guarding, output
from ssohelper.cli.plan_output import print_diff
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.rc_text import FileEdit
from ssohelper.core.text import MANY_NAMES, shortened_name_list, show

_WHAT = "install --uninstall --profiles"


def leave_ssohelper(app: App, *, dry_run: bool, yes: bool) -> None:
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
        print_diff(diff, dry_run)
    if dry_run:
        for name in leaving.list_guarded_roles(app, planned):
            output.say(f"this guarded role could be used without a grant: {show(name)}")
    elif diffs and _confirm(app, planned, edits, yes):
        written = list(diffs)
        if planned.changes:
            config_writing.write_changes(app, _WHAT, planned.data, planned.changes)
            count = profile_count_text(len(planned.profiles))
            output.say(f"{count} changed; undo with: ssohelper profile undo")
        for edit in edits:
            installing.write_file_edit(app, edit)
            output.say(f"removed from {show(str(edit.path))}; running shells are not affected")
            if b"ssohelper_prompt" in (edit.after or b""):
                output.say("your line with ssohelper_prompt is still in that file: remove it")
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
    if output.options().json:
        kept_json = [one._asdict() for one in planned.kept]
        data = {"profiles": list(planned.profiles), "kept": kept_json, "diffs": diffs}
        output.print_json({**data, "written": written}, app.warnings)


def warn_of_dependent_profiles(app: App) -> None:
    names = leaving.list_dependent_profiles(app)
    if names:
        output.say(
            f"{profile_count_text(len(names))} in {show(str(app.locations.aws_config_file))} will stop "
            f"working without ssohelper; to keep them working: ssohelper {_WHAT}"
        )


def _confirm(app: App, planned: Leaving, edits: list[FileEdit], yes: bool) -> bool:
    if not yes:
        output.require_terminal(_WHAT)
    guarded = leaving.list_guarded_roles(app, planned)
    if guarded:
        shown = shortened_name_list([show(name) for name in guarded], MANY_NAMES)
        guarding.require_typed_word(
            guarding.LOOSEN_WORD,
            f"without ssohelper, these guarded roles need no grant: {shown}",
            f"type {guarding.LOOSEN_WORD} to go on: ",
        )
    written = [str(app.locations.aws_config_file)] if planned.changes else []
    written += [str(edit.path) for edit in edits if edit.after is not None]
    removed = [str(edit.path) for edit in edits if edit.after is None]
    files = {"write": written, "remove": removed}
    parts = [f"{verb} {', '.join(map(show, paths))}" for verb, paths in files.items() if paths]
    count = f"{profile_count_text(len(planned.profiles))} to change — " if planned.profiles else ""
    return output.confirm(f"{count}{' and '.join(parts)}?", yes=yes, what=_WHAT)
