"""Findings of the machine and the network: storage, installation, clock, hosts of AWS."""

import pytest

from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import (
    AwsHostFact,
    Facts,
    Failure,
    MachineFacts,
    ProofFact,
)


def ids(facts: Facts) -> list[str]:
    return [one.id for one in checks.run_checks(facts)]


def test_keyring_storage_without_a_folder_in_memory() -> None:
    machine = MachineFacts(storage="keyring", is_runtime_in_memory=False)
    assert ids(Facts(machine=machine)) == ["runtime-on-disk"]


def test_a_throw_away_installation() -> None:
    machine = MachineFacts(failure=Failure("throw-away", "install it"))
    assert ids(Facts(machine=machine)) == ["installation"]


def test_a_last_answer_of_aws_tells_the_clock_without_a_network() -> None:
    assert ids(Facts(machine=MachineFacts(apart_seconds=-600.0))) == ["clock"]
    assert ids(Facts(machine=MachineFacts(apart_seconds=200.0))) == []


def test_an_endpoint_that_gives_no_answer_has_the_hint_of_its_error_or_one_of_ours() -> None:
    for hint, fix in (("ask your IT", "ask your IT"), ("", "HTTPS_PROXY")):
        endpoint = AwsHostFact(("corp",), "portal.example", Failure("no answer", hint))
        [found] = checks.run_checks(Facts(aws_hosts=(endpoint,)))
        assert found.id == "endpoint"
        assert fix in str(found.fix)


def test_a_program_that_gives_keys_of_another_account() -> None:
    proof = ProofFact("p", None, account_id="999999999999", meant_account_id="001234567890")
    [found] = checks.run_checks(Facts(proofs=(proof,)))
    assert found.id == "another-account"
    assert "for account 999999999999; the profile is for 001234567890" in found.message


@pytest.mark.parametrize(
    ("is_own", "fix"),
    [
        (True, "see more: ssohelper whoami 'my tool'"),
        (False, "see what it says: aws sts get-caller-identity --profile 'my tool'"),
    ],
)
def test_a_program_that_failed_has_a_fix_that_says_more(is_own: bool, fix: str) -> None:
    proof = ProofFact("my tool", failure=Failure("exit code 3"), is_own=is_own)
    [found] = checks.run_checks(Facts(chosen="my tool", proofs=(proof,)))
    assert (found.id, found.fix) == ("no-credentials", fix)
