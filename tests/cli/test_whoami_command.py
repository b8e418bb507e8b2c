"""`ssohelper whoami`: the saved facts at once, then the answer of STS."""

import json

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after

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


def pairs(done):
    return dict(line.split("\t") for line in done.stdout.splitlines())


def test_an_empty_laptop_gets_the_command_to_begin_with(home, run):
    done = run("whoami")
    assert done.returncode == 2
    assert "hint: nothing is set up yet; begin with: ssohelper setup START_URL" in done.stderr


def test_sts_confirms_account_role_and_user(shell, emulator):
    shell.run("list")
    done = shell.run("whoami", "payments")
    assert done.returncode == 0
    assert pairs(done) == {
        "profile": "payments",
        "session": "corp",
        "account": "payments-prod (000000000001)",
        "role": "Role00",
        "user": "ana",
        "arn": emulator.world.session_arn("000000000001", "Role00", "ana"),
    }
    assert "confirmed by AWS" in done.stderr


def test_the_confirmed_user_is_saved(shell):
    assert shell.app.tokens.load_facts("corp").user is None
    shell.run("whoami", "payments")
    assert shell.app.tokens.load_facts("corp").user == "ana"


def test_without_an_argument_it_is_the_profile_of_aws_profile(shell):
    done = shell.run("whoami", AWS_PROFILE="payments")
    assert pairs(done)["role"] == "Role00"


def test_a_role_without_a_profile(shell):
    shell.run("list")
    for text in ("payments-prod/Role00", "000000000001/Role00", "corp:payments-prod/Role00"):
        done = shell.run("whoami", text)
        assert (done.returncode, pairs(done)["user"]) == (0, "ana")


def test_json(shell, emulator):
    assert shell.json("whoami", "payments")["data"] == {
        "profile": "payments",
        "session": "corp",
        "account_id": "000000000001",
        "account_name": None,
        "role_name": "Role00",
        "user": "ana",
        "arn": emulator.world.session_arn("000000000001", "Role00", "ana"),
        "confirmed": True,
    }


def test_when_sts_cannot_be_reached_it_prints_the_saved_facts_and_is_exit_6(shell, emulator):
    assert shell.run("whoami", "payments").returncode == 0
    emulator.stop()
    done = shell.run("whoami", "payments")
    assert done.returncode == 6
    assert pairs(done) == {
        "profile": "payments",
        "session": "corp",
        "account": "000000000001",
        "role": "Role00",
    }
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


def test_a_role_that_is_not_assigned_is_exit_5(shell):
    assert shell.run("whoami", "000000000001/Nobody").returncode == 5


def test_no_sign_in_is_exit_4(shell):
    shell.app.tokens.forget(shell.session)
    done = shell.run("whoami", "payments")
    assert done.returncode == 4
    assert pairs(done)["role"] == "Role00"


def test_an_unknown_profile_is_exit_2_with_the_nearest_name(shell):
    assert shell.run("whoami").returncode == 2
    done = shell.run("whoami", "paymets")
    assert done.returncode == 2
    assert 'did you mean "payments"' in done.stderr


def test_what_shadows_the_profile_and_a_missing_helper_are_said_first(shell):
    shell.write_config(PROFILE.replace(str(SCRIPT), "/x/ssohelper"))
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
    first, second, *_rest = shell.run("whoami", "payments", **keys).stderr.splitlines()
    assert "AWS_ACCESS_KEY_ID is set" in first
    assert "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY" in first
    assert 'ssohelper is no longer at "/x/ssohelper"' in second
    assert shell.run("whoami", "payments", "--json", **keys).stdout.index("is set")


def test_a_missing_region_is_said_first_also_beside_a_default(shell):
    text = PROFILE.replace("region = eu-west-1\n", "") + "\n[default]\nregion = eu-west-1\n"
    shell.write_config(text)
    done = shell.run("whoami", "payments")
    assert 'the profile "payments" has no region' in done.stderr
    assert "add a line: region = " in done.stderr
    assert "has no region" not in shell.run("whoami", "payments", AWS_REGION="eu-west-1").stderr
    shell.write_config(PROFILE)
    assert "has no region" not in shell.run("whoami", "payments").stderr


@pytest.mark.parametrize(
    ("section", "said"),
    long_after(
        1,
        [
            (
                "sso_role_name = Role01\nsso_account_id = 000000000001",
                "take sso_* keys (account",
            ),
            (
                "role_arn = arn:aws:iam::000000000001:role/x",
                "boto3, AWS CLI, Rust stop with an error",
            ),
        ],
    ),
)
def test_a_role_that_aws_tools_do_not_get_by_the_profile_is_not_confirmed(shell, section, said):
    shell.write_config(
        "[profile k]\nsso_session = corp\nsso_account_id = 000000000001\nsso_role_name = Role00\n"
        "region = eu-west-1\n"
    )
    shell.config.with_name("credentials").write_text(f"[k]\n{section}\n")
    done = shell.run("whoami", "k")
    assert "confirmed by AWS" not in done.stderr
    assert said in done.stderr.splitlines()[0]
    assert done.stderr.splitlines()[-1].endswith(
        "the profile may not give this role: the profile's section in ~/.aws/credentials names another role or program"
    )
    found = shell.json("whoami", "k")
    assert (found["data"]["confirmed"], len(found["warnings"])) == (False, 1)


