"""Checks of `doctor`: this machine, the network, this installation and the shell. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ssohelper.core import process_command
from ssohelper.core.clock_text import CLEAR_SIGN_IN
from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import Facts, ProofFact
from ssohelper.core.doctor.findings import (
    Finding,
    Repair,
    missing_sign_in,
    note,
    problem,
    profiles_subject,
)
from ssohelper.core.doctor.profile_findings import make_resolver
from ssohelper.core.instants import duration_text
from ssohelper.core.text import show

# AWS refuses signed requests whose time is wrong by 5 min.
CLOCK_SECONDS = 240
_MACHINE = "this machine"


def check_clock_of_machine(facts: Facts) -> Iterator[Finding]:
    """Find a clock that differs from AWS's: AWS refuses signed requests, SDKs misjudge expiry."""
    known = [one.apart_seconds for one in facts.aws_hosts if one.apart_seconds is not None]
    if not known and facts.machine.apart_seconds is not None:
        known = [facts.machine.apart_seconds]
    apart = max(known, key=abs, default=0.0)
    if abs(apart) > CLOCK_SECONDS:
        side = "ahead of" if apart > 0 else "behind"
        yield problem(
            "clock",
            _MACHINE,
            f"the clock is {duration_text(int(abs(apart)))} {side} AWS's: AWS refuses signed "
            "requests, and SDKs misjudge when credentials end",
            "set the clock: sudo timedatectl set-ntp true",
        )


def check_aws_hosts(facts: Facts) -> Iterator[Finding]:
    """Find hosts of AWS that cannot be reached, with the proxy and the certificates in use."""
    # If the settings cannot be read, no host was asked; another check reports the settings.
    failed = {
        one.host: one
        for one in facts.aws_hosts
        if one.failure not in (None, facts.machine.settings_failure)
    }
    for one in failed.values():
        assert one.failure is not None
        way = [f"proxy {show(one.proxy, 120)}"] if one.proxy else ["no proxy"]
        way += [f"certificates of {show(one.bundle, 200)}"] if one.bundle else []
        yield problem(
            "endpoint",
            show(one.host, 120),
            f"{one.failure.message} ({', '.join(way)})",
            one.failure.hint or "check the network, HTTPS_PROXY and AWS_CA_BUNDLE",
        )


def check_storage(facts: Facts) -> Iterator[Finding]:
    """Find a keyring that does not answer, tokens in clear beside it, unreadable settings."""
    machine = facts.machine
    # If settings or state folder cannot be read, it is unknown which storage is in use.
    storage_failure = machine.storage_failure
    if machine.settings_failure or machine.state_failure:
        storage_failure = None
    for id, subject, failure, cure in (
        ("keyring", _MACHINE, storage_failure, "unlock the keyring"),
        ("settings", "settings", machine.settings_failure, "correct that line in an editor"),
        ("state-folder", _MACHINE, machine.state_failure, "check the disk and the folder's mode"),
    ):
        if failure is not None:
            yield problem(id, subject, failure.message, failure.hint or cure)
    for path in machine.clear_files:
        yield note(
            "clear-sign-in", show(path, 200), CLEAR_SIGN_IN, "end it: ssohelper logout --all"
        )
    if machine.storage == "keyring" and not machine.is_runtime_in_memory:
        yield note(
            "runtime-on-disk",
            show(machine.runtime_folder, 200),
            "this folder is not in memory, so with keyring storage each SDK call takes longer: "
            "ssohelper keeps no credentials there for the launcher",
            "log in with systemd, or set XDG_RUNTIME_DIR to a folder of yours in memory",
        )


def check_runtime_folder(facts: Facts) -> Iterator[Finding]:
    """Find an XDG_RUNTIME_DIR that ssohelper does not use, since other users can open it."""
    refused = facts.machine.runtime_refused
    if refused:
        yield problem(
            "runtime-folder",
            show(refused, 200),
            "XDG_RUNTIME_DIR names this folder, which is missing, another user's, or open to "
            f"others; role credentials are in {show(facts.machine.runtime_folder, 200)} instead",
            "unset XDG_RUNTIME_DIR, or: chmod 700 that folder",
        )


def check_installations(facts: Facts) -> Iterator[Finding]:
    """Find an installation of ssohelper that profiles cannot run, and several installations on PATH."""
    machine = facts.machine
    if machine.failure is not None:
        yield problem("installation", _MACHINE, machine.failure.message, machine.failure.hint)
    if len(machine.commands) > 1:
        yield note(
            "several-installations",
            _MACHINE,
            f"PATH has {len(machine.commands)} installations of ssohelper: "
            f"{', '.join(show(path, 120) for path in machine.commands[:4])}; the first one runs",
            "remove the others (uv tool uninstall, pipx uninstall, pip uninstall)",
        )


