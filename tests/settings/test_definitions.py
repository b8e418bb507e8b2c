"""Which values each kind of setting may have, from TOML and from a typed word."""

import pytest

from ssohelper.errors import ConfigInvalid, UsageProblem
from ssohelper.settings.definitions import Setting, checked_value, find_setting, parse_text

NEAR, FAR = 2160, 2160.5


def setting(kind: str) -> Setting:
    return Setting("a_setting", kind, None, "what it is")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("bool", [True, False], [1, "true", None]),
        ("hours", [1, 0.5, NEAR], [0, -1, FAR, True, "1", float("nan")]),
        ("duration", ["45m", "12h"], ["", "1.5h", 12, "x"]),
        ("texts", [["a"], []], ["a", ["a", 1], [""], ["\0"], ["\udcff"]]),
        ("tag", [["*/Admin"], []], [["#tag"], ["#"], "x", [""]]),
        ("notify", ["desktop", ["cmd", "arg"]], ["cmd", [1]]),
        ("one|two", ["one", "two"], ["three", "", 1, ["one"]]),
        ("text", ["a", "é b"], ["", 1, None, "a\0b", "\ud800"]),
        ("color", ["red", "red production"], ["crimson", 1, "red " + "x" * 21]),
        ("region", ["eu-west-1"], ["nowhere", "eu-west-1;id", 1]),
        ("template", ["{account_name}-{role_name}"], ["{nope}", ""]),
    ],
)
def test_each_kind_has_values_of_its_own(kind, good, bad):
    for value in good:
        found = checked_value(setting(kind), value, "place: ")
        assert found == (tuple(value) if isinstance(value, list) else value)
    for value in bad:
        with pytest.raises(ConfigInvalid) as caught:
            checked_value(setting(kind), value, "place: ")
        assert caught.value.message.startswith("place: ")


def test_the_error_names_the_setting_what_it_must_be_and_the_value_made_harmless():
    with pytest.raises(ConfigInvalid) as caught:
        checked_value(setting("one|two"), "\x1b[31m", "line 3: ")
    assert caught.value.message == ('line 3: "a_setting" must be "one" or "two", not "\\u001b[31m"')


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("bool", " YES ", True),
        ("bool", "1", True),
        ("bool", "Off", False),
        ("hours", "8", 8),
        ("hours", " 8h", 8),
        ("hours", "1.5h", 1.5),
        ("text", " kept ", " kept "),
    ],
)
def test_a_typed_word_becomes_a_value(kind, text, value):
    found = parse_text(setting(kind), text, "")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("bool", "maybe"), ("hours", "1e3"), ("hours", "h"), ("hours", ".5"), ("hours", "12345678")],
)
def test_any_other_word_is_refused(kind, text):
    with pytest.raises(ConfigInvalid):
        parse_text(setting(kind), text, "")


def test_an_invalid_region_or_portal_is_named_with_its_place():
    good = "eu-central-1=https://ssoins-1234abcd.portal.eu-central-1.app.aws"
    assert checked_value(setting("portals"), [good], "") == (good,)
    for kind, value in (("region", "nowhere"), ("portals", ["nowhere"]), ("portals", "x")):
        with pytest.raises(ConfigInvalid, match=r"^here: "):
            checked_value(setting(kind), value, "here: ")


def test_only_a_setting_that_the_environment_may_set_has_a_variable():
    assert setting("text").variable == "SSOHELPER_A_SETTING"
    assert setting("notify").variable is None
    assert setting("text")._replace(key="guard.rules").variable is None


def test_a_key_of_another_table_is_taken_for_no_setting_of_a_session():
    with pytest.raises(UsageProblem) as error:
        find_setting("keys.app.help")
    assert error.value.hint == "list all settings with: ssohelper config list"
