"""Findings that no home on a test's machine can show: other users, keyrings, installations."""

import pytest

from ssohelper.actions import doctor_facts
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks, preferred_variables, sign_ins_and_lists, variables
from ssohelper.core.doctor.facts import (
    AwsHostFact,
    ConfigFacts,
    Facts,
    Failure,
    FileFact,
    MachineFacts,
    ProfileFact,
    ProgramFact,
    ProofFact,
    SessionFact,
)
from ssohelper.core.doctor.keys_of_profiles import credential_sources
from ssohelper.core.model import SsoSession
from ssohelper.core.sign_in_outlook import Outlook


def ids(facts: Facts) -> list[str]:
    return [one.id for one in checks.run_checks(facts)]


def test_a_file_of_another_user_has_one_finding_whatever_its_mode() -> None:
    file = FileFact("/home/ana/.aws/config", "config", 0o666, "eve", may_others_write=True)
    [found] = checks.run_checks(Facts(files=(file,)))
    assert (found.id, found.message) == (
        "owner",
        "belongs to the user eve; AWS tools trust that user",
    )


def test_a_file_that_aws_tools_read_has_a_finding_of_its_own_and_tokens_share_one() -> None:
    open_files = [
        FileFact(f"/home/ana/{use}/{name}", use, 0o622, may_others_write=True)
        for use in ("config", "token")
        for name in ("a", "b")
    ]
    found = checks.run_checks(Facts(files=tuple(open_files)))
    assert [one.subject for one in found] == [
        "/home/ana/config/a", "/home/ana/config/b", "/home/ana/token/a and 1 more"
    ]  # fmt: skip


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


def test_cached_credentials_are_told_after_the_minutes_that_aws_may_take_to_change_a_role() -> None:
    for age, expected in ((300, []), (301, ["cached-credentials"])):
        facts = Facts(chosen="p", issued_at=1_000, now=1_000 + age)
        assert [one.id for one in sign_ins_and_lists.check_cached_credentials(facts)] == expected


def test_keyring_storage_without_a_folder_in_memory() -> None:
    machine = MachineFacts(storage="keyring", is_runtime_in_memory=False)
    assert ids(Facts(machine=machine)) == ["runtime-on-disk"]


def test_a_throw_away_installation() -> None:
    machine = MachineFacts(failure=Failure("throw-away", "install it"))
    assert ids(Facts(machine=machine)) == ["installation"]


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


def test_a_program_that_gives_keys_of_another_account() -> None:
    proof = ProofFact("p", None, account_id="999999999999", meant_account_id="001234567890")
    [found] = checks.run_checks(Facts(proofs=(proof,)))
    assert found.id == "another-account"
    assert "for account 999999999999; the profile is for 001234567890" in found.message


def test_a_last_answer_of_aws_tells_the_clock_without_a_network() -> None:
    assert ids(Facts(machine=MachineFacts(apart_seconds=-600.0))) == ["clock"]
    assert ids(Facts(machine=MachineFacts(apart_seconds=200.0))) == []


@pytest.mark.parametrize(
    ("is_own", "fix"),
    [
        (True, "see more: ssohelper whoami 'my tool'"),
        (False, "see what it says: aws sts get-caller-identity --profile 'my tool'"),
    ],
)
def test_a_program_that_failed_has_a_fix_that_says_more(is_own: bool, fix: str) -> None:
    proof = ProofFact("my tool", failure=Failure("exit code 3"), is_own=is_own)
    [found] = checks.run_checks(Facts(chosen="my tool", proofs=(proof,)))
    assert (found.id, found.fix) == ("no-credentials", fix)


def session_fact(name: str, url: str) -> SessionFact:
    outlook = Outlook(None, "unknown", 9)
    return SessionFact(SsoSession(name, url, "eu-west-1", ()), outlook)


