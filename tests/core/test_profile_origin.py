"""Which tool wrote a profile, which role it names, and when it is refused."""

import pytest

from ssohelper.core.adoption import find_adoption_candidates
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Role
from ssohelper.core.profile_origin import (
    NamedRole,
    Origin,
    find_marked_blocks,
    find_profile_origins,
)
from tests.core.test_profile_plan import CORP, PAY, SESSION, URL

READ = Role(PAY, "Read")
ARN = f"arn:aws:iam::{PAY}:role/Read"
SSO = f"sso_account_id = {PAY}\nsso_role_name = Read\n"
LEGACY = f"sso_start_url = {URL}\nsso_region = eu-west-1\n{SSO}"
GRANTED = (
    f"granted_sso_start_url = {URL}\ngranted_sso_region = eu-west-1\n"
    f"granted_sso_account_id = {PAY}\ngranted_sso_role_name = Read\n"
    "credential_process = granted credential-process --profile x\n"
)


def origin_of(keys: str, more: str = "") -> Origin | None:
    text = f"[profile x]\n{keys}\n{more}"
    found = find_profile_origins(ConfigFile.parse(text.encode(), "config"))
    return next((one for one in found if one.name == "x"), None)


def test_a_profile_of_a_session_is_of_that_sessions_portal() -> None:
    found = origin_of(f"sso_session = corp\n{SSO}", SESSION)
    assert found is not None
    assert found.named == NamedRole(READ, URL, "corp")
    other = "sso_start_url = https://other.awsapps.com/start\n"
    found = origin_of(f"sso_session = corp\n{other}{SSO}", SESSION)
    assert found is not None
    assert "two different portals" in found.why


@pytest.mark.parametrize(
    ("keys", "tool", "program"),
    [
        (f"sso_session = corp\n{SSO}", "the AWS CLI or by hand", None),
        (LEGACY, "the AWS CLI or by hand (with sso_start_url)", None),
        (f"{LEGACY}credential_process = aws-sso-util credential-process --profile x",
         "aws-sso-util", None),
        (f"{LEGACY}sso_auto_populated = true", "aws-sso-util", None),
        (f"{LEGACY}granted_generated_from = aws-sso", "granted", None),
        (GRANTED, "granted", "granted"),
        (GRANTED.replace("--profile x", "--profile renamed"), "granted", "granted"),
        (f"credential_process = /b/aws-sso -u open -S 'My Org' process --arn {ARN}",
         "aws-sso-cli", "/b/aws-sso"),
        (f"credential_process = aws-sso process --profile {PAY}:Read", "aws-sso-cli", "aws-sso"),
        (f"credential_process = aws-sso process --account={int(PAY)} --role Read",
         "aws-sso-cli", "aws-sso"),
        ("credential_process = aws-sso-util credential-process --account-id "
         f"{PAY} --role-name Read --start-url {URL}", "aws-sso-util", "aws-sso-util"),
        ("credential_process = aws configure export-credentials --profile y",
         "the AWS CLI or by hand", "aws"),
        ("credential_process = aws-vault exec --duration 1h --json y", "aws-vault", "aws-vault"),
        ("credential_process = awsume y --json", "awsume", "awsume"),
        (f"include_profile = y\n{SSO}", "aws-vault", None),
        (f"credential_process = /x/ssohelper-credentials --session corp --account-id {PAY} "
         "--role-name Read", "ssohelper, without its mark", "/x/ssohelper-credentials"),
    ],
)  # fmt: skip
def test_every_tool_is_known_and_its_role_found(keys: str, tool: str, program: str | None) -> None:
    found = origin_of(keys, f"[profile y]\n{LEGACY}")
    assert found is not None
    assert found.named is not None
    assert (found.tool, found.named.role, found.program) == (tool, READ, program)


