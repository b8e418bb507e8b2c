"""Variables that AWS tools prefer to a profile: keys, containers, empty values."""

import pytest

from ssohelper.actions import doctor_facts
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import (
    ConfigFacts,
    Facts,
)


def ids(facts: Facts) -> list[str]:
    return [one.id for one in checks.run_checks(facts)]


KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}


ENDS = {"AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("environ", "is_problem"),
    [
        (KEYS, True),
        (KEYS | ENDS, False),  # variables as `exec` and `env` set them
        (KEYS | ENDS | {"AWS_PROFILE": "p"}, True),
    ],
)
def test_keys_in_the_shell_are_a_problem_unless_they_are_there_on_purpose(
    environ: dict[str, str], is_problem: bool
) -> None:
    found = [one for one in checks.run_checks(Facts(environ=environ)) if "keys" in one.id]
    assert [(one.id, one.severity == "problem") for one in found] == [
        ("keys-in-environment", is_problem)
    ]


@pytest.mark.parametrize(
    ("config", "credentials", "expected"),
    [
        ("", {}, []),
        ("", {"default": {"aws_access_key_id": "A"}}, ["default-before-container"]),
        ("[default]\ncredential_process = x\n", {}, ["default-before-container"]),
        ("[default]\nregion = eu-west-1\n", {"other": {"aws_access_key_id": "A"}}, []),
    ],
)
def test_a_container_is_passed_over_for_credentials_of_the_default_profile(
    config: str, credentials: dict[str, dict[str, str]], expected: list[str]
) -> None:
    file = ConfigFile.parse(config.encode(), "c")
    facts = Facts(
        config=ConfigFacts(file=file, credentials=credentials),
        environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/c"},
    )
    assert [one for one in ids(facts) if "container" in one] == expected


BOTH, CLI_ONLY, BOTO3_ONLY = "boto3 and the AWS CLI stop", "the AWS CLI stops", "boto3 stops"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AWS_PROFILE": ""}, [BOTH]),
        ({"AWS_DEFAULT_PROFILE": ""}, [BOTH]),
        ({"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "p"}, [CLI_ONLY]),
        ({"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": ""}, [BOTO3_ONLY]),
        ({"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": ""}, [CLI_ONLY, BOTO3_ONLY]),
        (
            {"AWS_CONFIG_FILE": ""},
            ["boto3 and the AWS CLI read no config, and find none of its profiles"],
        ),
        ({"AWS_SHARED_CREDENTIALS_FILE": ""}, ["boto3 and the AWS CLI read no credentials file"]),
    ],
)
def test_an_empty_variable_is_not_an_unset_one(environ: dict[str, str], said: list[str]) -> None:
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    facts = Facts(
        environ=doctor_facts.copy_sdk_variables_without_secrets({**environ, "AWS_CA_BUNDLE": ""})
    )
    found = [one for one in checks.run_checks(facts) if one.id == "empty-variable"]
    assert [one.message.partition(": ")[2].partition(" with")[0] for one in found] == said
    is_note = "AWS_SHARED_CREDENTIALS_FILE" in environ
    assert {one.severity for one in found} == {"note" if is_note else "problem"}
    assert [one.fix for one in found] == [f"unset {name}" for name in environ if not environ[name]]
