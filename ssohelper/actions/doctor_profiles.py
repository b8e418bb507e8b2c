"""Checks of `doctor`: profiles and their programs, and why one profile is not used."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions import config_writing, guards, missing_sessions
from ssohelper.actions.doctor_facts import Setup, error_of, quoted_name
from ssohelper.actions.profile_checks import ProfileFact, two_roles_text
from ssohelper.actions.selection import NoSessionOfProfile
from ssohelper.core import process_command, profile_region, quoted_values, refused_values, resolver
from ssohelper.core.adoption import wrong_region_text
from ssohelper.core.config_edit import EditSection
from ssohelper.core.config_file import ProfileEntry, is_chain
from ssohelper.core.config_text import is_quoted
from ssohelper.core.findings import Finding, finding
from ssohelper.core.model import IAM_ROLE_NAME, SESSION_NAME
from ssohelper.core.profile_origin import TWO_ROLES, find_profile_origins
from ssohelper.core.resolver import Problem
from ssohelper.core.text import show
from ssohelper.core.written_roles import has_other_source, lacks_role
from ssohelper.errors import ConfigInvalid, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile

_OWN_PROGRAM = re.compile(r"""\s*(?:"[^"]*"|'[^']*'|\S+)(?:\s+credential-process(?=\s))?""")
# These findings do not concern a command with `--profile`, which ignores the variables.
_IGNORED_BESIDE_NAME = ("keys-in-environment", "web-identity-in-environment")
# A profile with this finding works, but other users may replace its program.
_HARMLESS = "program-replaceable"


# -- what core.resolver says ---------------------------------------------------------------------


def check_resolution(setup: Setup) -> Iterator[Finding]:
    """Report for each profile why SDKs fail with it, or that they disagree on its credentials."""
    in_use = {one for one in (setup.chosen, setup.app.environ.get("AWS_PROFILE")) if one}
    in_use = in_use.union(*(setup.resolver.resolve(one).sources for one in in_use))
    doubtful = {one.name for one in find_profile_origins(setup.config) if one.why == TWO_ROLES}
    for profile in (*setup.profiles, *setup.keys_only):
        found = list(_check_sources(setup, profile, is_in_use=profile.name in in_use))
        yield from found
        is_said = "mixed-identities" in (one.id for one in found)
        if profile.name in doubtful and profile.target is not None and not is_said:
            role = profile.target.role
            fix = f"remove the keys that are not for {show(role.name, 64)} in {role.account_id}"
            yield finding("mixed-identities", [profile.name], two_roles_text(role), fix)


def _check_sources(setup: Setup, profile: ProfileFact, *, is_in_use: bool) -> Iterator[Finding]:
    entry, name = profile.entry, profile.name
    if not entry.header or _has_own_finding(setup, profile):
        return
    answers, sources = setup.resolver.resolve_all(name), resolver.name_sources(entry.keys)
    found, of_others = answers[0].problem, dict.fromkeys(one.problem for one in answers)
    # A profile may assume its role with its own fixed keys.
    is_own_source = set(sources) == {"role_arn", "fixed keys"}
    is_own_source = is_own_source and entry.keys.get("source_profile") == name
    if found is None and len(sources) > 1 and not is_own_source:
        text = f"({' and '.join(sources)}): {resolver.describe_answers(answers)}"
        message = f"two sources of credentials in one profile {text}"
        fix = _lines_to_remove(entry, sources)
        yield finding("mixed-identities", [name], message, fix, adopt=[name])
    # A problem that only some SDKs have is reported for plain profiles only.
    is_plain = sources == ["sso_* keys"] and name not in setup.credentials
    for one in [found] if found is not None else of_others if is_plain else ():
        is_settings = one is not None and one.id == "no-source"
        is_said = not is_settings or setup.chosen is not None or "include_profile" in entry.keys
        if one is None or not is_said:
            continue  # a profile without a source of credentials may be meant for settings only
        is_note = one.may_be_elsewhere and not is_in_use
        is_note = is_note or (is_settings and "sso_session" in entry.keys)
        message = one.message
        if one.id == "sso-keys-refused":
            who = ", ".join(each.family for each in answers if each.problem == one)
            is_every = all(each.problem == one for each in answers)
            message = f"{'no SDK can' if is_every else f'{who} cannot'} use it: {message}"
        fix = _fix_of(setup, entry, one)
        adopts = "include_profile" in entry.keys or (one.is_solvable and not one.session)
        adopt = [one.source or name] if adopts and not entry.managed else []
        repair = partial(_write_command_path, setup) if "doctor --fix" in fix else None
        yield finding(one.id, [name], message, fix, is_note=is_note, adopt=adopt, repair=repair)


