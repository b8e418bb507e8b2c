"""STS, called by botocore: botocore signs, the emulator verifies the signature."""

import botocore.session
import pytest
from botocore.exceptions import ClientError

from ssohelper.emulator.server import Emulator
from tests.emulator.conftest import PAYMENTS_PROD, Clock, fetch


def keys_for(emu, role="ReadOnlyAccess"):
    token = emu.issue_token("ana")["accessToken"]
    path = f"/federation/credentials?account_id={PAYMENTS_PROD}&role_name={role}"
    answer = fetch(emu, "GET", path, headers={"x-amz-sso_bearer_token": token})
    return answer.json()["roleCredentials"]


def call_sts(emu, keys, operation, **asked):
    client = botocore.session.Session().create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url=emu.url,
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )
    try:
        return getattr(client, operation)(**asked)
    finally:
        client.close()


def who_is(emu, keys):
    return call_sts(emu, keys, "get_caller_identity")


def code_of(error):
    return error.value.response["Error"]["Code"]


def test_it_returns_person_account_and_role(emu):
    answer = who_is(emu, keys_for(emu, "DatabaseAdmin"))
    role = emu.world.provisioned_role_name(PAYMENTS_PROD, "DatabaseAdmin")
    assert answer["Account"] == PAYMENTS_PROD
    assert answer["Arn"] == f"arn:aws:sts::{PAYMENTS_PROD}:assumed-role/{role}/ana"
    assert answer["UserId"].endswith(":ana")
    assert emu.counters["GetCallerIdentity"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"accessKeyId": "ASIA" + "A" * 16}, "InvalidClientTokenId"),
        ({"sessionToken": "other"}, "InvalidClientTokenId"),
        ({"secretAccessKey": "other"}, "SignatureDoesNotMatch"),
    ],
)
def test_wrong_keys_get_the_error_of_aws(emu, change, code):
    with pytest.raises(ClientError) as caught:
        who_is(emu, keys_for(emu) | change)
    assert code_of(caught) == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_two_sets_of_keys_cannot_be_mixed(emu):
    first, second = keys_for(emu), keys_for(emu, "DatabaseAdmin")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        who_is(emu, first | {"secretAccessKey": second["secretAccessKey"]})


def test_expired_keys_get_expired_token():
    clock = Clock()
    with Emulator(clock=clock) as emu:
        keys = keys_for(emu, "BreakGlassAdmin")
        clock.forward(3599)
        assert who_is(emu, keys)["Account"] == PAYMENTS_PROD
        clock.forward(1)
        with pytest.raises(ClientError) as caught:
            who_is(emu, keys)
    assert code_of(caught) == "ExpiredToken"


def test_issued_keys_stay_valid_after_the_sign_in_ends(emu):
    keys = keys_for(emu)
    emu.end_sign_ins("ana")
    assert who_is(emu, keys)["Account"] == PAYMENTS_PROD


def test_a_missing_signature_and_another_action_are_errors(emu):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = fetch(emu, "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", form)
    assert answer.status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in answer.body
    assert b"<Code>InvalidAction</Code>" in fetch(emu, "POST", "/", "Action=X", form).body
