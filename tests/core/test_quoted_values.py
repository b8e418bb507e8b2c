"""Values in quotes, which AWS tools take as a part of the value."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import is_quoted
from ssohelper.core.quoted_values import find_quoted_values
from ssohelper.errors import ConfigInvalid


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"a"', True),
        ("'a'", True),
        ('""', True),
        ('"', False),
        ("", False),
        ("a", False),
        ('"a', False),
        ("\"a'", False),
        ('"/a b" --c "d"', False),  # a command
    ],
)
def test_is_quoted(value: str, expected: bool) -> None:
    assert is_quoted(value) is expected


def test_only_keys_that_name_a_role_count() -> None:
    text = b"[profile a]\nsso_start_url = \"u\"\noutput = 'json'\nregion = 'x'\n"
    config = ConfigFile.parse(text, "c")
    assert list(find_quoted_values(config, "profile a")) == [("sso_start_url", 2), ("region", 4)]
    assert list(find_quoted_values(config, "profile b")) == []


@pytest.mark.parametrize("line", ['region = "eu-west-1"', "region='eu-west-1'\r"])
def test_the_error_for_a_refused_value_in_quotes_names_the_line(line: str) -> None:
    config = ConfigFile.parse(f"[profile a]\n{line}\n".encode(), "c")
    entry = config.profile("a")
    assert entry is not None
    with pytest.raises(ConfigInvalid) as raised:
        config.region(entry)
    assert raised.value.hint == "remove the quotes in line 2"
