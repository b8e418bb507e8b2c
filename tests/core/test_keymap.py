"""The table of actions: no key has two meanings on one screen, and none is needed to type a text."""

from itertools import combinations

from ssohelper.core.keymap import ALL_ACTIONS

WITH_LIST = {"accounts", "profiles", "filters", "console"}
WITH_TEXT = WITH_LIST | {"app", "list", "options", "ask", "grant"}


def test_no_two_actions_of_one_screen_have_one_key() -> None:
    for one, other in combinations(ALL_ACTIONS.values(), 2):
        scopes = {one.name.partition(".")[0], other.name.partition(".")[0]}
        if len(scopes) == 1 or "app" in scopes or ("list" in scopes and scopes & WITH_LIST):
            assert set(one.keys.split(",")).isdisjoint(other.keys.split(",")), (one, other)


def test_no_action_where_text_is_typed_has_a_key_that_types_a_character() -> None:
    for action in ALL_ACTIONS.values():
        if action.name.partition(".")[0] in WITH_TEXT:
            assert all(len(key) > 1 for key in action.keys.split(",")), action
