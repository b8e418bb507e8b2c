"""Checks of `doctor`: owners and modes of the files of AWS tools and of ssohelper. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator

from ssohelper.core.doctor.facts import Facts, FileFact
from ssohelper.core.doctor.findings import Finding, Repair, note, problem
from ssohelper.core.text import show

# Files for these uses hold secrets: other users must not read them. Other users may read all other
# files, but never write any.
_SECRET = ("credentials", "token", "own file", "own folder")
# Files whose mode `--fix` changes: tokens and ssohelper's own files. For the user's other files,
# the finding names a command instead.
_REPAIRED = ("token", "token folder", "own file", "own folder")


def check_file_owners(facts: Facts) -> Iterator[Finding]:
    """Find files and folders that belong to another user, who can change or withhold them."""
    for file in facts.files:
        if file.owner:
            yield problem(
                "owner",
                show(file.path, 200),
                f"belongs to the user {show(file.owner, 40)}"
                + ("; AWS tools trust that user" if file.use == "config" else ""),
                f"sudo chown -h $(id -un) {show(file.path, 200)}",
            )


def check_file_modes(facts: Facts) -> Iterator[Finding]:
    """Find files with secrets that other users may read, and files that other users may write."""
    grouped: dict[tuple[str, str, str], list[FileFact]] = defaultdict(list)
    for file in facts.files:
        if file.owner or file.is_link:
            continue
        if file.use in _SECRET and file.mode & 0o077:
            grouped[file.use, "readable-by-others", _file_name_for_finding(file)].append(file)
        elif file.may_others_write:
            grouped[file.use, "writable-by-others", _file_name_for_finding(file)].append(file)
    for (use, kind, _), files in grouped.items():
        yield _finding_of_file_mode(use, kind, files)


def check_for_config_that_cannot_be_written(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, a config that ssohelper cannot write, which may be on purpose."""
    failure = facts.machine.config_write_failure
    for file in facts.files:
        if failure is not None and file.use == "config" and not file.owner:
            yield note(
                "config-not-writable",
                show(file.path, 200),
                f"commands that write it stop: {failure.message}",
                failure.hint or f"ls -l {shlex.quote(show(file.path, 200))}",
            )


def check_symbolic_links(facts: Facts) -> Iterator[Finding]:
    """Find links in place of tokens or ssohelper's own files: ssohelper does not follow links."""
    for file in facts.files:
        if file.is_link:
            yield problem(
                "link-in-place-of-a-file",
                show(file.path, 200),
                "ssohelper does not follow this symbolic link, as another program may have made it",
                f"ls -l {show(file.path, 200)}; replace the link by its target, or remove it",
            )


def check_leftover_files(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, temporary files that a killed ssohelper process has left."""
    paths = facts.machine.leftovers
    if paths:
        yield note(
            "leftovers",
            show(paths[0], 200) + (f" and {len(paths) - 1} more" if len(paths) > 1 else ""),
            "a temporary file over an hour old, which a killed ssohelper left",
            "ssohelper doctor --fix removes it",
            Repair("leftovers", paths),
        )


def _file_name_for_finding(file: FileFact) -> str:
    # Tokens and ssohelper's own files are many, so one finding names all of them.
    return "" if file.use in ("token", "own file", "own folder") else file.path


def _finding_of_file_mode(use: str, access: str, files: list[FileFact]) -> Finding:
    paths = tuple(file.path for file in files)
    subject = show(paths[0], 200) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    verb = "read" if access == "readable-by-others" else "write"
    wanted = "700" if files[0].is_folder else "600"
    if access == "writable-by-others":
        wanted = "go-w"
    message = f"other users may {verb} it (mode {files[0].mode & 0o777:04o})"
    if use == "config":
        message += ": it names programs that every SDK runs as you"
    if use in _REPAIRED:
        fix = f"ssohelper doctor --fix sets the mode ({wanted})"
        return problem(access, subject, message, fix, Repair("mode", paths))
    return problem(access, subject, message, f"chmod {wanted} {shlex.quote(show(paths[0], 200))}")


CHECKS = (
    check_file_owners,
    check_file_modes,
    check_for_config_that_cannot_be_written,
    check_symbolic_links,
    check_leftover_files,
)
