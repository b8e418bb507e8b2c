"""The command audit: shows and filters the local journal."""

import sys
from datetime import datetime
from typing import Any

import click

from ssohelper.actions import audit
from ssohelper.actions.audit import AuditRow
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.instants import from_iso, parse_duration, to_iso
from ssohelper.core.journal import EVENTS, FIELDS
from ssohelper.core.text import show

_HEADER = ("TIME", "EVENT", "ROLE", "UNTIL", "KEY ID", "PARENT", "TERMINAL", "DETAILS")
_OF_ROLE = {"session", "account_id", "role", "chain", "role_arn"}
_FIELDS = sorted({name for names in FIELDS.values() for name in names} - _OF_ROLE)


class Since(click.ParamType[float]):
    """Epoch seconds of a duration back from now (2d, 90m), or of a local date or time."""

    name = "since"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        text = str(value)
        if value == 0:  # the default
            return 0
        seconds = parse_duration(text)
        if seconds is not None:
            return output.get_app().clock.now() - seconds
        try:
            return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(f'"{show(text, 40)}" is no duration (2d, 90m) and no date', param, ctx)


@click.command("audit", cls=output.Command)
@click.option(
    "--since",
    type=Since(),
    default=0,
    help="Only lines since a time: 2d or 90m ago, or 2026-11-20.",
)
@click.option(
    "--role", metavar="PATTERN", help="Only roles that match: NAME, or ACCOUNT/NAME; globs."
)
@click.option(
    "--event",
    "events",
    type=click.Choice(EVENTS),
    multiple=True,
    help="Only lines of this event. Repeatable.",
)
def print_audit(app: App, since: float, role: str | None, events: tuple[str, ...]) -> None:
    """Show what AWS issued, and to which program.

    \b
    Examples:
      ssohelper audit --since 2d
      ssohelper audit --since 2026-11-20 --role '*-prod/*Admin*'
      ssohelper audit --event refused --event release
      ssohelper audit --json | jq -r '.data[].access_key_id'    to find in CloudTrail

    There is a line for each set of credentials that AWS issued, and for decisions of guards,
    sign-ins and written configuration files. Calls that were answered from cached credentials or a
    published response leave no line: to know each use of a key id, ask CloudTrail.

    A program that runs as you can change the journal: for records that it cannot change, use
    CloudTrail, or send the journal to the system log as it grows (docs/how-to/journal.md).
    """
    session = output.options().session
    rows = audit.read_journal(app, since=since, session=session, events=events, role=role)
    nothing = "no line of the journal matches"
    output.print_found(rows, _row_json, _HEADER, _audit_row_cells, nothing)


def _audit_row_cells(row: AuditRow) -> tuple[str, ...]:
    line, key, fields = row.line, row.key, row.line.fields
    role = str(fields.get("session", ""))
    if key is not None:
        role = f"{key.session_name}:{row.account_name or key.account_id}/{key.role_label}"
    details = [fields[name] for name in ("reason", "command", "what") if fields.get(name)]
    details += ["in the background"] if fields.get("background") else []
    details += [f"for {fields['others']} more callers"] if fields.get("others") else []
    named = ("user", "how", "way", "grant", "rule", "before", "after", "file")
    counted = ("added", "changed", "removed")
    details += [f"{name}={fields[name]}" for name in (*named, *counted) if name in fields]
    shown = (fields.get(name, "") for name in ("access_key_id", "parent", "terminal"))
    times = _local_time_text(line.at), _local_time_text(fields.get("until", ""))
    return times[0], line.event, role, times[1], *shown, ", ".join(details)


def _local_time_text(text: str) -> str:
    """Return the local time on a terminal, elsewhere the journal's own text, which is UTC."""
    at = from_iso(text)
    if at is None or not sys.stdout.isatty():
        return text
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def _row_json(row: AuditRow) -> dict[str, Any]:
    line, key = row.line, row.key
    return {
        "at": to_iso(line.at_seconds),
        "event": line.event,
        "uid": line.uid,
        "session": line.fields.get("session"),
        "account_id": key and key.account_id,
        "account_name": row.account_name or None,
        "role_name": key and key.role_name,
        "chain": key.text if key and key.chain else None,
        "role_arn": line.fields.get("role_arn"),
        **{name: line.fields.get(name) for name in _FIELDS},
    }
