"""Sources of credentials that give none, and programs that run without being asked for."""

import itertools
import json

import botocore.session
import pytest

from ssohelper.actions import doctor_proofs
from ssohelper.actions.doctor_profiles import find_overriding, make_not_used_error
from ssohelper.actions.doctor_proofs import Proof, report_proof
from ssohelper.actions.profile_checks import ProfileFact
from ssohelper.app import App
from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.findings import Finding
from ssohelper.core.process_command import find_syntax_error
from ssohelper.core.resolver import JAVA, ProgramFact, Resolver, name_sources
from tests.actions.broken_homes import add_profile, helper_moved, make_healthy
from tests.actions.world import CONFIG, NOW
from tests.core.test_profile_plan import PAY, SESSION, URL
from tests.doctor_world import find_in, make_setup

_ARN = f"arn:aws:iam::{PAY}:role/X"
NONE: dict[str, str] = {}
OWN = f"/x/ssohelper-credentials --session corp --account-id {PAY} --role-name Read"
_ENVIRONMENT = f"role_arn = {_ARN}\ncredential_source = Environment\n"


@pytest.fixture(autouse=True)
def folder(tmp_path):
    find.__dict__["folder"] = tmp_path


def find(
    profile: str, *programs: ProgramFact, is_chosen: bool = True, environ: dict[str, str] = NONE
) -> list[Finding]:
    """Return the findings of the profile `p` with these lines. Programs are as given, or unknown."""
    setup = make_setup(
        find.__dict__["folder"],
        f"{SESSION}[profile p]\n{profile}",
        chosen="p" if is_chosen else None,
        environ=environ,
        programs={one.word: one for one in programs},
    )
    return [one for one in find_in(setup) if one.id != "no-region"]


LINES = (
    *("region = eu-west-1", "sso_session = corp", f"sso_account_id = {PAY}"),
    *("sso_role_name = Read", f"sso_start_url = {URL}", "sso_region = eu-west-1"),
    *("credential_process = /bin/x", "credential_process =", "include_profile = base"),
    *("aws_access_key_id = AKIA", f"role_arn = {_ARN}", "ssohelper_managed = true"),
)


def test_a_profile_by_which_no_sdk_gets_credentials_always_has_a_finding():
    silent = []
    for many in range(5):
        for lines in itertools.combinations(LINES, many):
            if LINES[6] in lines and LINES[7] in lines:
                continue
            text = "\n".join([*lines, ""])
            config = ConfigFile.parse(f"{SESSION}[profile p]\n{text}".encode(), "config")
            taken = Resolver(config).resolve_all("p")
            is_without = all(one.source in ("nothing", "error") for one in taken)
            if is_without and not find(text):
                silent.append(lines)
    assert silent == []


@pytest.mark.parametrize(
    "command",
    ["/bin/x", "", '/bin/x "y', "/bin/x y \\", "/bin/x 'y \\", '/bin/x "y" \\\\', "'/bin/x' y"],
)
def test_a_command_line_is_refused_exactly_if_botocore_cannot_split_it(home, monkeypatch, command):
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
    said = find_syntax_error(command)
    assert bool(said) == refused
    assert ("program-unreadable" in [one.id for one in find(line)]) == refused
    if refused and command:
        assert ("a quote" if {'"', "'"} & set(command) else "a backslash") in said
    assert find_syntax_error("x '" + "y" * 40_000) == ""  # as for split_command


def test_an_argument_that_the_helper_refuses_is_found_and_the_profile_does_not_work():
    line = f"credential_process = {OWN} --zzz\nregion = eu-west-1\nssohelper_managed = true\n"
    [found] = find(line, is_chosen=False)
    assert (found.id, found.severity) == ("helper-refuses", "problem")
    assert 'it has no argument "--zzz"' in found.message
    assert found.fix == "ssohelper profile sync, which writes the command again"
    assert find(line.replace(" --zzz", ""), is_chosen=False) == []
    [unmanaged] = find(line.replace("ssohelper_managed = true\n", ""))
    assert unmanaged.fix == "ssohelper profile sync --adopt p, or correct it in an editor"
    won = f"role_arn = {_ARN}\ncredential_source = Ec2InstanceMetadata\ncredential_process = x '\n"
    assert [one.id for one in find(won)] == ["mixed-identities"]
    # boto3 takes the sso_* keys before the command, which another check names.
    sso = f"sso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Read\n"
    assert "helper-refuses" not in [one.id for one in find(sso + line)]


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
    environ, is_chosen, severities
):
    found = find(_ENVIRONMENT, is_chosen=is_chosen, environ=environ)
    assert [one.severity for one in found if one.id == "credential-source"] == severities


