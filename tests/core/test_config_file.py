"""Reading a config: what is refused, with which line, and which role a profile points at."""

import pytest

from ssohelper.core.config_file import ConfigFile, TargetRole
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.start_url import checked_start_url
from ssohelper.errors import ConfigInvalid

URL = "https://d-0000000000.awsapps.com/start"
SESSION = f"[sso-session corp]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
CORP = SsoSession("corp", URL, "eu-west-1", ("sso:account:access",))
RO = Role("001234567890", "ReadOnlyAccess")
PROCESS = "--session corp --account-id 001234567890 --role-name ReadOnlyAccess"


def parse(text: str | bytes) -> ConfigFile:
    return ConfigFile.parse(text if isinstance(text, bytes) else text.encode(), "config")


def test_an_error_that_is_about_no_line_of_the_config_names_none():
    with pytest.raises(ConfigInvalid) as caught:
        checked_start_url("http://x")
    assert caught.value.line is None
    with pytest.raises(ConfigInvalid, match=r"config:1: .* byte order mark") as caught:
        parse(b"\xef\xbb\xbf[default]\n")
    assert caught.value.line == 1


def test_a_profile_with_a_bracket_in_its_name_is_read_as_botocore_does():
    # Such a section stops no write: see tests/core/test_section_headers.py.
    assert parse("[default]\n[profile a]b]\nx = 1\n").profile("a]b") is not None


OF_PROCESS = TargetRole(CORP, "corp", RO, "process", URL)
KEYS = "sso_account_id = 001234567890\nsso_role_name = ReadOnlyAccess"


@pytest.mark.parametrize(
    ("keys", "target"),
    [
        (f"credential_process = /a/ssohelper credential-process {PROCESS}", OF_PROCESS),
        (f'credential_process = "/a b/ssohelper" credential-process {PROCESS}', OF_PROCESS),
        (f"credential_process = /a/ssohelper-credentials {PROCESS}", OF_PROCESS),
        (
            f"""credential_process = "a"'b'/c\\ d/ssohelper credential-process {PROCESS}""",
            OF_PROCESS,
        ),
        (f"sso_session = corp\n{KEYS}", TargetRole(CORP, "corp", RO, "sso", URL)),
        (f"sso_session = no\n{KEYS}", TargetRole(None, "no", RO, "sso", None)),
        (
            f"sso_start_url = {URL}/\nsso_region = eu-west-1\n{KEYS}",
            TargetRole(CORP, "corp", RO, "legacy", f"{URL}/"),
        ),
        (
            f"granted_sso_start_url = {URL}\ngranted_{KEYS.replace('sso_role', 'granted_sso_role')}\n"
            "credential_process = granted credential-process --profile a",
            TargetRole(CORP, "corp", RO, "granted", URL),
        ),
        (
            'credential_process = /usr/bin/aws-sso -u open -S "Default" process '
            "--arn arn:aws:iam::001234567890:role/ReadOnlyAccess",
            TargetRole(None, None, RO, "aws-sso-cli"),
        ),
        ("credential_process = other-tool --role x", None),
        ("credential_process = 'unbalanced", None),
        ("region = eu-west-1", None),
    ],
)
def test_the_role_that_a_profile_points_at(keys, target):
    config = parse(f"{SESSION}[profile a]\n{keys}\n")
    entry = config.profile("a")
    assert entry is not None
    assert config.target(entry) == target


COMMAND = "credential_process = ssohelper credential-process"
OF_S = "[profile a]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = x\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[profile a]\nsso_account_id = 12345678901２\nsso_role_name = x\n", 2, "account id"),
        ("[profile a]\nsso_account_id = 123456789012\nsso_role_name = a/b\n", 3, "valid role name"),
        ("[profile a]\nsso_account_id = 123456789012\nsso_role_name = ..\n", 3, "valid role name"),
        (f"[profile a]\n{COMMAND} --profile a\n", 2, "refers to itself"),
        (
            f"[profile a]\n{COMMAND} --profile b\n[profile b]\n{COMMAND} --profile a\n",
            *(4, "refers to itself"),
        ),
        (
            "".join(f"[profile {n or 'a'}]\n{COMMAND} --profile {n + 1}\n" for n in range(200)),
            *(8, "too many references"),
        ),
        (f"[sso-session s]\nsso_region = eu-west-1\n{OF_S}", 1, "sso_start_url"),
        (
            f"[sso-session s]\nsso_start_url = {URL}\nsso_region = ../../x\n{OF_S}",
            *(3, "region"),
        ),
        (
            "[sso-session s]\nsso_start_url = https://awsapps.com.evil.net/start\n"
            f"sso_region = eu-west-1\n{OF_S}",
            *(2, "access portal"),
        ),
    ],
)
def test_an_invalid_target_is_refused_with_its_line(text, line, words):
    config = parse(text)
    entry = config.profile("a")
    assert entry is not None
    with pytest.raises(ConfigInvalid, match=words) as caught:
        config.target(entry)
    assert caught.value.message.startswith(f"config:{line}: ")
    assert config.target_or_none(entry) is None


def test_a_session_with_an_invalid_name_is_refused_only_when_asked_for():
    config = parse(SESSION + SESSION.replace("corp", '"x y"'))
    assert [session.name for session in config.sso_sessions()] == ["corp"]
    with pytest.raises(ConfigInvalid, match="config:4: "):
        config.sso_session("x y")


def test_what_exists_twice_is_a_warning_with_both_lines_and_the_last_one_counts():
    config = parse(
        '[profile a]\nx = 1\n\n[profile "a"]\nx = 2\n[profile b]\n[profile  a]\n'
        "[sso-session corp]\n[sso-session  corp]\n"
    )
    found = ['profile "a"', 1, 4], ['profile "a"', 4, 7], ['session "corp"', 8, 9]
    assert [text.split(": ")[1] for text in config.warnings()] == [
        f"the {what} exists twice, in lines {first} and {second}" for what, first, second in found
    ]
    assert [profile.name for profile in config.profiles()] == ["b", "a"]
    start = f"sso_start_url = {URL}\nsso_region = "
    headers = ("[sso-session a]", "[sso-session b]", "[sso-session  a]")
    config = parse("".join(f"{one}\n{start}eu-west-{n}\n" for n, one in enumerate(headers, 1)))
    found = [(session.name, session.region) for session in config.sso_sessions()]
    assert found == [("b", "eu-west-2"), ("a", "eu-west-3")]


def test_a_blank_or_deeper_line_inside_a_value_is_part_of_it():
    config = parse("[profile a]\nx = 1\n\n  2\n\n\ny = 3\n\n")
    (profile,) = config.profiles()
    assert profile.keys == {"x": "1\n\n2", "y": "3"}
    assert parse(b"[profile a]\nx = 1\n 2\n").profiles()[0].keys == {"x": "1\n2"}
    data = b"[default]\n  region = eu-west-1-and-more\n    x\n"
    text = parse(data).text
    assert text.sections["default"].lines_of_keys(text.lines) == {"region": [1, 2]}
    assert text.sections["default"].values() == {"region": "eu-west-1-and-more\nx"}
