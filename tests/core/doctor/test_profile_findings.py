"""Sources of credentials that give none: each is named, and what botocore says to some of them."""

import itertools

import botocore.session
import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import ConfigFacts, Facts, MachineFacts, ProfileFact
from ssohelper.core.doctor.findings import Finding
from ssohelper.core.process_command import find_syntax_error
from ssohelper.core.resolver import JAVA, ProgramFact, Resolver, name_sources
from tests.conftest import Home
from tests.core.test_profile_plan import PAY, SESSION, URL

_ARN = f"arn:aws:iam::{PAY}:role/X"
NONE: dict[str, str] = {}
OWN = f"/x/ssohelper-credentials --session corp --account-id {PAY} --role-name Read"
_ENVIRONMENT = f"role_arn = {_ARN}\ncredential_source = Environment\n"


def find(profile: str, *, is_chosen: bool = True, environ: dict[str, str] = NONE) -> list[Finding]:
    text = f"{SESSION}[profile p]\n{profile}"
    config = ConfigFile.parse(text.encode(), "config")
    profiles = [ProfileFact(one, config.target_or_none(one)) for one in config.profiles()]
    if is_chosen:
        profiles = [one for one in profiles if one.name == "p"]
    facts = Facts(
        config=ConfigFacts(file=config),
        environ=environ,
        profiles=tuple(profiles),
        chosen="p" if is_chosen else None,
    )
    return checks.run_checks(facts)


LINES = (
    "region = eu-west-1",
    "sso_session = corp",
    f"sso_account_id = {PAY}",
    "sso_role_name = Read",
    f"sso_start_url = {URL}",
    "sso_region = eu-west-1",
    "credential_process = /bin/x",
    "credential_process =",
    "include_profile = base",
    "aws_access_key_id = AKIA",
    f"role_arn = {_ARN}",
    "ssohelper_managed = true",
)


def test_a_profile_by_which_no_sdk_gets_credentials_always_has_a_finding() -> None:
    silent = []
    for many in range(5):
        for lines in itertools.combinations(LINES, many):
            if LINES[6] in lines and LINES[7] in lines:
                continue
            text = "\n".join([*lines, ""])
            config = ConfigFile.parse(f"{SESSION}[profile p]\n{text}".encode(), "config")
            taken = Resolver(config).resolve_for_each_family("p")
            is_without = all(one.source in ("nothing", "error") for one in taken)
            # A note that the region is missing does not say that there are no credentials.
            found = [one for one in find(text) if one.id != "no-region"]
            if is_without and not found:
                silent.append(lines)
    assert silent == []


