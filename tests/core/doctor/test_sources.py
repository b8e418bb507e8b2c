"""Chains of roles: a source that does not work makes all profiles on it fail, at any depth."""

import pytest

from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact, ProgramFact
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
        ("[profile a]\nsource_profile = b\n[profile b]\n", []),  # no role_arn
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
        ("ssohelper_managed = true\n", "its keys were edited so that they name no role"),
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


def test_a_profile_that_only_the_credentials_file_has_is_no_trouble_of_another() -> None:
    half = ProfileFact(ProfileEntry("base", {"aws_access_key_id": "set"}, False, 1, "base"))
    config = read("[profile a]\ncredential_process = x\n")
    facts = ConfigFacts(file=config, credentials_profiles=(half,))
    assert checks.find_profile_trouble(facts, ProfileFact(config.profiles()[0])) == ""
