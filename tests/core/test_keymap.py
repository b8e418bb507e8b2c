"""Keys of the full screen in the settings: which are valid, and when two actions have one key."""

import pytest

from ssohelper.core import keymap


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
        ("accounts.details", "a", 'the key "a" cannot be the key of "accounts.details": it types'),
        ("accounts.details", "f11,A", "it types"),
        ("accounts.details", "shift+a", "it types"),
        ("accounts.details", "space", "it types"),
        ("accounts.details", "shift+space", "it types"),
        ("accounts.details", "question_mark", "it types"),
        ("accounts.details", "é", "it types"),
        ("accounts.details", "ctrl+m", "is Enter"),
        ("accounts.details", "ctrl+i", "is Tab"),
        ("accounts.details", "ctrl+left_square_bracket", "is Escape"),
        ("accounts.details", "escape", "is Escape"),
        ("accounts.use", "ctrl+u", "deletes"),
        ("profiles.apply", "ctrl+w", "deletes"),
        ("profiles.apply", "ctrl+W", "deletes"),
        ("profiles.apply", "ctrl+e", "moves"),
        ("app.quit", "backspace", "deletes"),
        ("list.up", "ctrl+h", "deletes"),
        ("ask.cancel", "q", "types"),
        ("grant.cancel", "tab", "is Tab"),
        ("options.keep", "left", "moves"),
        ("console.cancel", "enter", "is Enter"),
    ],
)
def test_a_key_that_text_needs_is_fixed_where_text_is_typed(
    action: str, keys: str, why: str
) -> None:
    assert why in (keymap.why_key_cannot_act(action, keys) or "")


@pytest.mark.parametrize(
    ("action", "keys", "why"),
    [
        *(("sessions.remove", key, "moves in a list") for key in sorted(keymap.MOVING_KEYS)),
        ("diff.close", "j", "moves in a list or a text"),
        ("confirm.diff", "j", "moves"),
        ("confirm.yes", "k", "moves"),
        ("messages.copy", "k", "moves"),
        ("run.stop", "s,g", 'the key "g" cannot be the key of "run.stop": it moves'),
        ("sign_in.retry", "down", "moves"),
        ("ask.cancel", "up", "moves"),
        ("app.help", "pageup", "moves"),
        ("confirm.yes", "enter", "presses a button there"),
        ("confirm.diff", "tab", "goes to the next part"),
        ("confirm.no", "shift+tab", "goes to the next part"),
        ("sign_in.copy", "enter", "presses a button there"),
        ("diff.close", "enter", "closes there"),
        ("sessions.remove", "tab", "goes to the next part"),
        ("sessions.remove", "ctrl+m", "is Enter to a terminal"),
        ("sessions.remove", "ctrl+i", "is Tab to a terminal"),
        ("sessions.remove", "ctrl+h", "is Backspace to a terminal"),
        ("sessions.remove", "ctrl+[", "is Escape to a terminal"),
        ("sessions.remove", "ctrl+shift+a", "is another key to many terminals"),
        ("accounts.details", "ctrl+shift+alt+x", "is another key"),
        ("list.down", "ctrl+shift+j", "is another key"),
    ],
)
def test_a_key_that_would_never_start_the_action_is_refused_with_the_reason(
    action: str, keys: str, why: str
) -> None:
    assert why in (keymap.why_key_cannot_act(action, keys) or "")


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        ("accounts.details", "alt+a,ctrl+shift+alt+f11,f11,ctrl+n,insert"),
        ("list.down", "ctrl+j,f11"),
        ("profiles.edit", "f11,ctrl+e"),
        ("sessions.sign_in", "x,ctrl+w,space"),
        ("sessions.sign_in", "enter,A,shift+b,§"),
        ("run.stop", "enter,ctrl+backslash"),
        ("confirm.yes", "x,backspace"),
        *((name, action.keys) for name, action in keymap.BINDABLE.items()),
    ],
)
def test_other_keys_are_free(action: str, keys: str) -> None:
    assert keymap.why_key_cannot_act(action, keys) is None
