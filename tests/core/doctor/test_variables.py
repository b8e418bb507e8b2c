"""Variables whose value AWS tools refuse."""

import pytest

from ssohelper.actions import doctor_facts
from ssohelper.core.doctor import checks, preferred_variables, variables
from ssohelper.core.doctor.facts import (
    Facts,
)


@pytest.mark.parametrize(
    ("environ", "who"),
    [
        ({"AWS_REGION": ""}, "the AWS CLI stops"),
        ({"AWS_DEFAULT_REGION": ""}, "boto3 and the AWS CLI stop"),
        ({"AWS_DEFAULT_REGION": "", "AWS_REGION": "eu-west-1"}, "boto3 stops"),
        ({"AWS_DEFAULT_OUTPUT": ""}, "the AWS CLI stops"),
        ({"AWS_DEFAULT_OUTPUT": "csv"}, "the AWS CLI stops"),
        ({"AWS_DEFAULT_OUTPUT": "yaml-stream"}, None),
        ({"AWS_RETRY_MODE": ""}, "boto3 and the AWS CLI stop"),
        ({"AWS_RETRY_MODE": "Standard"}, "boto3 and the AWS CLI stop"),
        ({"AWS_RETRY_MODE": "legacy"}, "AWS CLI 2 stops"),
        ({"AWS_MAX_ATTEMPTS": ""}, "boto3 and the AWS CLI stop"),
        ({"AWS_MAX_ATTEMPTS": "0"}, "boto3 and the AWS CLI stop"),
        ({"AWS_DEFAULTS_MODE": ""}, "boto3 stops"),
        ({"AWS_DEFAULTS_MODE": "foo"}, "boto3 stops"),
        ({"AWS_REQUEST_CHECKSUM_CALCULATION": "foo"}, "boto3 and the AWS CLI stop"),
        ({"AWS_REGION": "eu-west-1", "AWS_RETRY_MODE": "standard"}, None),
        ({"AWS_DEFAULTS_MODE": "Standard", "AWS_MAX_ATTEMPTS": "3"}, None),
    ],
)
def test_a_variable_whose_value_aws_tools_refuse(environ: dict[str, str], who: str | None) -> None:
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    facts = Facts(environ=doctor_facts.copy_sdk_variables_without_secrets(environ))
    found = checks.run_checks(facts, (*preferred_variables.CHECKS, *variables.CHECKS))
    assert len(found) == (0 if who is None else 1)
    for one in found:
        assert f": {who} with" in one.message
        assert one.fix == f"unset {next(iter(environ))}"
        assert one.severity == "problem"
        assert checks.find_problem_of_shell(facts, "any") == one.message
