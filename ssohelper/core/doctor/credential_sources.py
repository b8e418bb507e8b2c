"""Checks of `doctor`: credential sources that a profile names and that give no credentials. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping

from ssohelper.core import process_command
from ssohelper.core.adoption import OTHER_ROLE_IN_SECTION
from ssohelper.core.config_file import ProfileEntry, assumes_role
from ssohelper.core.doctor import sdk_order
from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact
from ssohelper.core.doctor.findings import Finding, note, problem, profiles_subject
from ssohelper.core.source_profiles import list_source_profiles, unusable_source_text
from ssohelper.core.text import show
from ssohelper.core.written_roles import lacks_role

_IN_AN_EDITOR = "correct it in an editor"
_VARIABLES_OF_SOURCES = {
    "Environment": sdk_order.KEY_VARIABLES[:1],
    "EcsContainer": sdk_order.CONTAINER_VARIABLES,
}


def check_syntax_of_credential_processes(facts: Facts) -> Iterator[Finding]:
    """Find a `credential_process` that boto3 and the AWS CLI cannot split into words."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile in (*facts.profiles, *facts.config.credentials_profiles):
        command = profile.entry.keys.get("credential_process")
        error = process_command.find_syntax_error(command) if command is not None else ""
        # If AWS tools take the profile's credentials from elsewhere, another check reports that.
        is_taken = bool(error) and find_boto3_source(facts, profile).detail == error
        if is_taken and not _has_lost_its_role(facts, profile):
            grouped[error].append(profile.name)
    commands = AdoptCommands(facts)
    for error, names in grouped.items():
        adopt = commands.commands_to_adopt(names)
        yield problem(
            "program-unreadable",
            profiles_subject(names),
            f"{error}: boto3 and the AWS CLI stop with an error",
            f"{adopt}, or {_IN_AN_EDITOR}" if adopt else _IN_AN_EDITOR,
        )


def check_commands_that_ssohelper_refuses(facts: Facts) -> Iterator[Finding]:
    """Find commands of ssohelper in `credential_process` with arguments that ssohelper refuses."""
    config = facts.config.file
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for profile in facts.profiles:
        keys = profile.entry.keys
        error = process_command.why_ssohelper_refuses_command(keys.get("credential_process", ""))
        if not error or profile.failure is not None or _has_lost_its_role(facts, profile):
            continue
        # If AWS tools take the profile's credentials from elsewhere, another check reports that.
        if find_boto3_source(facts, profile).kind == "program":
            target, session_name = profile.target, ""
            if profile.entry.managed and target is not None:
                session_name = target.session_name or ""
            grouped[error, session_name].append(profile.name)
    has_several = config is not None and len(config.session_names()) > 1
    commands = AdoptCommands(facts)
    for (error, session_name), names in grouped.items():
        adopt = commands.commands_to_adopt(names)
        fix = f"{adopt}, or {_IN_AN_EDITOR}" if adopt else _IN_AN_EDITOR
        if session_name:
            option = f" --session {session_name}" if has_several else ""
            fix = f"ssohelper profile sync{option}, which writes the command again"
        message = f"{error}: no SDK gets credentials by this command"
        yield problem("helper-refuses", profiles_subject(names), message, fix)


def _has_lost_its_role(facts: Facts, profile: ProfileFact) -> bool:
    """Return whether the profile is managed and has lost its role, which another check reports."""
    return facts.config.file is not None and lacks_role(facts.config.file, profile.entry)


def check_web_identity_files(facts: Facts) -> Iterator[Finding]:
    """Find profiles whose token file of a web identity does not exist."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile in facts.profiles:
        path = profile.entry.keys.get("web_identity_token_file", "")
        if path in facts.missing_token_files and profile.entry.keys.get("role_arn"):
            grouped[path].append(profile.name)
    for path, names in grouped.items():
        yield problem(
            "web-identity-missing",
            profiles_subject(names),
            f'web_identity_token_file is "{show(path, 200)}", and there is no such file: AWS tools '
            "stop with an error",
            "write the path of the token's file in an editor",
        )


def check_credential_source_keys(facts: Facts) -> Iterator[Finding]:
    """Find a `credential_source` that SDKs do not know, or that gives no credentials in this shell."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile in facts.profiles:
        if assumes_role(profile.entry.keys) and profile.failure is None:
            grouped[profile.entry.keys.get("credential_source", "")].append(profile.name)
    grouped.pop("", None)
    used = _names_of_profiles_in_use(facts)
    for source, names in grouped.items():
        subject = profiles_subject(names)
        if source not in sdk_order.CREDENTIAL_SOURCES:
            meant = next(
                (one for one in sdk_order.CREDENTIAL_SOURCES if one.lower() == source.lower()), ""
            )
            yield problem(
                "credential-source",
                subject,
                sdk_order.credential_source_error(source),
                f"write in an editor: credential_source = {meant}"
                if meant
                else f"write one of {', '.join(sdk_order.CREDENTIAL_SOURCES)}",
            )
            continue
        missing = missing_variables_text(facts, source)
        if missing:
            # The profile may be for another shell, so this is a problem only if this shell uses the
            # profile.
            kind = problem if used.intersection(names) else note
            yield kind(
                "credential-source",
                subject,
                f'credential_source is "{source}", and {missing}: the role cannot be assumed here',
                f"set {_VARIABLES_OF_SOURCES[source][0]}, or name a profile: source_profile = PROFILE",
            )


