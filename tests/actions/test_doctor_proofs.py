"""Which programs `doctor` runs without being asked, and what it shows of their errors."""

import json

import pytest

from ssohelper.actions import doctor_proofs
from ssohelper.actions.profile_checks import ProfileFact
from ssohelper.core.config_file import ProfileEntry
from ssohelper.core.resolver import ProgramFact
from tests.actions.world import CONFIG, NOW
from tests.doctor_world import make_setup

LINE = (
    "/x/ssohelper-credentials --session corp --account-id 000000000001 --role-name ReadOnlyAccess"
)
NATIVE_KEYS = "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = ReadOnlyAccess"
OURS = ProgramFact("/x/ssohelper-credentials", "/x/ssohelper-credentials", True)
PROFILE = ProfileFact(ProfileEntry("pay", {}, managed=False, line=0, header="profile pay"))


@pytest.mark.parametrize(
    ("program", "is_run"),
    [
        *((OURS, True), (None, False), (OURS._replace(path=None), False)),
        *((OURS._replace(is_of_another_installation=True), False),),
        *((OURS._replace(only_has_our_name=True), False), (OURS._replace(replaceable="/x"), False)),
    ],
)
def test_only_this_installation_runs_without_consent(tmp_path, program, is_run):
    text = f"{CONFIG}[profile pay]\ncredential_process = {LINE}\n"
    setup = make_setup(tmp_path, text, programs={OURS.word: program} if program else {})
    [profile] = setup.profiles
    assert doctor_proofs._with_own_command(setup, profile) == (profile if is_run else None)


def test_our_program_is_not_run_for_a_profile_whose_role_is_unknown(tmp_path):
    for line in (LINE.partition(" --account-id")[0], LINE.replace("corp", "gone")):
        text = f"{CONFIG}[profile pay]\ncredential_process = {line}\n"
        setup = make_setup(tmp_path, text, chosen="pay", programs={OURS.word: OURS})
        assert list(doctor_proofs.prove_profiles(setup, run=True)) == []
        assert setup.was_proven == {}


@pytest.mark.parametrize(
    ("answered", "shown"),
    [({"AccountId": "000000000001"}, "000000000001"), ({"AccountId": 1}, ""), ({}, "")],
)
def test_the_account_is_the_one_that_the_program_names(answered, shown):
    answer = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s", **answered}
    proof = doctor_proofs.read_answer(
        doctor_proofs.Proof(PROFILE), json.dumps(answer).encode(), NOW
    )
    assert (proof.failure, proof.account_id) == ("", shown)


@pytest.mark.parametrize("command", [None, OURS.path])
@pytest.mark.parametrize("keys", [f"credential_process = {LINE}", NATIVE_KEYS])
def test_a_native_profile_gets_the_command_of_this_installation(tmp_path, keys, command):
    setup = make_setup(tmp_path, f"{CONFIG}[profile pay]\n{keys}\n", programs={OURS.word: OURS})
    setup.__dict__["command"] = command
    [profile] = setup.profiles
    found = doctor_proofs._with_own_command(setup, profile)
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
def test_the_last_line_of_a_program_s_errors_is_shown_without_secrets(stderr, shown):
    assert doctor_proofs.last_error_line(stderr) == shown
