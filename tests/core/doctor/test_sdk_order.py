"""Which source each SDK family takes: a table, and what botocore itself does in the same homes."""

from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import InvalidConfigError, PartialCredentialsError

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import sdk_order
from ssohelper.core.doctor.facts import ProfileFact
from tests.conftest import Home

SESSION = (
    "[sso-session corp]\nsso_start_url = https://d-0000000000.awsapps.com/start\n"
    "sso_region = eu-west-1\n"
)
ACCOUNT = "001234567890"
ARN = "arn:aws:iam::999999999999:role/ci"
SSO = f"sso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = Read\n"
PROGRAM = "credential_process = /bin/get-keys\n"
ROLE = f"role_arn = {ARN}\nsource_profile = other\n"
KEYS = "aws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n"
ENVIRONMENT_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": ARN}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/c"}
NONE: dict[str, str] = {}


def resolve(profile: str, credentials: str = "", environ: dict[str, str] = NONE) -> dict[str, str]:
    text = f"{SESSION}[profile p]\n{profile}[profile other]\n{KEYS}"
    config = ConfigFile.parse(text.encode(), "config")
    entry = config.profile("p")
    assert entry is not None
    section = sdk_order.hide_secrets(dict(line.split(" = ") for line in credentials.splitlines()))
    assert "s" not in section.values()
    fact = ProfileFact(entry, None, ACCOUNT)
    found = sdk_order.find_credentials_of_each_sdk(fact, config, section, environ)
    return {one.family: one.kind for one in found}


# What boto3, JavaScript, Java, Go and Rust take.
TABLE = {
    "a program": (PROGRAM, "", NONE, ("program",) * 5),
    "sso": (SSO, "", NONE, ("sso",) * 5),
    "a role": (ROLE, "", NONE, ("assumed role",) * 5),
    "sso and a program": (SSO + PROGRAM, "", NONE, ("sso", "program", "sso", "sso", "sso")),
    "half a pair of keys": ("aws_access_key_id = A\n", "", NONE, ("nothing",) * 5),
    "half of sso and a program": (
        "sso_region = eu-west-1\n" + PROGRAM,
        "",
        NONE,
        ("program", "program", "error", "error", "error"),
    ),
    "sso with a start URL": (
        SSO + "sso_start_url = https://d-0000000000.awsapps.com/start\nsso_region = eu-west-1\n",
        "",
        NONE,
        ("sso", "sso", "sso", "sso", "error"),
    ),
    "a program and a section of keys": (
        PROGRAM,
        KEYS,
        NONE,
        ("credentials file", "credentials file", "program", "credentials file", "program"),
    ),
    "sso and a section of keys": (
        SSO,
        KEYS,
        NONE,
        ("sso", "credentials file", "sso", "credentials file", "sso"),
    ),
    "a program and a section with sso": (
        PROGRAM,
        SSO,
        NONE,
        ("sso", "program", "sso", "sso", "sso"),
    ),
    "a program and a section with a part of sso": (
        PROGRAM,
        "sso_role_name = Other\n",
        NONE,
        ("error", "program", "error", "error", "error"),
    ),
    "sso and a section with a program": (
        SSO,
        PROGRAM,
        NONE,
        ("sso", "program", "sso", "sso", "sso"),
    ),
    "a program and a section with a role": (
        PROGRAM,
        ROLE,
        NONE,
        ("assumed role",) * 5,
    ),
    "sso and a section with a role alone": (
        SSO,
        f"role_arn = {ARN}\n",
        NONE,
        ("error", "sso", "sso", "assumed role", "error"),
    ),
    "a program and a section with a role alone": (
        PROGRAM,
        f"role_arn = {ARN}\n",
        NONE,
        ("error", "program", "program", "assumed role", "error"),
    ),
    "sso and a section with a source alone": (SSO, "source_profile = other\n", NONE, ("sso",) * 5),
    "sso and a section with a web identity": (
        SSO,
        f"role_arn = {ARN}\nweb_identity_token_file = /t\n",
        NONE,
        ("web identity",) * 5,
    ),
    "a program and keys in the environment": (
        PROGRAM,
        "",
        ENVIRONMENT_KEYS,
        ("environment keys", "program", "environment keys", "environment keys", "environment keys"),
    ),
    "a program in a pod": (
        PROGRAM,
        "",
        WEB,
        (
            "environment web identity",
            "program",
            "environment web identity",
            "environment web identity",
            "program",
        ),
    ),
    "a program in a container": (PROGRAM, "", CONTAINER, ("program",) * 5),
    "nothing in a container": ("region = eu-west-1\n", "", CONTAINER, ("container",) * 5),
    "nothing at all": ("region = eu-west-1\n", "", NONE, ("nothing",) * 5),
}


@pytest.mark.parametrize(("profile", "section", "environ", "kinds"), TABLE.values(), ids=TABLE)
def test_each_sdk_family_takes_the_source_in_the_table(
    profile: str, section: str, environ: dict[str, str], kinds: tuple[str, ...]
) -> None:
    found = resolve(profile, section, environ)
    assert tuple(found.values()) == kinds
    assert tuple(found) == sdk_order.FAMILIES


# botocore's name for the provider of each kind.
_METHODS = {
    "environment keys": "env",
    "environment web identity": "assume-role-with-web-identity",
    "assumed role": "assume-role",
    "sso": "sso",
    "credentials file": "shared-credentials-file",
    "program": "custom-process",
    "config keys": "config-file",
    "container": "container-role",
}


