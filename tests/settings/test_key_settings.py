"""Keys of actions in the settings: which act, which are refused or ignored."""

import re

import pytest

from ssohelper.errors import ConfigInvalid, UsageProblem
from ssohelper.settings.effective_settings import (
    check_clash_with_other_settings,
    parse_setting_value,
)
from tests.settings.test_effective_settings import path as path  # a fixture
from tests.settings.test_effective_settings import read as read  # a fixture


class TestKeys:
    def test_a_key_is_set_by_the_name_of_its_action(self, read):
        found = read('[keys]\nsessions.sign_in = "ctrl+s, F5"\n'.replace("F5", "f5"))
        assert found.keymap() == {"sessions.sign_in": "ctrl+s,f5"}
        assert found.get("keys.sessions.sign_in") == "ctrl+s,f5"
        assert found.get("keys.profiles.undo") == "f8"

    def test_an_unknown_action_is_refused_with_its_line_and_the_nearest_one(self, read, path):
        with pytest.raises(ConfigInvalid) as caught:
            read('theme = "light"\n[keys]\nsessions.signin = "x"\n')
        assert caught.value.message == f'"{path}" line 3: no action named "sessions.signin"'
        assert '"sessions.sign_in"' in (caught.value.hint or "")

    @pytest.mark.parametrize(
        "text", ["", "nope", "ctrl+", "ctrl+c", "a,,b", "\x1b", "ab", "hyper+a"]
    )
    def test_an_invalid_key_is_refused(self, text):
        with pytest.raises(UsageProblem):
            parse_setting_value("keys.profiles.undo", (text,))

    @pytest.mark.parametrize(
        ("text", "stored"),
        [("?", "question_mark"), ("S", "S"), ("alt+-", "alt+minus"), ("f12", "f12")],
    )
    def test_a_character_is_stored_by_the_long_name_of_its_key(self, text, stored):
        assert parse_setting_value("keys.profiles.undo", (text,)) == stored

    @pytest.mark.parametrize(
        ("text", "other"),
        [
            ('keys.profiles.undo = "f9"', "profiles.apply"),
            ('keys.sessions.remove = "?"', "sessions.help"),
            ('keys.app.help = "y"', "confirm.yes"),
            ('keys.profiles.undo = "x"\nkeys.profiles.apply = "x"', "profiles."),
        ],
    )
    def test_two_actions_of_one_screen_cannot_have_the_same_key(self, read, path, text, other):
        with pytest.raises(ConfigInvalid, match=f'line 1: .* is already the key of "{other}'):
            read(text + "\n")

    def test_actions_of_two_screens_may_have_the_same_key(self, read):
        assert read('keys.profiles.undo = "f6"\nkeys.profiles.adopt = "f7"\n').keymap() == {
            "profiles.undo": "f6",
            "profiles.adopt": "f7",
        }

    @pytest.mark.parametrize(("action", "key"), [("accounts.details", "a"), ("app.help", "ctrl+w")])
    def test_check_key_refuses_a_key_that_text_needs(self, read, action, key):
        with pytest.raises(
            UsageProblem, match=f'"{re.escape(key)}" cannot be the key of "{action}"'
        ):
            check_clash_with_other_settings(read(), f"keys.{action}", key)

    def test_a_key_that_text_needs_is_ignored_in_a_file_and_the_line_named(self, read, path):
        found = read('theme = "light"\nkeys.accounts.details = "a"\nkeys.profiles.undo = "f12"\n')
        assert found.keymap() == {"profiles.undo": "f12"}
        [warning] = found.warnings_about_keys()
        assert warning.startswith(f'"{path}" line 2: the key "a" cannot be the key of "accounts.d')
        assert found.is_in_file("keys.accounts.details")

    def test_an_action_that_took_an_ignored_keys_default_key_has_its_own_again(self, read):
        found = read('keys.accounts.details = "a"\nkeys.accounts.sort = "ctrl+d"\n')
        assert found.keymap() == {}
        assert len(found.warnings_about_keys()) == 2

    def test_check_key_refuses_a_key_that_is_taken(self, read):
        with pytest.raises(UsageProblem):
            check_clash_with_other_settings(read(), "keys.profiles.undo", "f9")