def missing_variables_text(facts: Facts, source: str) -> str:
    """Return which variables this shell lacks for this `credential_source`; "" if it lacks none."""
    variables = _VARIABLES_OF_SOURCES.get(source, ())
    if not variables or any(facts.environ.get(name) for name in variables):
        return ""
    return f"this shell has no {' or '.join(variables)}"


def _names_of_profiles_in_use(facts: Facts) -> set[str]:
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


def check_source_profiles(facts: Facts) -> Iterator[Finding]:
    """Find profiles that assume a role with the credentials of a profile that has none.

    aws-vault may keep the keys of that profile in a keyring. So the finding is a note, unless this
    shell uses the profile or aws-vault cannot have the keys.
    """
    used = _names_of_profiles_in_use(facts)
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile in facts.profiles:
        entry = find_last_source_profile(facts, profile.entry)
        if profile.failure is not None or entry is None:
            continue
        last = ProfileFact(entry)
        # If the last profile assumes a role, its source is missing or a loop: `chains` reports it.
        if assumes_role(last.entry.keys) or last.entry.keys.get("aws_access_key_id"):
            continue
        # A profile whose role is lost is reported by `checks.check_whether_sources_work`.
        if _has_lost_its_role(facts, last):
            continue
        if find_boto3_source(facts, last).kind == "nothing":
            grouped[last.name].append(profile.name)
    for source, names in grouped.items():
        is_of_aws_vault = _may_aws_vault_keep_keys(facts, source)
        fix = f'give credentials to "{show(source, 80)}", or write another source_profile'
        if is_of_aws_vault:
            fix = f"with aws-vault: {_aws_vault_command(names[0])}; without it, {fix}"
        is_problem = not is_of_aws_vault or not used.isdisjoint(names)
        yield (problem if is_problem else note)(
            "source-without-credentials",
            profiles_subject(names),
            f'the source profile "{show(source, 80)}" has no credentials: AWS tools stop with an '
            "error",
            fix,
        )


def _may_aws_vault_keep_keys(facts: Facts, source: str) -> bool:
    """Return whether aws-vault may have this profile's keys: the config names no other source."""
    entry = facts.config.file.profile(source) if facts.config.file else None
    return (
        entry is not None
        and not entry.managed
        and sdk_order.has_no_key_of_credential_source(entry.keys)
    )


def _aws_vault_command(name: str) -> str:
    return f"aws-vault exec {shlex.quote(show(name, 80))}"


def find_last_source_profile(facts: Facts, entry: ProfileEntry) -> ProfileEntry | None:
    """Return the last profile of the references by `source_profile`; None if there are none.

    The returned profile assumes a role itself if the references are a loop, or if it refers to a
    profile that does not exist.
    """
    config = facts.config.file
    sources = list_source_profiles(config, entry) if config is not None else []
    return sources[-1] if sources else None


def describe_other_identity_of_source(config: ConfigFacts, source: ProfileFact) -> str:
    """Return which credentials boto3 takes instead of this source profile's own; "" if it takes those.

    The result is "" too if boto3 gets no credentials at all by the source profile.
    """
    section = config.credentials.get(source.name, {})
    kind = find_boto3_source(Facts(config=config), source).kind
    if kind == "credentials file":
        is_other = not sdk_order.has_no_key_of_credential_source(
            source.entry.keys
        ) and not _has_key_without_secret(section)
        return "AWS tools take its fixed keys before its other sources" if is_other else ""
    is_other = sdk_order.has_other_role_in_section(source, config.file, section)
    return OTHER_ROLE_IN_SECTION if is_other and kind not in ("nothing", "error") else ""


def check_keys_without_secret_in_credentials_file(facts: Facts) -> Iterator[Finding]:
    """Find profiles of the config whose section in ~/.aws/credentials has a key without its secret.

    boto3 stops with an error for such a profile, unless it gets credentials elsewhere first.
    """
    for profile in facts.profiles:
        section = facts.config.credentials.get(profile.name, {})
        is_taken = find_boto3_source(facts, profile).kind == "credentials file"
        if is_taken and _has_key_without_secret(section):
            yield _finding_of_key_without_secret(facts, profile.name)


