"""Profiles that do not work, and those that assume a role through one: no command says they do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
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


@pytest.mark.parametrize(
    ("source", "section", "program", "reason"),
    [
        (GRANTED, "", "/gone/granted", '"/gone/granted"'),
        (SSO, SECTION, "", '"role_arn" is set without "source_profile"'),
        (OWN, "", "ssohelper-credentials", "the profile runs another program"),
        (LEGACY, "", "", "sso_region is ap-south-1"),
        ("credential_process = /gone/tool\n", "", "", '"/gone/tool" of credential_process'),
        ("", "[src]\naws_access_key_id = AKIA\n", "", '"aws_access_key_id" is set without'),
    ],
)
def test_no_command_says_that_a_chain_on_a_broken_source_works(
    shell, emulator, tmp_path, source, section, program, reason
):
    is_there = program and not program.startswith("/gone")
    add(shell, emulator, source, make_program(tmp_path, program) if is_there else program)
    credentials = shell.config.with_name("credentials")
    credentials.write_text(section)
    credentials.chmod(0o600)
    said = shell.run("whoami", "chain").stderr
    assert "confirmed by AWS" not in said
    assert 'its source profile "src": ' in said
    assert reason in said
    for name in ("chain", "deep"):
        done = shell.run("doctor", name)
        assert (done.returncode, '"src"' in done.stdout) == (3, True)
    assert 'its source profile "src": ' in shell.run("use", "chain", _SSOHELPER_SHELL="bash").stderr


def test_a_source_that_works(shell, emulator):
    add(shell, emulator, SSO)
    assert "confirmed by AWS" in shell.run("whoami", "chain").stderr
    assert shell.run("doctor", "chain").returncode == 0
    assert "warning" not in shell.run("use", "chain", _SSOHELPER_SHELL="bash").stderr


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


@pytest.mark.parametrize(
    ("key", "quote"), [("sso_start_url", '"'), ("sso_account_id", "'"), ("region", '"')]
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
    pair = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    answer = {"Version": 1, **pair}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    credentials = shell.config.with_name("credentials")
    credentials.write_text(f"[op]\ncredential_process = {program}\n")
    credentials.chmod(0o600)
    done = shell.run("whoami", "op")
    assert (done.returncode, "user/bob" in done.stdout) == (0, True)
    assert f"its credentials come from the program {program}" in done.stderr
    assert shell.run("use", "op", _SSOHELPER_SHELL="bash").returncode == 0


def test_use_refuses_half_a_key_in_the_credentials_file(shell, emulator):
    add(shell, emulator, SSO)
    keys = "[{}]\naws_access_key_id = AKIAX\n"
    shell.config.with_name("credentials").write_text(keys.format("half") + keys.format("other"))
    done = shell.run("use", "half", _SSOHELPER_SHELL="bash")
    assert (done.returncode, done.stdout) == (3, "")
    assert 'profile "half": "aws_access_key_id" is set without "aws_secret' in done.stderr
    assert "warning" not in shell.run("use", "src", _SSOHELPER_SHELL="bash").stderr