@pytest.mark.parametrize(("profile", "section", "environ", "kinds"), TABLE.values(), ids=TABLE)
def test_botocore_takes_what_the_table_says(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    section: str,
    environ: dict[str, str],
    kinds: tuple[str, ...],
) -> None:
    if kinds[0] not in {*_METHODS, "error"}:
        return
    program = Path(home.path, "get-keys")
    program.write_text(
        '#!/bin/sh\necho \'{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}\'\n'
    )
    program.chmod(0o755)
    home.write_config(
        f"{SESSION}[profile p]\n{profile.replace('/bin/get-keys', str(program))}"
        f"[profile other]\n{KEYS}"
    )
    section = section.replace("/bin/get-keys", str(program))
    home.config_file.with_name("credentials").write_text(f"[p]\n{section}" if section else "")
    monkeypatch.setenv("AWS_PROFILE", "p")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    resolver = botocore.session.Session().get_component("credential_provider")
    if kinds[0] == "error":
        with pytest.raises((PartialCredentialsError, InvalidConfigError)):
            resolver.load_credentials()
        return
    for provider in resolver.providers:
        if _METHODS[kinds[0]] == provider.METHOD:
            break
        # Those before it in botocore's order find nothing; none of them asks a network.
        assert provider.load() is None, provider.METHOD
    else:
        raise AssertionError("botocore has no such provider")


@pytest.mark.parametrize(
    ("keys", "program"),
    [
        ({}, "/bin/get-keys"),
        ({"role_arn": ARN}, "/bin/get-keys"),
        ({"role_arn": ARN, "source_profile": "other"}, None),
        ({"sso_account_id": ACCOUNT}, None),
        ({"sso_role_name": "Read"}, None),
    ],
)
def test_boto3_runs_the_program_unless_a_role_or_sso_keys_come_first(
    keys: dict[str, str], program: str | None
) -> None:
    command = {"credential_process": "/bin/get-keys --fast"}
    assert sdk_order.find_program_to_run({**keys, **command}) == program
    assert sdk_order.find_program_to_run(keys) is None


def families_changed_by(profile: str, section: str) -> list[str]:
    config = ConfigFile.parse(f"{SESSION}[profile p]\n{profile}".encode(), "config")
    entry = config.profile("p")
    assert entry is not None
    keys = dict(line.split(" = ") for line in section.splitlines())
    found = sdk_order.find_credentials_that_section_changes(ProfileFact(entry), config, keys)
    return [one.family for one in found]


def test_a_section_that_names_another_role_of_the_account_changes_the_credentials() -> None:
    assert families_changed_by(SSO, "sso_role_name = Other\n") == list(sdk_order.FAMILIES)
    assert families_changed_by(PROGRAM, "credential_process = /bin/get-keys --other\n") == list(
        sdk_order.FAMILIES
    )
    assert families_changed_by(SSO, PROGRAM) == ["JavaScript"]


def test_a_section_that_repeats_the_profile_changes_nothing() -> None:
    assert families_changed_by(SSO, SSO) == []
    assert families_changed_by(PROGRAM, "region = eu-west-1\n") == []


def test_the_account_of_a_role_is_the_one_in_its_arn() -> None:
    assert sdk_order.account_of_arn(ARN) == "999999999999"
    assert sdk_order.account_of_arn(f"x{ARN}") is None


def test_a_section_says_which_account_and_role_it_gives() -> None:
    config = ConfigFile.parse(f"{SESSION}[profile p]\n{SSO}".encode(), "config")
    entry = config.profile("p")
    assert entry is not None
    section = {"sso_account_id": "999999999999", "sso_role_name": "Other"}
    found = sdk_order.find_credentials_that_section_changes(ProfileFact(entry), config, section)
    assert {(one.account_id, one.role_name) for one in found} == {("999999999999", "Other")}
    assert sdk_order.describe_credentials(found) == (
        "boto3, AWS CLI, JavaScript, Java, Go, Rust take other sso_* keys (account 999999999999, "
        "role Other)"
    )


def test_only_a_section_that_the_aws_cli_obeys_gives_another_role() -> None:
    config = ConfigFile.parse(f"{SESSION}[profile p]\n{SSO}".encode(), "config")
    sections = {
        "role_arn": {"role_arn": ARN},
        "sso_role_name": {"sso_role_name": "Other"},
        "sso_account_id": {"sso_account_id": "999999999999"},
        "credential_process": {"credential_process": "/bin/other"},
        "aws_access_key_id": {"aws_access_key_id": "", "aws_secret_access_key": ""},
        "source_profile": {"source_profile": "other"},
    }
    refused = {
        key
        for key, section in sections.items()
        if sdk_order.find_profiles_with_other_role_in_section(config, ["p"], {"p": section})
    }
    assert refused == {"role_arn", "sso_role_name", "sso_account_id"}


def test_the_words_agree_with_the_number_of_families() -> None:
    config = ConfigFile.parse(f"{SESSION}[profile p]\n{SSO}".encode(), "config")
    entry = config.profile("p")
    assert entry is not None
    for section, text in (
        ({"credential_process": "/bin/get"}, 'JavaScript takes the program "/bin/get"'),
        (
            {"role_arn": ARN},
            'boto3, AWS CLI, Rust stop with an error ("role_arn" is set without "source_profile" or '
            '"credential_source"); Go takes another role (account 999999999999, role ci)',
        ),
    ):
        found = sdk_order.find_credentials_that_section_changes(ProfileFact(entry), config, section)
        assert sdk_order.describe_credentials(found) == text