def _has_own_finding(setup: Setup, profile: ProfileFact) -> bool:
    """Return whether another check reports, with a better fix, why the profile gives nothing."""
    unusable = setup.unusable_sessions
    return (
        quoted_values.find_quoted_values(setup.config, profile.entry.header) is not None
        or lacks_role(setup.config, profile.entry)
        or profile.entry.keys.get("sso_session") in unusable
        or profile.failure in {one.reason for one in unusable.values()}
        or re.fullmatch(IAM_ROLE_NAME, _permission_set_of(profile)) is not None
    )


def _fix_of(setup: Setup, entry: ProfileEntry, problem: Problem) -> str:
    """Return what solves the problem on this machine, which core.resolver does not know."""
    command = show(setup.command, 200) if setup.command is not None else None
    if problem.session and SESSION_NAME.fullmatch(problem.session):
        recorded = missing_sessions.find_recorded_session(setup.app, problem.session)
        return missing_sessions.restore_session_command(problem.session, recorded)
    line = entry.keys.get("credential_process", "")
    is_missing = "helper-missing" in (problem.id, problem.cause)
    if is_missing and command is not None and not process_command.runs_ssohelper_by_name(line):
        if problem.id == "helper-missing" and entry.managed:
            return f"ssohelper doctor --fix writes its present path: {command}"
        return f"write in an editor: credential_process = {command} …"
    if problem.id == "helper-refuses" and entry.managed:
        target = setup.config.target_or_none(entry)
        if target is not None and target.session_name:
            return _sync_text(setup, target.session_name, "which writes the command again")
    return problem.fix


def _sync_text(setup: Setup, session_name: str, effect: str) -> str:
    option = f" --session {session_name}" if len(setup.config.session_names()) > 1 else ""
    return f"ssohelper profile sync{option}, {effect}"


def _lines_to_remove(entry: ProfileEntry, sources: list[str]) -> str:
    """Return which lines of a managed profile to remove; "" for a profile that is not managed.

    ssohelper writes sso_* keys or credential_process: with both, only the user can choose.
    """
    if not entry.managed or {"sso_* keys", "credential_process"}.issubset(sources):
        return ""
    foreign = (*resolver.KEY_PAIR, *resolver.KEYS_OF_SOURCES["assumed role"])
    foreign += ("web_identity_token_file", "login_session")
    lines = [f'"{key}"' for key in foreign if key in entry.keys]
    return f"remove in an editor, as ssohelper did not write it: {' and '.join(lines)}"


# -- values, roles, sections ---------------------------------------------------------------------


def check_credentials_file(setup: Setup) -> Iterator[Finding]:
    error = error_of(setup.app.config.read_credentials_sections)
    if error is not None:
        yield unreadable_file(os.fspath(setup.app.locations.aws_credentials_file), error)


def unreadable_file(path: str, error: SsoHelperError) -> Finding:
    id = "section-twice" if "exists twice" in error.message else "config-unreadable"
    message = f"{error.message}; AWS tools cannot read the file, so no profile works"
    return finding(id, show(path, 200), message, error.hint)


def check_values(setup: Setup) -> Iterator[Finding]:
    """Find values in quotes, values with which AWS tools stop, and sections that win over profiles."""
    for profile in setup.profiles:
        name = [profile.name]
        quoted = quoted_values.find_quoted_values(setup.config, profile.entry.header)
        if quoted is not None:
            yield finding("value-in-quotes", name, *quoted)
        for message, fix in setup.find_refused_values(profile.entry):
            id = "region-unknown" if message.startswith("no region") else "value-refused"
            yield finding(id, name, message, fix, is_note="AWS CLI 2 stops" in message)
        shadow = setup.find_shadow(profile.name)
        if shadow is not None:
            yield finding("shadowed-by-credentials-file", name, *shadow)


