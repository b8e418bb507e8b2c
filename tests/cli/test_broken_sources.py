"""Profiles that do not work, and those that assume a role through one: no command says they do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.actions import doctor
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.system import installation
from tests.cli.listing_world import Shell
from tests.long_rows import long_after, pairs_with_each_value_first

ACCOUNT = "000000000001"
SSO = f"sso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = Role00\n"
GRANTED = (
    "granted_sso_start_url = {url}\ngranted_sso_region = {region}\n"
    f"granted_sso_account_id = {ACCOUNT}\ngranted_sso_role_name = Role00\n"
    "credential_process = {program} credential-process --profile src\n"
)
LEGACY = (
    f"sso_start_url = {{url}}\nsso_account_id = {ACCOUNT}\nsso_role_name = Role00\n"
    "sso_region = ap-south-1\n"
)
OWN = f"credential_process = {{program}} --session corp --account-id {ACCOUNT} --role-name Role00\n"
HEAD = "region = eu-west-1\nrole_arn = arn:aws:iam::000000000002:role/Deploy\n"
SECTION = "[src]\ncredential_process = /opt/other\nrole_arn = arn:aws:iam::000000000002:role/X\n"

QUOTED = ["sso_start_url", "sso_region", "sso_account_id", "sso_role_name", "region"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(World.of_size(2, 1)) as running:
        running.world.add_iam_role("000000000002", "Deploy", [ACCOUNT])
        yield running


@pytest.fixture
def shell(tmp_path, emulator) -> Shell:
    return Shell(tmp_path, emulator)


def add(shell: Shell, emulator: Emulator, source: str, program: str = "") -> None:
    """Write the profile `src`, `chain` on it, and `deep` on that."""
    world = emulator.world
    source = source.format(url=world.start_url, region=world.region, program=program)
    shell.write_config(
        f"[profile src]\nregion = eu-west-1\n{source}"
        f"[profile chain]\n{HEAD}source_profile = src\n"
        f"[profile deep]\n{HEAD}source_profile = chain\n"
    )
    shell.run("list")


def make_program(folder: Path, name: str) -> str:
    program = folder / name
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    return str(program)


def check_nothing_claims_that_it_works(shell: Shell, reason: str) -> None:
    said = shell.run("whoami", "chain").stderr
    assert "confirmed by AWS" not in said
    assert 'its source profile "src": ' in said
    assert reason in said
    for name in ("chain", "deep"):
        done = shell.run("doctor", name)
        assert "nothing wrong" not in done.stderr
        assert '"src"' in done.stdout
        assert done.returncode == 3
    done = shell.run("use", "chain", _SSOHELPER_SHELL="bash")
    assert 'its source profile "src": ' in done.stderr


def test_a_source_that_works(shell, emulator):
    add(shell, emulator, SSO)
    assert "confirmed by AWS" in shell.run("whoami", "chain").stderr
    assert shell.run("doctor", "chain").returncode == 0
    said = shell.run("use", "chain", _SSOHELPER_SHELL="bash").stderr
    assert "warning" not in said


def test_a_missing_program(shell, emulator):
    add(shell, emulator, GRANTED, "/gone/granted")
    check_nothing_claims_that_it_works(shell, '"/gone/granted"')
    said = shell.run("doctor", "chain").stdout
    assert "ssohelper profile sync --adopt src" in said
    rows = [line.split("\t") for line in said.splitlines() if line[:4] == "sdk\t"]
    assert {(row[2], row[3]) for row in rows} == {
        (
            "error",
            'its source profile "src": the program "/gone/granted" of credential_process does not '
            "exist",
        )
    }


def test_a_program_of_another_tool_that_was_not_run(shell, emulator, tmp_path):
    program = make_program(tmp_path, "granted")
    add(shell, emulator, GRANTED, program)
    for name in ("src", "chain"):
        said = shell.run("whoami", name).stderr
        assert "confirmed by AWS" not in said
        assert f'only a run of "{program}" would show' in said
        assert shell.json("whoami", name)["data"]["confirmed"] is False
        assert "note\tprogram-not-run\t" in shell.run("doctor", name).stdout
        done = shell.run("doctor", name, "--run")
        assert (done.returncode, "no-credentials" in done.stdout) == (3, True)
        assert "program-not-run" not in done.stdout
    assert "program-not-run" not in shell.run("doctor").stdout


def test_a_section_of_the_credentials_file(shell, emulator):
    add(shell, emulator, SSO)
    shell.config.with_name("credentials").write_text(SECTION)
    check_nothing_claims_that_it_works(shell, '"role_arn" is set without "source_profile"')


@pytest.mark.parametrize(
    ("source", "code", "id"),
    [
        (SSO.replace("corp", "gone"), 3, "source-unusable"),
        (LEGACY.replace("ap-south-1", "{region}"), 4, "legacy-token"),
    ],
)
def test_a_missing_session_or_sign_in_of_the_source_is_one_finding(
    shell, emulator, source, code, id
):
    add(shell, emulator, source)
    done = shell.run("doctor", "chain")
    assert done.returncode == code
    rows = [line.split("\t")[1] for line in done.stdout.splitlines() if line[:4] != "sdk\t"]
    assert rows == [id]


def test_a_helper_that_is_not_ours(shell, emulator, tmp_path):
    add(shell, emulator, OWN, make_program(tmp_path, "ssohelper-credentials"))
    check_nothing_claims_that_it_works(shell, "the profile runs another program")


def test_a_role_that_is_not_listed(shell, emulator):
    add(shell, emulator, SSO.replace("Role00", "Role99"))
    assert shell.run("whoami", "chain").returncode == 5
    found = shell.run("doctor", "chain")
    assert (found.returncode, 'role-lost\tprofile "src"' in found.stdout) == (3, True)
    said = shell.run("use", "chain", _SSOHELPER_SHELL="bash").stderr
    assert 'the role "Role99" in 000000000001 is not in the list of roles that AWS gave' in said


def test_a_wrong_region_of_the_portal(shell, emulator):
    add(shell, emulator, LEGACY)
    check_nothing_claims_that_it_works(shell, "sso_region is ap-south-1")


def test_a_tool_that_has_nothing_to_do_with_identity_center(shell, emulator):
    add(shell, emulator, "credential_process = /gone/tool\n")
    found = shell.run("doctor", "chain")
    assert (found.returncode, "source-unusable" in found.stdout) == (3, True)
    said = shell.run("use", "chain", _SSOHELPER_SHELL="bash").stderr
    assert (
        'its source profile "src": the program "/gone/tool" of credential_process does not' in said
    )


JUMP = f"credential_process = {{program}} process --arn arn:aws:iam::{ACCOUNT}:role/Role00\n"


@pytest.mark.parametrize(
    ("argv", "name"),
    long_after(
        4,
        pairs_with_each_value_first(
            [("use",), ("whoami",), ("exec",), ("env",)], ["src", "chain", "deep"]
        ),
    ),
)
def test_every_command_gives_the_fix_of_doctor_for_a_program_that_is_gone(
    shell, emulator, argv, name
):
    add(shell, emulator, JUMP, "/gone/aws-sso")
    end = ("--", "true") if argv == ("exec",) else ()
    done = shell.run(*argv, name, *end, _SSOHELPER_SHELL="bash")
    assert done.returncode == 3
    assert 'the program "/gone/aws-sso" of credential_process does not exist' in done.stderr
    assert "hint: ssohelper profile sync --adopt src, or install it again" in done.stderr
    assert "START_URL" not in done.stderr


def test_a_tool_that_is_there_is_to_be_adopted(shell, emulator, tmp_path):
    add(shell, emulator, JUMP, make_program(tmp_path, "aws-sso"))
    for name in ("src", "chain"):
        done = shell.run("whoami", name)
        assert done.returncode == 3
        assert "adopt it with: ssohelper profile sync --adopt src\n" in done.stderr


def test_a_missing_program_of_an_unknown_tool_has_the_words_of_doctor(shell, emulator):
    add(shell, emulator, "credential_process = /gone/tool\n")
    done = shell.run("whoami", "chain")
    assert done.returncode == 3
    assert 'its source profile "src": the program "/gone/tool" of credential_process' in done.stderr
    assert "hint: install it again, or write its absolute path\n" in done.stderr


@pytest.mark.parametrize(
    ("key", "quote"), long_after(2, pairs_with_each_value_first(QUOTED, ['"', "'"]))
)
def test_quotes_around_a_value_are_to_be_removed(shell, emulator, key, quote):
    world = emulator.world
    values = {
        "sso_start_url": world.start_url,
        "sso_region": world.region,
        "sso_account_id": ACCOUNT,
        "sso_role_name": "Role00",
        "region": world.region,
    }
    values[key] = f"{quote}{values[key]}{quote}"
    lines = [f"{name} = {value}" for name, value in values.items()]
    shell.write_config("\n".join(["[profile src]", *lines, ""]))
    shell.run("list")
    number = shell.config.read_text().splitlines().index(f"{key} = {values[key]}") + 1
    for argv in (("doctor", "src"), ("doctor",), ("whoami", "src"), ("profile", "sync", "--yes")):
        done = shell.run(*argv)
        said = done.stdout + done.stderr
        assert f"{quote}https" not in said.replace(f"{key} = ", "")
        if argv[0] != "profile":
            is_confirmed = argv[0] == "whoami" and done.returncode == 0
            assert is_confirmed or f"remove the quotes in line {number}" in said
            assert "confirmed by AWS" not in said
        else:
            assert f'the value of "{key}" is in quotes' in said
    shell.config.write_text(shell.config.read_text().replace(quote, ""))
    shell.run("login", "corp")
    assert "quotes" not in shell.run("doctor", "src").stdout
    # Without its own sign-in the profile does not work in AWS tools yet, but the role is confirmed.
    assert shell.run("whoami", "src").returncode == 0


def test_quotes_around_the_start_url_of_a_session(shell):
    text = shell.config.read_text()
    url = shell.session.start_url
    shell.config.write_text(text.replace(url, f'"{url}"') + "[profile src]\n" + SSO)
    for argv in (("doctor",), ("login", "corp"), ("whoami", "src")):
        done = shell.run(*argv)
        assert "remove the quotes in line 2" in done.stdout + done.stderr


def test_the_doctor_of_setup_names_the_chains_on_a_managed_profile_whose_helper_moved(
    shell, emulator
):
    add(shell, emulator, f"ssohelper_managed = true\n{OWN}", "/gone/ssohelper-credentials")
    found = doctor.prove_session(shell.app, shell.session).findings
    assert [(one.id, one.subject) for one in found] == [
        ("helper-missing", 'profile "src"'),
        ("source-unusable", 'profiles "chain" and "deep"'),
    ]
    # setup itself writes the present path before its doctor looks.
    shell.run("setup", "--session", "corp", "--yes")
    assert doctor.prove_session(shell.app, shell.session).findings == ()


def test_fixed_keys_as_a_source_are_not_complained_about(shell, emulator):
    add(shell, emulator, "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n")
    assert "source-unusable" not in shell.run("doctor", "chain").stdout
    said = shell.run("use", "chain", _SSOHELPER_SHELL="bash").stderr
    assert "cannot use" not in said


def test_a_chain_without_a_region_has_the_finding_of_other_profiles(shell, emulator):
    add(shell, emulator, SSO)
    text = shell.config.read_text()
    shell.config.write_text(text.replace(HEAD, HEAD.partition("\n")[2]))
    assert 'the profile "chain" has no region' in shell.run("whoami", "chain").stderr
    done = shell.run("doctor", "chain")
    assert 'note\tno-region\tprofile "chain"' in done.stdout
    assert "add a line: region = " in done.stdout
    assert 'no-region\tprofiles "chain" and "deep"' in shell.run("doctor").stdout


KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"


@pytest.mark.parametrize(
    ("source", "section"),
    long_after(
        2,
        [
            (SSO, f"[src]\n{KEYS}"),
            (SSO + "credential_process = /opt/other\n", ""),
            (SSO + KEYS, ""),
            (SSO + "sso_region = {region}\n", ""),  # the Rust SDK refuses this section
        ],
    ),
)
def test_a_source_that_botocore_takes_credentials_from_is_not_said_to_be_unusable(
    shell, emulator, source, section
):
    add(shell, emulator, source)
    shell.config.with_name("credentials").write_text(section)
    shell.config.with_name("credentials").chmod(0o600)
    found = shell.run("doctor")
    assert (found.returncode, 'profile "src"' in found.stdout) == (3, True)
    assert "source-unusable" not in found.stdout
    for name in ("chain", "deep"):
        said = shell.run("use", name, _SSOHELPER_SHELL="bash").stderr
        assert "cannot use the profile" not in said
        done = shell.run("doctor", name)
        rows = [line.split("\t")[:2] for line in done.stdout.splitlines() if line[:4] != "sdk\t"]
        assert (done.returncode, rows) == (0, [])
    # boto3 takes the sso_* keys first.
    assert "confirmed by AWS" in shell.run("whoami", "chain").stderr


@pytest.mark.long
@pytest.mark.parametrize("is_in_config", [True, False])
def test_half_a_key_in_the_credentials_file(shell, emulator, is_in_config):
    add(shell, emulator, "")
    if not is_in_config:
        text = shell.config.read_text()
        shell.config.write_text(text.replace("[profile src]\nregion = eu-west-1\n", ""))
    credentials = shell.config.with_name("credentials")
    credentials.write_text("[src]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n")
    credentials.chmod(0o600)
    found = shell.run("doctor")
    assert 'half-a-key-in-profile\tprofile "src"' in found.stdout
    assert 'source-unusable\tprofiles "chain" and "deep"' in found.stdout
    for name in ("src", "chain", "deep"):
        done = shell.run("doctor", name)
        assert (done.returncode, '"aws_access_key_id" is set without' in done.stdout) == (3, True)
        done = shell.run("whoami", name)
        assert (done.returncode, "confirmed" in done.stderr) == (3, False)
    assert 'its source profile "src": ' in shell.run("use", "deep", _SSOHELPER_SHELL="bash").stderr


def test_half_a_key_before_the_command_of_a_profile(shell, emulator):
    command = installation.find_profile_command(shell.app.environ)
    add(shell, emulator, OWN, command)
    assert "confirmed by AWS" in shell.run("whoami", "chain").stderr
    credentials = shell.config.with_name("credentials")
    for text, is_found in (("[src]\naws_access_key_id = AKIA\n", True), (f"[src]\n{KEYS}", False)):
        credentials.write_text(text)
        credentials.chmod(0o600)
        for name in ("src", "chain"):
            assert ("is set without" in shell.run("doctor", name).stdout) is is_found
        # With a whole key, another identity assumes the role.
        assert "confirmed by AWS" not in shell.run("whoami", "chain").stderr
    credentials.write_text("[src]\naws_access_key_id = AKIA\n")
    assert "confirmed by AWS" not in shell.run("whoami", "src").stderr


@pytest.mark.parametrize(
    "environ",
    long_after(
        2,
        [
            {"AWS_DEFAULTS_MODE": "foo"},
            {"AWS_DEFAULT_REGION": ""},
            {"AWS_RETRY_MODE": ""},
            {"AWS_MAX_ATTEMPTS": "x"},
            {"AWS_REQUEST_CHECKSUM_CALCULATION": "foo"},
        ],
    ),
)
def test_a_variable_with_which_aws_tools_stop(shell, emulator, environ):
    add(shell, emulator, SSO)
    [name] = environ
    done = shell.run("whoami", "src", **environ)
    assert (done.returncode, "confirmed by AWS" in done.stderr) == (0, False)
    assert f"unset {name}" in done.stderr
    for argv in (("doctor", "src"), ("doctor",)):
        assert f"\tunset {name}\n" in shell.run(*argv, **environ).stdout
    # `use` sets the region of the shell itself.
    said = shell.run("use", "src", _SSOHELPER_SHELL="bash", **environ).stderr
    assert (f"unset {name}" in said) is (name != "AWS_DEFAULT_REGION")


def test_a_program_that_only_the_credentials_file_names(shell, emulator, tmp_path):
    keys = emulator.issue_user_key("000000000002", "bob")
    program = tmp_path / "op"
    answer = {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
    }
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    credentials = shell.config.with_name("credentials")
    credentials.write_text(f"[op]\ncredential_process = {program}\n")
    credentials.chmod(0o600)
    done = shell.run("whoami", "op")
    assert (done.returncode, "user/bob" in done.stdout) == (0, True)
    assert f"its credentials come from the program {program}" in done.stderr
    assert shell.run("use", "op", _SSOHELPER_SHELL="bash").returncode == 0


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (LEGACY.replace("ap-south-1", "{region}"), "the sign-in for its sso_start_url is missing"),
        (LEGACY, "sso_region is ap-south-1"),
        (SSO, '"region" is in [sso-session corp]'),
    ],
)
def test_use_warns_of_a_profile_that_aws_tools_refuse(shell, emulator, source, reason):
    add(shell, emulator, source)
    if source == SSO:
        text = shell.config.read_text()
        shell.config.write_text(text.replace("[sso-session corp]", "[sso-session corp]\nregion=x"))
    said = shell.run("use", "src", _SSOHELPER_SHELL="bash").stderr
    assert 'cannot use the profile "src" now: ' in said
    assert reason in said


def test_use_refuses_half_a_key_in_the_credentials_file(shell, emulator):
    add(shell, emulator, SSO)
    keys = "[{}]\naws_access_key_id = AKIAX\n"
    shell.config.with_name("credentials").write_text(keys.format("half") + keys.format("other"))
    done = shell.run("use", "half", _SSOHELPER_SHELL="bash")
    assert (done.returncode, done.stdout) == (3, "")
    assert 'profile "half": "aws_access_key_id" is set without "aws_secret' in done.stderr
    assert "warning" not in shell.run("use", "src", _SSOHELPER_SHELL="bash").stderr