@pytest.mark.parametrize("source", ["environment", "Moon"])
def test_a_misspelled_source_has_the_right_names_as_its_fix(source):
    text = _ENVIRONMENT.replace("= Environment", f"= {source}")
    [found] = find(text)
    assert (found.id, found.severity) == ("credential-source", "problem")
    assert "write one of Environment, Ec2InstanceMetadata, EcsContainer" in found.fix
    config = ConfigFile.parse(f"[profile p]\n{text}".encode(), "config")
    kinds = {one.family: one.source for one in Resolver(config).resolve_all("p")}
    assert kinds.pop(JAVA) == "assumed role"
    assert set(kinds.values()) == {"error"}


def test_the_last_source_of_a_chain_is_named_for_each_profile_above_it():
    role = f"role_arn = {_ARN}\nsource_profile"
    text = f"{role} = a\n[profile a]\n{role} = b\n[profile b]\nregion = eu-west-1\n"
    for is_chosen, subject in ((True, 'profile "p"'), (False, 'profiles "p" and "a"')):
        [found] = find(text, is_chosen=is_chosen)
        assert (found.id, found.subject) == ("source-without-credentials", subject)
        assert 'the source profile "b"' in found.message
    keys = "aws_access_key_id = A\naws_secret_access_key = s\n"
    assert find(f"{text}{keys}") == []
    # botocore takes the keys of a source before the source's own role.
    assert find(text.replace("[profile a]\n", f"[profile a]\n{keys}")) == []


def test_a_profile_for_tokens_and_one_for_aws_vault_are_named_for_what_they_are():
    [tokens] = [one for one in find("sso_session = corp\n") if one.id == "no-source"]
    assert (tokens.severity, "for tokens alone" in tokens.message) == ("note", True)
    [vault] = find("include_profile = base\n")
    assert (vault.severity, "aws-vault exec p" in vault.fix) == ("problem", True)
    assert vault.fix.startswith("use it with: aws-vault ")
    assert [one.severity for one in find("include_profile = base\n", is_chosen=False)] == ["note"]
    assert find("output = json\n", is_chosen=False) == []


_PAIR = "aws_access_key_id = A\naws_secret_access_key = s\n"


def test_a_profile_that_assumes_its_role_with_its_own_keys_has_one_source():
    own = f"region = eu-west-1\nrole_arn = {_ARN}\nsource_profile = p\n{_PAIR}"
    assert find(own, is_chosen=False) == []
    chain = f"[profile c]\nregion = eu-west-1\nrole_arn = {_ARN}\nsource_profile = p\n"
    assert find(f"{own}{chain}", is_chosen=False) == []
    other = own.replace("= p", "= q") + "[profile q]\n" + _PAIR
    assert [one.id for one in find(other, is_chosen=False)] == ["mixed-identities"]


def test_a_source_whose_keys_aws_vault_may_keep_is_a_problem_only_where_it_is_used():
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


def test_the_fix_of_a_helper_that_has_moved_names_its_present_path_if_there_is_one(tmp_path):
    word = "/old/ssohelper-credentials"
    text = f"{SESSION}[profile p]\ncredential_process = {OWN.replace('/x/', '/old/')}\n"
    for command, shown in (("/new/ssohelper-credentials",) * 2, (None, "/path/of/ssohelper-c")):
        setup = make_setup(tmp_path, text, programs={word: ProgramFact(word, None, True)})
        setup.__dict__["command"] = command
        [found] = find_in(setup)
        assert found.id == "helper-missing"
        assert f"credential_process = {shown}" in found.fix


