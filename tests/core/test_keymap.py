"""The table of actions: a key means one thing in the whole program, and no terminal takes it."""

from collections import defaultdict
from itertools import combinations

from ssohelper.core.keymap import ACTIONS, ALL_ACTIONS

WITH_LIST = {"accounts", "profiles", "filters", "console"}
WITH_TEXT = WITH_LIST | {"app", "list", "options", "ask", "grant"}
# The answers of a question, y/n/d/c, are the same on the terminal: they are a column of their own.
QUESTION = "confirm"
# The keys that these take by default.
TAKEN = {
    # terminal.integrated.commandsToSkipShell, with the keys of Linux and Windows
    "VS Code": {
        *("f1", "f5", "f6", "f10", "f11", "f12", "shift+f5", "shift+f6", "shift+f11", "ctrl+f5"),
        *("ctrl+p", "ctrl+e", "ctrl+k", "ctrl+f", "ctrl+g", "ctrl+j", "ctrl+r", "ctrl+q"),
        *("ctrl+m", "ctrl+b", "ctrl+w", "ctrl+n", "ctrl+t", "ctrl+o", "ctrl+s", "ctrl+a", "ctrl+v"),
        *("f3", "shift+f3", "f7", "f8", "f9", "ctrl+tab", "ctrl+pageup", "ctrl+pagedown"),
        *("alt+left", "alt+right", "ctrl+up", "ctrl+down", "ctrl+home", "ctrl+end"),
        *("shift+pageup", "shift+pagedown", "ctrl+space", "ctrl+c"),
    },
    # org.gnome.Terminal.gschema.xml, and GTK's key of the menu
    "GNOME Terminal": {
        *("f1", "f10", "f11", "ctrl+pageup", "ctrl+pagedown", "ctrl+plus", "ctrl+minus", "ctrl+0"),
        *("shift+f10", "shift+pageup", "shift+pagedown", "shift+home", "shift+end"),
        *(f"alt+{digit}" for digit in range(10)),
    },
    "tmux": {"ctrl+b"},
    # byobu's f-keys.tmux; ctrl+a asks how to use it
    "byobu": {
        *(f"{modifier}f{n}" for n in range(1, 13) for modifier in ("", "shift+", "ctrl+")),
        *(f"{modifier}{arrow}" for arrow in ("left", "right", "up", "down")
          for modifier in ("shift+", "ctrl+", "alt+", "ctrl+shift+")),
        *("ctrl+a", "alt+pageup", "alt+pagedown"),
    },
    # what the line discipline, or a shell around the program, may take
    "terminals": {"ctrl+c", "ctrl+z", "ctrl+s", "ctrl+q", "ctrl+l", "ctrl+y", "ctrl+d", "ctrl+x"},
}  # fmt: skip


def test_a_key_and_a_letter_mean_the_same_on_every_screen() -> None:
    meanings = defaultdict[str, set[str]](set)
    for name, action in ALL_ACTIONS.items():
        scope, _, meaning = name.partition(".")
        keys = [key.removeprefix("space ") for key in action.keys.split(",")]
        if scope != QUESTION:
            for key in keys:
                # Enter takes what is under the cursor, on every screen.
                leaves = key in ("escape", "q") and "escape" in keys
                meanings[key].add("leave" if leaves else "take" if key == "enter" else meaning)
    assert {key: found for key, found in meanings.items() if len(found) > 1} == {}


def test_no_two_actions_of_one_screen_have_one_key() -> None:
    for one, other in combinations(ALL_ACTIONS.values(), 2):
        scopes = {one.name.partition(".")[0], other.name.partition(".")[0]}
        if len(scopes) == 1 or "app" in scopes or ("list" in scopes and scopes & WITH_LIST):
            assert set(one.keys.split(",")).isdisjoint(other.keys.split(",")), (one, other)


def test_no_action_where_text_is_typed_has_a_key_that_types_a_character() -> None:
    for action in ALL_ACTIONS.values():
        if action.name.partition(".")[0] in WITH_TEXT:
            assert all(len(key) > 1 for key in action.keys.split(",")), action


def test_every_action_has_a_key_that_no_terminal_takes() -> None:
    """Its first key, which footer, help and messages name. Space and a letter are two such keys."""
    taken = set().union(*TAKEN.values())
    assert [action for action in ALL_ACTIONS.values() if action.keys.split(",")[0] in taken] == []
    assert {action.letter for action in ACTIONS.values()} & taken == set()
