"""Checks of `doctor`: what core.resolver says of all profiles, and what it cannot know. Pure."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator

from ssohelper.core import process_command, profile_region, resolver
from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import Facts, ProfileFact
from ssohelper.core.doctor.findings import Finding, Repair, note, problem, profiles_subject
from ssohelper.core.model import IAM_ROLE_NAME, Role
from ssohelper.core.profile_origin import TWO_ROLES, find_profile_origins
from ssohelper.core.quoted_values import has_quoted_values
from ssohelper.core.resolver import Problem, Resolved, Resolver
from ssohelper.core.source_profiles import list_source_profiles
from ssohelper.core.text import show
from ssohelper.core.written_roles import lacks_role

# The ids of findings about a profile's program that has ssohelper's name but is not this ssohelper.
HELPER_OF_ANOTHER, HELPER_NOT_OURS = "helper-of-another-installation", "helper-not-ours"
# The problems that end once the profile is adopted, so that the command for it is the first fix.
_ENDED_BY_ADOPTION = (
    *("program-missing", "program-needs-a-shell", "program-unreadable"),
    *("helper-missing", "helper-refuses"),
)
_OWN_PROGRAM = re.compile(r"""\s*(?:"[^"]*"|'[^']*'|\S+)(?:\s+credential-process(?=\s))?""")


def make_resolver(facts: Facts, config: ConfigFile) -> Resolver:
    """Return the resolver for these facts."""
    return Resolver(
        config,
        facts.config.credentials,
        facts.environ,
        facts.programs.get,
        facts.missing_token_files.__contains__,
    )


def check_profiles(facts: Facts) -> Iterator[Finding]:
    """Report for each profile why SDKs stop, or that they take different credentials by it."""
    config = facts.config.file
    if config is None:
        return
    resolving, used = make_resolver(facts, config), _list_profiles_in_use(facts)
    grouped: dict[tuple[str, str, str, bool], list[tuple[ProfileFact, Problem]]] = defaultdict(list)
    mixed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for profile in (*facts.profiles, *facts.config.credentials_profiles):
        if not profile.entry.header or _has_own_finding(facts, config, profile):
            continue
        answers = resolving.resolve_for_each_family(profile.name)
        found = answers[0].problem
        sources = resolver.name_sources(profile.entry.keys)
        # Without a source, the profile may have settings alone.
        if found is not None and (found.id != "no-source" or _is_said(facts, profile)):
            who = _name_refusing_families(found, answers)
            is_note = found.may_be_elsewhere and profile.name not in used
            is_note = is_note or (found.id == "no-source" and "sso_session" in profile.entry.keys)
            grouped[found.id, found.message, who, is_note].append((profile, found))
        elif found is None and len(sources) > 1 and not _has_own_keys(profile, sources):
            text, fix = _disagreement_text(answers), _fix_that_removes_lines(profile.entry, sources)
            mixed[" and ".join(sources), text, fix or "keep one of these sources"].append(
                profile.name
            )
        elif (
            found is None
            and sources == ["sso_* keys"]
            and profile.name not in facts.config.credentials
        ):
            for other in dict.fromkeys(one.problem for one in answers if one.problem is not None):
                who = _name_refusing_families(other, answers)
                grouped[other.id, other.message, who, False].append((profile, other))
    commands = AdoptCommands(facts)
    for (_, _, who, is_note), group in grouped.items():
        yield from _findings_of_problem(facts, group, who, commands, is_note=is_note)
    for (names_of_sources, text, fix), names in mixed.items():
        adopt = commands.commands_to_adopt(names)
        yield problem(
            "mixed-identities",
            profiles_subject(names),
            f"two sources of credentials in one profile ({names_of_sources}): {text}",
            f"{adopt}, which leaves one source, or {fix}" if adopt else fix,
        )
    reported = {name for names in mixed.values() for name in names}
    yield from _find_keys_of_two_roles(facts, config, reported)


def _has_own_finding(facts: Facts, config: ConfigFile, profile: ProfileFact) -> bool:
    """Return whether another check reports, with a better fix, why the profile gives nothing."""
    session = profile.entry.keys.get("sso_session")
    messages = {failure.message for failure in facts.unusable_sessions.values()}
    return (
        has_quoted_values(config, profile.entry)
        or lacks_role(config, profile.entry)
        or session in facts.unusable_sessions
        or (profile.failure is not None and profile.failure.message in messages)
        or re.fullmatch(IAM_ROLE_NAME, _permission_set_name(profile)) is not None
    )


def _is_said(facts: Facts, profile: ProfileFact) -> bool:
    return facts.chosen is not None or "include_profile" in profile.entry.keys


def _name_refusing_families(found: Problem, answers: list[Resolved]) -> str:
    """Return who refuses the profile's `sso_*` keys; "" for another problem."""
    if found.id != "sso-keys-refused":
        return ""
    families = [one.family for one in answers if one.problem == found]
    return (
        "no SDK can use it"
        if len(families) == len(answers)
        else f"{', '.join(families)} cannot use it"
    )