@pytest.mark.parametrize(
    ("of_another", "only_name", "expected"),
    [
        (True, False, ["helper-of-another-installation"]),
        (False, True, ["helper-not-ours"]),
        (False, False, []),
    ],
)
def test_a_helper_of_another_installation(of_another, only_name, expected):
    word = "/x/ssohelper-credentials"
    program = ProgramFact(word, word, True, None, of_another, only_name)
    found = find(f"credential_process = {OWN}\n", program, is_chosen=False)
    assert [one.id for one in found] == expected


def test_the_sources_of_a_profile_are_named_the_role_first_and_which_sdks_take_one():
    keys = {"aws_access_key_id": "A", "aws_secret_access_key": "s", "sso_session": "corp"}
    assert name_sources(keys) == ["sso_* keys", "fixed keys"]
    role = {"role_arn": "arn:aws:iam::001234567890:role/r", "source_profile": "base"}
    assert name_sources({**keys, **role}) == ["role_arn", "sso_* keys", "fixed keys"]
    [found] = find("sso_session = corp\ncredential_process = /bin/get\n", is_chosen=False)
    assert found.message.endswith(
        '(sso_* keys and credential_process): boto3, AWS CLI, JavaScript take the program "/bin/get"; '
        'Java, Go, Rust stop with an error ("sso_account_id" is missing)'
    )


# -- chains of roles: a source that does not work makes all profiles on it fail, at any depth --------

ROLE = "role_arn = arn:aws:iam::001234567890:role/R\n"
CHAINS = (
    f"{ROLE}source_profile = far\n[profile far]\n{ROLE}source_profile = tool\n"
    f"[profile near]\n{ROLE}source_profile = tool\n"
    "[profile tool]\ncredential_process = granted credential-process\n"
)
GONE = ProgramFact("granted", None, False)


def test_all_profiles_on_a_missing_program_are_one_finding_with_its_fix():
    found = {one.id: one for one in find(CHAINS, GONE, is_chosen=False)}
    missing, source = found["program-missing"], found["source-unusable"]
    assert source.subject == 'profiles "p", "far" and "near"'
    assert source.message == f'their source profile "tool": {missing.message}'
    assert (source.severity, source.fix) == ("problem", missing.fix)
    [chosen] = find(CHAINS, GONE)
    assert (chosen.id, chosen.subject) == ("source-unusable", 'profile "p"')
    assert chosen.message.startswith('its source profile "tool": the program "granted"')


def test_a_program_that_was_not_run_is_a_note_of_the_chosen_profile():
    program = ProgramFact("granted", "/usr/bin/granted", False)
    assert find(CHAINS, program, is_chosen=False) == []
    [found] = find(CHAINS, program)
    assert (found.id, found.severity) == ("program-not-run", "note")
    assert found.fix == "ssohelper doctor p --run"
    # A source whose program others may replace works.
    program = program._replace(path="/tmp/granted", replaceable="/tmp")
    assert [one.id for one in find(CHAINS, program)] == ["program-replaceable"]


# -- programs that were run ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_own", "answer", "id", "text"),
    [
        (
            True,
            {"failure": "exit code 3"},
            "no-credentials",
            "see more: ssohelper whoami 'my tool'",
        ),
        (
            *(False, {"failure": "exit code 3"}, "no-credentials"),
            "see what it says: aws sts get-caller-identity --profile 'my tool'",
        ),
        (
            *(False, {"account_id": "999999999999"}, "another-account"),
            f"for account 999999999999; the profile is for {PAY}",
        ),
        (False, {"account_id": PAY}, None, ""),
        (False, {}, None, ""),
    ],
)
def test_a_program_that_was_run_has_its_failure_or_its_account(tmp_path, is_own, answer, id, text):
    role = f"role_arn = {_ARN}\nregion = eu-west-1\ncredential_source = Ec2InstanceMetadata\n"
    setup = make_setup(tmp_path, f"[profile 'my tool']\n{role}", chosen="my tool")
    proof = Proof(setup.profiles[0], is_own, **answer)
    found = [*setup.find(lambda _: report_proof(setup, proof)), *find_in(setup)]
    assert [one.id for one in found] == ([id] if id else [])
    assert setup.was_proven == {"my tool": not id}
    assert all(text in one.message + one.fix for one in found)


