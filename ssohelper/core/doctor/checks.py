"""All checks of `doctor`, in the order in which findings are shown. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ssohelper.core import process_command, source_profiles
from ssohelper.core.adoption import OTHER_ROLE_IN_SECTION
from ssohelper.core.config_file import assumes_role
from ssohelper.core.doctor import (
    config,
    credential_sources,
    file_permissions,
    keys_of_profiles,
    machine_and_network,
    preferred_variables,
    profiles_without_role,
    sdk_order,
    sign_ins_and_lists,
    values,
    variables,
)
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact, ProgramFact
from ssohelper.core.doctor.findings import Finding, ProfilesSubject, profiles_subject, sort_findings
from ssohelper.core.text import show

Check = Callable[[Facts], Iterable[Finding]]
# If one of these checks finds a problem, boto3 and the AWS CLI stop with an error for the profile.
UNUSABLE: tuple[Check, ...] = (
    keys_of_profiles.check_invalid_profiles,
    keys_of_profiles.check_incomplete_keys,
    credential_sources.check_keys_without_secret_in_credentials_file,
    *values.CHECKS,
)
# The checks whose findings make a profile unusable, also as the source of another profile's role.
OF_SOURCES: tuple[Check, ...] = (
    config.check_missing_sessions,
    preferred_variables.check_credentials_sections,
    keys_of_profiles.check_invalid_profiles,
    keys_of_profiles.check_incomplete_keys,
    credential_sources.check_keys_without_secret_in_credentials_file,
    keys_of_profiles.check_mixed_identities,
    keys_of_profiles.check_sso_keys,
    keys_of_profiles.check_for_iam_role_as_permission_set,
    keys_of_profiles.check_credential_processes,
    credential_sources.check_syntax_of_credential_processes,
    credential_sources.check_commands_that_ssohelper_refuses,
    credential_sources.check_web_identity_files,
    credential_sources.check_credential_source_keys,
    profiles_without_role.check_managed_profiles_without_role,
    values.check_quoted_values,
    values.check_values_refused_by_aws_tools,
    sign_ins_and_lists.check_each_role_no_longer_listed,
    sign_ins_and_lists.check_regions_of_portals,
    sign_ins_and_lists.check_legacy_tokens,
)
# A source profile with this finding works: the finding is that other users may replace its program.
_HARMLESS_IN_SOURCES = ("program-replaceable",)
# Findings about a profile's program. boto3 may still get credentials from another source.
_OF_PROGRAMS = (
    "program-missing",
    "program-needs-a-shell",
    "helper-missing",
    keys_of_profiles.HELPER_NOT_OURS,
)
# Findings with which a profile may still work: in some SDKs, or as another identity.
_OF_SOME_SDKS = (
    *("mixed-identities", "shadowed-by-credentials-file", "sso-keys-refused"),
    *_OF_PROGRAMS,
)


def check_whether_sources_work(facts: Facts) -> Iterator[Finding]:
    """Find profiles that assume a role through a source profile that does not work."""
    config = facts.config.file
    if config is None:
        return
    known = {one.name: one for one in (*facts.profiles, *facts.sources)}
    sources = {
        profile.name: [
            one.name for one in source_profiles.list_source_profiles(config, profile.entry)
        ]
        for profile in facts.profiles
        if profile.failure is None
    }
    distinct = dict.fromkeys(name for names in sources.values() for name in names)
    problems = find_problem_of_source_profiles(
        facts, [known[name] for name in distinct if name in known]
    )
    differing = {
        name
        for name, found in problems.items()
        if _has_credentials_despite_finding(facts, known[name], found)
    }
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile, names in sources.items():
        bad = [name for name in names if name in problems]
        nearest = next((name for name in bad if name not in differing), bad[0] if bad else None)
        if nearest is not None:
            grouped[nearest].append(profile)
    for source, users in grouped.items():
        found = problems[source]
        if source not in differing:
            message, found = found.message, found._replace(id="source-unusable")
        elif facts.chosen is not None:
            other = credential_sources.describe_other_identity_of_source(
                facts.config, known[source]
            )
            message = other or found.message
            found = found._replace(id="source-differs", severity="note", repair=None)
        else:
            continue  # the source profile has a finding of its own
        yield found._replace(
            subject=profiles_subject(users),
            message=source_profiles.unusable_source_text(source, message, users=len(users)),
        )
    yield from credential_sources.check_keys_without_secret_of_source_profiles(facts)


def _has_credentials_despite_finding(facts: Facts, source: ProfileFact, finding: Finding) -> bool:
    """Return whether boto3 and the AWS CLI get credentials by a source profile with this finding."""
    if credential_sources.describe_other_identity_of_source(facts.config, source):
        return True
    kind = credential_sources.find_boto3_source(facts, source).kind
    without = {"nothing", "error"} | ({"program"} if finding.id in _OF_PROGRAMS else set())
    return finding.id in _OF_SOME_SDKS and kind not in without


def find_problem_of_source_profiles(
    facts: Facts, sources: Sequence[ProfileFact], ids_of_last_resort: Sequence[str] = _OF_SOME_SDKS
) -> dict[str, Finding]:
    """Return, for each source profile that does not work, the first finding that says why.

    A finding with one of the ids `ids_of_last_resort` is returned only if there is no other finding.

    All sources are checked at once: a check may look at all profiles, of which there may be 12,000.
    """
    config = facts.config._replace(credentials_profiles=())
    facts = facts._replace(profiles=tuple(sources), sources=(), config=config)
    problems: dict[str, Finding] = {}
    for one in run_checks(facts, OF_SOURCES):
        if one.severity == "note" or one.id in _HARMLESS_IN_SOURCES:
            continue
        for name in one.subject.names if isinstance(one.subject, ProfilesSubject) else ():
            if name not in problems or problems[name].id in ids_of_last_resort:
                problems[name] = one
    return problems


def find_problem_of_profile(facts: Facts, profile_name: str) -> Finding | None:
    """Return the first finding that says why this profile does not work; None if there is none."""
    return find_problem_of_source_profiles(facts, facts.profiles, ()).get(profile_name)


# If one of these checks finds a problem, AWS tools fail with every profile.
_OF_ALL_PROFILES: tuple[Check, ...] = (
    config.check_files_are_readable,
    preferred_variables.check_empty_file_variables,
    variables.check_variables_refused_by_aws_tools,
)
_OF_PROFILE_VARIABLES: tuple[Check, ...] = (
    preferred_variables.check_profile_variables,
    preferred_variables.check_empty_profile_variables,
)
# If one of these checks finds a problem, AWS tools that use AWS_PROFILE fail or take another
# identity. A command with `--profile` is not affected, since it ignores the variables that are
# checked here.
_OF_PROFILE_IN_USE: tuple[Check, ...] = (
    preferred_variables.check_variables_with_fixed_keys,
    *_OF_PROFILE_VARIABLES,
    preferred_variables.check_container_variables,
)
_SHADOWING: tuple[Check, ...] = (
    *_OF_ALL_PROFILES,
    *_OF_PROFILE_IN_USE,
    preferred_variables.check_credentials_sections,
    keys_of_profiles.check_credential_processes,
    credential_sources.check_commands_that_ssohelper_refuses,
    check_whether_sources_work,
)
# If one of these checks has a finding, boto3 and the AWS CLI stop with an error for the profile.
# The findings with an id in NOT_STOPPING are exceptions.
STOPPING: tuple[Check, ...] = (
    values.check_quoted_values,
    keys_of_profiles.check_invalid_profiles,
    keys_of_profiles.check_incomplete_keys,
    credential_sources.check_keys_without_secret_in_credentials_file,
    lambda facts: keys_of_profiles.check_sso_keys(facts, [sdk_order.BOTO3]),
    keys_of_profiles.check_credential_processes,
    credential_sources.check_syntax_of_credential_processes,
    credential_sources.check_commands_that_ssohelper_refuses,
    credential_sources.check_web_identity_files,
    check_whether_sources_work,
)
NOT_STOPPING = (*_HARMLESS_IN_SOURCES, keys_of_profiles.HELPER_NOT_OURS)
CHECKS: tuple[Check, ...] = (
    *config.CHECKS,
    *preferred_variables.CHECKS,
    *variables.CHECKS,
    *keys_of_profiles.CHECKS,
    check_whether_sources_work,
    *credential_sources.CHECKS,
    *profiles_without_role.CHECKS,
    *values.CHECKS,
    *sign_ins_and_lists.CHECKS,
    values.check_session_keys,
    *file_permissions.CHECKS,
    *machine_and_network.CHECKS,
)


def run_checks(facts: Facts, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Return the findings of these checks: problems, then missing sign-ins, then notes."""
    return sort_findings(finding for check in checks for finding in check(facts))


