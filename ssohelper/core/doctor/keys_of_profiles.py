"""Checks of `doctor`: the keys of each single profile. Pure."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from ssohelper.core import process_command, profile_region
from ssohelper.core.config_file import ProfileEntry, assumes_role
from ssohelper.core.doctor import sdk_order
from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import Facts, ProfileFact
from ssohelper.core.doctor.findings import Finding, Repair, note, problem, profiles_subject
from ssohelper.core.model import IAM_ROLE_NAME, Role
from ssohelper.core.profile_origin import TWO_ROLES, find_profile_origins
from ssohelper.core.quoted_values import has_quoted_values
from ssohelper.core.text import show
from ssohelper.core.written_roles import lacks_role

# The ids of findings about a profile's program that has ssohelper's name but is not this ssohelper.
HELPER_OF_ANOTHER, HELPER_NOT_OURS = "helper-of-another-installation", "helper-not-ours"
_ROLE_SOURCES = ("source_profile", "credential_source", "web_identity_token_file")
_IN_AN_EDITOR = "correct it in an editor"
_OF_A_SHELL = re.compile(r"^[~$]|[|;&<>`]|\$\(")
_OWN_PROGRAM = re.compile(r"""\s*(?:"[^"]*"|'[^']*'|\S+)(?:\s+credential-process(?=\s))?""")
_SOURCES = {
    "aws_access_key_id": "fixed keys",
    "credential_process": "credential_process",
    "login_session": "aws login",
}


def check_invalid_profiles(facts: Facts) -> Iterator[Finding]:
    """Find profiles with an account id, role, region or source that cannot be used."""
    # A session that cannot be used has a finding of its own, once for all its profiles.
    of_sessions = {failure.message for failure in facts.unusable_sessions.values()}
    for profile in facts.profiles:
        if profile.failure is None or profile.failure.message in of_sessions:
            continue
        # If a value in quotes makes the profile invalid, `values.check_quoted_values` reports it.
        if has_quoted_values(facts.config.file, profile.entry):
            continue
        # The name of Identity Center's own IAM role is too long for a permission set. The check
        # `check_for_iam_role_as_permission_set` reports a profile with such a name.
        if not re.fullmatch(IAM_ROLE_NAME, _permission_set_name(profile)):
            yield problem(
                "profile-invalid",
                profiles_subject([profile.name]),
                profile.failure.message,
                profile.failure.hint or _IN_AN_EDITOR,
            )


def check_incomplete_keys(facts: Facts) -> Iterator[Finding]:
    """Find profiles with an access key without its secret, or `role_arn` without a source for it.

    SDKs ignore half a key pair in the config if the profile has another credential source. boto3
    stops for half a pair in ~/.aws/credentials, unless boto3 prefers the other source.
    """
    both = [(one, False) for one in facts.profiles]
    both += [(one, True) for one in facts.config.credentials_profiles]
    for profile, is_in_credentials in both:
        keys, subject = profile.entry.keys, profiles_subject([profile.name])
        present = [key for key in sdk_order.KEY_PAIR if keys.get(key)]
        # If ~/.aws/credentials has a whole key pair of this profile, SDKs take that one.
        section = facts.config.credentials.get(profile.name, {})
        has_whole_pair = all(key in section for key in sdk_order.KEY_PAIR)
        if (
            len(present) == 1
            and not has_whole_pair
            and not _has_source_that_wins_over_keys(keys, is_in_credentials)
        ):
            [missing] = set(sdk_order.KEY_PAIR) - set(present)
            yield problem(
                "half-a-key-in-profile",
                subject,
                f'"{present[0]}" is set without "{missing}": AWS tools stop with an error',
                f"add {missing}, or remove {present[0]}",
            )
        if keys.get("role_arn") and not any(keys.get(key) for key in _ROLE_SOURCES):
            yield problem(
                "role-without-source",
                subject,
                f"{sdk_order.ROLE_ALONE_ERROR}: boto3, the AWS CLI and Rust stop with an error",
                "add a line: source_profile = PROFILE",
            )


def _has_source_that_wins_over_keys(keys: Mapping[str, str], is_in_credentials: bool) -> bool:
    """Return whether SDKs take another source of this profile before its fixed keys."""
    sources = set(credential_sources(keys))
    return bool(sources & {"sso_* keys", "role_arn"} if is_in_credentials else sources)