def test_sessions_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """6,000 sessions took 36 million comparisons."""
    calls = []
    original = sign_ins_and_lists.normalized_start_url
    monkeypatch.setattr(
        sign_ins_and_lists, "normalized_start_url", lambda url: calls.append(url) or original(url)
    )
    facts = [session_fact(f"s{at}", f"https://x{at}.awsapps.com/start") for at in range(50)]
    facts.append(session_fact("twin", "https://x7.awsapps.com/start#/"))
    [found] = sign_ins_and_lists.check_sessions_of_same_portal(Facts(sessions=tuple(facts)))
    assert found.subject == 'sessions "s7", "twin"'
    assert len(calls) == len(facts)


def test_sessions_are_of_one_portal_whichever_of_its_urls_they_name() -> None:
    company, aws = "https://sso.example.com/start", "https://x.awsapps.com/start"
    facts = [
        session_fact("not-signed-in", f"{company}/"),
        session_fact("corp", company),
        session_fact("second", f"{aws}#/"),
        session_fact("other", "https://y.awsapps.com/start"),
    ]
    facts[1] = facts[1]._replace(session=facts[1].session._replace(portal_url=aws))
    [found] = sign_ins_and_lists.check_sessions_of_same_portal(Facts(sessions=tuple(facts)))
    assert found.subject == 'sessions "not-signed-in", "corp", "second"'


def test_the_sources_of_a_profile_are_named_the_role_first() -> None:
    keys = {"aws_access_key_id": "A", "aws_secret_access_key": "s", "sso_session": "corp"}
    assert credential_sources(keys) == ["sso_* keys", "fixed keys"]
    role = {"role_arn": "arn:aws:iam::001234567890:role/r", "source_profile": "base"}
    assert credential_sources({**keys, **role}) == ["role_arn", "sso_* keys", "fixed keys"]


def test_keys_of_the_default_section_and_a_second_session_have_fixes_of_their_own() -> None:
    session = "[sso-session corp]\nsso_region = eu-west-1\n"
    text = f"[DEFAULT]\noutput = json\n{session}[sso-session  corp]\n{session[19:]}"
    file = ConfigFile.parse(text.encode(), "c")
    found = checks.run_checks(Facts(config=ConfigFacts(file=file)))
    fixes = {one.id: one.fix for one in found}
    assert "lower case" in fixes["default-section"]
    assert "remove one of the two" in fixes["session-twice"]


def test_an_endpoint_that_gives_no_answer_has_the_hint_of_its_error_or_one_of_ours() -> None:
    for hint, fix in (("ask your IT", "ask your IT"), ("", "HTTPS_PROXY")):
        endpoint = AwsHostFact(("corp",), "portal.example", Failure("no answer", hint))
        [found] = checks.run_checks(Facts(aws_hosts=(endpoint,)))
        assert found.id == "endpoint"
        assert fix in str(found.fix)


KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}
ENDS = {"AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("environ", "is_problem"),
    [
        (KEYS, True),
        (KEYS | ENDS, False),  # as `exec` and `env` set them
        (KEYS | ENDS | {"AWS_PROFILE": "p"}, True),
    ],
)
def test_keys_in_the_shell_are_a_problem_unless_they_are_there_on_purpose(
    environ: dict[str, str], is_problem: bool
) -> None:
    found = [one for one in checks.run_checks(Facts(environ=environ)) if "keys" in one.id]
    assert [(one.id, one.severity == "problem") for one in found] == [
        ("keys-in-environment", is_problem)
    ]


@pytest.mark.parametrize(
    ("config", "credentials", "expected"),
    [
        ("", {}, []),
        ("", {"default": {"aws_access_key_id": "A"}}, ["default-before-container"]),
        ("[default]\ncredential_process = x\n", {}, ["default-before-container"]),
        ("[default]\nregion = eu-west-1\n", {"other": {"aws_access_key_id": "A"}}, []),
    ],
)
def test_a_container_is_passed_over_for_credentials_of_the_default_profile(
    config: str, credentials: dict[str, dict[str, str]], expected: list[str]
) -> None:
    file = ConfigFile.parse(config.encode(), "c")
    facts = Facts(
        config=ConfigFacts(file=file, credentials=credentials),
        environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/c"},
    )
    assert [one for one in ids(facts) if "container" in one] == expected


