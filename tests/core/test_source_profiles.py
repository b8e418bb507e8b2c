"""Which profiles need a profile as their source: by its name, and for their credentials."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.source_profiles import (
    find_profile_that_names_each_source,
    find_profiles_assumed_through_each_source,
    list_source_profiles,
)

ARN = "role_arn = arn:aws:iam::001234567890:role/r"
CONFIG = ConfigFile.parse(
    (
        "[profile base]\nlogin_session = x\n"
        f"[profile one]\n{ARN}\nsource_profile = base\n"
        f"[profile two]\n{ARN}\nsource_profile = one\n"
        "[profile ours]\nssohelper_source_profile = two\n"
        # AWS tools assume no role here, but the key names the profile "one".
        "[profile idle]\nsource_profile = one\n"
    ).encode(),
    "config",
)


def test_a_name_is_needed_by_the_keys_of_both_forms() -> None:
    found = find_profile_that_names_each_source(CONFIG)
    assert found == {"base": "one", "one": "idle", "two": "ours"}


def test_aws_tools_assume_roles_through_all_profiles_of_a_row() -> None:
    found = find_profiles_assumed_through_each_source(CONFIG)
    assert found == {"base": ["one", "two"], "one": ["two"]}


ROLE = "role_arn = arn:aws:iam::001234567890:role/R\nregion = eu-west-1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Without role_arn, the profile is no chain.
        ("[profile a]\nsource_profile = b\n[profile b]\n", []),
        (f"[profile a]\n{ROLE}source_profile = b\n", []),
        (f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n", ["b"]),
        (
            f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = c\n"
            "[profile c]\n",
            ["b", "c"],
        ),
        (
            f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = c\n"
            "aws_access_key_id = AKIA\n[profile c]\n",
            ["b"],
        ),
        (f"[profile a]\n{ROLE}source_profile = a\n", []),
        (
            f"[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = a\n",
            ["b"],
        ),
    ],
)
def test_the_sources_of_a_role(text: str, expected: list[str]) -> None:
    config = ConfigFile.parse(text.encode(), "c")
    entry = config.profile("a")
    assert entry is not None
    assert [one.name for one in list_source_profiles(config, entry)] == expected
