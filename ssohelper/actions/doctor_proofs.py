"""Finds out for `doctor` whether profiles' programs work, and whether AWS's hosts answer."""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.core import process_command
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.config_file import TargetRole
from ssohelper.core.doctor.facts import (
    AwsHostFact,
    Facts,
    Failure,
    ProfileFact,
    ProofFact,
)
from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.profile_keys import identity_keys
from ssohelper.core.redaction import redacted
from ssohelper.core.resolver import BOTO3, ProgramFact, name_sources, sso_keys_error
from ssohelper.core.service_hosts import oidc_service_url, portal_service_url, sts_service_url
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, SsoHelperError
from ssohelper.system import timed_run

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.model import SsoSession

PROOF_SECONDS = 8.0
FOREIGN_SECONDS = 10.0
# `setup` waits this long for our credential process, which reports an error itself within 20 s.
UNHURRIED_SECONDS = 25.0
HOST_SECONDS = 5.0
# The credential processes of profiles are run for at most this many sessions. Users have one to
# five, and more runs would take longer than a user waits.
_MOST_SESSIONS = 8
_MOST_SHOWN = 200
_COLOUR = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_SIGN_IN_CODE = 4


class _AwsHost(NamedTuple):
    """An AWS host to ask: the URL, and the service's name in messages."""

    url: str
    service: str


# -- running the programs of profiles ------------------------------------------------------------


def choose_profiles_to_test(app: App, facts: Facts) -> list[ProfileFact]:
    """Return, for each signed-in session, a profile whose command may run without asking the user.

    The profile's command is this installation's, no guard rule applies to the role, and no section
    of the credentials file wins over the profile. Read-only roles come first.
    """
    by_session: dict[str, list[tuple[ProfileFact, TargetRole]]] = {}
    for profile in facts.profiles:
        helped = _profile_that_runs_this_installation(profile, facts)
        target = helped.target if helped else None
        if helped is None or target is None or target.session is None:
            continue
        if profile.name not in facts.config.credentials:
            by_session.setdefault(target.session.name, []).append((helped, target))
    chosen = []
    for fact in facts.sessions[:_MOST_SESSIONS]:
        if fact.outlook.is_over(facts.now):
            continue
        offered = set(fact.listing.roles()) if fact.listing else set()
        usable = by_session.get(fact.session.name, [])
        usable.sort(
            key=lambda pair: (
                pair[1].role not in offered,
                "readonly" not in pair[0].name.lower(),
            )
        )
        found = next((p for p, t in usable if _is_role_unguarded(app, fact.session, t)), None)
        if found is not None:
            chosen.append(found)
    return chosen


def _profile_that_runs_this_installation(profile: ProfileFact, facts: Facts) -> ProfileFact | None:
    """Return the profile if its command runs this installation of ssohelper, else None.

    A native profile is returned with the command that ssohelper would write for its role.
    """
    target, command = profile.target, facts.machine.command
    if target is None or target.session is None or len(name_sources(profile.entry.keys)) > 1:
        return None
    if target.form == NATIVE and sso_keys_error(BOTO3, profile.entry.keys, facts.config.file):
        return None  # our command would work, but SDKs refuse the profile
    if target.form == NATIVE and command is not None:
        keys = identity_keys(target.session, target.role, PROCESS, command)
        return profile._replace(entry=profile.entry._replace(keys=keys))
    line = profile.entry.keys.get("credential_process", "")
    if process_command.ssohelper_options(line) is None:
        return None
    program = facts.programs.get(process_command.split_command(line)[0])
    if program is None or not program.is_of_this_installation:
        return None
    return profile if _is_program_safe_to_run(program) else None


def _is_program_safe_to_run(program: ProgramFact) -> bool:
    return program.path is not None and program.replaceable is None


def _is_role_unguarded(app: App, session: SsoSession, target: TargetRole) -> bool:
    try:
        return app.vault.find_guarding_rule(session.key_of(target.role)) is None
    except SsoHelperError:
        return False


def run_programs_of_profiles(
    app: App, profiles: Sequence[ProfileFact], facts: Facts, seconds: float | None = None
) -> list[ProofFact]:
    """Run the credential process of each profile, all at once; return each profile's outcome.

    A program may run for `seconds`; if that is None, for the 8 s that `doctor` allows.
    """
    limit = PROOF_SECONDS if seconds is None else seconds
    return _run_calls_in_threads(
        [
            functools.partial(_run_credential_process, app, profile, facts.programs, limit)
            for profile in profiles
        ],
        limit + 1,
    )


def run_program_of_chosen_profile(
    app: App,
    profile: ProfileFact,
    programs: Mapping[str, ProgramFact],
    *,
    may_run_other_tools: bool,
) -> ProofFact | None:
    """Run the program of the profile that the user names; return the outcome.

    A program that is not of this installation, whatever its name, is run only with
    `may_run_other_tools`. Returns None if the program may not be run. It may not be run either if a
    guard rule applies to the role, the program is missing, or other users could replace it.
    """
    command = profile.entry.keys.get("credential_process", "")
    words = process_command.split_command(command)
    program = programs.get(words[0]) if words else None
    if program is None or not _is_program_safe_to_run(program):
        return None
    target = profile.target
    is_ours = program.is_of_this_installation
    if not is_ours and not may_run_other_tools:
        return None
    if process_command.ssohelper_options(command) is None:
        return _run_credential_process(app, profile, programs, FOREIGN_SECONDS)
    if (
        target is None
        or target.session is None
        or not _is_role_unguarded(app, target.session, target)
    ):
        return None
    return _run_credential_process(
        app, profile, programs, PROOF_SECONDS if is_ours else FOREIGN_SECONDS
    )


