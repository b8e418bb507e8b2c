"""STS, called by botocore: botocore signs, the emulator verifies the signature."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from ssohelper.emulator.assume_role import MFA_CODE
from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from ssohelper.emulator.world_file import world_file_content, world_from_table
from tests.emulator.conftest import PAYMENTS_PROD, Clock, fetch


def keys_for(emu: Emulator, role: str = "ReadOnlyAccess") -> dict[str, Any]:
    token = emu.issue_token("ana")["accessToken"]
    path = f"/federation/credentials?account_id={PAYMENTS_PROD}&role_name={role}"
    answer = fetch(emu, "GET", path, headers={"x-amz-sso_bearer_token": token})
    keys: dict[str, Any] = answer.json()["roleCredentials"]
    return keys


def who_is(emu: Emulator, keys: dict[str, Any]) -> dict[str, Any]:
    client = botocore.session.Session().create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url=emu.url,
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )
    try:
        answer: dict[str, Any] = client.get_caller_identity()
        return answer
    finally:
        client.close()


def test_it_returns_person_account_and_role(emu: Emulator):
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
def test_wrong_keys_get_the_error_of_aws(emu: Emulator, change: dict[str, str], code: str):
    with pytest.raises(ClientError) as caught:
        who_is(emu, keys_for(emu) | change)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_two_sets_of_keys_cannot_be_mixed(emu: Emulator):
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
    assert caught.value.response["Error"]["Code"] == "ExpiredToken"


def test_issued_keys_stay_valid_after_the_sign_in_ends(emu: Emulator):
    keys = keys_for(emu)
    emu.end_sign_ins("ana")
    assert who_is(emu, keys)["Account"] == PAYMENTS_PROD


def test_a_missing_signature_and_another_action_are_errors(emu: Emulator):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = fetch(emu, "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", form)
    assert answer.status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in answer.body
    assert b"<Code>InvalidAction</Code>" in fetch(emu, "POST", "/", "Action=X", form).body


VENDOR = "000099990001"


def client_of(emu: Emulator, keys: Any) -> Any:
    return botocore.session.Session().create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url=emu.url,
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )


def assume(emu: Emulator, keys: Any, name: str = "Deploy", **more: Any) -> dict[str, Any]:
    """Assume a role of VENDOR's account; return botocore's answer, with keys as the portal has."""
    client = client_of(emu, keys)
    arn = f"arn:aws:iam::{VENDOR}:role/{name}"
    try:
        answer: dict[str, Any] = client.assume_role(
            RoleArn=arn, RoleSessionName=more.pop("session", "ana"), **more
        )
    finally:
        client.close()
    issued = answer["Credentials"]
    return {
        **answer,
        "accessKeyId": issued["AccessKeyId"],
        "secretAccessKey": issued["SecretAccessKey"],
        "sessionToken": issued["SessionToken"],
    }


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


def test_a_trusted_role_is_assumed_and_again_from_there(emu: Emulator):
    emu.world.add_iam_role(VENDOR, "Jump", trusts=[PAYMENTS_PROD])
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[f"arn:aws:iam::{VENDOR}:role/Jump"])
    jump = assume(emu, keys_for(emu), "Jump", session="ana@example.com")
    assert jump["AssumedRoleUser"]["Arn"] == (
        f"arn:aws:sts::{VENDOR}:assumed-role/Jump/ana@example.com"
    )
    deploy = assume(emu, jump)
    answer = who_is(emu, deploy)
    assert answer["Arn"] == f"arn:aws:sts::{VENDOR}:assumed-role/Deploy/ana"
    assert answer["UserId"] == deploy["AssumedRoleUser"]["AssumedRoleId"].split(":")[
        0
    ] + ":ana" or (answer["UserId"].endswith(":ana"))
    assert emu.counters["AssumeRole"] == 2


@pytest.mark.parametrize(
    "trusts",
    [
        ["000099990002"],
        ["arn:aws:iam::000030000001:role/AWSReservedSSO_Other_*"],
        ["arn:aws:sts::000030000001:assumed-role/*/ben"],
        [],
    ],
)
def test_a_role_that_does_not_trust_the_caller_is_denied(emu: Emulator, trusts: list[str]):
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=trusts)
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole") as error:
        assume(emu, keys_for(emu))
    assert code_of(error) == "AccessDenied"


def test_the_role_of_a_permission_set_can_be_trusted_with_and_without_its_path(emu: Emulator):
    path = "arn:aws:iam::000030000001:role/aws-reserved/sso.amazonaws.com/"
    for trusted in (f"{path}AWSReservedSSO_ReadOnlyAccess_*", "arn:aws:sts::*:assumed-role/*/ana"):
        emu.world.add_iam_role(VENDOR, "Deploy", trusts=[trusted])
        assert assume(emu, keys_for(emu))["accessKeyId"].startswith("ASIA")


def test_an_external_id_must_match(emu: Emulator):
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[PAYMENTS_PROD], external_id="case-4711")
    for given in ({}, {"ExternalId": "case-4712"}):
        with pytest.raises(ClientError) as error:
            assume(emu, keys_for(emu), **given)
        assert code_of(error) == "AccessDenied"
    assert assume(emu, keys_for(emu), ExternalId="case-4711")


def test_one_hour_is_the_limit_above_a_role_whatever_the_role_allows(emu: Emulator):
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[PAYMENTS_PROD, VENDOR], most_seconds=12 * 3600)
    with pytest.raises(
        ClientError, match="1 hour session limit for roles assumed by role chaining"
    ):
        assume(emu, keys_for(emu), DurationSeconds=3601)
    assert assume(emu, keys_for(emu), DurationSeconds=3600)
    user = emu.issue_user_key(VENDOR, "build")
    keys = {
        "accessKeyId": user.access_key_id,
        "secretAccessKey": user.secret_access_key,
        "sessionToken": None,
    }
    assert assume(emu, keys, DurationSeconds=12 * 3600)
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[VENDOR])
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        assume(emu, keys, DurationSeconds=3601)


def test_session_tags_need_a_trust_that_allows_them_and_transitive_ones_go_on(emu: Emulator):
    emu.world.add_iam_role(VENDOR, "Jump", trusts=[PAYMENTS_PROD])
    tags = [{"Key": "team", "Value": "payments"}, {"Key": "case", "Value": "1"}]
    with pytest.raises(ClientError) as error:
        assume(emu, keys_for(emu), "Jump", Tags=tags)
    assert code_of(error) == "AccessDenied"
    emu.world.add_iam_role(VENDOR, "Jump", trusts=[PAYMENTS_PROD], allows_tags=True)
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[VENDOR], allows_tags=True)
    jump = assume(emu, keys_for(emu), "Jump", Tags=tags, TransitiveTagKeys=["team"])
    deploy = emu.find_credentials_by_access_key(assume(emu, jump)["accessKeyId"])
    assert deploy is not None
    assert deploy.tags == (("team", "payments"),)
    with pytest.raises(ClientError) as error:
        assume(emu, jump, Tags=[{"Key": "team", "Value": "other"}])
    assert code_of(error) == "ValidationError"


def test_mfa_is_of_users_and_no_role_has_it(emu: Emulator):
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[VENDOR, PAYMENTS_PROD], needs_mfa=True)
    device = {"SerialNumber": f"arn:aws:iam::{VENDOR}:mfa/build", "TokenCode": MFA_CODE}
    user = emu.issue_user_key(VENDOR, "build")
    keys = {
        "accessKeyId": user.access_key_id,
        "secretAccessKey": user.secret_access_key,
        "sessionToken": None,
    }
    assert assume(emu, keys, **device)
    for caller, given in ((keys, {}), (keys_for(emu), device)):
        with pytest.raises(ClientError) as error:
            assume(emu, caller, **given)
        assert code_of(error) == "AccessDenied"


def test_an_assumed_role_ends_by_the_emulators_clock():
    clock = Clock()
    with Emulator(clock=clock) as emu:
        emu.world.add_iam_role(VENDOR, "Deploy", trusts=[PAYMENTS_PROD])
        keys = assume(emu, keys_for(emu), DurationSeconds=900)
        clock.forward(899)
        assert who_is(emu, keys)["Account"] == VENDOR
        clock.forward(1)
        with pytest.raises(ClientError, match="expired"):
            who_is(emu, keys)


def test_iam_roles_are_in_a_world_file(tmp_path: Any):
    world = demo_world()
    world.add_iam_role(VENDOR, "Deploy", trusts=[PAYMENTS_PROD], external_id="x1")
    again = world_from_table(json.loads(json.dumps(world_file_content(world))))
    assert again.iam_roles == world.iam_roles