def check_roles(setup: Setup) -> Iterator[Finding]:
    """Find managed profiles that lost their role or have another source, and names of IAM roles in
    place of permission sets.
    """
    config = setup.config
    for profile in setup.profiles:
        name, written = quoted_name(profile.name), setup.written_roles.get(profile.name)
        if profile.failure:
            continue  # another check reports an account id or a role that is not valid
        if written is not None and written.session_name not in config.session_names():
            written = None
        listing = setup.listings.get(written.session_name) if written is not None else None
        is_unlisted = written is None or (listing is not None and listing.lacks_role(written.role))
        remove = f"ssohelper profile rm {name}"
        if lacks_role(config, profile.entry):
            fix = remove
            if written is None:
                fix += f", then: ssohelper profile add ACCOUNT/ROLE --name {name}"
            elif not is_unlisted:
                fix = _sync_text(setup, written.session_name, "which writes the earlier role")
            yield finding("role-unreadable", [profile.name], resolver.LOST_ROLE.message, fix)
        # A chain that ssohelper wrote is no finding.
        elif has_other_source(config, profile.entry) and (
            profile.name in setup.written_roles or not is_chain(profile.entry)
        ):
            source = " and ".join(resolver.name_sources(profile.entry.keys)) or "another source"
            fix, writer = remove, "the profile is managed by ssohelper"
            if written is not None:
                role = f"{written.session_name}:{written.role.account_id}/{written.role.name}"
                writer = f"ssohelper wrote the profile for {role}"
                add = f", then: ssohelper profile add {role} --name {name}"
                fix += "" if is_unlisted else add
            message = f"{writer}; it was edited since, and its credentials come from {source}"
            fix += ", or remove its line ssohelper_managed = true"
            yield finding("edited-role", [profile.name], message, fix)
    for profile in setup.examined:
        text = _permission_set_of(profile)
        if found := re.fullmatch(IAM_ROLE_NAME, text):
            what = f'"{show(text, 80)}" is the name of the IAM role'
            fix = f"write the permission set's name: {show(found.group(1), 40)}"
            message = f'{what}; AWS answers "No access" to it'
            yield finding("iam-role-name", [profile.name], message, fix)


def _permission_set_of(profile: ProfileFact) -> str:
    keys = profile.entry.keys
    options = process_command.ssohelper_options(keys.get("credential_process", "")) or {}
    return keys.get("sso_role_name") or options.get("--role-name", "")


def check_regions(setup: Setup) -> Iterator[Finding]:
    """Find profiles without a region: most calls of boto3 stop with NoRegionError.

    The region of `[default]` does not help: a profile with another name does not inherit it.
    """
    environ = setup.app.environ
    variables = profile_region.find_region_variables(environ)
    message = 'has no region, so most calls stop with "You must specify a region"'
    if variables:
        gives = "gives" if len(variables) == 1 else "give"
        message = f"has no region; only {' and '.join(variables)} of this shell {gives} one"
        if profile_region.OF_BOTOCORE not in variables:
            message += f", and boto3 reads {profile_region.OF_BOTOCORE} alone"
    for profile in setup.profiles:
        target = profile.target or profile.root
        if target is not None and not profile.entry.keys.get("region"):
            region = target.session.region if target.session is not None else "eu-west-1"
            region = profile_region.propose_region(setup.config, environ, region)
            yield finding("no-region", [profile.name], message, f"add a line: region = {region}")


def check_legacy_profiles(setup: Setup) -> Iterator[Finding]:
    """Find profiles without an sso-session that have a wrong region, or no valid token."""
    first_of_url: dict[str, str] = {}
    for profile in setup.examined:
        keys, name = profile.entry.keys, profile.name
        if profile.target is None or profile.target.form != "legacy":
            continue
        url, region = keys.get("sso_start_url", ""), setup.find_correct_region(keys)
        if region is not None:
            message = wrong_region_text(keys["sso_region"], region)
            fix = f"write in an editor: sso_region = {region}"
            yield finding("wrong-sso-region", [name], message, fix, adopt=[name])
        # Another check reports a URL in quotes.
        if url and not is_quoted(url) and not setup.has_legacy_token(url):
            what = "has no valid sign-in of the old kind, which a profile without sso_session needs"
            first = quoted_name(first_of_url.setdefault(url, name))
            fix = f"sign in with: aws sso login --profile {first}"
            yield finding("legacy-token", [name], f"{show(url, 200)} {what}", fix, adopt=[name])


def check_guarded_roles(setup: Setup) -> Iterator[Finding]:
    """Find profiles by which SDKs get a guarded role without ssohelper, so without a grant."""
    shown, names = {one.name for one in setup.profiles}, list[str]()
    with suppress(SsoHelperError):  # files that cannot be read have findings of their own
        names = [one for one in guards.find_escaping_profiles(setup.app) if one in shown]
    if names:
        message = "SDKs get a guarded role in this way without asking ssohelper"
        yield finding("guard-escaped", names, message)


# -- the programs of profiles --------------------------------------------------------------------