def test_the_error_for_a_profile_that_is_not_used_has_the_fix_of_doctor(home):
    make_healthy(home)
    helper_moved(home)
    [found] = find_overriding(App(home.env), "pay.Read", is_named=False)
    assert found.fix.startswith("ssohelper doctor --fix writes its present path")
    error = make_not_used_error(App(home.env), "pay.Read")
    assert 'the profile "pay.Read" is not used: ssohelper is no longer at' in error.message
    assert "doctor --fix" in str(error.hint)
    add_profile(home, "chain", "role_arn = arn:aws:iam::000000000001:role/x", "source_profile = no")
    error = make_not_used_error(App(home.env), "chain")
    assert 'source_profile "no" does not exist' in error.message


LINE = (
    "/x/ssohelper-credentials --session corp --account-id 000000000001 --role-name ReadOnlyAccess"
)
NATIVE_KEYS = "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = ReadOnlyAccess"
OURS = ProgramFact("/x/ssohelper-credentials", "/x/ssohelper-credentials", True)
PROFILE = ProfileFact(ProfileEntry("pay", {}, managed=False, line=0, header="profile pay"))


@pytest.mark.parametrize(
    ("program", "is_run"),
    [
        *((OURS, True), (None, False), (OURS._replace(path=None), False)),
        *((OURS._replace(is_of_another_installation=True), False),),
        *((OURS._replace(only_has_our_name=True), False), (OURS._replace(replaceable="/x"), False)),
    ],
)
def test_only_this_installation_runs_without_consent(tmp_path, program, is_run):
    text = f"{CONFIG}[profile pay]\ncredential_process = {LINE}\n"
    setup = make_setup(tmp_path, text, programs={OURS.word: program} if program else {})
    [profile] = setup.profiles
    assert doctor_proofs._with_own_command(setup, profile) == (profile if is_run else None)


def test_our_program_is_not_run_for_a_profile_whose_role_is_unknown(tmp_path):
    for line in (LINE.partition(" --account-id")[0], LINE.replace("corp", "gone")):
        text = f"{CONFIG}[profile pay]\ncredential_process = {line}\n"
        setup = make_setup(tmp_path, text, chosen="pay", programs={OURS.word: OURS})
        assert list(doctor_proofs.prove_profiles(setup, run=True)) == []
        assert setup.was_proven == {}


@pytest.mark.parametrize(
    ("answered", "shown"),
    [({"AccountId": "000000000001"}, "000000000001"), ({"AccountId": 1}, ""), ({}, "")],
)
def test_the_account_is_the_one_that_the_program_names(answered, shown):
    answer = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s", **answered}
    proof = doctor_proofs.read_answer(
        doctor_proofs.Proof(PROFILE), json.dumps(answer).encode(), NOW
    )
    assert (proof.failure, proof.account_id) == ("", shown)


@pytest.mark.parametrize("command", [None, OURS.path])
@pytest.mark.parametrize("keys", [f"credential_process = {LINE}", NATIVE_KEYS])
def test_a_native_profile_gets_the_command_of_this_installation(tmp_path, keys, command):
    setup = make_setup(tmp_path, f"{CONFIG}[profile pay]\n{keys}\n", programs={OURS.word: OURS})
    setup.__dict__["command"] = command
    [profile] = setup.profiles
    found = doctor_proofs._with_own_command(setup, profile)
    if keys != NATIVE_KEYS:
        assert found == profile
    elif command is None:
        assert found is None
    else:
        assert found is not None
        assert found.entry.keys["credential_process"].startswith(f"{command} ")


@pytest.mark.parametrize(
    ("stderr", "shown"),
    [
        (b"first\n\x1b[31mssohelper: error: signed out\x1b[0m\n \n", "signed out"),
        (b" \n", ""),
        (b"aws_secret_access_key=CNRY\n", "aws_secret_access_key=(redacted)"),
    ],
)
def test_the_last_line_of_a_program_s_errors_is_shown_without_secrets(stderr, shown):
    assert doctor_proofs.last_error_line(stderr) == shown
