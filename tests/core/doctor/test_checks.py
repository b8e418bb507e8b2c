"""Chains of roles: a source that does not work makes all profiles on it fail, at any depth."""

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact
from ssohelper.core.resolver import ProgramFact

ROLE = "role_arn = arn:aws:iam::001234567890:role/R\nregion = eu-west-1\n"
TOOL = "credential_process = granted credential-process\n"


def facts_of(text: str, *programs: ProgramFact, chosen: str | None = None) -> Facts:
    config = ConfigFile.parse(text.encode(), "c")
    facts = [ProfileFact(entry) for entry in config.profiles()]
    return Facts(
        config=ConfigFacts(file=config),
        profiles=tuple(one for one in facts if chosen in (None, one.name)),
        sources=tuple(one for one in facts if chosen is not None and one.name != chosen),
        chosen=chosen,
        programs={one.word: one for one in programs},
    )


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
