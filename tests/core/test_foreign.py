"""What provides the credentials of a profile that is not ours."""

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.foreign import ForeignProfile, foreign_profile_of_entry

ARN = "arn:aws:iam::001234567890:role/r"


def find(text: str, name: str) -> ForeignProfile | None:
    config = ConfigFile.parse(text.encode(), "config")
    entry = config.profile(name)
    assert entry is not None
    return foreign_profile_of_entry(config, entry, ())


def test_twelve_profiles_of_a_row_of_sources_are_followed() -> None:
    text = "".join(
        f"[profile p{number}]\nrole_arn = {ARN}\nsource_profile = p{number + 1}\n"
        for number in range(20)
    )
    found = find(f"{text}[profile p20]\naws_access_key_id = A\n", "p0")
    assert found is not None
    assert found.profiles == tuple(f"p{number}" for number in range(12))


def test_the_command_that_signs_in_is_of_the_provider_that_needs_one() -> None:
    keys = find("[profile a]\naws_access_key_id = A\n", "a")
    login = find("[profile a b]\nlogin_session = arn\n".replace("a b", '"a b"'), "a b")
    assert keys is not None
    assert login is not None
    assert keys.sign_in_command == ""
    assert login.sign_in_command == "aws login --profile 'a b'"