BOTH, CLI_ONLY, BOTO3_ONLY = "boto3 and the AWS CLI stop", "the AWS CLI stops", "boto3 stops"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AWS_PROFILE": ""}, [BOTH]),
        ({"AWS_DEFAULT_PROFILE": ""}, [BOTH]),
        ({"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "p"}, [CLI_ONLY]),
        ({"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": ""}, [BOTO3_ONLY]),
        ({"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": ""}, [CLI_ONLY, BOTO3_ONLY]),
        (
            {"AWS_CONFIG_FILE": ""},
            ["boto3 and the AWS CLI read no config, and find none of its profiles"],
        ),
        ({"AWS_SHARED_CREDENTIALS_FILE": ""}, ["boto3 and the AWS CLI read no credentials file"]),
    ],
)
def test_an_empty_variable_is_not_an_unset_one(environ: dict[str, str], said: list[str]) -> None:
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    facts = Facts(
        environ=doctor_facts.copy_sdk_variables_without_secrets({**environ, "AWS_CA_BUNDLE": ""})
    )
    found = [one for one in checks.run_checks(facts) if one.id == "empty-variable"]
    assert [one.message.partition(": ")[2].partition(" with")[0] for one in found] == said
    is_note = "AWS_SHARED_CREDENTIALS_FILE" in environ
    assert {one.severity for one in found} == {"note" if is_note else "problem"}
    assert [one.fix for one in found] == [f"unset {name}" for name in environ if not environ[name]]


@pytest.mark.parametrize(
    ("environ", "who"),
    [
        ({"AWS_REGION": ""}, "the AWS CLI stops"),
        ({"AWS_DEFAULT_REGION": ""}, "boto3 and the AWS CLI stop"),
        ({"AWS_DEFAULT_REGION": "", "AWS_REGION": "eu-west-1"}, "boto3 stops"),
        ({"AWS_RETRY_MODE": ""}, "boto3 and the AWS CLI stop"),
        ({"AWS_RETRY_MODE": "Standard"}, "boto3 and the AWS CLI stop"),
        ({"AWS_RETRY_MODE": "legacy"}, "AWS CLI 2 stops"),
        ({"AWS_MAX_ATTEMPTS": ""}, "boto3 and the AWS CLI stop"),
        ({"AWS_MAX_ATTEMPTS": "0"}, "boto3 and the AWS CLI stop"),
        ({"AWS_DEFAULTS_MODE": ""}, "boto3 stops"),
        ({"AWS_DEFAULTS_MODE": "foo"}, "boto3 stops"),
        ({"AWS_REQUEST_CHECKSUM_CALCULATION": "foo"}, "boto3 and the AWS CLI stop"),
        ({"AWS_REGION": "eu-west-1", "AWS_RETRY_MODE": "standard"}, None),
        ({"AWS_DEFAULTS_MODE": "Standard", "AWS_MAX_ATTEMPTS": "3"}, None),
    ],
)
def test_a_variable_whose_value_aws_tools_refuse(environ: dict[str, str], who: str | None) -> None:
    """Measured with AWS CLI 2.23.6 and botocore 1.44.8."""
    facts = Facts(environ=doctor_facts.copy_sdk_variables_without_secrets(environ))
    found = checks.run_checks(facts, (*preferred_variables.CHECKS, *variables.CHECKS))
    assert len(found) == (0 if who is None else 1)
    for one in found:
        assert f": {who} with" in one.message
        assert one.fix == f"unset {next(iter(environ))}"
        assert one.severity == "problem"
        assert checks.find_problem_of_shell(facts, "any") == one.message
