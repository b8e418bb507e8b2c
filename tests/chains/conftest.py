"""A home with an SSO role, and roles that are assumed on top of it at the emulator's STS."""

from typing import NamedTuple

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import Home

SSO_ACCOUNT, SSO_ROLE = "000030000001", "ReadOnlyAccess"
JUMP_ACCOUNT, DEPLOY_ACCOUNT = "000099990001", "000099990002"
JUMP_ARN = f"arn:aws:iam::{JUMP_ACCOUNT}:role/Jump"
DEPLOY_ARN = f"arn:aws:iam::{DEPLOY_ACCOUNT}:role/team/Deploy"
AUDIT_ARN = f"arn:aws:iam::{DEPLOY_ACCOUNT}:role/Audit"

SSO_PROFILE = f"""\
[profile base]
sso_session = corp
sso_account_id = {SSO_ACCOUNT}
sso_role_name = {SSO_ROLE}
region = us-east-1

"""


def chain(name: str, arn: str, source: str, **more: str) -> str:
    """Return a profile in AWS's form that assumes a role."""
    lines = [f"[profile {name}]", f"role_arn = {arn}", f"source_profile = {source}"]
    lines += [f"{key} = {value}" for key, value in more.items()]
    return "\n".join(lines) + "\n\n"


class Chained(NamedTuple):
    """The home and its emulator; profiles base, jump (on base), deploy (on jump), audit (on deploy)."""

    home: Home
    emulator: Emulator

    def write(self, text: str) -> None:
        """Replace the config by the session, the SSO profile and this text."""
        self.home.write_config("")
        self.home.add_session()
        self.home.write_config(self.home.config_file.read_text() + SSO_PROFILE + text)

    @property
    def issued(self) -> tuple[int, int]:
        """How often the portal and STS were asked for credentials."""
        counters = self.emulator.counters
        return counters["GetRoleCredentials"], counters["AssumeRole"]


@pytest.fixture
def chained(home, emulator) -> Chained:
    world = emulator.world
    world.add_iam_role(JUMP_ACCOUNT, "Jump", trusts=[SSO_ACCOUNT])
    world.add_iam_role(DEPLOY_ACCOUNT, "Deploy", trusts=[JUMP_ACCOUNT])
    world.add_iam_role(DEPLOY_ACCOUNT, "Audit", trusts=[DEPLOY_ACCOUNT])
    made = Chained(home, emulator)
    made.write(
        chain("jump", JUMP_ARN, "base")
        + chain("deploy", DEPLOY_ARN.replace("team/", ""), "jump")
        + chain("audit", AUDIT_ARN, "deploy")
    )
    home.write_token(emulator.issue_token("ana"))
    return made