def find_what_overrides_profile(facts: Facts, *, is_named: bool) -> list[Finding]:
    """Return the findings that `whoami` shows first: why AWS tools may not use the profile.

    `is_named`: the user named the profile, as for a command with `--profile`.
    """
    return run_checks(facts, _checks_without_profile_variables(_SHADOWING, is_named))


def _checks_without_profile_variables(wanted: Iterable[Check], is_named: bool) -> list[Check]:
    return [one for one in wanted if not is_named or one not in _OF_PROFILE_VARIABLES]


def find_problem_of_shell(facts: Facts, profile_name: str, *, is_named: bool = False) -> str:
    """Return why AWS tools in this shell would not get the profile's role; "" if nothing is known.

    Only variables and unreadable files count: `find_profile_problem` checks the profile itself.
    `is_named` is as for `find_what_overrides_profile`.
    """
    wanted = _OF_ALL_PROFILES
    if is_profile_in_use(facts, profile_name):
        wanted += _OF_PROFILE_IN_USE
    found = run_checks(facts, _checks_without_profile_variables(wanted, is_named))
    problems = [
        one for one in found if one.severity == "problem" and one.id != "token-without-keys"
    ]
    return problems[0].message if problems else ""


def is_profile_in_use(facts: Facts, profile_name: str) -> bool:
    """Return whether AWS_PROFILE or AWS_DEFAULT_PROFILE of this shell names the profile."""
    return profile_name in (facts.environ.get(each) for each in sdk_order.PROFILE_VARIABLES)


