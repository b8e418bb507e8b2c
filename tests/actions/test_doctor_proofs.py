"""Which programs `doctor` runs without being asked, and what it shows of their errors."""

import json
from pathlib import Path

import pytest

from ssohelper.actions import doctor_proofs
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor.facts import (
    ConfigFacts,
    Facts,
    MachineFacts,
    ProfileFact,
    ProgramFact,
    ProofFact,
)
from tests.actions.world import CONFIG, NOW, WorldApp

LINE = (
    "/x/ssohelper-credentials --session corp --account-id 000000000001 --role-name ReadOnlyAccess"
)
NATIVE_KEYS = "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = ReadOnlyAccess"
OURS = ProgramFact("/x/ssohelper-credentials", "/x/ssohelper-credentials", True)


@pytest.mark.parametrize(
    ("program", "is_run"),
    [
        (OURS, True),
        (None, False),
        (OURS._replace(path=None), False),
        (OURS._replace(is_of_another_installation=True), False),
        (OURS._replace(only_has_our_name=True), False),
        (OURS._replace(replaceable="/x"), False),
    ],
)
def test_only_this_installation_runs_without_consent(
    program: ProgramFact | None, is_run: bool
) -> None:
    text = f"{CONFIG}[profile pay]\ncredential_process = {LINE}\n"
    config = ConfigFile.parse(text.encode(), "config")
    entry = config.profile("pay")
    assert entry is not None
    profile = ProfileFact(entry, config.target(entry))
    programs = {OURS.word: program} if program else {}
    facts = Facts(config=ConfigFacts(file=config), programs=programs)
    found = doctor_proofs._profile_that_runs_this_installation(profile, facts)
    assert found == (profile if is_run else None)


@pytest.mark.parametrize(
    "line",
    [LINE.partition(" --account-id")[0], LINE.replace("corp", "gone")],
    ids=["no role", "no session"],
)
def test_our_program_is_not_run_for_a_profile_whose_role_is_unknown(
    tmp_path: Path, line: str
) -> None:
    app = WorldApp(tmp_path)
    text = f"{CONFIG}[profile pay]\ncredential_process = {line}\n"
    config = ConfigFile.parse(text.encode(), "config")
    entry = config.profile("pay")
    assert entry is not None
    profile = ProfileFact(entry, config.target_or_none(entry))
    proof = doctor_proofs.run_program_of_chosen_profile(
        app, profile, {OURS.word: OURS}, may_run_other_tools=True
    )
    assert proof is None


@pytest.mark.parametrize(
    ("answered", "shown"),
    [({"AccountId": "000000000001"}, "000000000001"), ({"AccountId": 1}, ""), ({}, "")],
)
def test_the_account_is_the_one_that_the_program_names(
    answered: dict[str, object], shown: str
) -> None:
    answer = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s", **answered}
    stdout = json.dumps(answer).encode()
    proof = doctor_proofs._proof_with_account_from_output(ProofFact("pay"), stdout, NOW)
    assert (proof.failure, proof.account_id) == (None, shown)


@pytest.mark.parametrize("command", [None, OURS.path])
@pytest.mark.parametrize("keys", [f"credential_process = {LINE}", NATIVE_KEYS])
def test_a_native_profile_gets_the_command_of_this_installation(
    keys: str, command: str | None
) -> None:
    config = ConfigFile.parse(f"{CONFIG}[profile pay]\n{keys}\n".encode(), "config")
    entry = config.profile("pay")
    assert entry is not None
    profile = ProfileFact(entry, config.target(entry))
    machine = MachineFacts(command=command)
    facts = Facts(config=ConfigFacts(file=config), programs={OURS.word: OURS}, machine=machine)
    found = doctor_proofs._profile_that_runs_this_installation(profile, facts)
    if keys != NATIVE_KEYS:
        assert found == profile
    elif command is None:
        assert found is None
    else:
        assert found is not None
        assert found.entry.keys["credential_process"].startswith(f"{command} ")


@pytest.mark.parametrize(
    ("stderr", "shown"),
    [
        (b"first\n\x1b[31mssohelper: error: signed out\x1b[0m\n \n", "signed out"),
        (b" \n", ""),
        (b"aws_secret_access_key=CNRY\n", "aws_secret_access_key=(redacted)"),
    ],
)
def test_the_last_line_of_a_program_s_errors_is_shown_without_secrets(
    stderr: bytes, shown: str
) -> None:
    assert doctor_proofs._last_line_of_errors(stderr) == shown