@pytest.mark.parametrize(
    "command",
    ["/bin/x", "", '/bin/x "y', "/bin/x y \\", "/bin/x 'y \\", '/bin/x "y" \\\\', "'/bin/x' y"],
)
def test_a_command_line_is_refused_exactly_if_botocore_cannot_split_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    line = f"credential_process = {command}\n"
    home.write_config(f"[profile p]\n{line}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.config_file))
    refused = False
    try:
        botocore.session.Session(profile="p").get_credentials()
    except (ValueError, IndexError):
        refused = True
    except OSError:
        pass  # the chain's program does not exist
    assert bool(find_syntax_error(command)) == refused
    assert ("program-unreadable" in [one.id for one in find(line)]) == refused


def test_the_reason_why_a_command_line_cannot_be_split_is_said() -> None:
    assert "a backslash at its end" in find_syntax_error("/bin/x y \\")
    assert "a quote" in find_syntax_error('/bin/x "y')
    assert find_syntax_error("x '" + "y" * 40_000) == ""  # as for split_command


def test_an_argument_that_the_helper_refuses_is_found_and_the_profile_does_not_work() -> None:
    line = f"credential_process = {OWN} --zzz\nregion = eu-west-1\nssohelper_managed = true\n"
    [found] = find(line, is_chosen=False)
    assert (found.id, found.severity) == ("helper-refuses", "problem")
    assert 'it has no argument "--zzz"' in found.message
    assert found.fix == "ssohelper profile sync, which writes the command again"
    assert find(line.replace(" --zzz", ""), is_chosen=False) == []
    [unmanaged] = find(line.replace("ssohelper_managed = true\n", ""))
    assert unmanaged.fix == "ssohelper profile sync --adopt p, or correct it in an editor"
    # boto3 takes the sso_* keys before the command, which another check names.
    sso = f"sso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Read\n"
    assert "helper-refuses" not in [one.id for one in find(sso + line)]


def test_a_program_that_another_source_wins_over_is_not_named() -> None:
    line = f"role_arn = {_ARN}\ncredential_source = Ec2InstanceMetadata\ncredential_process = x '\n"
    assert [one.id for one in find(line)] == ["mixed-identities"]


@pytest.mark.parametrize(
    ("environ", "is_chosen", "severities"),
    [
        ({}, True, ["problem"]),
        ({}, False, ["note"]),
        ({"AWS_PROFILE": "p"}, False, ["problem"]),
        ({"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}, True, []),
    ],
)
def test_a_source_that_is_empty_in_this_shell_is_a_problem_where_it_is_used(
    environ: dict[str, str], is_chosen: bool, severities: list[str]
) -> None:
    found = find(_ENVIRONMENT, is_chosen=is_chosen, environ=environ)
    assert [one.severity for one in found if one.id == "credential-source"] == severities


@pytest.mark.parametrize(
    ("source", "fix"),
    [
        ("environment", "credential_source = Environment"),
        ("Moon", "write one of Environment, Ec2InstanceMetadata, EcsContainer"),
    ],
)
def test_a_misspelled_source_has_the_right_name_as_its_fix(source: str, fix: str) -> None:
    text = _ENVIRONMENT.replace("= Environment", f"= {source}")
    [found] = find(text)
    assert (found.id, found.severity) == ("credential-source", "problem")
    assert fix in found.fix
    config = ConfigFile.parse(f"[profile p]\n{text}".encode(), "config")
    kinds = {one.family: one.source for one in Resolver(config).resolve_for_each_family("p")}
    assert kinds.pop(JAVA) == "assumed role"
    assert set(kinds.values()) == {"error"}


def test_the_last_source_of_a_chain_is_named_for_each_profile_above_it() -> None:
    role = f"role_arn = {_ARN}\nsource_profile"
    text = f"{role} = a\n[profile a]\n{role} = b\n[profile b]\nregion = eu-west-1\n"
    for is_chosen, subject in ((True, 'profile "p"'), (False, 'profiles "p" and "a"')):
        [found] = [one for one in find(text, is_chosen=is_chosen) if one.id != "no-region"]
        assert (found.id, found.subject) == ("source-without-credentials", subject)
        assert 'the source profile "b"' in found.message
    keys = "aws_access_key_id = A\naws_secret_access_key = s\n"
    assert find(f"{text}{keys}") == []
    # botocore takes the keys of a source before the source's own role.
    assert find(text.replace("[profile a]\n", f"[profile a]\n{keys}")) == []


def test_a_profile_for_tokens_and_one_for_aws_vault_are_named_for_what_they_are() -> None:
    [tokens] = [one for one in find("sso_session = corp\n") if one.id == "no-source"]
    assert (tokens.severity, "for tokens alone" in tokens.message) == ("note", True)
    [vault] = find("include_profile = base\n")
    assert (vault.severity, "aws-vault exec p" in vault.fix) == ("problem", True)
    assert vault.fix.startswith("use it with: aws-vault ")
    assert [one.severity for one in find("include_profile = base\n", is_chosen=False)] == ["note"]
    assert find("output = json\n", is_chosen=False) == []


_PAIR = "aws_access_key_id = A\naws_secret_access_key = s\n"


def test_a_profile_that_assumes_its_role_with_its_own_keys_has_one_source() -> None:
    own = f"region = eu-west-1\nrole_arn = {_ARN}\nsource_profile = p\n{_PAIR}"
    assert find(own, is_chosen=False) == []
    chain = f"[profile c]\nregion = eu-west-1\nrole_arn = {_ARN}\nsource_profile = p\n"
    assert find(f"{own}{chain}", is_chosen=False) == []
    other = own.replace("= p", "= q") + "[profile q]\n" + _PAIR
    assert [one.id for one in find(other, is_chosen=False)] == ["mixed-identities"]


def test_a_source_whose_keys_aws_vault_may_keep_is_a_problem_only_where_it_is_used() -> None:
    vault = (
        f"region = eu-west-1\nrole_arn = {_ARN}\nsource_profile = base\n"
        "[profile base]\nregion = eu-west-1\nmfa_serial = arn:aws:iam::1:mfa/x\n"
    )
    [found] = find(vault, is_chosen=False)
    assert (found.id, found.severity) == ("source-without-credentials", "note")
    assert found.fix.startswith("with aws-vault: aws-vault exec p; ")
    [used] = find(vault, is_chosen=False, environ={"AWS_PROFILE": "p"})
    assert used.severity == "problem"
    # A profile with lines of another tool is none whose keys aws-vault keeps.
    [sso] = find(f"{vault}sso_session = corp\n", is_chosen=False)
    assert (sso.id, sso.severity) == ("source-without-credentials", "problem")


def ids(facts: Facts) -> list[str]:
    return [one.id for one in checks.run_checks(facts)]


def test_the_fix_of_a_helper_that_has_moved_names_its_present_path_if_there_is_one() -> None:
    word = "/old/ssohelper-credentials"
    line = f"{word} --session corp --account-id 001234567890 --role-name Read"
    config = ConfigFile.parse(
        f"{SESSION}[profile p]\nregion = x\ncredential_process = {line}\n".encode(), "c"
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
        f"{SESSION}[profile p]\nregion = x\ncredential_process = {line}\n".encode(), "c"
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
    assert name_sources(keys) == ["sso_* keys", "fixed keys"]
    role = {"role_arn": "arn:aws:iam::001234567890:role/r", "source_profile": "base"}
    assert name_sources({**keys, **role}) == ["role_arn", "sso_* keys", "fixed keys"]


def test_for_a_profile_with_two_sources_it_is_told_which_sdks_take_one_and_which_stop() -> None:
    config = ConfigFile.parse(
        SESSION.encode()
        + b"[profile p]\nregion = x\nsso_session = corp\ncredential_process = /bin/get\n",
        "c",
    )
    facts = Facts(
        config=ConfigFacts(file=config), profiles=tuple(map(ProfileFact, config.profiles()))
    )
    [found] = checks.run_checks(facts)
    assert found.message.endswith(
        "(sso_* keys and credential_process): boto3, AWS CLI, JavaScript use program; "
        'Java, Go, Rust: an error ("sso_account_id" is missing)'
    )
