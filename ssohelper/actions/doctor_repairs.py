"""Makes the safe repairs of `doctor --fix`, and changes nothing else.

It repairs the modes of tokens and of our own files, the path of our helper in managed profiles and
the lines that `install` wrote; it removes temporary files of killed processes, and the sections
that aws-sso-cli has written again beside the adopted ones. `profile undo` reverses its write of the
config.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions import agents, config_writing
from ssohelper.actions import install as installing
from ssohelper.core import process_command
from ssohelper.core.config_edit import Change, EditSection, RemoveSection
from ssohelper.core.doctor.findings import Finding
from ssohelper.core.doctor.profile_findings import process_line_with_present_program
from ssohelper.core.returned_block import find_rewritten_aws_sso_cli_block
from ssohelper.errors import LocalState, SsoHelperError
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile


def repair_findings(app: App, findings: Sequence[Finding]) -> list[Finding]:
    """Make each finding's repair; return the findings, with `is_fixed` for what was repaired.

    A repair that fails gives a warning, and its finding is not marked. Raises: Refused if this
    process has an allow-list.
    """
    agents.refuse_if_allow_list_applies(app, "repair", "ssohelper doctor --fix")
    moved = [
        name
        for finding in findings
        if finding.repair is not None and finding.repair.kind == "helper"
        for name in finding.repair.paths
    ]
    # One command is one write of the config, so that one `profile undo` reverses it.
    kinds = {finding.repair.kind for finding in findings if finding.repair is not None}
    is_written = {
        "helper": bool(moved)
        and _try_repair(app, lambda: _write_command_path_to_profiles(app, moved)),
        "returned block": "returned block" in kinds
        and _try_repair(app, lambda: _remove_sections_that_aws_sso_cli_wrote_again(app)),
    }
    return [
        finding._replace(is_fixed=_repair_finding(app, finding, is_written))
        if finding.repair is not None
        else finding
        for finding in findings
    ]


def mark_repaired_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Mark as repaired each finding about a file mode that is right by now.

    Reading one of our files sets its mode.
    """
    return [
        finding._replace(is_fixed=True)
        if finding.repair is not None
        and finding.repair.kind == "mode"
        and all(_is_file_private(path) for path in finding.repair.paths)
        else finding
        for finding in findings
    ]


def _is_file_private(path: str) -> bool:
    try:
        return not os.lstat(path).st_mode & 0o077
    except OSError:
        return False


def _repair_finding(app: App, finding: Finding, is_written: Mapping[str, bool]) -> bool:
    """Make the repair of this finding; return whether it succeeded.

    Repairs of the config were made before this call: `is_written` says by kind which succeeded.
    """
    repair = finding.repair
    assert repair is not None
    if repair.kind in is_written:
        return is_written[repair.kind]
    done = []
    for path in repair.paths:
        if repair.kind == "mode":
            done.append(
                _try_repair(
                    app,
                    partial(app.makers.make_examined_files().remove_access_of_others, path),
                )
            )
        elif repair.kind == "leftovers":
            done.append(
                _try_repair(
                    app,
                    partial(app.makers.make_examined_files().remove_temporary_file, path),
                )
            )
        else:
            done.append(_try_repair(app, partial(_write_lines_to_rc_file, app, path)))
    return all(done)


def _try_repair(app: App, change: Callable[[], object]) -> bool:
    try:
        change()
    except SsoHelperError as error:
        app.warn(f"not repaired: {error.message}")
        return False
    return True


def _write_lines_to_rc_file(app: App, shell: str) -> None:
    installing.write_rc_file_edit(app, installing.plan_rc_file_install(app, shell))


def _write_command_path_to_profiles(app: App, names: Sequence[str]) -> None:
    """Write the present path of ssohelper's command into these managed profiles, in one write."""
    command = installation.find_profile_command(app.environ)
    changes: list[Change] = []

    def make_config_changes(config: ConfigFile) -> Sequence[Change]:
        changes[:] = list(_command_path_changes(config, names, command))
        return changes

    if app.config.write(make_config_changes, app.clock.deadline()):
        config_writing.add_config_write_to_journal(app, "doctor", changes)


def _command_path_changes(
    config: ConfigFile, names: Sequence[str], command: str
) -> Iterator[Change]:
    for name in dict.fromkeys(names):
        entry = config.profile(name)
        line = entry.keys.get("credential_process", "") if entry and entry.managed else ""
        new = process_line_with_present_program(line, command)
        if entry is None or new is None:
            continue
        if not os.path.exists(process_command.split_command(line)[0]):
            yield EditSection(entry.header, (("credential_process", new),))


def _remove_sections_that_aws_sso_cli_wrote_again(app: App) -> None:
    """Remove the sections that aws-sso-cli has written again, and its two markers.

    Raises: LocalState if the config has changed so that this is no longer safe.
    """
    changes: list[Change] = []

    def content_without_aws_sso_cli_block(data: bytes) -> bytes:
        found = find_rewritten_aws_sso_cli_block(data, str(app.locations.aws_config_file))
        if found is None:
            raise LocalState(f'"{app.locations.aws_config_file}" has changed meanwhile')
        changes[:] = [RemoveSection(header) for header in found.headers]
        return found.rest

    if app.config.write_content(content_without_aws_sso_cli_block, app.clock.deadline()):
        config_writing.add_config_write_to_journal(app, "doctor", changes)