def check_mixed_identities(facts: Facts) -> Iterator[Finding]:
    """Find profiles with two credential sources: SDKs use different ones, or refuse both."""
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for profile in facts.profiles:
        kinds = credential_sources(profile.entry.keys)
        if len(kinds) > 1 and not _assumes_role_with_own_fixed_keys(profile, kinds):
            disagreement = _sdk_disagreement_text(profile, facts)
            fix = _fix_that_removes_lines(profile.entry, kinds) or "keep one of these sources"
            grouped[" and ".join(kinds), disagreement, fix].append(profile.name)
    yield from _find_keys_of_two_roles(
        facts, {name for names in grouped.values() for name in names}
    )
    commands = AdoptCommands(facts)
    for (sources, disagreement, fix), names in grouped.items():
        adopt = commands.commands_to_adopt(names)
        yield problem(
            "mixed-identities",
            profiles_subject(names),
            f"two sources of credentials in one profile ({sources}): {disagreement}",
            f"{adopt}, which leaves one source, or {fix}" if adopt else fix,
        )


def _assumes_role_with_own_fixed_keys(profile: ProfileFact, sources: Collection[str]) -> bool:
    is_own_source = profile.entry.keys.get("source_profile") == profile.name
    return is_own_source and set(sources) == {"role_arn", "fixed keys"}


def _fix_that_removes_lines(entry: ProfileEntry, sources: Collection[str]) -> str:
    """Return which lines of a managed profile to remove; "" for a profile that is not managed.

    ssohelper writes sso_* keys or credential_process: with both, only the user can choose.
    """
    if not entry.managed or {"sso_* keys", "credential_process"}.issubset(sources):
        return ""
    foreign = (*sdk_order.KEY_PAIR, "role_arn", *_ROLE_SOURCES, "login_session")
    lines = [f'"{key}"' for key in foreign if key in entry.keys]
    return f"remove in an editor, as ssohelper did not write it: {' and '.join(lines)}"