def check_setup_of_shell(facts: Facts) -> Iterator[Finding]:
    """Find lines in the shell's rc file, or completion scripts, that are not up to date."""
    shell = facts.machine.shell
    if shell is None or facts.chosen is not None:
        return
    rc_file = show(shell.rc_file, 200)
    if shell.state == "stale":
        yield problem(
            "shell-stale",
            rc_file,
            "the lines that `install` wrote are of another version or name another path",
            "ssohelper doctor --fix writes these lines again",
            Repair("shell", (shell.shell,)),
        )
    elif shell.state == "missing":
        yield note(
            "shell-missing",
            rc_file,
            "`use`, the prompt and TAB completion are not set up",
            "ssohelper install",
        )
    elif shell.failure is not None:
        yield problem("shell-marks", rc_file, shell.failure.message, shell.failure.hint)
    for path in shell.stale_completions:
        yield problem(
            "completion-stale",
            show(path, 200),
            "this completion script is of another version of ssohelper",
            f"ssohelper completion {shell.shell} > {shlex.quote(show(path, 200))}",
        )


def check_program_answers(facts: Facts) -> Iterator[Finding]:
    """Find profiles whose program was run and gave no credentials, or another account's."""
    for proof in facts.proofs:
        subject = f'profile "{show(proof.profile, 80)}"'
        if proof.failure is not None and proof.is_own and facts.machine.settings_failure:
            continue  # ssohelper's program reads the settings too, and another check reports them
        if proof.failure is not None and proof.needs_sign_in:
            yield from _missing_sign_in_finding(facts, proof)
        elif proof.failure is not None:
            yield problem(
                "no-credentials",
                subject,
                f"the profile's program was run and gave no credentials: {proof.failure.message}",
                proof.failure.hint or _fix_of_failed_program(facts, proof),
            )
        elif proof.account_id and proof.meant_account_id not in (None, proof.account_id):
            yield problem(
                "another-account",
                subject,
                f"the profile's program gave credentials for account {show(proof.account_id, 20)}; the "
                f"profile is for {proof.meant_account_id}",
                "correct the command in credential_process",
            )


def check_programs_not_run(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, programs of other tools that `doctor PROFILE` did not run."""
    config = facts.config.file
    if facts.chosen is None or config is None:
        return
    resolving = make_resolver(facts, config)
    proven = {proof.profile for proof in facts.proofs}
    for profile in (*facts.profiles, *facts.sources):
        words = process_command.split_command(profile.entry.keys.get("credential_process", ""))
        is_taken = resolving.resolve(profile.name).source == "program"
        program = facts.programs.get(words[0]) if words and is_taken else None
        if program is None or program.is_own or program.path is None or program.replaceable:
            continue  # other checks report our own, missing and replaceable programs
        if profile.name not in proven:
            yield note(
                "program-not-run",
                profiles_subject([profile.name]),
                f'only a run of "{show(program.word, 200)}" shows whether it gives credentials',
                f"ssohelper doctor {shlex.quote(show(facts.chosen, 80))} --run",
            )


def _fix_of_failed_program(facts: Facts, proof: ProofFact) -> str:
    """Return the fix for a program that gave no credentials: adopt the profile, or see the failure."""
    name = shlex.quote(show(proof.profile, 80))
    if proof.is_own:
        return f"see more: ssohelper whoami {name}"
    adopt = AdoptCommands(facts).commands_to_adopt([proof.profile])
    see = f"see what it says: aws sts get-caller-identity --profile {name}"
    return f"{adopt}, or {see}" if adopt else see


def _missing_sign_in_finding(facts: Facts, proof: ProofFact) -> Iterator[Finding]:
    """Yield the finding that a sign-in is missing, unless `check_sign_ins` reports it."""
    name = proof.session_name
    known = [one for one in facts.sessions if one.session.name == name]
    if not any(one.outlook.is_sign_in_needed(facts.now) for one in known):
        subject = f'session "{name}"' if name else f'profile "{show(proof.profile, 80)}"'
        message = proof.failure.message if proof.failure else "a sign-in is needed"
        yield missing_sign_in(
            "signed-out", subject, message, f"ssohelper login {name or ''}".strip()
        )


CHECKS = (
    check_program_answers,
    check_programs_not_run,
    check_clock_of_machine,
    check_aws_hosts,
    check_storage,
    check_runtime_folder,
    check_installations,
    check_setup_of_shell,
)
