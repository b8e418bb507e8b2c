"""The AWS CLI inside `exec`, in a shell where everything is in the way."""

import pytest

from tests.conftest import SCRIPT, Home
from tests.programs import require_program

pytestmark = pytest.mark.network_client

DEV = "000040000001"
IN_THE_WAY = {
    "AWS_PROFILE": "mine",
    "AWS_DEFAULT_PROFILE": "mine",
    "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
    "AWS_SECRET_ACCESS_KEY": "mine",
    "AWS_SESSION_TOKEN": "mine",
    "AWS_REGION": "eu-north-1",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/mine",
}
MINE = "[default]\nregion = eu-north-1\n[profile mine]\naws_access_key_id = AKIA\naws_secret_access_key = x\n"
WHO = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text")


@pytest.fixture
def person(home, emulator) -> Home:
    home.add_session("corp")
    home.write_config(home.config_file.read_text() + MINE)
    (home.path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIA\n")
    home.write_token(emulator.issue_token("ana"))
    return home


@pytest.mark.long
def test_the_aws_cli_in_exec_gets_the_role_whatever_variables_the_shell_had(person, emulator, run):
    done = run.ok("exec", f"{DEV}/Developer", "--", require_program("aws"), *WHO, env=IN_THE_WAY)
    assert done.stdout.strip() == emulator.world.session_arn(DEV, "Developer", "ana")


@pytest.mark.long
def test_its_exit_code_streams_and_pipes_are_its_own(person, run):
    inside = run("exec", f"{DEV}/Developer", "--", require_program("aws"), "no-such-service")
    assert (inside.returncode, inside.stdout) == (252, "")
    assert "usage: aws [options] <command>" in inside.stderr
    words = 'cat; test "$1" = "--profile" && exit 7'
    piped = run(
        "exec", f"{DEV}/Developer", "--", "/bin/sh", "-c", words, "x", "--profile", input="in"
    )
    assert (piped.returncode, piped.stdout) == (7, "in")


@pytest.mark.long
def test_two_roles_one_after_the_other_are_not_mixed_up(person, emulator, run):
    """exec in exec: the inner one wins, the outer one's keys do not reach it."""
    inner = [SCRIPT, "exec", f"{DEV}/ReadOnlyAccess", "--", require_program("aws"), *WHO]
    done = run.ok("exec", f"{DEV}/Developer", "--", *inner)
    assert done.stdout.strip() == emulator.world.session_arn(DEV, "ReadOnlyAccess", "ana")
