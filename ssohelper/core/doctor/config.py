"""Checks of `doctor`: ~/.aws/config and ~/.aws/credentials as files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import ConfigFacts, Facts
from ssohelper.core.doctor.findings import Finding, Repair, note, problem, profiles_subject
from ssohelper.core.doctor.headers import check_section_headers
from ssohelper.core.profile_origin import MARKERS
from ssohelper.core.returned_block import find_rewritten_aws_sso_cli_block
from ssohelper.core.text import show

# Every start of an AWS tool reads the config. Users notice if that takes this many seconds.
SLOW_SECONDS = 0.25
_IN_AN_EDITOR = "correct that line in an editor"
_HEADER = re.compile(rb"(?m)^\[profile[ \t]+([^\]\r\n]+)\]")
_TWICE = "exists twice"
_REMOVES_BLOCK = "ssohelper doctor --fix removes the sections that aws-sso-cli has written again"


def check_files_are_readable(facts: Facts) -> Iterator[Finding]:
    """Find a config or credentials file that AWS tools refuse: then no profile works."""
    config = facts.config
    for path, failure in (
        (config.path, config.failure),
        (config.credentials_path, config.credentials_failure),
    ):
        if failure is None:
            continue
        is_twice = _TWICE in failure.message
        repair = _repair_of_sections_written_again(config) if path == config.path else None
        yield problem(
            "section-twice" if is_twice else "config-unreadable",
            show(path, 200),
            f"{failure.message}; AWS tools cannot read the file, so no profile works",
            _REMOVES_BLOCK if repair else failure.hint or _IN_AN_EDITOR,
            repair,
        )


def _repair_of_sections_written_again(config: ConfigFacts) -> Repair | None:
    """Return the repair that makes the config readable, if aws-sso-cli wrote profiles twice."""
    if config.failure is None or _TWICE not in config.failure.message:
        return None
    found = find_rewritten_aws_sso_cli_block(config.data, config.path)
    return Repair("returned block", found.headers) if found else None


def check_missing_files(facts: Facts) -> Iterator[Finding]:
    """Find a missing config: AWS_CONFIG_FILE, or a link in the config's place, leads to no file."""
    if facts.config.broken_link:
        yield problem(
            "config-missing",
            show(facts.config.path, 200),
            f'the config is a link to "{show(facts.config.broken_link, 200)}", and there is no such '
            "file: no profile works",
            "restore the link's target, or remove the link",
        )
        return
    if facts.config.is_missing and facts.environ.get("AWS_CONFIG_FILE"):
        yield problem(
            "config-missing",
            "this shell",
            f'AWS_CONFIG_FILE is "{show(facts.config.path, 200)}", and there is no such file',
            "unset AWS_CONFIG_FILE",
        )


def check_empty_config(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, a config without sessions and profiles: nothing has been set up yet."""
    file = facts.config.file
    is_empty = file is not None and not file.session_names() and not file.profiles()
    if is_empty and not facts.config.broken_link:
        yield note(
            "nothing-set-up",
            show(facts.config.path, 200),
            "there is no sso-session and no profile yet",
            "ssohelper setup START_URL",
        )


def check_config_speed(facts: Facts) -> Iterator[Finding]:
    """Find a config that is so big that every AWS tool starts slowly."""
    seconds, file = facts.config.parse_seconds, facts.config.file
    if seconds is None or seconds < SLOW_SECONDS or file is None:
        return
    yield note(
        "config-slow",
        show(facts.config.path, 200),
        f"boto3 and the AWS CLI need {seconds:.1f} s of CPU at each start to read this file "
        f"({len(file.profiles())} profiles, measured now on this machine)",
        "keep the profiles that you use: ssohelper profile sync --role 'Read*' --prune; every other "
        "role works as SESSION:ACCOUNT/ROLE in ssohelper's commands",
    )


def check_duplicate_profiles(facts: Facts) -> Iterator[Finding]:
    """Find two sections for one profile or session, and keys in [DEFAULT]."""
    if facts.config.file is None:
        return
    for warning in facts.config.file.warnings():
        is_default = "[DEFAULT]" in warning
        is_session = ": the session " in warning
        yield problem(
            "default-section" if is_default else "session-twice" if is_session else "profile-twice",
            show(facts.config.path, 200),
            warning,
            'write "[default]" in lower case, or remove those keys'
            if is_default
            else "remove one of the two sections",
        )


def check_aws_sso_cli_marks(facts: Facts) -> Iterator[Finding]:
    """Find managed profiles between the marks of aws-sso-cli, which rewrites the lines between them."""
    between = profile_names_between_aws_sso_cli_marks(facts.config)
    config = facts.config.file
    if config is not None:
        managed = [name for name in between if (found := config.profile(name)) and found.managed]
        if managed:
            adopt = AdoptCommands(facts).commands_to_adopt(
                name for name in between if name not in managed
            )
            remove = "remove the lines BEGIN_AWS_SSO_CLI and END_AWS_SSO_CLI, or the profiles"
            yield problem(
                "rewritten-by-another-tool",
                profiles_subject(managed),
                "managed by ssohelper and between the marks of aws-sso-cli, which rewrites "
                "everything between them",
                f"{adopt}, which also removes both marks, or {remove}" if adopt else remove,
            )
    elif between and facts.config.failure and _TWICE in facts.config.failure.message:
        repair = _repair_of_sections_written_again(facts.config)
        yield problem(
            "rewritten-by-another-tool",
            show(facts.config.path, 200),
            "aws-sso-cli has written the sections between its marks again, beside other "
            "sections of the same name",
            _REMOVES_BLOCK
            if repair
            else "remove the sections between BEGIN_AWS_SSO_CLI and END_AWS_SSO_CLI, and both lines",
            repair,
        )


def check_session_sections(facts: Facts) -> Iterator[Finding]:
    """Find [sso-session] sections that no command can use."""
    for name, failure in facts.unusable_sessions.items():
        yield problem(
            "session-unusable",
            f'session "{show(name, 64)}"',
            failure.message,
            failure.hint or _IN_AN_EDITOR,
        )


def profile_names_between_aws_sso_cli_marks(config: ConfigFacts) -> list[str]:
    """Return the names of the profiles between aws-sso-cli's two marks.

    Reads the raw bytes: if aws-sso-cli has written sections twice, the config cannot be parsed
    (`profile_origin.find_aws_sso_cli_blocks`).
    """
    begin_mark, end_mark = (marker.encode() for marker in MARKERS)
    begin = config.data.find(begin_mark)
    end = config.data.find(end_mark, begin)
    if begin < 0:
        return []
    found = _HEADER.findall(config.data, begin, end if end >= 0 else len(config.data))
    return [name.decode("utf-8", "replace").strip() for name in found]


CHECKS = (
    check_files_are_readable,
    check_missing_files,
    check_empty_config,
    check_config_speed,
    check_duplicate_profiles,
    check_aws_sso_cli_marks,
    check_session_sections,
    check_section_headers,
)
