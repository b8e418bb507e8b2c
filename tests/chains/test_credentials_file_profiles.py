"""Profiles that stand only in ~/.aws/credentials, with static keys, are known as others are."""

import pytest

from ssohelper.actions.roles import read_roles
from ssohelper.app import App
from tests.chains.conftest import Chained

SHOW = 'echo "$AWS_PROFILE $AWS_REGION ${AWS_ACCESS_KEY_ID-none}"'
SAID = 'profile "plain": not ours, its credentials come from static keys\n'
CREDENTIALS = """\
[plain]
aws_access_key_id = AKIAEXAMPLE0000000AA
aws_secret_access_key = s3cr3tNeverShown
region = eu-west-3

[base]
aws_access_key_id = AKIAEXAMPLE0000000BB
aws_secret_access_key = s

[empty]
region = eu-west-3
"""


@pytest.fixture
def keyed(chained) -> Chained:
    chained.write("")
    (chained.home.path / ".aws" / "credentials").write_text(CREDENTIALS)
    return chained


def test_exec_and_use_name_it(keyed, run):
    done = run("exec", "plain", "--", "sh", "-c", SHOW, env={"AWS_ACCESS_KEY_ID": "AKIAOTHER"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain eu-west-3 none\n", SAID)
    used = run.ok("use", "plain", env={"_SSOHELPER_SHELL": "bash"})
    assert "AWS_PROFILE=plain" in used.stdout.replace("'", "")
    assert "not ours" in used.stderr


@pytest.mark.long
def test_env_and_whoami_get_its_keys_and_the_console_says_why_not(keyed, run):
    env = run("env", "plain")
    assert "AKIAEXAMPLE0000000AA" in env.stdout, env.stderr
    assert SAID in run("whoami", "plain").stderr
    console = run("console", "plain")
    assert console.returncode == 2
    assert "belongs to no access portal" in console.stderr


def test_status_aws_profile_and_the_pickers_know_it_and_no_other_section(keyed, run):
    assert SAID in run("status", env={"AWS_PROFILE": "plain"}).stderr
    done = run("exec", "--", "sh", "-c", SHOW, env={"AWS_PROFILE": "plain"})
    assert (done.returncode, done.stdout) == (0, "plain eu-west-3 none\n")
    rows = read_roles(App(keyed.home.env), with_foreign_profiles=True).rows
    others = [(row.role_name, row.provider) for row in rows if row.provider]
    assert others == [("plain", "static keys")]
    assert "not ours" not in run("exec", "base", "--", "true").stderr
    assert 'no profile named "empty"' in run("exec", "empty", "--", "true").stderr
    assert 'did you mean "plain"' in run("exec", "plian", "--", "true").stderr


def test_commands_that_do_not_take_it_say_what_it_is(keyed, run):
    done = run("inspect", "plain")
    served = run("serve", "plain")
    for each in (done, served):
        assert each.returncode in (2, 3)
        assert "no profile named" not in each.stderr
    assert "come from static keys" in served.stderr


def test_an_unreadable_credentials_file_hides_no_role(keyed, run):
    (keyed.home.path / ".aws" / "credentials").write_text("no section\n")
    assert run("exec", "000030000001/ReadOnlyAccess", "--", "true").returncode == 0
    assert 'no profile named "plain"' in run("exec", "plain", "--", "true").stderr
