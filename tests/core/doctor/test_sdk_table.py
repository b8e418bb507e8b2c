"""The table of `doctor PROFILE` and its findings agree about a role that cannot be assumed."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks, sdk_order
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact, ProgramFact
from ssohelper.core.doctor.sdk_order import BOTO3, FAMILIES, GO, RUST
from ssohelper.core.doctor.sdk_table import find_credentials_of_profiles_by_sdk
from tests.core.test_profile_plan import PAY, SESSION, URL

_ROLE = f"role_arn = arn:aws:iam::{PAY}:role/X\nregion = eu-west-1\n"
_ON_SOURCE = f"{_ROLE}source_profile = src\n"
_SSO = f"sso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Read\n"
_KEYS = "aws_access_key_id = A\naws_secret_access_key = s\n"
_NO_CREDENTIALS = 'its source profile "src" has no credentials'
_DOES_NOT_WORK = 'its source profile "src" does not work'
NONE: dict[str, str] = {}


def gather(profile: str, environ: dict[str, str] = NONE, section: str = "") -> Facts:
    config = ConfigFile.parse(f"{SESSION}[profile p]\n{profile}".encode(), "config")
    profiles = [ProfileFact(one, config.target_or_none(one)) for one in config.profiles()]
    credentials = {section: {"aws_access_key_id": ""}} if section else {}
    return Facts(
        config=ConfigFacts(file=config, credentials=credentials),
        environ=environ,
        profiles=tuple(one for one in profiles if one.name == "p"),
        sources=tuple(one for one in profiles if one.name != "p"),
        chosen="p",
        programs={"/gone": ProgramFact("/gone", None, False)},
    )


def details(facts: Facts) -> dict[str, str]:
    """Return the reason of each SDK family that cannot assume the role."""
    found = find_credentials_of_profiles_by_sdk(facts)
    assert {one.kind for one in found} <= {"assumed role", "error"}
    assert all(one.account_id is None for one in found if one.kind == "error")
    return {one.family: one.detail for one in found if one.kind == "error"}


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (f"{_ON_SOURCE}[profile src]\noutput = json\n", _NO_CREDENTIALS),
        (f"{_ON_SOURCE}[profile src]\ncredential_process = /gone\n", _DOES_NOT_WORK),
        (f"{_ON_SOURCE}[profile src]\nsso_session = corp\nsso_role_name = R\n", _DOES_NOT_WORK),
        (
            f"{_ROLE}source_profile = near\n[profile near]\n{_ON_SOURCE}[profile src]\n"
            "credential_process = /gone\n",
            _DOES_NOT_WORK,
        ),
        (
            f"{_ROLE}source_profile = near\n[profile near]\n{_ON_SOURCE}[profile src]\n",
            _NO_CREDENTIALS,
        ),
        (f"{_ROLE}credential_source = Environment\n", "this shell has no AWS_ACCESS_KEY_ID"),
        (
            f"{_ON_SOURCE}[profile src]\n{_ROLE}credential_source = Environment\n",
            'its source profile "src": this shell has no AWS_ACCESS_KEY_ID',
        ),
    ],
)
def test_no_sdk_assumes_a_role_for_which_there_are_no_credentials(
    profile: str, reason: str
) -> None:
    facts = gather(profile)
    assert details(facts) == dict.fromkeys(FAMILIES, reason)
    assert [one.severity for one in checks.run_checks(facts)][:1] == ["problem"]


@pytest.mark.parametrize(
    ("profile", "section"),
    [
        (f"{_ON_SOURCE}[profile src]\n{_SSO}", ""),
        (f"{_ON_SOURCE}[profile src]\n{_KEYS}", ""),
        (f"{_ON_SOURCE}[profile src]\noutput = json\n", "src"),
        (_ON_SOURCE, "src"),
        (f"{_ROLE}credential_source = Ec2InstanceMetadata\n", ""),
        # Fixed keys of a source are taken before its own role.
        (f"{_ON_SOURCE}[profile src]\n{_KEYS}{_ROLE}", ""),
    ],
)
def test_a_role_with_credentials_is_assumed(profile: str, section: str) -> None:
    assert details(gather(profile, section=section)) == {}


def test_keys_in_the_shell_are_credentials_for_the_role() -> None:
    facts = gather(f"{_ROLE}credential_source = EcsContainer\n")
    assert set(details(facts)) == set(FAMILIES)
    environ = {sdk_order.CONTAINER_VARIABLES[1]: "http://127.0.0.1/c"}
    assert details(facts._replace(environ=environ)) == {}


def test_only_the_sdks_that_refuse_the_source_fail() -> None:
    source = f"{_SSO}sso_start_url = {URL}\n"
    found = details(gather(f"{_ON_SOURCE}[profile src]\n{source}"))
    assert found == {RUST: _DOES_NOT_WORK}
    source = f"{_SSO}sso_region = us-west-1\n"
    assert set(details(gather(f"{_ON_SOURCE}[profile src]\n{source}"))) >= {BOTO3, GO}
