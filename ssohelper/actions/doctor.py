"""Finds what is wrong with the AWS setup of this user, and proves which parts work.

Facts are gathered first, from files and from AWS; `core.doctor.checks` finds what is wrong in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import (
    adopting,
    doctor_edits,
    doctor_facts,
    doctor_machine,
    doctor_proofs,
    doctor_repairs,
    guards,
    lost_roles,
    profile_reasons,
    selection,
)
from ssohelper.core.choices import PROCESS
from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import Facts, ProfileFact
from ssohelper.core.doctor.findings import Finding
from ssohelper.core.doctor.preferred_variables import IGNORED_BESIDE_NAME
from ssohelper.core.doctor.profile_findings import HELPER_OF_ANOTHER, make_resolver
from ssohelper.core.profile_keys import identity_keys
from ssohelper.core.resolver import Resolved
from ssohelper.errors import SsoHelperError, UsageProblem
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.doctor.facts import ConfigFacts, SessionFact
    from ssohelper.core.model import Profile, SsoSession


class Report(NamedTuple):
    """What `doctor` found. `sdks`: how each SDK resolves the profile, for `doctor PROFILE` only.

    `proven` are the profiles whose program was run now, and gave credentials of the right account.
    `has_shell_lines`: the rc file of the user's shell has the lines that `install` writes.
    """

    findings: tuple[Finding, ...]
    sdks: tuple[Resolved, ...] = ()
    proven: tuple[str, ...] = ()
    has_shell_lines: bool = False


def examine_setup(app: App, chosen: str | None, *, run: bool) -> Report:
    """Examine the user's whole AWS setup, or what concerns one profile. Changes nothing.

    `chosen` is a profile's name or `[SESSION:]ACCOUNT/ROLE`. With `run`, the profile's program is
    run even if it is another tool's. Raises: the errors of `resolve_profile` for an unknown
    profile.
    """
    facts = gather_facts(app, chosen)
    facts = facts._replace(config=doctor_facts.measure_config_parsing_time(facts.config))
    facts = _check_aws_and_run_programs(app, facts, run=run)
    # Reading one of our tokens sets the mode of its file, so some findings may be repaired by now.
    findings = doctor_repairs.mark_repaired_findings(checks.run_checks(facts))
    sdks = list[Resolved]()
    if chosen is not None and facts.config.file is not None:
        resolving = make_resolver(facts, facts.config.file)
        if resolving.has_profile(chosen):
            sdks = resolving.resolve_for_each_family(chosen, in_shell=True)
    return Report(tuple(findings), tuple(sdks), tuple(_list_profiles_that_gave_credentials(facts)))


def repair_findings_of_report(app: App, report: Report) -> Report:
    """Make the safe repairs; return the report with repaired findings marked. Raises: Refused."""
    return report._replace(findings=tuple(doctor_repairs.repair_findings(app, report.findings)))


def try_one_profile_of_session(app: App, session: SsoSession) -> Report:
    """Run one profile's program to get credentials; report the outcome, and problems in files."""
    facts = gather_facts(app)
    facts = facts._replace(
        sessions=tuple(one for one in facts.sessions if one.session.name == session.name)
    )
    chosen = doctor_proofs.choose_profiles_to_test(app, facts)
    proofs = doctor_proofs.run_programs_of_profiles(
        app, chosen, facts, doctor_proofs.UNHURRIED_SECONDS
    )
    facts = facts._replace(proofs=tuple(proofs))
    found = doctor_repairs.mark_repaired_findings(checks.run_checks(facts))
    problems = [one for one in found if one.severity == "problem" and not one.is_fixed]
    shell = facts.machine.shell
    is_current = shell is not None and shell.state == "current"
    return Report(
        tuple(problems), (), tuple(_list_profiles_that_gave_credentials(facts)), is_current
    )


def find_what_overrides_profile_in_shell(
    app: App, profile: Profile, *, is_named: bool = False
) -> list[Finding]:
    """Return findings that say why programs in this shell may not use the profile's role.

    Reads files only. If `is_named`, the profile is that of a command with `--profile`, not that of
    AWS_PROFILE. A `credential_process` of another ssohelper installation counts too: only a run
    would show which credentials it gives.
    """
    facts = profile_reasons.gather_facts_of_profile(app, profile.name)
    found = checks.find_what_overrides_profile(facts, is_named=is_named)
    left_out = () if checks.is_profile_in_use(facts, profile.name) else IGNORED_BESIDE_NAME
    return [
        one
        for one in found
        if (one.severity == "problem" and one.id not in left_out) or one.id == HELPER_OF_ANOTHER
    ]


# -- gathering the facts that doctor checks ------------------------------------------------------


