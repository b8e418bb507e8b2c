"""The command prompt: adds help, JSON and messages for wrong arguments to `ssohelper.prompt_entry`."""

from typing import Any

import click

from ssohelper import prompt_entry
from ssohelper.actions import prompt as action
from ssohelper.actions.prompt import PromptStatus
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.instants import to_iso


@click.command("prompt", cls=output.Command)
@click.option("--format", "template", metavar="TEXT", help="The line to print, with {FIELD}s.")
@click.option("--state", is_flag=True, hidden=True)
def print_prompt_line(app: App, template: str | None, state: bool) -> None:
    """Print one line for a prompt: the profile in use and the time left.

    \b
    Examples:
      ssohelper prompt                       payments-prod.ReadOnlyAccess 7h12m
      ssohelper prompt --format '{account}/{role} {left}'
      ssohelper prompt --json

    The ? in `7h12m?` marks an assumed end: AWS does not report when a sign-in ends, and by default
    it lasts 8 h.

    Fields: profile, session, account, account_id, role, left, level (fine, soon, late), guarded,
    line. Prints nothing if no profile is in use. Does not use the network. Without --json it exits
    0 even after an error. For a shell's own prompt, ssohelper_prompt_on shows the same and starts
    no program: see `ssohelper install`.
    """
    if output.options().json:
        output.print_json(_status_json(action.read_prompt_status(app), app.clock.now()))
        return
    prompt_entry.print_prompt(
        [prompt_entry.STATE] if state else ["--format", template] if template else []
    )


def _status_json(status: PromptStatus, now: int) -> dict[str, Any]:
    profile, row = status.profile, status.row(now)
    clock = row.clock
    ends_at = clock.at if clock and clock.kind in ("known", "assumed") else None
    return {
        "profile": status.label or None,
        **dict.fromkeys(("session", "account_id", "role_name")),
        **(profile.json_fields if profile else {}),
        "guarded": status.guarded,
        "clock": clock.kind if clock else None,
        "level": row.level or None,
        "ends_at": None if ends_at is None else to_iso(ends_at),
        "left_seconds": None if ends_at is None else max(0, ends_at - now),
        "line": status.prompt_line(now),
    }