def _run_credential_process(
    app: App, profile: ProfileFact, programs: Mapping[str, ProgramFact], seconds: float
) -> ProofFact:
    command = profile.entry.keys["credential_process"]
    words = process_command.split_command(command)
    program = programs[words[0]]
    ended = timed_run.run_with_time_limit(
        [program.path or words[0], *words[1:]], app.environ, seconds
    )
    target = profile.target
    proof = ProofFact(
        profile.name,
        target.session_name if target else None,
        meant_account_id=profile.meant_account_id,
        is_own=program.is_of_this_installation,
    )
    if ended.code is None:
        what = ended.reason or f"the program gave no answer within {seconds:.0f} s"
        return proof._replace(failure=Failure(what))
    if ended.code != 0:
        needs_sign_in = proof.is_own and ended.code == _SIGN_IN_CODE
        failure = Failure(_last_line_of_errors(ended.stderr) or f"exit code {ended.code}")
        return proof._replace(failure=failure, needs_sign_in=needs_sign_in)
    return _proof_with_account_from_output(proof, ended.stdout, app.clock.aws_now())


def _proof_with_account_from_output(proof: ProofFact, stdout: bytes, now: int) -> ProofFact:
    """Return the program's outcome with the account id from its answer, without the keys.

    Credentials that have expired at `now` (epoch seconds) are a failure, because SDKs refuse them.
    """
    try:
        answer: Any = json.loads(stdout)
    except (ValueError, RecursionError):
        answer = None
    is_complete = (
        isinstance(answer, dict)
        and answer.get("Version") == 1
        and all(isinstance(answer.get(key), str) for key in ("AccessKeyId", "SecretAccessKey"))
    )
    if not is_complete:
        return proof._replace(
            failure=Failure("the program's answer is no credential-process document")
        )
    expiration = answer.get("Expiration")
    expires_at = from_iso(expiration) if isinstance(expiration, str) else None
    if expires_at is not None and expires_at <= now:
        what = f"the program's credentials expired at {to_iso(expires_at)}, so SDKs refuse them"
        return proof._replace(failure=Failure(what))
    account_id = answer.get("AccountId")
    return proof._replace(account_id=account_id if isinstance(account_id, str) else "")


def _last_line_of_errors(stderr: bytes) -> str:
    # Colour codes are removed first, because `redacted` finds the name of a secret only at the
    # beginning of a word.
    lines = [
        line.strip() for line in _COLOUR.sub("", stderr.decode("utf-8", "replace")).splitlines()
    ]
    text = next((line for line in reversed(lines) if line), "")
    return show(redacted(text.removeprefix("ssohelper: error: ")), _MOST_SHOWN)


# -- asking AWS's hosts whether they answer ------------------------------------------------------


def probe_aws_hosts(app: App, sessions: Sequence[SsoSession]) -> list[AwsHostFact]:
    """Ask each session's sign-in service, portal and STS, all at once, whether they answer."""
    found: dict[_AwsHost, list[str]] = {}
    facts = []
    for session in list(sessions)[:_MOST_SESSIONS]:
        try:
            for service_url in _list_aws_hosts_of_session(app, session):
                found.setdefault(service_url, []).append(session.name)
        except SsoHelperError as error:
            facts.append(AwsHostFact((session.name,), session.name, Failure.of_error(error)))
    deadline = app.clock.deadline(HOST_SECONDS)
    asked = [
        lambda one=one, names=names: _probe_aws_host(app, one, tuple(names), deadline)
        for one, names in found.items()
    ]
    return facts + _run_calls_in_threads(asked, HOST_SECONDS + 1)


def _list_aws_hosts_of_session(app: App, session: SsoSession) -> list[_AwsHost]:
    variant, region = app.aws.host_variant_for_portal(session), session.region
    urls = (
        (oidc_service_url(region, app.environ, variant), "the sign-in service"),
        (portal_service_url(region, app.environ, variant), "the access portal"),
        (sts_service_url(region, app.environ, app.aws.host_variant_for_roles(session)), "STS"),
    )
    return [_AwsHost(url, f"{service} in {region}") for url, service in urls]


def _probe_aws_host(
    app: App, service_url: _AwsHost, session_names: tuple[str, ...], deadline: Deadline
) -> AwsHostFact:
    host = service_url.url.partition("://")[2].partition("/")[0]
    try:
        found = app.aws.probe(service_url.url, service_url.service, deadline)
    except ConfigInvalid as error:  # no connection is made with these certificates
        return AwsHostFact(session_names, host, Failure.of_error(error), "", "", None)
    failure = Failure.of_error(found.error) if found.error else None
    at = found.answered_at
    apart = None if at is None else app.clock.now_exactly() - at
    return AwsHostFact(session_names, host, failure, found.proxy, found.bundle, apart)


def _run_calls_in_threads(calls: Sequence[Callable[[], Any]], seconds: float) -> list[Any]:
    """Run the calls at once; return their results in order, without calls that take too long."""
    results: dict[int, Any] = {}

    def call_and_store_result(number: int, function: Callable[[], Any]) -> None:
        results[number] = function()

    # Daemon threads, so that Ctrl-C and the end of the program wait for none of them.
    threads = [
        threading.Thread(
            target=call_and_store_result, args=pair, daemon=True, name=f"doctor-{pair[0]}"
        )
        for pair in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    return [results[number] for number in sorted(results)]
