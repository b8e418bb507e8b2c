"""`ssohelper whoami`: the saved facts at once, then the answer of STS."""

import json

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell

PROFILE = f"""
[profile payments]
credential_process = {SCRIPT} credential-process --session corp --account-id 000000000001 --role-name Role00
region = eu-west-1
"""


@pytest.fixture
def emulator():
    with Emulator(World.of_size(2, 1)) as running:
        running.world.rename_account("000000000001", "payments-prod")
        yield running


@pytest.fixture
def shell(tmp_path, emulator):
    made = Shell(tmp_path, emulator)
    made.write_config(PROFILE)
    return made


SAVED = {"profile": "payments", "session": "corp", "account": "000000000001", "role": "Role00"}


def pairs(done):
    return dict(line.split("\t") for line in done.stdout.splitlines())


def test_sts_confirms_account_role_and_user(shell, emulator):
    shell.run("list")
    done = shell.ok("whoami", "payments")
    arn = emulator.world.session_arn("000000000001", "Role00", "ana")
    confirmed = {"account": "payments-prod (000000000001)", "user": "ana", "arn": arn}
    assert pairs(done) == {**SAVED, **confirmed}
    assert "confirmed by AWS" in done.stderr


def test_the_confirmed_user_is_saved_and_the_profile_may_be_that_of_aws_profile(shell):
    assert shell.app.tokens.load_facts("corp").user is None
    shell.run("whoami", "payments")
    assert shell.app.tokens.load_facts("corp").user == "ana"
    assert pairs(shell.run("whoami", AWS_PROFILE="payments"))["role"] == "Role00"


def test_a_role_without_a_profile(shell):
    shell.run("list")
    for text in ("payments-prod/Role00", "000000000001/Role00", "corp:payments-prod/Role00"):
        done = shell.run("whoami", text)
        assert (done.returncode, pairs(done)["user"]) == (0, "ana")


def test_when_sts_cannot_be_reached_it_prints_the_saved_facts_and_is_exit_6(shell, emulator):
    assert shell.run("whoami", "payments").returncode == 0
    emulator.stop()
    done = shell.run("whoami", "payments")
    assert done.returncode == 6
    assert pairs(done) == SAVED
    assert "cannot be reached" in done.stderr
    asked = shell.run("whoami", "payments", "--json")
    assert asked.returncode == 6
    said = json.loads(asked.stdout)
    assert (said["data"]["confirmed"], said["data"]["user"]) == (False, "ana")
    assert said["warnings"]


def test_sts_that_names_another_account_is_exit_6(shell, emulator):
    arn = "arn:aws:sts::000000000009:assumed-role/AWSReservedSSO_Role00_0123456789abcdef/eve"
    body = (
        f"<R><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>A:eve</UserId>"
        "<Account>000000000009</Account></GetCallerIdentityResult></R>"
    )
    emulator.faults.script("GetCallerIdentity", 200, body=body)
    done = shell.run("whoami", "payments")
    assert done.returncode == 6
    assert "user" not in pairs(done)
    assert shell.app.tokens.load_facts("corp").user is None


def test_an_unknown_role_is_exit_5_an_unknown_profile_2_and_no_sign_in_4(shell):
    assert shell.run("whoami", "000000000001/Nobody").returncode == 5
    assert shell.run("whoami").returncode == 2
    done = shell.run("whoami", "paymets")
    assert done.returncode == 2
    assert 'did you mean "payments"' in done.stderr
    shell.app.tokens.forget(shell.session)
    done = shell.run("whoami", "payments")
    assert done.returncode == 4
    assert pairs(done)["role"] == "Role00"


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_ACCESS_KEY_ID": "AKIA"},
        {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "other"},
        {"AWS_PROFILE": "payments", "AWS_SECRET_ACCESS_KEY": "x"},
        {"AWS_SHARED_CREDENTIALS_FILE": ""},
    ],
)
def test_variables_that_stop_no_command_with_the_profile_are_not_said(shell, environ):
    """Seen with AWS CLI 2.23 and botocore 1.44: --profile passes over the keys in the environment."""
    assert shell.run("whoami", "payments", **environ).stderr == "confirmed by AWS\n"


PROFILE_VARIABLE = {"AWS_PROFILE": "payments"}
ROLE_FILE = {"AWS_ROLE_ARN": "a", "AWS_WEB_IDENTITY_TOKEN_FILE": "/x"}


@pytest.mark.parametrize(
    ("lines", "section", "environ", "said"),
    [
        ({str(SCRIPT): "/gone/ssohelper"}, "", {}, 'ssohelper is no longer at "/gone/ssohelper"'),
        ({"region = eu-west-1\n": ""}, "", {}, 'the profile "payments" has no region'),
        ({}, "[legacy\nx = y\n", {}, "AWS tools cannot read the file, so no profile works"),
        ({}, "", {"AWS_CONFIG_FILE": ""}, "AWS_CONFIG_FILE is set and empty"),
        ({}, "", {**PROFILE_VARIABLE, **ROLE_FILE}, "Go"),
        (
            {},
            "",
            {**PROFILE_VARIABLE, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "x"},
            'use this key instead of the profile "payments"',
        ),
        ({}, "", {**PROFILE_VARIABLE, "AWS_DEFAULT_PROFILE": ""}, "boto3 stops with"),
    ],
)
def test_what_keeps_aws_tools_from_the_role_is_said_first(shell, lines, section, environ, said):
    text = PROFILE
    for before, after in lines.items():
        text = text.replace(before, after)
    shell.write_config(text)
    shell.config.with_name("credentials").write_text(section)
    done = shell.run(
        "whoami", *([] if "AWS_DEFAULT_PROFILE" in environ else ["payments"]), **environ
    )
    assert said in done.stderr.splitlines()[0]
    assert "confirmed by AWS" not in done.stderr
    assert "this role is yours; " in done.stderr
