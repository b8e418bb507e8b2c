"""Keys of the full screen in the settings: which are valid, and when two actions have one key."""

import pytest

from ssohelper.core import keymap


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("s", ("s",)),
        ("S", ("S",)),
        ("ctrl+s,f5", ("ctrl+s", "f5")),
        (" ctrl+s , f12 ", ("ctrl+s", "f12")),
        ("ctrl+shift+alt+x", ("ctrl+shift+alt+x",)),
        ("f1", ("f1",)),
        ("?", ("question_mark",)),
        ("/", ("slash",)),
        ("-", ("minus",)),
        ("_", ("underscore",)),
        ("@", ("at",)),
        ("ctrl++", ("ctrl+plus",)),
        ("question_mark", ("question_mark",)),
        ("comma", ("comma",)),
        ("é", ("é",)),
        ("enter", ("enter",)),
        ("alt+pagedown", ("alt+pagedown",)),
    ],
)
def test_keys_get_the_names_that_textual_uses(text: str, keys: tuple[str, ...]) -> None:
    assert keymap.parse_keys(text) == keys


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ctrl+c", "terminals need it"),
        ("s,ctrl+z", "terminals need it"),
        ("f0", "is not a key"),
        ("f13", "is not a key"),
        ("ss", "is not a key"),
        ("", "is not a key"),
        ("ctrl+", "is not a key"),
        ("a, ,b", "is not a key"),
        ("a,\t", "is not a key"),
        ("\x1b", "is not a key"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        keymap.parse_keys(text)


@pytest.mark.parametrize(
    ("changed", "conflict"),
    [
        ({}, None),
        ({"sessions.sign_in": "x"}, None),
        ({"sessions.sign_in": "o"}, ("sessions.sign_in", "sessions.sign_out", "o")),
        ({"sessions.sign_in": "x,o"}, ("sessions.sign_in", "sessions.sign_out", "o")),
        # Two screens may have one key; a key of every screen belongs to no other action.
        ({"sessions.sign_in": "u"}, None),
        ({"sessions.sign_in": "f1"}, ("sessions.sign_in", "app.help", "f1")),
        ({"app.help": "f8"}, ("app.help", "accounts.whoami", "f8")),
        ({"sessions.sign_in": "o", "sessions.sign_out": "s"}, None),
    ],
)
def test_one_key_has_one_action_on_a_screen(
    changed: dict[str, str], conflict: tuple[str, str, str] | None
) -> None:
    assert keymap.find_key_conflict(changed) == conflict


def test_the_default_keys_are_valid_and_have_no_conflict() -> None:
    defaults = {name: action.keys for name, action in keymap.ACTIONS.items()}
    assert keymap.find_key_conflict(defaults) is None


@pytest.mark.parametrize(
    ("action", "keys", "why"),
    [
        ("accounts.views", "a", 'the key "a" cannot be the key of "accounts.views": it types'),
        ("accounts.views", "f11,A", "it types"),
        ("accounts.views", "shift+a", "it types"),
        ("accounts.views", "space", "it types"),
        ("accounts.views", "shift+space", "it types"),
        ("accounts.views", "question_mark", "it types"),
        ("accounts.views", "é", "it types"),
        ("accounts.views", "ctrl+m", "is Enter"),
        ("accounts.views", "ctrl+i", "is Tab"),
        ("accounts.views", "ctrl+left_square_bracket", "is Escape"),
        ("accounts.views", "escape", "is Escape"),
        ("accounts.use", "ctrl+u", "deletes"),
        ("profiles.apply", "ctrl+w", "deletes"),
        ("profiles.apply", "ctrl+W", "deletes"),
        ("profiles.apply", "ctrl+e", "moves"),
        ("app.quit", "backspace", "deletes"),
        ("list.up", "ctrl+h", "deletes"),
        ("views.save", "delete", "deletes"),
        ("ask.cancel", "q", "types"),
        ("grant.cancel", "tab", "is Tab"),
        ("options.keep", "left", "moves"),
        ("console.cancel", "enter", "is Enter"),
    ],
)
def test_a_key_that_text_needs_is_fixed_where_text_is_typed(
    action: str, keys: str, why: str
) -> None:
    assert why in (keymap.why_key_is_fixed(action, keys) or "")


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        ("accounts.views", "alt+a,ctrl+shift+alt+x,f11,ctrl+n,insert"),
        ("list.down", "ctrl+j,f11"),
        ("profiles.edit", "f11,ctrl+e"),
        ("sessions.sign_in", "x,ctrl+w,space"),
        ("confirm.yes", "j,backspace"),
        *((name, action.keys) for name, action in keymap.BINDABLE.items()),
    ],
)
def test_other_keys_are_free(action: str, keys: str) -> None:
    assert keymap.why_key_is_fixed(action, keys) is None
