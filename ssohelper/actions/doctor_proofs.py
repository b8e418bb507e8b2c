"""Finds out for `doctor` whether profiles' programs work, and whether AWS's hosts answer."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.actions.doctor_facts import Setup, quoted_name
from ssohelper.actions.profile_checks import ProfileFact
from ssohelper.core import process_command
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.findings import Finding, finding
from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.profile_keys import identity_keys
from ssohelper.core.redaction import redacted
from ssohelper.core.resolver import BOTO3, name_sources, sso_keys_error
from ssohelper.core.service_hosts import service_url
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, SsoHelperError
from ssohelper.system import collected_run

if TYPE_CHECKING:
    from ssohelper.core.config_file import TargetRole
    from ssohelper.core.model import SsoSession

PROOF_SECONDS, FOREIGN_SECONDS, HOST_SECONDS = 8.0, 10.0, 5.0
# `setup` waits this long for our credential process, which reports an error itself within 20 s.
UNHURRIED_SECONDS = 25.0
# The most sessions for which the credential process of a profile is run. Users have one to five
# sessions; more runs would take longer than a user waits.
_MOST_SESSIONS = 8
_MOST_SHOWN = 200
_COLOUR = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_SIGN_IN_CODE = 4


# -- running profiles' programs -------------------------------------------------------------------


class Proof(NamedTuple):
    """What a profile's program answered when it was run.

    `account_id` is the account in the answer, "" if the answer names none. `failure` says why there
    are no credentials; with `needs_sign_in`, only a sign-in is missing. `is_own`: the program is
    this ssohelper.
    """

    profile: ProfileFact
    is_own: bool = True
    failure: str = ""
    needs_sign_in: bool = False
    account_id: str = ""


def prove_profiles(
    setup: Setup, *, run: bool = False, seconds: float | None = None
) -> Iterator[Finding]:
    """Run the program of the chosen profile, or of one profile for each signed-in session.

    A program that is not of this installation, whatever its name, is run only with `run`.
    """
    seconds = seconds or (FOREIGN_SECONDS if run else PROOF_SECONDS)
    chosen = choose_profiles(setup) if setup.chosen is None else _list_runnable(setup, run)
    calls = [partial(_run_program, setup, one, seconds) for one in chosen]
    for proof in _run_in_threads(calls, seconds + 1):
        yield from report_proof(setup, proof)


def report_proof(setup: Setup, proof: Proof) -> Iterator[Finding]:
    profile, meant, failure = proof.profile, proof.profile.meant_account_id, proof.failure
    is_other = bool(proof.account_id) and meant not in (None, proof.account_id)
    setup.was_proven[profile.name] = not failure and not is_other
    if is_other:
        message = "the profile's program gave credentials for account "
        message += f"{show(proof.account_id, 20)}; the profile is for {meant}"
        yield finding("another-account", [profile.name], message)
    # ssohelper's program reads the settings too, and another check reports them.
    elif not failure or (proof.is_own and setup.settings_error is not None):
        return
    elif proof.needs_sign_in:
        name = profile.target.session_name if profile.target is not None else None
        outlooks = [setup.outlook(one) for one in setup.sessions if one.name == name]
        # The check of sessions already reports that the sign-in is missing.
        if not any(
            isinstance(one, Outlook) and one.is_sign_in_needed(setup.now) for one in outlooks
        ):
            subject = f'session "{name}"' if name else f'profile "{show(profile.name, 80)}"'
            yield finding("signed-out", subject, failure, f"ssohelper login {name or ''}".strip())
    else:
        message = f"the profile's program was run and gave no credentials: {failure}"
        fix = f"see what it says: aws sts get-caller-identity --profile {quoted_name(profile.name)}"
        if proof.is_own:
            fix = f"see more: ssohelper whoami {quoted_name(profile.name)}"
        adopt = [] if proof.is_own else [profile.name]
        yield finding("no-credentials", [profile.name], message, fix, adopt=adopt)


def check_programs_not_run(setup: Setup) -> Iterator[Finding]:
    """Find programs of other tools that the chosen profile needs, and that were not run."""
    for profile in setup.examined if setup.chosen is not None else ():
        word, answer = profile.program_word, setup.resolver.resolve(profile.name)
        program = setup.find_program(word) if word and answer.source == "program" else None
        if program is None or program.is_own or program.path is None or program.replaceable:
            continue  # other checks report our own, missing and replaceable programs
        if profile.name not in setup.was_proven:
            what = f'only a run of "{show(program.word, 200)}" shows whether it gives credentials'
            fix = f"ssohelper doctor {quoted_name(setup.chosen or '')} --run"
            yield finding("program-not-run", [profile.name], what, fix)


def _list_runnable(setup: Setup, run: bool) -> Iterator[ProfileFact]:
    for profile in (*setup.examined, *setup.keys_only):
        program = setup.find_program(profile.program_word) if profile.program_word else None
        if program is None or program.path is None or program.replaceable is not None:
            continue
        command = profile.entry.keys["credential_process"]
        has_our_options = process_command.ssohelper_options(command) is not None
        is_allowed = not has_our_options or _is_unguarded(setup, profile.target)
        if is_allowed and (run or program.is_of_this_installation):
            yield profile


def choose_profiles(setup: Setup) -> Iterator[ProfileFact]:
    """Yield, for each signed-in session, a profile whose command may run without asking the user.

    The profile's command is this installation's, no guard rule applies to the role, and no section
    of the credentials file wins over the profile. Listed and read-only roles come first.
    """
    for session in setup.sessions[:_MOST_SESSIONS]:
        outlook, listing = setup.outlook(session), setup.listings.get(session.name)
        if isinstance(outlook, Outlook) and outlook.is_over(setup.now):
            continue
        offered = listing.role_set() if listing else frozenset()
        usable = [
            (target.role not in offered, "readonly" not in one.name.lower(), number, one)
            for number, one in enumerate(setup.profiles)
            if (target := one.target) is not None
            and target.session_name == session.name
            and one.name not in setup.credentials
        ]
        runnable = (_with_own_command(setup, one) for *_, one in sorted(usable))
        unguarded = (one for one in runnable if one and _is_unguarded(setup, one.target))
        yield from islice(unguarded, 1)


def _with_own_command(setup: Setup, profile: ProfileFact) -> ProfileFact | None:
    """Return the profile if its command runs this installation of ssohelper, else None.

    For a native profile, the command is the one that ssohelper would write.
    """
    target, keys = profile.target, profile.entry.keys
    if target is None or target.session is None or len(name_sources(keys)) > 1:
        return None
    if target.form == NATIVE:
        # SDKs refuse some keys with which our command would work.
        if setup.command is None or sso_keys_error(BOTO3, keys, setup.config):
            return None
        made = identity_keys(target.session, target.role, PROCESS, setup.command)
        return profile._replace(entry=profile.entry._replace(keys=made))
    if process_command.ssohelper_options(keys.get("credential_process", "")) is None:
        return None
    program = setup.find_program(profile.program_word)
    is_safe = program is not None and program.is_of_this_installation and not program.replaceable
    return profile if is_safe else None


def _is_unguarded(setup: Setup, target: TargetRole | None) -> bool:
    if target is None or target.session is None:
        return False
    try:
        return setup.app.vault.find_guarding_rule(target.session.key_of(target.role)) is None
    except SsoHelperError:
        return False


def _run_program(setup: Setup, profile: ProfileFact, seconds: float) -> Proof:
    words = process_command.split_command(profile.entry.keys["credential_process"])
    program = setup.find_program(words[0])
    argv = [program.path or words[0], *words[1:]]
    ended = collected_run.run_with_time_limit(argv, setup.app.environ, seconds)
    proof = Proof(profile, program.is_of_this_installation)
    if ended.code is None:
        what = ended.reason or f"the program gave no answer within {seconds:.0f} s"
        return proof._replace(failure=what)
    if ended.code != 0:
        what = last_error_line(ended.stderr) or f"exit code {ended.code}"
        needs_sign_in = proof.is_own and ended.code == _SIGN_IN_CODE
        return proof._replace(failure=what, needs_sign_in=needs_sign_in)
    return read_answer(proof, ended.stdout, setup.app.clock.aws_now())


def read_answer(proof: Proof, stdout: bytes, now: int) -> Proof:
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
        return proof._replace(failure="the program's answer is no credential-process document")
    expiration = answer.get("Expiration")
    expires_at = from_iso(expiration) if isinstance(expiration, str) else None
    if expires_at is not None and expires_at <= now:
        what = f"the program's credentials expired at {to_iso(expires_at)}, so SDKs refuse them"
        return proof._replace(failure=what)
    account_id = answer.get("AccountId")
    return proof._replace(account_id=account_id if isinstance(account_id, str) else "")


def last_error_line(stderr: bytes) -> str:
    """Return the last line that a program wrote to stderr, without secrets and colours."""
    # Colours are removed first: `redacted` finds a secret's name only at the beginning of a word.
    lines = _COLOUR.sub("", stderr.decode("utf-8", "replace")).splitlines()
    text = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return show(redacted(text.removeprefix("ssohelper: error: ")), _MOST_SHOWN)


# -- asking AWS's hosts ---------------------------------------------------------------------------


def check_hosts(setup: Setup) -> Iterator[Finding]:
    """Ask each session's sign-in service, portal and STS, all at once; find hosts that do not
    answer.

    The answers also tell AWS's time.
    """
    app, asked = setup.app, dict[str, str]()
    for session in setup.sessions[:_MOST_SESSIONS]:
        try:
            asked |= _list_hosts(setup, session)
        except SsoHelperError as error:
            if setup.settings_error is None:  # which another check reports
                yield finding("endpoint", session.name, f"{error.message} (no proxy)", error.hint)
    deadline = app.clock.deadline(HOST_SECONDS)

    def probe(url: str, service: str) -> tuple[str, SsoHelperError | None, str]:
        try:
            found = app.aws.probe(url, service, deadline)
        except ConfigInvalid as error:  # these certificates cannot be used, so no host can be asked
            return url, error, "no proxy"
        if found.answered_at is not None:
            setup.apart_seconds.append(app.clock.now_exactly() - found.answered_at)
        way = f"proxy {show(found.proxy, 120)}" if found.proxy else "no proxy"
        way += f", certificates of {show(found.bundle, 200)}" if found.bundle else ""
        return url, found.error, way

    calls = [partial(probe, url, service) for url, service in asked.items()]
    for url, failed, way in _run_in_threads(calls, HOST_SECONDS + 1):
        if failed is not None:
            host = url.partition("://")[2].partition("/")[0]
            message = f"{failed.message} ({way})"
            yield finding("endpoint", show(host, 120), message, failed.hint)


def _list_hosts(setup: Setup, session: SsoSession) -> dict[str, str]:
    aws, environ, region = setup.app.aws, setup.app.environ, session.region
    of_portal, of_roles = aws.host_variant_for_portal(session), aws.host_variant_for_roles(session)
    return {
        service_url("oidc", region, environ, of_portal): f"the sign-in service in {region}",
        service_url("portal", region, environ, of_portal): f"the access portal in {region}",
        service_url("sts", region, environ, of_roles): f"STS in {region}",
    }


def _run_in_threads(calls: Sequence[Callable[[], Any]], seconds: float) -> list[Any]:
    """Run the calls at once; return their results in order, without calls that take too long."""
    results: list[list[Any]] = [[] for _ in calls]
    # Daemon threads, so that Ctrl-C and the end of the program wait for none of them.
    threads = [
        threading.Thread(target=lambda call, into: into.append(call()), args=pair, daemon=True)
        for pair in zip(calls, results, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    return [answer for answers in results for answer in answers]
