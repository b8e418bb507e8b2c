"""Values that no AWS tool can use, and what their findings propose."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact
from ssohelper.core.doctor.values import check_region_names, check_values_refused_by_aws_tools


@pytest.mark.parametrize(
    ("region", "fix"),
    [
        ("us-east1", 'did you mean "us-east-1"? correct it in an editor'),
        ("us-east-1a", 'did you mean "us-east-1"? correct it in an editor'),
        ("Frankfurt", "correct it in an editor: a region looks like eu-west-1"),
    ],
)
def test_a_region_that_aws_has_not_gets_the_one_that_is_meant(region: str, fix: str) -> None:
    [found] = check_region_names(facts_of_profile_line(f"region = {region}"))
    assert found.fix == fix


@pytest.mark.parametrize(
    ("line", "tools"),
    [
        ("output = jsn", "the AWS CLI stops"),
        ("output = JSON", "the AWS CLI stops"),
        ("cli_binary_format = raw", "the AWS CLI stops"),
        ("retry_mode = fast", "boto3 and the AWS CLI stop"),
        ("output = yaml-stream", None),
    ],
)
def test_a_value_that_stops_an_aws_tool_is_found(line: str, tools: str | None) -> None:
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    found = list(check_values_refused_by_aws_tools(facts_of_profile_line(line)))
    assert [one.message.partition(": ")[2] for one in found] == (
        [f"{tools} with an error"] if tools else []
    )


def facts_of_profile_line(line: str) -> Facts:
    text = f"[profile p]\nsso_session = corp\nsso_account_id = 001234567890\nsso_role_name = R\n{line}\n"
    config = ConfigFile.parse(text.encode(), "config")
    [entry] = config.profiles()
    fact = ProfileFact(entry, config.target_or_none(entry))
    return Facts(config=ConfigFacts(file=config), profiles=(fact,))
