"""Values that no AWS tool can use, and what their findings propose."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact
from ssohelper.core.doctor.values import check_region_names


@pytest.mark.parametrize(
    ("region", "fix"),
    [
        ("us-east1", 'did you mean "us-east-1"? correct it in an editor'),
        ("us-east-1a", 'did you mean "us-east-1"? correct it in an editor'),
        ("Frankfurt", "correct it in an editor: a region looks like eu-west-1"),
    ],
)
def test_a_region_that_aws_has_not_gets_the_one_that_is_meant(region: str, fix: str) -> None:
    text = f"[profile p]\nsso_session = corp\nsso_account_id = 001234567890\nsso_role_name = R\nregion = {region}\n"
    config = ConfigFile.parse(text.encode(), "config")
    [entry] = config.profiles()
    fact = ProfileFact(entry, config.target_or_none(entry))
    [found] = check_region_names(Facts(config=ConfigFacts(file=config), profiles=(fact,)))
    assert found.fix == fix