def _find_keys_of_two_roles(facts: Facts, reported: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each profile whose keys name two roles, of which SDKs take one."""
    config = facts.config.file
    doubtful = {
        origin.name
        for origin in (find_profile_origins(config) if config else ())
        if origin.why == TWO_ROLES and origin.name not in reported
    }
    for profile in facts.profiles:
        if profile.name in doubtful and profile.target is not None:
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


def credential_sources(keys: Mapping[str, str]) -> list[str]:
    """Return the sources of credentials that a profile with these keys names."""
    found = [name for key, name in _SOURCES.items() if keys.get(key)]
    if not all(keys.get(key) for key in sdk_order.KEY_PAIR) and "fixed keys" in found:
        found.remove("fixed keys")  # no SDK takes half a key pair
    if any(key in keys for key in sdk_order.SSO_KEYS):
        found.insert(0, "sso_* keys")
    if assumes_role(keys) or (keys.get("role_arn") and keys.get("web_identity_token_file")):
        found.insert(0, "role_arn")
    return found


def _sdk_disagreement_text(profile: ProfileFact, facts: Facts) -> str:
    by_source: dict[str, list[str]] = defaultdict(list)
    for one in sdk_order.find_credentials_of_each_sdk(profile, facts.config.file, {}, {}):
        what = f"an error ({one.detail})" if one.kind == "error" else one.kind
        by_source[what].append(one.family)
    return "; ".join(
        f"{', '.join(who)} {'uses' if len(who) == 1 and who != [sdk_order.BOTO3] else 'use'} {what}"
        if not what.startswith("an error")
        else f"{', '.join(who)}: {what}"
        for what, who in by_source.items()
    )


def check_sso_keys(facts: Facts, wanted: Collection[str] = sdk_order.FAMILIES) -> Iterator[Finding]:
    """Find profiles whose `sso_*` keys at least one of the wanted SDK families refuses."""
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for profile in facts.profiles:
        keys = profile.entry.keys
        kinds = credential_sources(keys)
        if kinds != ["sso_* keys"] or profile.failure is not None:
            continue
        # The checks in `profiles_without_role` report this profile, with a better fix.
        if facts.config.file is not None and lacks_role(facts.config.file, profile.entry):
            continue
        # Another check reports a session that the config does not define.
        if profile.target is not None and profile.target.session_name in facts.missing_sessions:
            continue
        # A profile with `sso_session` alone is for tokens (CodeCatalyst and others), not for role
        # credentials.
        if "sso_account_id" not in keys and "sso_role_name" not in keys:
            continue
        refusing: dict[str, list[str]] = defaultdict(list)
        for family in wanted:
            error = sdk_order.sso_keys_error(family, keys, facts.config.file)
            if error:
                refusing[error].append(family)
        for error, families in refusing.items():
            who = "no SDK" if len(families) == len(sdk_order.FAMILIES) else ", ".join(families)
            verb = "can use it" if who == "no SDK" else "cannot use it"
            fix = sdk_order.fix_of_sso_keys_error(error, keys, facts.config.file)
            grouped[f"{who} {verb}: {error}", fix or _IN_AN_EDITOR].append(profile.name)
    commands = AdoptCommands(facts)
    for (message, fix), names in grouped.items():
        including = [name for name in names if _has_profile_key(facts, name, "include_profile")]
        adopt = commands.commands_to_adopt(including)
        fix = f"{adopt}, or {fix}" if adopt else fix
        yield problem("sso-keys-refused", profiles_subject(names), message, fix)


def _has_profile_key(facts: Facts, name: str, key: str) -> bool:
    entry = facts.config.file.profile(name) if facts.config.file else None
    return entry is not None and key in entry.keys


def check_for_iam_role_as_permission_set(facts: Facts) -> Iterator[Finding]:
    """Find profiles that name an IAM role where the name of a permission set belongs."""
    for profile in facts.profiles:
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


def check_credential_processes(facts: Facts) -> Iterator[Finding]:
    """Find programs of `credential_process` that do not exist, or that other users can replace."""
    used: dict[str, list[ProfileFact]] = defaultdict(list)
    for profile in (*facts.profiles, *facts.config.credentials_profiles):
        words = process_command.split_command(profile.entry.keys.get("credential_process", ""))
        if words:
            used[words[0]].append(profile)
    commands = AdoptCommands(facts)
    for word, profiles in used.items():
        program = facts.programs.get(word)
        if program is None:
            continue
        subject = profiles_subject([one.name for one in profiles])
        if program.path is None and program.is_own:
            yield from _findings_of_missing_ssohelper(facts, word, profiles, commands)
        elif program.path is None:
            adopt = commands.commands_to_adopt([one.name for one in profiles])
            yield _finding_of_missing_program(word, subject, adopt)
        elif program.replaceable:
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


def _findings_of_missing_ssohelper(
    facts: Facts, program: str, profiles: list[ProfileFact], commands: AdoptCommands
) -> Iterator[Finding]:
    """Yield the findings that profiles run ssohelper at a path where it no longer is.

    One finding is for the managed profiles, which `--fix` repairs, one for all other profiles.
    """
    command = facts.machine.command
    message = f'ssohelper is no longer at "{show(program, 200)}", which credential_process runs'
    for is_managed in (True, False):
        names = tuple(one.name for one in profiles if one.entry.managed is is_managed)
        if not names:
            continue
        present = show(command or "/path/of/ssohelper-credentials", 200)
        fix, repair = f"write in an editor: credential_process = {present} …", None
        adopt = "" if is_managed else commands.commands_to_adopt(names)
        fix = f"{adopt}, or {fix}" if adopt else fix
        if is_managed and command is not None:
            fix = f"ssohelper doctor --fix writes its present path: {present}"
            repair = Repair("helper", names)
        yield problem("helper-missing", profiles_subject(names), message, fix, repair)


def process_line_with_present_program(line: str, command: str) -> str | None:
    """Return a `credential_process` line with ssohelper's present path; None for another program.

    The arguments stay as they are written.
    """
    found = (
        _OWN_PROGRAM.match(line) if process_command.ssohelper_options(line) is not None else None
    )
    return f"{command} {line[found.end() :].lstrip()}" if found else None


def _finding_of_missing_program(program: str, subject: str, adopt: str) -> Finding:
    """Return the finding that a profile's program is missing.

    `adopt` is the command after which the profile does not need the program, "" if there is none.
    """
    first = f"{adopt}, or " if adopt else ""
    if _OF_A_SHELL.search(program):
        return problem(
            "program-needs-a-shell",
            subject,
            f"boto3 and the AWS CLI run credential_process without a shell, so that they do not "
            f'find "{show(program, 200)}"',
            f"{first}write the program's absolute path",
        )
    return problem(
        "program-missing",
        subject,
        f'the program "{show(program, 200)}" of credential_process does not exist',
        f"{first}install it again, or write its absolute path",
    )


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
    check_invalid_profiles,
    check_incomplete_keys,
    check_mixed_identities,
    check_sso_keys,
    check_for_iam_role_as_permission_set,
    check_edited_profiles,
    check_credential_processes,
    check_profiles_without_region,
)
