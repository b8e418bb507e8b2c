"""The default region that is proposed for the profiles of a session."""

import pytest

from ssohelper.core import served_role
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.profile_region import propose_region

OURS = "[profile ours]\nssohelper_managed = true\n"
OTHER = "[profile other]\nregion = eu-west-2\n"


@pytest.mark.parametrize(
    ("text", "variables", "proposed"),
    [
        ("", {}, "us-east-1"),
        ("[default]\nregion = eu-west-3\n", {"AWS_REGION": "eu-north-1"}, "eu-west-3"),
        ("", {"AWS_REGION": "no-region", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        (OTHER, {"AWS_PROFILE": "other", "AWS_REGION": "eu-north-1"}, "eu-north-1"),
        (OURS, {"AWS_PROFILE": "ours", "AWS_REGION": "eu-north-1"}, "us-east-1"),
        ("", {served_role.VARIABLE: "a:b/c", "AWS_REGION": "eu-north-1"}, "us-east-1"),
        (
            "",
            {
                "AWS_ACCESS_KEY_ID": "A",
                "AWS_ACCOUNT_ID": "1",
                "AWS_SESSION_EXPIRATION": "x",
                "AWS_REGION": "eu-north-1",
            },
            "us-east-1",
        ),
    ],
    ids=[
        *("identity center", "default", "environment", "other profile"),
        *("our profile", "served role", "keys of our own"),
    ],
)
def test_the_region_of_the_role_that_the_shell_uses_is_not_proposed(text, variables, proposed):
    assert (
        propose_region(ConfigFile.parse(text.encode(), "config"), variables, "us-east-1")
        == proposed
    )