def find_profile_problem(
    config: ConfigFacts, profile: ProfileFact, programs: Mapping[str, ProgramFact] = {}
) -> str:
    """Return why the AWS CLI and boto3 cannot use a profile's role; "" if nothing is known.

    This is the only function that decides whether a profile works. It checks ~/.aws/config,
    ~/.aws/credentials and, if `programs` has it, the profile's program. It does not check sign-ins
    and runs no program.
    """
    section = config.credentials.get(profile.name, {})
    if sdk_order.has_other_role_in_section(profile, config.file, section):
        return OTHER_ROLE_IN_SECTION
    # Leave out the profiles that only ~/.aws/credentials has, since only this profile is checked.
    facts = Facts(config=config._replace(credentials_profiles=()), profiles=(profile,))
    found = run_checks(facts, UNUSABLE)
    problems = [one.message for one in found if one.severity == "problem"]
    if problems:
        return problems[0]
    if assumes_role(profile.entry.keys):
        return ""
    [taken] = sdk_order.find_credentials_of_each_sdk(
        profile, config.file, section, {}, [sdk_order.BOTO3]
    )
    if taken.kind == "error":
        return taken.detail
    if taken.kind not in ("sso", "program"):
        return f"AWS tools take the profile's credentials from another source: {taken.kind}"
    return find_program_problem(profile, programs) if taken.kind == "program" else ""


def find_doubt_about_program(profile: ProfileFact, programs: Mapping[str, ProgramFact]) -> str:
    """Return why only a run shows which credentials a profile's program gives; "" if that is known.

    It is unknown for another tool's program, and for a program that has ssohelper's name but does
    not belong to this installation.
    """
    program = _find_program(profile, programs)
    if program is None or program.is_of_this_installation or program.path is None:
        return ""
    if not program.is_own:
        return f'only a run of "{show(program.word, 200)}" would show which credentials it gives'
    of = " of another installation of ssohelper" if program.is_of_another_installation else ""
    return f'the profile runs another program{of}: "{show(program.path or program.word, 200)}"'


def find_program_problem(profile: ProfileFact, programs: Mapping[str, ProgramFact]) -> str:
    """Return why the program of a profile cannot give credentials; "" if it may."""
    program = _find_program(profile, programs)
    if program is not None and program.path is None:
        return f'there is no program "{show(program.word, 80)}"'
    if program is not None and program.only_has_our_name:
        return find_doubt_about_program(profile, programs)
    return process_command.why_ssohelper_refuses_command(
        profile.entry.keys.get("credential_process", "")
    )


def _find_program(profile: ProfileFact, programs: Mapping[str, ProgramFact]) -> ProgramFact | None:
    words = process_command.split_command(profile.entry.keys.get("credential_process", ""))
    return programs.get(words[0]) if words else None
