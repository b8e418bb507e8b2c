"""Values in quotes, which AWS tools take as a part of the value."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import is_quoted
from ssohelper.core.quoted_values import find_quoted_values
from ssohelper.errors import ConfigInvalid
from tests.doctor_world import find_in, make_setup


@pytest.mark.parametrize(
    "value", ['"a"', "'a'", '""', '"', "", "a", '"a', "\"a'", '"/a b" --c "d"']
)
def test_whether_a_value_is_in_quotes(value):
    # A command whose words are quoted is no quoted value.
    assert is_quoted(value) is (value in ('"a"', "'a'", '""'))


def test_only_keys_that_name_a_role_count():
    text = b"[profile a]\nsso_start_url = \"u\"\noutput = 'json'\nregion = 'x'\n"
    config = ConfigFile.parse(text, "c")
    message, fix = find_quoted_values(config, "profile a") or ("", "")
    assert message.startswith('the value of "sso_start_url" and "region" is in quotes')
    assert fix == "remove the quotes in lines 2, 4 of c"
    assert find_quoted_values(config, "profile b") is None


@pytest.mark.parametrize("line", ['region = "eu-west-1"', "region='eu-west-1'\r"])
def test_the_error_for_a_refused_value_in_quotes_names_the_line(line):
    config = ConfigFile.parse(f"[profile a]\n{line}\n".encode(), "c")
    entry = config.profile("a")
    assert entry is not None
    with pytest.raises(ConfigInvalid) as raised:
        config.region(entry)
    assert raised.value.hint == "remove the quotes in line 2"


def test_all_values_in_quotes_of_a_profile_are_one_finding(tmp_path):
    text = (
        '[profile a]\nregion = "eu-west-1"\nsso_account_id = "001234567890"\n'
        'sso_role_name = "Read"\nsso_start_url = https://d-0000000000.awsapps.com/start\n'
        "sso_region = eu-west-1\n"
    )
    setup = make_setup(tmp_path, text)
    found = [one for one in find_in(setup) if one.id in ("value-in-quotes", "profile-invalid")]
    assert [one.id for one in found] == ["value-in-quotes"]
    assert '"region", "sso_account_id" and "sso_role_name"' in found[0].message
    assert found[0].fix == f"remove the quotes in lines 2, 3, 4 of {setup.config.origin}"