@pytest.mark.parametrize("is_installed", long_after(1, [True, False]))
def test_a_helper_that_is_another_program_is_named_and_confirms_nothing(
    shell, tmp_path, is_installed
):
    program = tmp_path / "x" / "bin" / "ssohelper-credentials"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\ntouch $HOME/RAN\n")
    program.chmod(0o755)
    if is_installed:
        (tmp_path / "x/lib/python3.13/site-packages/ssohelper-0.0.1.dist-info").mkdir(parents=True)
    shell.write_config(
        PROFILE.replace(f"{SCRIPT} credential-process", str(program)) + "ssohelper_managed = true\n"
    )
    done = shell.run("whoami", "payments")
    first, *_, last = done.stderr.splitlines()
    assert f'"{program}"' in first
    assert ("another installation" in first, "no installation" in first) == (
        is_installed,
        not is_installed,
    )
    assert "confirmed by AWS" not in done.stderr
    assert "the profile runs another program" in last
    assert shell.json("whoami", "payments")["data"]["confirmed"] is False
    found = shell.run("doctor")
    name = "helper-of-another-installation" if is_installed else "helper-not-ours"
    assert f"{'note' if is_installed else 'problem'}\t{name}\t" in found.stdout
    assert f"\t{name}\t" in shell.run("doctor", "payments").stdout
    assert not (tmp_path / "RAN").exists()
    shell.run("doctor", "payments", "--run")
    assert (tmp_path / "RAN").exists()


def test_a_helper_that_is_gone_confirms_nothing(shell):
    shell.write_config(PROFILE.replace(str(SCRIPT), "/gone/ssohelper"))
    done = shell.run("whoami", "payments")
    assert "ssohelper is no longer at" in done.stderr.splitlines()[0]
    assert done.stderr.endswith(
        'may not give this role: ssohelper is no longer at "/gone/ssohelper", which credential_process runs\n'
    )


@pytest.mark.parametrize(
    ("environ", "said"),
    long_after(
        2,
        [
            ({"AWS_CONFIG_FILE": ""}, "AWS_CONFIG_FILE is set and empty"),
            (
                {"AWS_PROFILE": "payments", "AWS_ACCESS_KEY_ID": "AKIA"},
                "AWS tools stop with an error",
            ),
            (
                {
                    "AWS_PROFILE": "payments",
                    "AWS_ACCESS_KEY_ID": "AK",
                    "AWS_SECRET_ACCESS_KEY": "x",
                },
                'use this key instead of the profile "payments"',
            ),
            (
                {
                    "AWS_PROFILE": "payments",
                    "AWS_ROLE_ARN": "a",
                    "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
                },
                "Go",
            ),
        ],
    ),
)
def test_a_shell_whose_tools_do_not_get_the_role_confirms_nothing(shell, environ, said):
    done = shell.run("whoami", "payments", **environ)
    assert said in done.stderr.splitlines()[0]
    assert "confirmed by AWS" not in done.stderr
    assert "AWS says that this role is yours; the profile may not give this role" in done.stderr
    assert shell.json("whoami", "payments", **environ)["data"]["confirmed"] is False


@pytest.mark.parametrize(
    ("environ", "said"),
    long_after(
        1,
        [
            ({"AWS_PROFILE": "payments", "AWS_DEFAULT_PROFILE": ""}, "boto3 stops with"),
            (
                {"AWS_PROFILE": "payments", "AWS_DEFAULT_PROFILE": "o"},
                'is "o", and there is no such',
            ),
            (
                {"AWS_PROFILE": "payments", "AWS_DEFAULT_PROFILE": "p"},
                "boto3 takes AWS_DEFAULT_PROFILE",
            ),
        ],
    ),
)
def test_variables_that_name_a_profile_count_only_if_no_profile_is_named(shell, environ, said):
    shell.write_config(PROFILE + PROFILE.replace("[profile payments]", "[profile p]"))
    done = shell.run("whoami", **environ)
    assert said in done.stderr.splitlines()[0]
    assert "confirmed by AWS" not in done.stderr
    assert shell.json("whoami", **environ)["data"]["confirmed"] is False
    for more in (environ, {"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "payments"}):
        done = shell.run("whoami", "payments", **more)
        assert (done.returncode, done.stderr) == (0, "confirmed by AWS\n")
        found = shell.json("whoami", "payments", **more)
        assert (found["data"]["confirmed"], found["warnings"]) == (True, [])


def test_credentials_that_aws_tools_cannot_read_confirm_nothing(shell):
    shell.config.with_name("credentials").write_text("[legacy\naws_access_key_id = AKIA\n")
    done = shell.run("whoami", "payments")
    assert "AWS tools cannot read the file, so no profile works" in done.stderr.splitlines()[0]
    assert "confirmed by AWS" not in done.stderr


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
    said = shell.run("whoami", "payments", **environ).stderr
    assert said == "confirmed by AWS\n"


def test_a_profile_without_a_region_is_not_said_to_work(shell):
    shell.write_config(PROFILE.replace("region = eu-west-1\n", ""))
    said = shell.run("whoami", "payments").stderr
    assert said.endswith("this role is yours; most calls stop, as the profile has no region\n")
    assert "confirmed by AWS" not in said
    assert shell.json("whoami", "payments")["data"]["confirmed"] is True