def _findings_of_problem(
    facts: Facts,
    group: list[tuple[ProfileFact, Problem]],
    who: str,
    commands: AdoptCommands,
    *,
    is_note: bool,
) -> Iterator[Finding]:
    found, names = group[0][1], [profile.name for profile, _ in group]
    message, fix = f"{who}: {found.message}" if who else found.message, found.fix
    if found.id == "source-unusable" and len(names) > 1:
        message = message.replace("its source", "their source", 1)
    if found.session in facts.missing_sessions:
        fix = facts.missing_sessions[found.session].command or fix
    if "helper-missing" in (found.id, found.cause) and facts.machine.command is not None:
        fix = f"write in an editor: credential_process = {show(facts.machine.command, 200)} …"
    make = note if is_note else problem
    repairable = [profile for profile, _ in group if profile.entry.managed]
    for is_managed in (True, False) if found.id.startswith("helper-") and repairable else (None,):
        some = [one.name for one, _ in group if is_managed in (None, one.entry.managed)]
        if not some:
            continue
        own, repair = _fix_of_own_program(facts, found, repairable, bool(is_managed))
        adopted = [
            each.source or one.name
            for one, each in group
            if one.name in some
            and (
                (found.cause or found.id) in _ENDED_BY_ADOPTION
                or "include_profile" in one.entry.keys
            )
        ]
        adopt = "" if is_managed else commands.commands_to_adopt(adopted)
        text = own or (f"{adopt}, or {fix}" if adopt else fix)
        yield make(found.id, profiles_subject(some), message, text)._replace(repair=repair)


def _fix_of_own_program(
    facts: Facts, found: Problem, repairable: list[ProfileFact], is_managed: bool
) -> tuple[str, Repair | None]:
    """Return the fix of a managed profile whose command does not run ssohelper, and its repair."""
    command, config = facts.machine.command, facts.config.file
    if found.id == "helper-missing" and command is not None:
        path = show(command, 200)
        if is_managed:
            repair = Repair("helper", tuple(one.name for one in repairable))
            return f"ssohelper doctor --fix writes its present path: {path}", repair
    elif found.id == "helper-refuses" and is_managed and config is not None:
        target = repairable[0].target
        if target is not None and target.session_name:
            is_one = len(config.session_names()) < 2
            option = "" if is_one else f" --session {target.session_name}"
            return f"ssohelper profile sync{option}, which writes the command again", None
    return "", None


def _list_profiles_in_use(facts: Facts) -> set[str]:
    """Return the profiles of `doctor PROFILE` and AWS_PROFILE, and their source profiles."""
    names = {name for name in (facts.chosen, facts.environ.get("AWS_PROFILE")) if name}
    config = facts.config.file
    entries = [config.profile(name) for name in names] if config is not None else []
    return names | {
        source.name
        for entry in entries
        if entry is not None and config is not None
        for source in list_source_profiles(config, entry)
    }


def _has_own_keys(profile: ProfileFact, sources: list[str]) -> bool:
    """Return whether the profile assumes its role with its own fixed keys."""
    is_own_source = profile.entry.keys.get("source_profile") == profile.name
    return is_own_source and set(sources) == {"role_arn", "fixed keys"}


def _disagreement_text(answers: list[Resolved]) -> str:
    by_source: dict[str, list[str]] = defaultdict(list)
    for one in answers:
        error = f"an error ({one.detail})" if one.source == "error" else ""
        by_source[error or one.source].append(one.family)
    return "; ".join(
        f"{', '.join(who)}: {what}"
        if what.startswith("an error")
        else f"{', '.join(who)} {'uses' if len(who) == 1 and who != [resolver.BOTO3] else 'use'} {what}"
        for what, who in by_source.items()
    )


def _fix_that_removes_lines(entry: ProfileEntry, sources: list[str]) -> str:
    """Return which lines of a managed profile to remove; "" for a profile that is not managed.

    ssohelper writes sso_* keys or credential_process: with both, only the user can choose.
    """
    if not entry.managed or {"sso_* keys", "credential_process"}.issubset(sources):
        return ""
    foreign = (*resolver.KEY_PAIR, *resolver.KEYS_OF_SOURCES["assumed role"])
    foreign += ("web_identity_token_file", "login_session")
    lines = [f'"{key}"' for key in foreign if key in entry.keys]
    return f"remove in an editor, as ssohelper did not write it: {' and '.join(lines)}"


def _find_keys_of_two_roles(
    facts: Facts, config: ConfigFile, reported: set[str]
) -> Iterator[Finding]:
    """Yield a finding for each profile whose keys name two roles, of which SDKs take one."""
    doubtful = {one.name for one in find_profile_origins(config) if one.why == TWO_ROLES}
    for profile in facts.profiles:
        if profile.name in doubtful - reported and profile.target is not None:
            role = profile.target.role
            yield problem(
                "mixed-identities",
                profiles_subject([profile.name]),
                two_roles_text(role),
                f"remove the keys that are not for {show(role.name, 64)} in {role.account_id}",
            )


def two_roles_text(taken: Role) -> str:
    """Return the text that a profile names two roles; `taken` is the role that AWS tools take."""
    return f"{TWO_ROLES}; the AWS CLI and boto3 take {show(taken.name, 64)} in {taken.account_id}"


