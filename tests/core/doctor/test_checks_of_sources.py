"""Chains of roles: a source that does not work makes all profiles on it fail, at any depth."""

import pytest

from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import (
    ConfigFacts,
    Facts,
    ProfileFact,
    ProgramFact,
    SessionFact,
)
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.source_profiles import list_source_profiles

ROLE = "role_arn = arn:aws:iam::001234567890:role/R\nregion = eu-west-1\n"
TOOL = "credential_process = granted credential-process\n"


def read(text: str) -> ConfigFile:
    return ConfigFile.parse(text.encode(), "c")


def facts_of(text: str, *programs: ProgramFact, chosen: str | None = None) -> Facts:
    config = read(text)
    facts = [ProfileFact(entry) for entry in config.profiles()]
    return Facts(
        config=ConfigFacts(file=config),
        profiles=tuple(one for one in facts if chosen in (None, one.name)),
        sources=tuple(one for one in facts if chosen is not None and one.name != chosen),
        chosen=chosen,
        programs={one.word: one for one in programs},
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Without role_arn, the profile is no chain.
        ("[profile a]\nsource_profile = b\n[profile b]\n", []),
        (f"[profile a]\n{ROLE}source_profile = b\n", []),
        (f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n", ["b"]),
        (
            f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = c\n"
            "[profile c]\n",
            ["b", "c"],
        ),
        (
            f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = c\n"
            "aws_access_key_id = AKIA\n[profile c]\n",
            ["b"],
        ),
        (f"[profile a]\n{ROLE}source_profile = a\n", []),
        (
            f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = a\n",
            ["b"],
        ),
    ],
)
def test_the_sources_of_a_role(text: str, expected: list[str]) -> None:
    config = read(text)
    entry = config.profile("a")
    assert entry is not None
    assert [one.name for one in list_source_profiles(config, entry)] == expected


CHAINS = (
    f"[profile deep]\n{ROLE}source_profile = far\n[profile far]\n{ROLE}source_profile = tool\n"
    f"[profile near]\n{ROLE}source_profile = tool\n[profile tool]\n{TOOL}"
)


def test_all_profiles_on_a_missing_program_are_one_finding_with_its_fix() -> None:
    found = checks.run_checks(facts_of(CHAINS, ProgramFact("granted", None, False)))
    [missing] = [one for one in found if one.id == "program-missing"]
    [source] = [one for one in found if one.id == "source-unusable"]
    assert source.subject == 'profiles "deep", "far" and "near"'
    assert source.message == f'their source profile "tool": {missing.message}'
    assert (source.severity, source.fix) == ("problem", missing.fix)


def test_a_chosen_profile_has_the_finding_of_its_source_alone() -> None:
    program = ProgramFact("granted", None, False)
    [found] = checks.run_checks(facts_of(CHAINS, program, chosen="deep"))
    assert (found.id, found.subject) == ("source-unusable", 'profile "deep"')
    assert found.message.startswith('its source profile "tool": the program "granted"')


def test_the_nearest_of_two_bad_sources_is_named() -> None:
    text = CHAINS.replace("[profile far]\n", "[profile far]\nretry_mode = never\n")
    found = checks.run_checks(facts_of(text, ProgramFact("granted", None, False)))
    said = {one.subject: one.message for one in found if one.id == "source-unusable"}
    assert said['profile "deep"'].startswith('its source profile "far": "retry_mode"')
    assert 'profiles "far" and "near"' in said


def test_a_program_that_was_not_run_is_a_note_of_the_chosen_profile() -> None:
    program = ProgramFact("granted", "/usr/bin/granted", False)
    assert checks.run_checks(facts_of(CHAINS, program)) == []
    [found] = checks.run_checks(facts_of(CHAINS, program, chosen="deep"))
    assert (found.id, found.severity) == ("program-not-run", "note")
    assert found.fix == "ssohelper doctor deep --run"


def test_a_source_whose_program_others_may_replace_works() -> None:
    program = ProgramFact("granted", "/tmp/granted", False, replaceable="/tmp")
    found = checks.run_checks(facts_of(CHAINS, program))
    assert [one.id for one in found] == ["program-replaceable"]


def test_each_of_several_lost_source_roles_is_told_by_itself() -> None:
    account, url = "001234567890", "https://d-0000000000.awsapps.com/start"
    sso = f"region = eu-west-1\nsso_session = corp\nsso_account_id = {account}\nsso_role_name"
    config = read(
        f"[sso-session corp]\nsso_start_url = {url}\nsso_region = eu-west-1\n"
        f"[profile a]\n{sso} = Gone\n[profile b]\n{sso} = Lost\n"
        f"[profile on-a]\n{ROLE}source_profile = a\n[profile on-b]\n{ROLE}source_profile = b\n"
    )
    session = config.sso_session("corp")
    assert session is not None
    listing = Listing(url, "eu-west-1", 0, (ListedAccount(Account(account, "pay", ""), ("Read",)),))
    found = checks.run_checks(
        Facts(
            config=ConfigFacts(file=config),
            profiles=tuple(
                ProfileFact(one, config.target_or_none(one)) for one in config.profiles()
            ),
            sessions=(SessionFact(session, Outlook(None, "unknown", 9), listing=listing),),
        )
    )
    said = {one.subject: one.message for one in found}
    assert said['profiles "a" and "b"'].startswith("the roles of these profiles are not in")
    assert said['profile "on-a"'].startswith('its source profile "a": "Gone" is not in')
    assert said['profile "on-b"'].startswith('its source profile "b": "Lost" is not in')


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("credential_process = /bin/x 'y\n", "a quote without its second half"),
        (
            "role_arn = arn:aws:iam::001234567890:role/S\nweb_identity_token_file = /gone\n",
            "there is no such file",
        ),
        ("role_arn = arn:aws:iam::001234567890:role/S\ncredential_source = Moon\n", '"Moon"'),
        (
            "role_arn = arn:aws:iam::001234567890:role/S\ncredential_source = Environment\n",
            "this shell has no AWS_ACCESS_KEY_ID",
        ),
        ("ssohelper_managed = true\n", "without a role since an edit of the keys"),
    ],
)
def test_a_source_that_gives_no_credentials_is_said_of_the_profile_on_it(
    source: str, reason: str
) -> None:
    text = f"[profile a]\n{ROLE}source_profile = s\n[profile s]\n{source}"
    facts = facts_of(text, chosen="a")._replace(missing_token_files=frozenset({"/gone"}))
    found = [one for one in checks.run_checks(facts) if one.id != "no-region"]
    assert [(one.id, one.severity) for one in found] == [("source-unusable", "problem")]
    assert reason in found[0].message


def test_a_profile_that_only_the_credentials_file_has_is_no_problem_of_another() -> None:
    half = ProfileFact(ProfileEntry("base", {"aws_access_key_id": "set"}, False, 1, "base"))
    config = read("[profile a]\ncredential_process = x\n")
    facts = ConfigFacts(file=config, credentials_profiles=(half,))
    assert checks.find_profile_problem(facts, ProfileFact(config.profiles()[0])) == ""
