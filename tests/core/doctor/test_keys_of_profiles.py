"""What is wrong with the keys of a profile: its helper, and its sources of credentials."""

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import (
    ConfigFacts,
    Facts,
    MachineFacts,
    ProfileFact,
    ProgramFact,
)
from ssohelper.core.doctor.keys_of_profiles import check_mixed_identities, credential_sources


def ids(facts: Facts) -> list[str]:
    return [one.id for one in checks.run_checks(facts)]


def test_the_fix_of_a_helper_that_has_moved_names_its_present_path_if_there_is_one() -> None:
    word = "/old/ssohelper-credentials"
    line = f"{word} --session corp --account-id 001234567890 --role-name Read"
    config = ConfigFile.parse(
        f"[profile p]\nregion = x\ncredential_process = {line}\n".encode(), "c"
    )
    for command, shown in (("/new/ssohelper-credentials",) * 2, (None, "/path/of/ssohelper-c")):
        facts = Facts(
            config=ConfigFacts(file=config),
            profiles=tuple(map(ProfileFact, config.profiles())),
            programs={word: ProgramFact(word, None, True)},
            machine=MachineFacts(command=command),
        )
        [found] = checks.run_checks(facts)
        assert found.id == "helper-missing"
        assert f"credential_process = {shown}" in str(found.fix)


def test_a_helper_of_another_installation() -> None:
    word = "/opt/ssohelper/bin/ssohelper-credentials"
    line = f"{word} --session corp --account-id 001234567890 --role-name Read"
    config = ConfigFile.parse(
        f"[profile p]\nregion = x\ncredential_process = {line}\n".encode(), "c"
    )
    entry = config.profile("p")
    assert entry is not None
    for program, expected in (
        (
            ProgramFact(word, word, True, is_of_another_installation=True),
            ["helper-of-another-installation"],
        ),
        (ProgramFact(word, word, True, only_has_our_name=True), ["helper-not-ours"]),
        (ProgramFact(word, word, True), []),
    ):
        facts = Facts(
            config=ConfigFacts(file=config),
            profiles=(ProfileFact(entry),),
            programs={word: program},
        )
        assert ids(facts) == expected


def test_the_sources_of_a_profile_are_named_the_role_first() -> None:
    keys = {"aws_access_key_id": "A", "aws_secret_access_key": "s", "sso_session": "corp"}
    assert credential_sources(keys) == ["sso_* keys", "fixed keys"]
    role = {"role_arn": "arn:aws:iam::001234567890:role/r", "source_profile": "base"}
    assert credential_sources({**keys, **role}) == ["role_arn", "sso_* keys", "fixed keys"]


def test_for_a_profile_with_two_sources_it_is_told_which_sdks_take_one_and_which_stop() -> None:
    config = ConfigFile.parse(
        b"[profile p]\nregion = x\nsso_session = gone\ncredential_process = /bin/get\n", "c"
    )
    facts = Facts(
        config=ConfigFacts(file=config), profiles=tuple(map(ProfileFact, config.profiles()))
    )
    [found] = check_mixed_identities(facts)
    assert found.message.endswith(
        "(sso_* keys and credential_process): boto3, AWS CLI, JavaScript use program; "
        'Java, Go, Rust: an error ("sso_account_id" is missing)'
    )