def check_for_iam_role_as_permission_set(facts: Facts) -> Iterator[Finding]:
    """Find profiles that name an IAM role where the name of a permission set belongs."""
    for profile in (*facts.profiles, *facts.sources):
        name = _permission_set_name(profile)
        found = re.fullmatch(IAM_ROLE_NAME, name)
        if found:
            yield problem(
                "iam-role-name",
                profiles_subject([profile.name]),
                f'"{show(name, 80)}" is the name of the IAM role; AWS answers "No access" to it',
                f"write the permission set's name: {show(found.group(1), 40)}",
            )


def _permission_set_name(profile: ProfileFact) -> str:
    keys = profile.entry.keys
    options = process_command.ssohelper_options(keys.get("credential_process", "")) or {}
    return keys.get("sso_role_name") or options.get("--role-name", "")


def check_edited_profiles(facts: Facts) -> Iterator[Finding]:
    """Find managed profiles that were edited to point at another role than their names say."""
    for one in facts.edited:
        name = shlex.quote(show(one.profile, 80))
        yield problem(
            "edited-role",
            profiles_subject([one.profile]),
            f"ssohelper wrote the profile for {one.written}, as its name says; it was edited "
            f"since, and points at {one.role}",
            # By now the role may have another profile, so the command says the old name explicitly.
            f"ssohelper profile rm {name}, then: ssohelper profile add {one.argument} --name {name}; "
            "or rename the section",
        )


def check_programs_of_profiles(facts: Facts) -> Iterator[Finding]:
    """Find programs of `credential_process` that other users can replace, or that are not ours."""
    used: dict[str, list[str]] = defaultdict(list)
    for profile in (*facts.profiles, *facts.sources, *facts.config.credentials_profiles):
        words = process_command.split_command(profile.entry.keys.get("credential_process", ""))
        if words:
            used[words[0]].append(profile.name)
    for word, names in used.items():
        program = facts.programs.get(word)
        if program is None or program.path is None:
            continue
        subject = profiles_subject(names)
        if program.replaceable:
            place = show(program.replaceable, 200)
            yield problem(
                "program-replaceable",
                subject,
                f'other users can replace "{show(program.path, 200)}", which every SDK runs as you: '
                f'they may write "{place}"',
                f"chmod go-w {shlex.quote(place)}",
            )
        elif program.is_of_another_installation:
            yield note(
                HELPER_OF_ANOTHER,
                subject,
                f'"{show(program.path, 200)}" belongs to another installation of ssohelper',
                "to have one installation, remove the other, then: ssohelper doctor --fix",
            )
        elif program.only_has_our_name:
            yield problem(
                HELPER_NOT_OURS,
                subject,
                f'runs "{show(program.path, 200)}", which has ssohelper\'s name and belongs to no '
                "installation of it: it may give the credentials of another role",
                "ssohelper profile sync, which writes this ssohelper's path into managed profiles",
            )


def process_line_with_present_program(line: str, command: str) -> str | None:
    """Return a `credential_process` line with ssohelper's present path; None for another program.

    The arguments stay as they are written.
    """
    found = (
        _OWN_PROGRAM.match(line) if process_command.ssohelper_options(line) is not None else None
    )
    return f"{command} {line[found.end() :].lstrip()}" if found else None


def check_profiles_without_region(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, profiles without a region: most calls of boto3 stop with NoRegionError.

    The region of `[default]` does not help: a profile with another name does not inherit it. A
    region in the environment helps in this shell alone.
    """
    found = [
        (one.name, target.session)
        for one in facts.profiles
        if (target := one.target or one.root) is not None
        and not profile_region.has_own_region(one.entry.keys)
    ]
    if not found:
        return
    names = [name for name, _ in found]
    have = "has no region" if len(names) == 1 else "have no region"
    variables = profile_region.find_region_variables(facts.environ)
    message = f'{have}, so most calls stop with "You must specify a region"'
    if variables:
        gives = "gives" if len(variables) == 1 else "give"
        message = f"{have}; only {' and '.join(variables)} of this shell {gives} one"
        if profile_region.OF_BOTOCORE not in variables:
            message += f", and boto3 reads {profile_region.OF_BOTOCORE} alone"
    region = next((session.region for _, session in found if session is not None), "eu-west-1")
    if facts.config.file is not None:
        region = profile_region.propose_region(facts.config.file, facts.environ, region)
    yield note("no-region", profiles_subject(names), message, f"add a line: region = {region}")


def check_escapes_of_guards(facts: Facts) -> Iterator[Finding]:
    """Find profiles by which SDKs get a guarded role without ssohelper, so without a grant."""
    if facts.escaping:
        yield problem(
            "guard-escaped",
            profiles_subject(facts.escaping),
            "SDKs get a guarded role in this way without asking ssohelper",
            "ssohelper profile sync --form process --adopt NAME, or remove the profile",
        )


CHECKS = (
    check_escapes_of_guards,
    check_profiles,
    check_for_iam_role_as_permission_set,
    check_edited_profiles,
    check_programs_of_profiles,
    check_profiles_without_region,
)
