"""Profiles that stay unchanged when the user stops using ssohelper."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.leaving_plan import plan_leaving_ssohelper
from tests.core.test_profile_plan import PAY, SESSION, process


@pytest.mark.parametrize(
    "base",
    [
        process("base", PAY, "Read").replace("--session corp", "--session gone"),
        "\n[profile base]\nregion = x\n",
        "",
    ],
    ids=["session gone", "no role", "no profile"],
)
def test_a_chain_whose_first_role_cannot_be_read_is_kept_with_the_reason(base: str) -> None:
    chain = (
        f"\n[profile top]\nrole_arn = arn:aws:iam::{PAY}:role/Deploy\nsource_profile = base\n"
        "ssohelper_managed = true\n"
    )
    plan = plan_leaving_ssohelper(ConfigFile.parse((SESSION + base + chain).encode(), "config"))
    assert plan.profiles == ()
    reasons = {one.name: one.reason for one in plan.kept}
    assert reasons["top"] == "the SSO role that the chain begins with cannot be read"
