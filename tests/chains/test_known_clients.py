"""AWS CLI v2, boto3 and the JavaScript SDK use each kind of profile on top of an SSO role."""

import json
import sys

import pytest

from tests.chains.conftest import (
    DEPLOY_ACCOUNT,
    JUMP_ACCOUNT,
    JUMP_ARN,
    SSO_ACCOUNT,
    Chained,
    chain,
)
from tests.clients.test_profile_forms import aws_cli, boto3, javascript
from tests.long_rows import long_after
from tests.programs import run_program
from tests.recipes.test_terraform_aliases import _TERRAFORM

pytestmark = pytest.mark.network_client

DEPLOY_ARN = f"arn:aws:iam::{DEPLOY_ACCOUNT}:role/Deploy"


@pytest.fixture
def all_kinds(chained, run) -> Chained:
    """Chains in both forms, on a native profile and on one in process form."""
    chained.write("")
    run.ok("profile", "add", f"{SSO_ACCOUNT}/ReadOnlyAccess", "--name", "ours", "--yes")
    text = chained.home.config_file.read_text()
    text += chain("native", JUMP_ARN, "base", region="us-east-1") + chain(
        "mixed", JUMP_ARN, "ours", region="us-east-1"
    )
    chained.home.write_config(text)
    for name, arn, via in (("low", JUMP_ARN, "ours"), ("high", DEPLOY_ARN, "low")):
        run.ok("profile", "add", name, "--assume", arn, "--via", via, "--yes")
    # An SDK follows role_arn itself; its source is a chain that runs our command.
    chained.home.write_config(
        chained.home.config_file.read_text()
        + "\n"
        + chain("on-ours", DEPLOY_ARN, "low", region="us-east-1")
    )
    return chained


@pytest.mark.parametrize(
    "client", long_after(1, [boto3, javascript, aws_cli]), ids=lambda one: one.__name__
)
def test_every_client_gets_the_role_at_the_end(all_kinds, client):
    jump = f"arn:aws:sts::{JUMP_ACCOUNT}:assumed-role/Jump/"
    deploy = f"arn:aws:sts::{DEPLOY_ACCOUNT}:assumed-role/Deploy/"
    ends = {"native": jump, "mixed": jump, "low": jump, "high": deploy, "on-ours": deploy}
    for profile, end in ends.items():
        assert client(all_kinds.home, profile).startswith(end), profile


@pytest.mark.long
def test_thirty_aliases_on_thirty_chained_roles_ask_the_portal_once(chained, run):
    world = chained.emulator.world
    lines = []
    command = (
        f"credential_process = {sys.executable.rpartition('/')[0]}/ssohelper-credentials "
        f"--session corp --account-id {SSO_ACCOUNT} --role-name ReadOnlyAccess --chain"
    )
    for number in range(30):
        world.add_iam_role(JUMP_ACCOUNT, f"Role{number:02d}", trusts=[SSO_ACCOUNT])
        arn = f"arn:aws:iam::{JUMP_ACCOUNT}:role/Role{number:02d}"
        lines.append(
            f"[profile a{number:02d}]\n{command} a{number:02d}\nssohelper_role_arn = {arn}\n"
            "region = us-east-1\n"
        )
    chained.write("\n".join(lines))
    aliases = [f"a{number:02d}" for number in range(30)]
    done = run_program([sys.executable, "-c", _TERRAFORM, *aliases], chained.home.env)
    assert (done.returncode, done.stderr) == (0, "")
    answers = dict(json.loads(line) for line in done.stdout.splitlines())
    assert answers == {
        alias: f"arn:aws:sts::{JUMP_ACCOUNT}:assumed-role/Role{alias[1:]}/ssohelper"
        for alias in aliases
    }
    assert chained.issued == (1, 30)
