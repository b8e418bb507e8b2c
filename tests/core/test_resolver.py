"""Which source each SDK family takes, and what is wrong; tests/judge asks botocore itself."""

import pytest

from ssohelper.core import resolver
from ssohelper.core.config_file import ConfigFile

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


def parse(profile: str) -> ConfigFile:
    text = f"{SESSION}[profile p]\n{profile}[profile other]\n{KEYS}"
    return ConfigFile.parse(text.encode(), "config")


def resolve(profile: str, credentials: str = "", environ: dict[str, str] = NONE) -> dict[str, str]:
    section = resolver.hide_secrets(dict(line.split(" = ") for line in credentials.splitlines()))
    assert "s" not in section.values()
    sections = {"p": section} if section else {}
    resolving = resolver.Resolver(parse(profile), sections, environ)
    found = resolving.resolve_all("p", in_shell=True)
    return {one.family: one.source for one in found}


SSO_BUT_IN_JAVASCRIPT = ("sso", "program", "sso", "sso", "sso")
# What boto3, JavaScript, Java, Go and Rust take.
TABLE = {
    "a program": (PROGRAM, "", NONE, ("program",) * 5),
    "sso": (SSO, "", NONE, ("sso",) * 5),
    "a role": (ROLE, "", NONE, ("assumed role",) * 5),
    "sso and a program": (SSO + PROGRAM, "", NONE, SSO_BUT_IN_JAVASCRIPT),
    "half a pair of keys": ("aws_access_key_id = A\n", "", NONE, ("error", *("nothing",) * 4)),
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
    "a program and a section with sso": (PROGRAM, SSO, NONE, SSO_BUT_IN_JAVASCRIPT),
    "a program and a section with a part of sso": (
        PROGRAM,
        "sso_role_name = Other\n",
        NONE,
        ("error", "program", "error", "error", "error"),
    ),
    "sso and a section with a program": (SSO, PROGRAM, NONE, SSO_BUT_IN_JAVASCRIPT),
    "a program and a section with a role": (PROGRAM, ROLE, NONE, ("assumed role",) * 5),
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
        (_POD := "environment web identity", "program", _POD, _POD, "program"),
    ),
    "a program in a container": (PROGRAM, "", CONTAINER, ("program",) * 5),
    "nothing in a container": ("region = eu-west-1\n", "", CONTAINER, ("container",) * 5),
    "nothing at all": ("region = eu-west-1\n", "", NONE, ("nothing",) * 5),
}


@pytest.mark.parametrize(("profile", "section", "environ", "kinds"), TABLE.values(), ids=TABLE)
def test_each_sdk_family_takes_the_source_in_the_table(profile, section, environ, kinds):
    found = resolve(profile, section, environ)
    assert tuple(found.values()) == kinds
    assert tuple(found) == resolver.FAMILIES


def find_changed(profile: str, section: dict[str, str]) -> list[resolver.Resolved]:
    return resolver.find_shadowing(parse(profile), "p", section)


def families_changed_by(profile: str, section: str) -> list[str]:
    keys = dict(line.split(" = ") for line in section.splitlines())
    return [one.family for one in find_changed(profile, keys)]


def test_a_section_that_names_another_account_or_role_changes_the_credentials():
    assert families_changed_by(SSO, "sso_role_name = Other\n") == list(resolver.FAMILIES)
    assert families_changed_by(PROGRAM, "credential_process = /bin/get-keys --other\n") == list(
        resolver.FAMILIES
    )
    assert families_changed_by(SSO, PROGRAM) == ["JavaScript"]
    # A section that repeats the profile changes nothing.
    assert families_changed_by(SSO, SSO) == []
    assert families_changed_by(PROGRAM, "region = eu-west-1\n") == []
    found = find_changed(SSO, {"sso_account_id": "999999999999", "sso_role_name": "Other"})
    assert {(one.account_id, one.role_name) for one in found} == {("999999999999", "Other")}
    assert resolver.describe_answers(found) == (
        "boto3, AWS CLI, JavaScript, Java, Go, Rust take sso_* keys (account 999999999999, "
        "role Other)"
    )


def test_only_a_section_that_the_aws_cli_obeys_gives_another_role() -> None:
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
        if resolver.find_shadowed_roles(parse(SSO), {"p": section})
    }
    assert refused == {"role_arn", "sso_role_name", "sso_account_id"}


