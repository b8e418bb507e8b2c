"""What provides the credentials of a profile that is not ours."""

from collections.abc import Collection

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.foreign import ForeignProfile, find_provider_of_profile
from ssohelper.core.resolver import Resolver
from ssohelper.errors import ConfigInvalid

ARN = "arn:aws:iam::001234567890:role/r"


PAIR = {"aws_access_key_id": "", "aws_secret_access_key": ""}
SECRET = "aws_secret_access_key = s\n"


def find(text: str, name: str, keyed: Collection[str] = ()) -> ForeignProfile | None:
    config = ConfigFile.parse(text.encode(), "config")
    return find_provider_of_profile(Resolver(config, dict.fromkeys(keyed, PAIR)), name)


def test_every_profile_of_a_row_of_sources_is_followed() -> None:
    text = "".join(
        f"[profile p{number}]\nrole_arn = {ARN}\nsource_profile = p{number + 1}\n"
        for number in range(20)
    )
    found = find(f"{text}[profile p20]\naws_access_key_id = A\n{SECRET}", "p0")
    assert found is not None
    assert found.profiles == tuple(f"p{number}" for number in range(21))
    assert found.what == "static keys"


def test_the_row_of_sources_ends_at_fixed_keys_as_for_aws_tools():
    """botocore assumes no role for a source with keys, so nothing asks for that role's MFA code."""
    found = find(
        f"[profile a]\nrole_arn = {ARN}\nsource_profile = b\nmfa_serial = one\n"
        f"[profile b]\nrole_arn = {ARN}\nsource_profile = c\nmfa_serial = two\n"
        f"aws_access_key_id = A\n{SECRET}[profile c]\nlogin_session = arn\n",
        "a",
    )
    assert found is not None
    assert (found.what, found.mfa_serials, found.profiles) == ("static keys", ("one",), ("a", "b"))
    text = f"[profile a]\nrole_arn = {ARN}\nsource_profile = %s\nmfa_serial = one\n"
    for source, names in (("a", ("a",)), ("elsewhere", ("elsewhere",))):
        found = find(text % source, "a", names)
        assert found is not None
        assert (found.what, found.mfa_serials) == ("static keys", ("one",))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none", 'its source profile "b": config:6: source_profile "none" does not exist'),
        ("a", 'its source profile "b": config:6: source_profile "a" leads back to this profile'),
    ],
)
def test_a_row_of_sources_without_an_end_is_refused(source: str, message: str) -> None:
    text = f"[profile a]\nrole_arn = {ARN}\nsource_profile = b\n"
    text += f"[profile b]\nrole_arn = {ARN}\nsource_profile = {source}\n"
    with pytest.raises(ConfigInvalid) as refused:
        find(text, "a")
    assert refused.value.message == message


def test_the_command_that_signs_in_is_of_the_provider_that_needs_one() -> None:
    keys = find(f"[profile a]\naws_access_key_id = A\n{SECRET}", "a")
    login = find("[profile a b]\nlogin_session = arn\n".replace("a b", '"a b"'), "a b")
    assert keys is not None
    assert login is not None
    assert keys.sign_in_command == ""
    assert login.sign_in_command == "aws login --profile 'a b'"
