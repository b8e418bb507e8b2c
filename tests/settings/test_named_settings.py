"""Settings whose last part the user names: tags, colours, default regions, keys of actions."""

import pytest

from ssohelper.core import keymap
from ssohelper.errors import ConfigInvalid
from ssohelper.settings.named_settings import find_setting_with_name_in_key


@pytest.mark.parametrize(
    ("parts", "key", "kind"),
    [
        (("tags", "prod-1"), "tags.prod-1", "tag"),
        (("colors", "*prod*"), "colors.*prod*", "color"),
        (("regions", "a.b"), "regions.a.b", "region"),
        (("keys", "profiles", "undo"), "keys.profiles.undo", "keys"),
    ],
)
def test_a_name_that_the_table_may_have(parts: tuple[str, ...], key: str, kind: str) -> None:
    found = find_setting_with_name_in_key(parts, "")
    assert found is not None
    assert (found.key, found.kind, found.variable) == (key, kind, None)


def test_the_default_of_a_key_is_that_of_its_action() -> None:
    action = keymap.BINDABLE["profiles.undo"]
    found = find_setting_with_name_in_key(("keys", "profiles", "undo"), "")
    assert found is not None
    assert (found.default, found.what) == (action.keys, action.description)


@pytest.mark.parametrize(
    "parts", [("form",), ("tags",), ("keys",), ("tags", "a", "b"), ("sessions", "corp"), ("x", "y")]
)
def test_any_other_key_is_none_of_these(parts: tuple[str, ...]) -> None:
    assert find_setting_with_name_in_key(parts, "") is None


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (("tags", ""), "not a valid name for a tag"),
        (("tags", "a b"), "not a valid name for a tag"),
        (("tags", "x" * 65), "not a valid name for a tag"),
        (("colors", ""), "not a valid pattern of accounts"),
        (("regions", "a\x1bb"), "not a valid pattern of accounts"),
        (("keys", "profiles", "udno"), 'no action named "profiles.udno"'),
    ],
)
def test_a_name_that_the_table_cannot_have_is_refused(parts: tuple[str, ...], says: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"^line 3: .*{says}"):
        find_setting_with_name_in_key(parts, "line 3: ")


def test_an_unknown_action_has_the_nearest_one_as_its_hint() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        find_setting_with_name_in_key(("keys", "profiles", "udno"), "")
    assert '"profiles.undo"' in (caught.value.hint or "")