def test_the_words_agree_with_the_number_of_families() -> None:
    for section, text in (
        ({"credential_process": "/bin/get"}, 'JavaScript takes the program "/bin/get"'),
        (
            {"role_arn": ARN},
            'boto3, AWS CLI, Rust stop with an error ("role_arn" is set without "source_profile" or '
            '"credential_source": boto3, the AWS CLI and Rust stop with an error); Go takes '
            "role_arn (account 999999999999, role ci)",
        ),
    ):
        assert resolver.describe_answers(find_changed(SSO, section)) == text


_NEAR = f"role_arn = {ARN}\nsource_profile = near\n[profile near]\n"


@pytest.mark.parametrize(
    ("profile", "id", "said"),
    [
        # What earlier functions disagreed on; tests/judge says what botocore does.
        (f"role_arn = {ARN}\nlogin_session = x\n", "role-without-source", '"role_arn" is set'),
        ("sso_session = corp\naws_access_key_id = A\n", "half-a-key-in-profile", "without"),
        (_NEAR, "source-without-credentials", '"near" has no credentials'),
        (
            f"{_NEAR}credential_process = /gone x\n",
            "source-unusable",
            '"near": the program "/gone"',
        ),
        (f"{_NEAR}{_NEAR.replace('near', 'far')}", "source-without-credentials", '"far"'),
        (f"{_NEAR}role_arn = {ARN}\nsource_profile = p\n", "source-unusable", "leads back to"),
        ("credential_process = /gone 'x\n", "program-unreadable", "quote"),
        ("credential_process = ~/x\n", "program-needs-a-shell", "~/x"),
        (f"role_arn = {ARN}\ncredential_source = Moon\n", "credential-source", '"Moon"'),
        (f"role_arn = {ARN}\nweb_identity_token_file = /gone\n", "web-identity-missing", "/gone"),
        (SSO.replace("corp", "gone"), "session-missing", '"gone" is not in config'),
        ("region = eu-west-1\n", "no-source", "names no source"),
        # botocore never reads the program of a profile that assumes a role.
        (f"{ROLE}credential_process = /gone x\n", None, ""),
    ],
)
def test_the_problem_of_a_profile(profile: str, id: str | None, said: str) -> None:
    resolving = resolver.Resolver(
        parse(profile),
        find_program=lambda word: resolver.ProgramFact(word, None, False),
        is_missing=lambda path: path == "/gone",
    )
    found = resolving.resolve("p").problem
    assert (found and found.id) == id
    assert found is None or (said in found.message and found.fix)


@pytest.mark.parametrize("is_there", [True, False])
def test_keys_of_the_shell_are_the_source_of_a_role_if_it_has_them(is_there: bool) -> None:
    profile = f"role_arn = {ARN}\ncredential_source = Environment\n"
    resolving = resolver.Resolver(parse(profile), {}, ENVIRONMENT_KEYS if is_there else {})
    found = resolving.resolve("p")
    assert found.source == ("assumed role" if is_there else "error")
    assert found.problem is None or found.problem.may_be_elsewhere


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source_profile = b\n[profile b]\n", ()),  # without role_arn, the profile is no chain
        (f"role_arn = {ARN}\nsource_profile = b\n", ()),
        (f"role_arn = {ARN}\nsource_profile = b\n[profile b]\n", ("b",)),
        (
            f"role_arn = {ARN}\nsource_profile = b\n[profile b]\nrole_arn = {ARN}\n"
            f"source_profile = c\n[profile c]\n{KEYS}",
            ("b", "c"),
        ),
        (
            f"role_arn = {ARN}\nsource_profile = b\n[profile b]\nrole_arn = {ARN}\n"
            f"source_profile = c\n{KEYS}[profile c]\n{KEYS}",
            ("b",),  # AWS tools take the fixed keys of a source before its role
        ),
        (f"role_arn = {ARN}\nsource_profile = a\n", ()),
    ],
)
def test_the_profiles_through_which_a_role_is_assumed(text: str, expected: tuple[str, ...]) -> None:
    config = ConfigFile.parse(f"[profile a]\n{text}".encode(), "config")
    assert resolver.Resolver(config).resolve("a").sources == expected
