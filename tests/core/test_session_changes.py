"""Renaming a session changes each place that names it, and no other byte of the config."""

import random

import pytest

from ssohelper.core import session_changes
from ssohelper.core.config_file import ConfigFile
from ssohelper.errors import ConfigInvalid

ROLE = "--account-id 001234567890 --role-name Read"
SESSION = (
    "[sso-session {}]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = eu-west-1\n"
)


def parse(text: str) -> ConfigFile:
    return ConfigFile.parse(text.encode(), "config")


def renamed(text: str, old: str, new: str) -> str:
    config = parse(text)
    return config.with_changes(
        session_changes.changes_that_rename_session(config, old, new)
    ).decode()


def made_config(dice: random.Random) -> str:
    """Return a config with profiles of the session "corp" and of others, in all spellings."""
    profiles = [
        f"credential_process = /opt/ssohelper-credentials --session corp {ROLE}\n",
        f"credential_process = ssohelper credential-process {ROLE} --session=corp\n",
        f"credential_process = \"/opt/a b/ssohelper\" credential-process --session 'corp' {ROLE}\n",
        f"credential_process = ssohelper-credentials --session corp {ROLE} --chain p{{0}}\n"
        "ssohelper_role_arn = arn:aws:iam::001234567890:role/corp\n",
        "sso_session = corp\nsso_account_id = 001234567890\nsso_role_name = corp\n",
        f"credential_process = ssohelper-credentials --session corp2 {ROLE}\n",
        "sso_session = corpus\nsso_account_id = 001234567890\nsso_role_name = Read\n",
        "credential_process = other --session corp\n",
        "region = eu-west-1\n# sso_session = corp\n",
    ]
    sections = [SESSION.format(name) for name in ("corp", "corp2", "corpus")]
    for number in range(dice.randrange(1, 12)):
        body = dice.choice(profiles).replace("{0}", str(number))
        sections.append(f"[profile p{number}]\n{body}")
    dice.shuffle(sections)
    newline = dice.choice(["\n", "\r\n"])
    return dice.choice(["\n", "\n\n# corp\n"]).join(sections).replace("\n", newline)


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_renaming_there_and_back_gives_the_bytes_of_before(first: int) -> None:
    for seed in range(first, first + 20):
        _check_renaming_there_and_back(seed)


def _check_renaming_there_and_back(seed: int) -> None:
    text = made_config(random.Random(seed))
    there = renamed(text, "corp", "acme")
    config = parse(there)
    assert not session_changes.find_profiles_of_session(config, "corp")
    before = {entry.name for entry in session_changes.find_profiles_of_session(parse(text), "corp")}
    assert {
        entry.name for entry in session_changes.find_profiles_of_session(config, "acme")
    } == before
    for entry in config.profiles():
        old = parse(text).target_or_none(parse(text).profile(entry.name))  # type: ignore[arg-type]
        new = config.target_or_none(entry)
        assert (old and old.role) == (new and new.role)
    # Quotes around the session's name are the one thing that a rename takes away.
    assert renamed(there, "acme", "corp") == text.replace("'corp'", "corp"), seed


def test_a_name_that_cannot_be_replaced_is_refused_with_its_line() -> None:
    line = f"credential_process = ssohelper-credentials --session c\\orp {ROLE}\n"
    text = SESSION.format("corp") + f"[profile p]\n{line}"
    with pytest.raises(ConfigInvalid, match=r"5.*cannot be renamed"):
        renamed(text, "corp", "acme")


def test_removing_takes_the_session_and_its_managed_profiles() -> None:
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


def test_a_command_that_names_the_session_twice_is_refused() -> None:
    text = f"[profile p]\ncredential_process = ssohelper-credentials --session corp {ROLE}"
    config = parse(f"{SESSION.format('corp')}{text} --session corp\n")
    with pytest.raises(ConfigInvalid, match="cannot be renamed"):
        session_changes.changes_that_rename_session(config, "corp", "acme")
