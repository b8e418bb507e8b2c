"""STS, called by botocore: botocore signs, the emulator verifies the signature."""

import botocore.session
import pytest
from botocore.exceptions import ClientError

from ssohelper.emulator.server import Emulator
from ssohelper.emulator.sts import MFA_CODE
from tests.emulator.conftest import PAYMENTS_PROD, Clock, fetch, portal


def keys_for(emu, role="ReadOnlyAccess"):
    path = f"/federation/credentials?account_id={PAYMENTS_PROD}&role_name={role}"
    return portal(emu, emu.issue_token("ana")["accessToken"], path).json()["roleCredentials"]


def call_sts(emu, keys, operation, **asked):
    names = {"access_key_id": "accessKeyId", "secret_access_key": "secretAccessKey"}
    names["session_token"] = "sessionToken"
    given = {f"aws_{name}": keys[ours] for name, ours in names.items()}
    session = botocore.session.Session()
    client = session.create_client("sts", "us-east-1", endpoint_url=emu.url, **given)
    try:
        return getattr(client, operation)(**asked)
    finally:
        client.close()


def who_is(emu, keys):
    return call_sts(emu, keys, "get_caller_identity")


def code_of(error):
    return error.value.response["Error"]["Code"]


def test_it_returns_person_account_and_role(emu):
    keys = keys_for(emu, "DatabaseAdmin")
    answer = who_is(emu, keys)
    role = emu.world.provisioned_role_name(PAYMENTS_PROD, "DatabaseAdmin")
    assert answer["Account"] == PAYMENTS_PROD
    assert answer["Arn"] == f"arn:aws:sts::{PAYMENTS_PROD}:assumed-role/{role}/ana"
    assert answer["UserId"].endswith(":ana")
    assert emu.counters["GetCallerIdentity"] == 1
    emu.end_sign_ins("ana")  # issued keys stay valid
    assert who_is(emu, keys)["Account"] == PAYMENTS_PROD


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"accessKeyId": "ASIA" + "A" * 16}, "InvalidClientTokenId"),
        ({"sessionToken": "other"}, "InvalidClientTokenId"),
        ({"secretAccessKey": "other"}, "SignatureDoesNotMatch"),
    ],
)
def test_wrong_keys_get_the_error_of_aws(emu, change, code):
    if change.get("secretAccessKey"):  # the keys of two roles cannot be mixed
        change = {"secretAccessKey": keys_for(emu, "DatabaseAdmin")["secretAccessKey"]}
    with pytest.raises(ClientError) as caught:
        who_is(emu, keys_for(emu) | change)
    assert code_of(caught) == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


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


def test_a_missing_signature_and_another_action_are_errors(emu):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = fetch(emu, "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", form)
    assert answer.status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in answer.body
    assert b"<Code>InvalidAction</Code>" in fetch(emu, "POST", "/", "Action=X", form).body


# -- AssumeRole: who may assume which role, for how long --


VENDOR = "000099990001"


def assume(emu, keys, name="Deploy", *, session="ana", **more):
    """Assume a role of VENDOR's account; return botocore's answer, with keys as the portal has."""
    arn = f"arn:aws:iam::{VENDOR}:role/{name}"
    answer = call_sts(emu, keys, "assume_role", RoleArn=arn, RoleSessionName=session, **more)
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return answer | {name[0].lower() + name[1:]: answer["Credentials"][name] for name in names}


def user_keys(emu):
    """Return an access key of an IAM user, which has no session token."""
    user = emu.issue_user_key(VENDOR, "build")
    names = ("accessKeyId", "secretAccessKey", "sessionToken")
    return dict(zip(names, (user.access_key_id, user.secret_access_key, None), strict=True))


def test_a_trusted_role_is_assumed_and_again_from_there(emu):
    emu.world.add_iam_role(VENDOR, "Jump", trusts=[PAYMENTS_PROD])
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[f"arn:aws:iam::{VENDOR}:role/Jump"])
    jump = assume(emu, keys_for(emu), "Jump", session="ana@example.com")
    assumed = f"arn:aws:sts::{VENDOR}:assumed-role"
    assert jump["AssumedRoleUser"]["Arn"] == f"{assumed}/Jump/ana@example.com"
    deploy = assume(emu, jump)
    answer = who_is(emu, deploy)
    assert answer["Arn"] == f"{assumed}/Deploy/ana"
    assert answer["UserId"] == deploy["AssumedRoleUser"]["AssumedRoleId"]
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
def test_a_role_that_does_not_trust_the_caller_is_denied(emu, trusts):
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=trusts)
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole") as error:
        assume(emu, keys_for(emu))
    assert code_of(error) == "AccessDenied"


def test_the_role_of_a_permission_set_can_be_trusted_with_and_without_its_path(emu):
    path = "arn:aws:iam::000030000001:role/aws-reserved/sso.amazonaws.com/"
    for trusted in (f"{path}AWSReservedSSO_ReadOnlyAccess_*", "arn:aws:sts::*:assumed-role/*/ana"):
        emu.world.add_iam_role(VENDOR, "Deploy", trusts=[trusted])
        assert assume(emu, keys_for(emu))["accessKeyId"].startswith("ASIA")


def test_one_hour_is_the_limit_above_a_role_whatever_the_role_allows(emu):
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[PAYMENTS_PROD, VENDOR], most_seconds=12 * 3600)
    with pytest.raises(ClientError, match=r"1 hour session limit for .* role chaining"):
        assume(emu, keys_for(emu), DurationSeconds=3601)
    assert assume(emu, keys_for(emu), DurationSeconds=3600)
    keys = user_keys(emu)
    assert assume(emu, keys, DurationSeconds=12 * 3600)
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[VENDOR])
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        assume(emu, keys, DurationSeconds=3601)


def test_mfa_is_of_users_and_no_role_has_it(emu):
    emu.world.add_iam_role(VENDOR, "Deploy", trusts=[VENDOR, PAYMENTS_PROD], needs_mfa=True)
    device = {"SerialNumber": f"arn:aws:iam::{VENDOR}:mfa/build", "TokenCode": MFA_CODE}
    keys = user_keys(emu)
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
