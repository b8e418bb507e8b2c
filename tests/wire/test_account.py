"""STS: the identity of credentials, and bad answers."""

import time

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import AccessToken, Role, Secret, SignInFacts, SsoSession
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable, BadAnswer, RoleNotAssigned
from ssohelper.wire.account import StsIdentityClient, _error_for_refused_credentials
from ssohelper.wire.clients import Refusal
from ssohelper.wire.portal import Portal
from ssohelper.wire.role_credentials import get_role_credentials
from tests.wire.quick import warn_of_foreign_token_only

ACCOUNT = "000000000000"


@pytest.fixture
def emulator():
    with Emulator(World.of_size(1, 1)) as running:
        yield running


@pytest.fixture
def client(emulator):
    session = SsoSession("corp", emulator.world.start_url, emulator.world.region, ())
    token = AccessToken(Secret(emulator.issue_token("ana")["accessToken"]), 2**31, None, None)
    portal = Portal(session, emulator.environment(), warn_of_foreign_token_only, facts=SignInFacts)
    role = Role(ACCOUNT, "Role00")
    keys = get_role_credentials(portal, token, role, Deadline(18, time.monotonic))
    return StsIdentityClient(keys, "eu-west-1", emulator.environment(), pytest.fail)


def answer(arn, account=ACCOUNT, user_id="AROAEXAMPLE:ana"):
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{user_id}</UserId>"
        f"<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


GOOD_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Role00_0123456789abcdef/ana"


def test_sts_returns_account_role_and_user(emulator, client):
    identity = client.get_caller_identity()
    assert identity.arn == emulator.world.session_arn(ACCOUNT, "Role00", "ana")
    assert (identity.account_id, identity.role_session_name) == (ACCOUNT, "ana")


def test_the_unchanged_answer_of_the_next_table_is_accepted(emulator, client):
    emulator.faults.script("GetCallerIdentity", 200, body=answer(GOOD_ARN))
    assert client.get_caller_identity().arn == GOOD_ARN


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<",
        "{}",
        "<a/>",
        "<html>hotel</html>",
        answer(""),
        answer("root"),
        answer(f"arn:aws:iam::{ACCOUNT}:user/ana"),
        answer(GOOD_ARN, account="000000000001"),
        answer(GOOD_ARN, account="1"),
        answer(GOOD_ARN + "&#x202e;"),
        answer(GOOD_ARN.replace("ana", "a b")),
        answer(GOOD_ARN, user_id="x" * 500),
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
        + answer(GOOD_ARN.replace("ana", "&e;")),
    ],
)
def test_a_bad_answer_is_exit_6(emulator, client, body):
    emulator.faults.script("GetCallerIdentity", 200, body=body, times=3)
    with pytest.raises(BadAnswer):
        client.get_caller_identity()


def test_expired_credentials_are_exit_5(emulator, client):
    emulator.faults.clock_offset_seconds = 2 * 3600
    with pytest.raises(RoleNotAssigned, match="ExpiredToken"):
        client.get_caller_identity()


@pytest.mark.parametrize(
    ("status", "code", "is_refused"),
    [(401, "Expired", True), (403, "Expired", True), (402, "Expired", False), (403, "", False)],
)
def test_only_an_error_of_aws_says_that_the_credentials_are_refused(status, code, is_refused):
    error = _error_for_refused_credentials(Refusal(code, status, "", None))
    assert isinstance(error, RoleNotAssigned) == is_refused


def test_sts_that_is_down_is_exit_6(emulator, client):
    emulator.stop()
    with pytest.raises(AwsUnreachable):
        client.get_caller_identity()