@pytest.mark.parametrize(
    "keys",
    [
        "region = eu-west-1",
        "aws_access_key_id = AKIAEXAMPLE",
        "credential_process = my-tool --account-id 001234567890 --role-name Read",
        f"role_arn = {ARN}\nsource_profile = y\n{SSO}",
        f"ssohelper_managed = true\n{LEGACY}",
        "credential_process = aws sts get-session-token",
    ],
)
def test_other_profiles_have_no_origin(keys: str) -> None:
    assert origin_of(keys, f"[profile y]\n{LEGACY}") is None


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("credential_process = leapp session generate 0a1b", "names no role"),
        ("credential_process = aws-vault export x", "names no role"),
        (f"{LEGACY}aws_access_key_id = AKIAEXAMPLE", "static keys"),
        (GRANTED + SSO.replace("Read", "Admin"), "two different roles"),
        (f"{GRANTED}{SSO}sso_start_url = https://other.awsapps.com/start", "different portals"),
        (
            f"{SSO}sso_session = corp\ncredential_process = ssohelper-credentials --session pay "
            f"--account-id {PAY} --role-name Read",
            "two different sessions",
        ),
        ("sso_account_id = 12\nsso_role_name = Read\nsso_session = c", "12 digits"),
        (f"sso_session = c\nsso_account_id = {PAY}", "name of the profile's role is missing"),
        ("credential_process = aws-sso process --profile some-name", '"some-name", which does'),
        ("credential_process = aws-vault exec y", "loop"),
        ("credential_process = aws-vault exec role", "assumes another role"),
        ("credential_process = aws-sso process", "names no role"),
    ],
)
def test_an_unknown_or_doubtful_role_is_refused(keys: str, reason: str) -> None:
    more = "[profile y]\ncredential_process = aws-vault exec x\n"
    more += f"[profile role]\nrole_arn = {ARN}\nsource_profile = y\n"
    found = origin_of(keys, more)
    assert found is not None
    assert found.named is None
    assert reason in found.why


def test_the_instance_of_aws_sso_cli_is_kept() -> None:
    found = origin_of(f"credential_process = aws-sso -S Default process -a {ARN}")
    assert found is not None
    assert found.named == NamedRole(READ, instance="Default")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (LEGACY, ""),
        (f"sso_session = corp\n{SSO}", ""),
        (f"sso_session = other\n{SSO}", 'the profile belongs to the session "other"'),
        (f"sso_session = gone\n{SSO}", 'names the sso-session "gone", which does not exist'),
        (f"sso_session = gone\n{LEGACY}", ""),
        (LEGACY.replace("d-0000000000", "x"), "to another portal"),
        (f"credential_process = aws-sso -S A process --arn {ARN}", ""),
        (f"credential_process = aws-sso -S A process --arn {ARN[:-4]}Gone", ""),
        (f"credential_process = aws-sso -S B process --arn {ARN[:-4]}Gone", "names no portal"),
        (
            f"credential_process = aws-sso process --arn {ARN.replace('aws', 'aws-cn')}",
            'its role is in the partition "aws-cn", not in "aws"',
        ),
    ],
)
def test_a_session_adopts_profiles_of_its_portal_only(keys: str, reason: str) -> None:
    other = f"[sso-session other]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
    sure = f"[profile sure]\ncredential_process = aws-sso -S A process --arn {ARN}\n"
    text = f"{SESSION}{other}{sure}[profile x]\n{keys}\n"
    config = ConfigFile.parse(text.encode(), "config")
    found = find_adoption_candidates(config, CORP, {READ})["x"]
    assert (found.role is None) == bool(reason)
    assert reason in found.reason


def test_a_marker_without_its_counterpart_is_no_part() -> None:
    text = "# END_AWS_SSO_CLI\n# BEGIN_AWS_SSO_CLI\n[profile a]\nregion = x\n"
    assert find_marked_blocks(ConfigFile.parse(text.encode(), "config")) == []
    found = find_marked_blocks(ConfigFile.parse(f"{text}  # END_AWS_SSO_CLI\n".encode(), "config"))
    assert found == []
    found = find_marked_blocks(ConfigFile.parse(f"{text}# END_AWS_SSO_CLI\r\n".encode(), "config"))
    assert [(one.begin, one.end, one.names) for one in found] == [(1, 4, ("a",))]


@pytest.mark.parametrize(
    "command",
    ["my-helper", "'unclosed", "aws-sso-util", "granted", "/opt/leapp", "aws-sso", "aws-vault"],
)
def test_a_command_of_one_word_or_an_unclosed_quote_names_no_second_role(command: str) -> None:
    text = (
        "[profile p]\nsso_session = corp\nsso_account_id = 001234567890\nsso_role_name = Read\n"
        f"credential_process = {command}\n"
    )
    [origin] = find_profile_origins(ConfigFile.parse(text.encode(), "config"))
    assert origin.name == "p"


@pytest.mark.parametrize("key", ["login_session", "web_identity_token_file", "aws_access_key_id"])
def test_a_profile_with_another_source_of_credentials_names_no_role(key: str) -> None:
    text = (
        "[profile p]\nsso_session = corp\nsso_account_id = 001234567890\nsso_role_name = Read\n"
        f"{key} = x\n"
    )
    [origin] = find_profile_origins(ConfigFile.parse(text.encode(), "config"))
    assert (origin.named, origin.why.startswith("the profile has ")) == (None, True)
