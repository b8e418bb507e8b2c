"""Renaming a session changes each place that names it, and no other byte of the config."""

from ssohelper.core import session_changes
from ssohelper.core.config_file import ConfigFile

ROLE = "--account-id 001234567890 --role-name Read"
SESSION = (
    "[sso-session {}]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = eu-west-1\n"
)


def parse(text: str) -> ConfigFile:
    return ConfigFile.parse(text.encode(), "config")


def test_removing_takes_the_session_and_its_managed_profiles():
    managed = f"[profile ours]\ncredential_process = ssohelper-credentials --session corp {ROLE}\n"
    text = (
        SESSION.format("corp")
        + f"{managed}ssohelper_managed = true\n[profile o]\nregion = eu-west-1\n"
    )
    config = parse(text)
    after = config.with_changes(
        session_changes.changes_that_remove_session(config, "corp")
    ).decode()
    assert after == "[profile o]\nregion = eu-west-1\n"