def check_programs(setup: Setup) -> Iterator[Finding]:
    """Find programs of `credential_process` that other users can replace, or that are not ours."""
    for profile in (*setup.examined, *setup.keys_only):
        program = setup.find_program(profile.program_word) if profile.program_word else None
        if program is None or program.path is None:
            continue
        name, path = [profile.name], f'"{show(program.path, 200)}"'
        if program.replaceable:
            place = show(program.replaceable, 200)
            what = f'which every SDK runs as you: they may write "{place}"'
            message = f"other users can replace {path}, {what}"
            yield finding("program-replaceable", name, message, f"chmod go-w {shlex.quote(place)}")
        elif program.is_of_another_installation:
            message = f"{path} belongs to another installation of ssohelper"
            yield finding("helper-of-another-installation", name, message)
        elif program.only_has_our_name:
            what = "which has ssohelper's name and belongs to no installation of it"
            message = f"runs {path}, {what}: it may give the credentials of another role"
            yield finding("helper-not-ours", name, message)


def _write_command_path(setup: Setup) -> None:
    config = setup.app.config.read()
    changes = list(_list_path_changes(config, setup.command or ""))
    config_writing.write_changes(setup.app, "doctor", config.text.data, changes)


def _list_path_changes(config: ConfigFile, command: str) -> Iterator[EditSection]:
    for entry in config.profiles():
        line = entry.keys.get("credential_process", "")
        if not entry.managed or process_command.ssohelper_options(line) is None:
            continue
        if process_command.runs_ssohelper_by_name(line):  # PATH decides where the program is
            continue
        found = _OWN_PROGRAM.match(line)
        if found and not os.path.exists(process_command.split_command(line)[0]):
            new = f"{command} {line[found.end() :].lstrip()}"  # the arguments stay as they are
            yield EditSection(entry.header, (("credential_process", new),))


# -- one profile ---------------------------------------------------------------------------------

PROFILE_CHECKS = (
    *(check_values, check_resolution, check_roles, check_programs, check_legacy_profiles),
)


def find_profile_finding(setup: Setup) -> Finding | None:
    """Return the first finding that says why the chosen profile does not work; None if it works."""
    for one in setup.find(*PROFILE_CHECKS):
        if one.severity == "problem" and one.id != _HARMLESS and setup.chosen in one.profiles:
            return one
    return None


def make_not_used_error(app: App, name: str) -> ConfigInvalid:
    """Return `doctor`'s error for a profile with which a shell would not get the role it names.

    Such profiles are those that `adopting.find_unfit_profiles` returns.
    """
    setup = Setup(app, name)
    found = find_profile_finding(setup)
    message = found.message if found is not None else setup.explain_doubt(name)
    fix = found.fix if found is not None else f"see: ssohelper doctor {shlex.quote(show(name))}"
    return ConfigInvalid(f'the profile "{show(name, 80)}" is not used: {message}', hint=fix)


def explain_error(app: App, name: str, error: SsoHelperError) -> SsoHelperError:
    """Return the error for an unusable profile, with reason and fix from `doctor`.

    Returns `error` itself if `doctor` knows no reason.
    """
    setup = Setup(app, name)
    if setup.config.profile(name) is None and not setup.keys_only:
        return error
    found = find_profile_finding(setup)
    # For a missing session, the error itself has the command that makes the session.
    if found is not None and found.id != "session-missing":
        return ConfigInvalid(f'profile "{show(name, 80)}": {found.message}', hint=found.fix)
    if isinstance(error, NoSessionOfProfile):
        adopt = setup.adopt_command(one.name for one in setup.examined)
        if adopt:
            hint = f"another tool wrote it; adopt it with: {adopt}"
            return ConfigInvalid(error.message, hint=hint)
    return error


def find_overriding(app: App, name: str, *, is_named: bool) -> list[Finding]:
    """Return findings that say why programs in this shell may not get the profile's role.

    Reads files only. With `is_named`, the command has `--profile`, and ignores variables that win
    over AWS_PROFILE. A helper of another installation counts too: only a run would show which
    credentials it gives.
    """
    setup = Setup(app, name)
    is_in_use = name in (app.environ.get(one) for one in resolver.PROFILE_VARIABLES)
    ignored = resolver.PROFILE_VARIABLES if is_named or not is_in_use else ()
    environ = {key: value for key, value in app.environ.items() if key not in ignored}
    shell = list(refused_values.check_environ(environ, name))
    if not is_in_use:
        shell = [
            one._replace(severity="note") if one.id in _IGNORED_BESIDE_NAME else one
            for one in shell
            if one.id != "half-a-key"
        ]
    found = setup.find(lambda _: shell)
    if setup.config.profile(name) is not None:
        found += setup.find(check_credentials_file, *PROFILE_CHECKS)
    also = (*_IGNORED_BESIDE_NAME, "helper-of-another-installation")
    return [one for one in found if one.severity == "problem" or one.id in also]
