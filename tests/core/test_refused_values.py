"""Values and variables with which AWS tools stop, and variables that they prefer to a profile."""

import pytest

from ssohelper.core.findings import Finding
from ssohelper.core.refused_values import check_environ, find_refused_value, find_unknown_region


def find(environ: dict[str, str], chosen: str | None = None) -> list[Finding]:
    return list(check_environ(environ, chosen))


@pytest.mark.parametrize(
    ("region", "fix"),
    [
        ("us-east1", 'did you mean "us-east-1"? correct it in an editor'),
        ("us-east-1a", 'did you mean "us-east-1"? correct it in an editor'),
        ("Frankfurt", ""),
    ],
)
def test_a_region_that_aws_has_not_gets_the_one_that_is_meant(region, fix):
    found = find_unknown_region(region)
    assert found is not None
    assert found[1] == fix
    assert find_unknown_region("us-isob-east-1") is None


BOTH, CLI_ONLY, BOTO3_ONLY = "boto3 and the AWS CLI stop", "the AWS CLI stops", "boto3 stops"


@pytest.mark.parametrize(
    ("key", "value", "tools"),
    [
        ("output", "jsn", CLI_ONLY),
        ("output", "JSON", CLI_ONLY),
        ("cli_binary_format", "raw", CLI_ONLY),
        ("retry_mode", "fast", BOTH),
        ("output", "yaml-stream", None),
        ("note", "x", None),
    ],
)
def test_a_value_that_stops_an_aws_tool_is_found(key, value, tools):
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    found = find_refused_value(key, value)
    assert (found[0].partition(": ")[2] if found else None) == (
        f"{tools} with an error" if tools else None
    )


@pytest.mark.parametrize(
    ("environ", "who"),
    [
        ({"AWS_REGION": ""}, CLI_ONLY),
        ({"AWS_DEFAULT_REGION": ""}, BOTH),
        ({"AWS_DEFAULT_REGION": "", "AWS_REGION": "eu-west-1"}, BOTO3_ONLY),
        ({"AWS_DEFAULT_OUTPUT": ""}, CLI_ONLY),
        ({"AWS_DEFAULT_OUTPUT": "csv"}, CLI_ONLY),
        ({"AWS_DEFAULT_OUTPUT": "yaml-stream"}, None),
        ({"AWS_RETRY_MODE": ""}, BOTH),
        ({"AWS_RETRY_MODE": "Standard"}, BOTH),
        ({"AWS_RETRY_MODE": "legacy"}, "AWS CLI 2 stops"),
        ({"AWS_MAX_ATTEMPTS": ""}, BOTH),
        ({"AWS_MAX_ATTEMPTS": "0"}, BOTH),
        ({"AWS_DEFAULTS_MODE": ""}, BOTO3_ONLY),
        ({"AWS_DEFAULTS_MODE": "foo"}, BOTO3_ONLY),
        ({"AWS_REQUEST_CHECKSUM_CALCULATION": "foo"}, BOTH),
        ({"AWS_REGION": "eu-west-1", "AWS_RETRY_MODE": "standard"}, None),
        ({"AWS_DEFAULTS_MODE": "Standard", "AWS_MAX_ATTEMPTS": "3"}, None),
    ],
)
def test_a_variable_whose_value_aws_tools_refuse(environ, who):
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    found = find(environ)
    assert len(found) == (0 if who is None else 1)
    for one in found:
        assert f": {who} with" in one.message
        assert one.fix == f"unset {next(iter(environ))}"
        assert one.severity == "problem"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AWS_PROFILE": ""}, [BOTH]),
        ({"AWS_DEFAULT_PROFILE": ""}, [BOTH]),
        ({"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "p"}, [CLI_ONLY]),
        ({"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": ""}, [BOTO3_ONLY]),
        ({"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": ""}, [CLI_ONLY, BOTO3_ONLY]),
        ({"AWS_CONFIG_FILE": ""}, ["boto3 and the AWS CLI read no config"]),
        ({"AWS_SHARED_CREDENTIALS_FILE": ""}, ["boto3 and the AWS CLI read no credentials file"]),
    ],
)
def test_an_empty_variable_is_not_an_unset_one(environ, said):
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    found = find({**environ, "AWS_CA_BUNDLE": ""})
    assert {one.id for one in found} == {"empty-variable"}
    assert [one.message.partition(": ")[2].partition(" with")[0] for one in found] == said
    is_note = "AWS_SHARED_CREDENTIALS_FILE" in environ
    assert {one.severity for one in found} == {"note" if is_note else "problem"}
    assert [one.fix for one in found] == [f"unset {name}" for name in environ if not environ[name]]


KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}
ENDS = {"AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("environ", "severity", "fix"),
    [
        (KEYS, "problem", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
        # variables as `exec` and `env` set them
        (KEYS | ENDS | {"AWS_SESSION_TOKEN": "t"}, "note", "SECRET_ACCESS_KEY AWS_SESSION_TOKEN;"),
        (KEYS | ENDS | {"AWS_PROFILE": "p"}, "problem", "unset AWS_ACCESS_KEY_ID"),
    ],
)
def test_keys_in_the_shell_are_a_problem_unless_they_are_there_on_purpose(environ, severity, fix):
    [found] = find(environ)
    assert (found.id, found.severity, fix in found.fix) == ("keys-in-environment", severity, True)
    [chosen] = find(environ, "q")
    instead = f'instead of the profile "{environ.get("AWS_PROFILE", "q")}"'
    assert (chosen.severity, instead in chosen.message) == ("problem", True)


@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])
def test_a_token_without_a_key_is_left_over_and_a_secret_alone_is_ignored(name):
    assert [(one.id, one.fix) for one in find({name: "t"})] == [
        ("token-without-keys", f"unset {name}")
    ]
    assert find({"AWS_SECRET_ACCESS_KEY": "s"}) == []