def check_keys_without_secret_of_source_profiles(facts: Facts) -> Iterator[Finding]:
    """Find profiles whose source is only in ~/.aws/credentials and has a key without its secret."""
    config = facts.config.file
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile in facts.profiles if config is not None else ():
        last = find_last_source_profile(facts, profile.entry) or profile.entry
        name = last.keys.get("source_profile", "") if assumes_role(last.keys) else ""
        section = facts.config.credentials.get(name, {})
        is_refused = _has_key_without_secret(section) and sdk_order.has_no_key_of_credential_source(
            section
        )
        if is_refused and config is not None and config.profile(name) is None:
            grouped[name].append(profile.name)
    for name, users in grouped.items():
        found = _finding_of_key_without_secret(facts, name)
        yield found._replace(
            id="source-unusable",
            subject=profiles_subject(users),
            message=unusable_source_text(name, found.message, users=len(users)),
        )


def _has_key_without_secret(section: Mapping[str, str]) -> bool:
    """Return whether the section has an access key id alone, for which botocore raises an error."""
    key_id, secret = sdk_order.KEY_PAIR
    return key_id in section and secret not in section


def _finding_of_key_without_secret(facts: Facts, name: str) -> Finding:
    key_id, secret = sdk_order.KEY_PAIR
    where = f'the section "[{show(name, 80)}]" of {show(facts.config.credentials_path, 200)}'
    return problem(
        "half-a-key-in-profile",
        profiles_subject([name]),
        f'"{key_id}" is set without "{secret}" in {where}: AWS tools stop with an error',
        f"add {secret} there, or remove {key_id}",
    )


def find_boto3_source(facts: Facts, profile: ProfileFact) -> sdk_order.SdkCredentials:
    """Return the credentials that boto3 takes for the profile in a shell without AWS variables."""
    config, section = facts.config.file, facts.config.credentials.get(profile.name, {})
    [taken] = sdk_order.find_credentials_of_each_sdk(
        profile, config, section, {}, [sdk_order.BOTO3]
    )
    return taken


def check_profiles_without_credentials(facts: Facts) -> Iterator[Finding]:
    """Find a profile by which no SDK gets credentials in this shell.

    Many such profiles are there on purpose, with a region or other settings alone. So `doctor`
    without PROFILE names only those from which aws-vault gets credentials.
    """
    of_aws_vault, others = list[ProfileFact](), list[ProfileFact]()
    for profile in facts.profiles:
        keys = profile.entry.keys
        if facts.chosen is None and "include_profile" not in keys:
            continue
        section = facts.config.credentials.get(profile.name, {})
        environ = facts.environ if facts.chosen is not None else {}
        taken = sdk_order.find_credentials_of_each_sdk(profile, facts.config.file, section, environ)
        is_without = all(one.kind in ("nothing", "error") for one in taken)
        if is_without and any(one.kind == "nothing" for one in taken) and profile.entry.header:
            (of_aws_vault if "include_profile" in keys else others).append(profile)
    yield from _findings_of_profiles_for_aws_vault(facts, [one.name for one in of_aws_vault])
    for profile in others:
        if profile.failure is None and not _has_lost_its_role(facts, profile):
            yield from _findings_of_profile_without_credentials(profile)


def _findings_of_profiles_for_aws_vault(facts: Facts, names: list[str]) -> Iterator[Finding]:
    if not names:
        return
    adopt = AdoptCommands(facts).commands_to_adopt(names)
    run = _aws_vault_command(names[0])
    yield (note if facts.chosen is None else problem)(
        "no-source",
        profiles_subject(names),
        "only aws-vault reads include_profile: by this profile, no SDK gets credentials",
        f"{adopt}, or use it with: {run}" if adopt else f"use it with: {run}",
    )


def _findings_of_profile_without_credentials(profile: ProfileFact) -> Iterator[Finding]:
    keys, subject = profile.entry.keys, profiles_subject([profile.name])
    if "credential_process" in keys:
        return  # `check_syntax_of_credential_processes` reports this profile
    if keys.get("sso_session"):
        message = (
            "the profile is for tokens alone (CodeCatalyst and others): by it, no SDK gets role "
            "credentials"
        )
        yield note("no-source", subject, message, "add lines: sso_account_id and sso_role_name")
        return
    message = (
        "the profile names no source of credentials: no SDK gets credentials by it in this shell"
    )
    fix = "choose another profile, or add its credentials: ssohelper profile list"
    yield problem("no-source", subject, message, fix)


CHECKS = (
    check_syntax_of_credential_processes,
    check_commands_that_ssohelper_refuses,
    check_web_identity_files,
    check_credential_source_keys,
    check_keys_without_secret_in_credentials_file,
    check_source_profiles,
    check_profiles_without_credentials,
)