def gather_facts(app: App, chosen: str | None = None) -> Facts:
    """Return all facts about the AWS setup in files and the environment. Sends no request."""
    # Modes of files are listed first, because reading one of our files sets its mode.
    files = doctor_machine.list_file_facts(app)
    config = doctor_facts.read_config_facts(app)
    profiles = doctor_facts.read_profile_facts(config)
    shown, sources = profiles, list[ProfileFact]()
    if chosen is not None:
        only = tuple(one for one in config.credentials_profiles if one.name == chosen)
        config = config._replace(credentials_profiles=only)
        shown = [] if only else _find_chosen_profile(app, config, profiles, chosen)
        sources = doctor_facts.read_source_profile_facts(config, shown)
    machine = doctor_machine.examine_machine(app)
    escaping = list[str]()
    with suppress(SsoHelperError):  # files that cannot be read have findings of their own
        escaping = guards.find_escaping_profiles(app)
    sessions = _read_session_facts(app, config, profiles, None if chosen is None else shown)
    return Facts(
        now=app.clock.now(),
        environ=doctor_facts.copy_sdk_variables_without_secrets(app.environ),
        config=config,
        profiles=tuple(shown),
        sources=tuple(sources),
        edited=tuple(doctor_edits.find_edited_profiles(app, config, shown, sessions)),
        chosen=chosen,
        issued_at=doctor_facts.find_issue_time_of_cached_credentials(app, shown)
        if chosen is not None
        else None,
        programs=doctor_facts.find_programs_of_profiles(
            config, (*shown, *sources, *config.credentials_profiles), app, machine.command
        ),
        files=tuple(files),
        sessions=tuple(sessions),
        listings=doctor_facts.load_listings(app, config, sessions),
        unusable_sessions=doctor_facts.list_unusable_sessions(app, config),
        missing_sessions=doctor_facts.find_missing_sessions(app, config, (*shown, *sources)),
        tokens=tuple(doctor_facts.find_legacy_tokens(app, (*shown, *sources))),
        machine=machine,
        is_web_identity_token_file_missing=doctor_facts.is_web_identity_token_file_missing(
            app.environ
        ),
        missing_token_files=doctor_facts.find_missing_web_identity_token_files(
            config, (*shown, *sources)
        ),
        written_roles=lost_roles.find_roles_for_which_profiles_were_written(app, config.file)
        if config.file
        else {},
        escaping=tuple(name for name in escaping if name in {one.name for one in shown}),
    )


def _read_session_facts(
    app: App,
    config: ConfigFacts,
    profiles: Sequence[ProfileFact],
    chosen: Sequence[ProfileFact] | None,
) -> list[SessionFact]:
    """Return the facts about the sessions; with `chosen`, only about those of these profiles."""
    # `profile sync` uses the same rule for which profiles count as profiles of their roles.
    not_counted = adopting.find_unusable_profiles(app) if config.file else ()
    targets = doctor_facts.gather_profile_targets(
        config.file, [one for one in profiles if one.name not in not_counted]
    )
    return [
        doctor_facts.read_session_fact(app, session, targets)
        for session in (config.file.sso_sessions() if config.file else ())
        if chosen is None
        or any(_is_profile_of_session(config.file, one, session) for one in chosen)
    ]


def _find_chosen_profile(
    app: App, config: ConfigFacts, profiles: Sequence[ProfileFact], chosen: str
) -> list[ProfileFact]:
    """Return the profile that the user named; for a role without a profile, a made-up profile."""
    found = [one for one in profiles if one.name == chosen]
    if found or config.file is None:
        return found
    profile = selection.resolve_profile(app, chosen, None)
    session, role = profile.session, profile.role
    target = TargetRole(session, session.name, role, "process", session.start_url)
    keys = {"region": session.region}
    with suppress(UsageProblem):
        # The role has no profile: these are the keys that a profile for it would have.
        command = installation.find_profile_command(app.environ)
        keys |= identity_keys(session, role, PROCESS, command)
    entry = ProfileEntry(chosen, keys, managed=False, line=0, header="")
    return [ProfileFact(entry, target, role.account_id)]


def _is_profile_of_session(
    config: ConfigFile | None, profile: ProfileFact, session: SsoSession
) -> bool:
    target = profile.target or profile.root
    return bool(config and target and config.is_target_of(session, target))


# -- running profiles' programs, and asking AWS's hosts --------------------------------------------


def _check_aws_and_run_programs(app: App, facts: Facts, *, run: bool) -> Facts:
    sessions = [fact.session for fact in facts.sessions]
    facts = facts._replace(aws_hosts=tuple(doctor_proofs.probe_aws_hosts(app, sessions)))
    if facts.chosen is None:
        profiles = doctor_proofs.choose_profiles_to_test(app, facts)
        proofs = doctor_proofs.run_programs_of_profiles(app, profiles, facts)
    else:
        found = [
            doctor_proofs.run_program_of_chosen_profile(
                app, one, facts.programs, may_run_other_tools=run
            )
            for one in (*facts.profiles, *facts.sources, *facts.config.credentials_profiles)
        ]
        proofs = [one for one in found if one is not None]
    return facts._replace(proofs=tuple(proofs))


def _list_profiles_that_gave_credentials(facts: Facts) -> list[str]:
    return [
        proof.profile
        for proof in facts.proofs
        if proof.failure is None
        and proof.meant_account_id in (None, proof.account_id or proof.meant_account_id)
    ]
