"""The process that gets the credentials of a profile that is not ours, run as its caller runs it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ssohelper.core.foreign import NO_PROVIDER
from ssohelper.emulator.sts import MFA_CODE
from ssohelper.fastpath import PROVIDER_PROCESS
from tests.chains.conftest import JUMP_ACCOUNT, JUMP_ARN, Chained, chain
from tests.chains.conftest import chained as chained  # a fixture
from tests.chains.test_foreign_credentials import (
    LOGIN_SESSION,
    SERIAL,
    USER_ACCOUNT,
    Keyed,
    lines_of,
    write_login,
)
from tests.chains.test_foreign_credentials import keyed as keyed  # a fixture
from tests.conftest import RUN_SECONDS, SCRIPT
from tests.runs import RUNS

OTHER_SERIAL = f"arn:aws:iam::{USER_ACCOUNT}:mfa/tablet"


def ask_provider(world: Chained, name: str, codes: Mapping[str, str] = {}) -> Any:
    """Return the answer of the profile's provider, which tries once."""
    home = world.home
    environ = {**home.env, "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
    given = {"codes": codes, "environ": environ}
    argv, text = [SCRIPT, PROVIDER_PROCESS, name], json.dumps(given)
    # After its longest life it ends its process group.
    done = RUNS.run(argv, home.env, home.path, text, RUN_SECONDS, own_session=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


@pytest.fixture
def device(keyed) -> Keyed:
    """The profile "m" assumes a role that wants a code of the device SERIAL."""
    world = keyed.emulator.world
    world.add_iam_role(JUMP_ACCOUNT, "Jump", trusts=[USER_ACCOUNT], needs_mfa=True)
    keyed.write(lines_of("keys", keyed.key) + chain("m", JUMP_ARN, "keys", mfa_serial=SERIAL))
    return keyed


def test_of_the_codes_of_several_devices_each_device_gets_its_own(device):
    answer = ask_provider(device, "m", {OTHER_SERIAL: "000000", SERIAL: MFA_CODE})
    assert answer["access_key_id"].startswith("ASIA")
    assert answer["expires_at"].endswith("+00:00")


def test_the_code_of_another_device_is_not_tried(device):
    answer = ask_provider(device, "m", {OTHER_SERIAL: MFA_CODE})
    assert answer["exit_code"] == 3
    assert "no code was given for an MFA device" in answer["error"]
    assert device.emulator.counters["AssumeRole"] == 0


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [(403, "AccessDenied", 5), (429, "TooManyRequests", 6), (503, "ServiceUnavailable", 6)],
)
def test_a_refusal_of_sts_is_told_from_an_answer_that_may_change(keyed, status, code, exit_code):
    keyed.write(lines_of("keys", keyed.key) + chain("above", JUMP_ARN, "keys"))
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Code>{code}</Code><Message>not now</Message></Error></ErrorResponse>"
    )
    keyed.emulator.faults.script("AssumeRole", status=status, body=body, times=9)
    answer = ask_provider(keyed, "above")
    assert answer["exit_code"] == exit_code
    assert answer["error"].endswith(": not now")


def test_an_ended_aws_login_is_a_sign_in_that_is_needed(keyed):
    keyed.write(f"[profile l]\nlogin_session = {LOGIN_SESSION}\n")
    write_login(keyed, keyed.key, "2020-01-01T00:00:00Z")
    answer = ask_provider(keyed, "l")
    assert answer["exit_code"] == 4
    assert "secret_access_key" not in answer


def test_a_profile_without_a_provider_is_an_error_in_the_config(keyed):
    keyed.write("[profile empty]\nregion = eu-west-1\n")
    assert ask_provider(keyed, "empty") == {"exit_code": 3, "error": NO_PROVIDER}
