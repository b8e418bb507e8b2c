"""The allow-list of SSOHELPER_ALLOW: what it lets through, and that a child can only narrow it."""

import random

import pytest

from ssohelper.core import allow_list
from ssohelper.core.guard_rules import find_guarding_rule
from ssohelper.core.model import Account, RoleKey

KEY = RoleKey("corp", "111111111111", "ReadOnly")


def allows(text: str, key: RoleKey = KEY, name: str = "payments-dev") -> bool:
    return allow_list.parse_allow_list(text).allows(key, name)


ALLOWING = [
    *("payments-dev/ReadOnly", "PAYMENTS-*/readonly", "111111111111/ReadOnly"),
    *("corp:payments-dev/*", "*/Admin,*/ReadOnly", "*/*;*/ReadOnly", "x,*/ReadOnly"),
    " */ReadOnly , x/y ",
]
REFUSING = [
    *("lab:payments-dev/*", "*/Admin", "*/*;*/Admin", "*", "ReadOnly", "payments-dev"),
    *("111111111111", "/ReadOnly", "payments-dev/", "", ";", "*/*;"),
]


@pytest.mark.parametrize("text", [*ALLOWING, *REFUSING])
def test_a_role_must_match_a_pattern_of_each_list(text):
    assert allows(text) is (text in ALLOWING)


def test_whatever_a_child_adds_its_roles_are_a_part_of_its_parents():
    dice = random.Random(7)
    words = ["*", "*/*", "payments-*/Read*", "corp:*/Admin", "x/y", "pay.*", "", ";", ",", "/"]
    for _ in range(2000):
        parent = allow_list.parse_allow_list(";".join(dice.choices(words, k=dice.randint(1, 3))))
        child = parent.with_further_list(dice.choices(words, k=dice.randint(0, 3)))
        read_again = allow_list.parse_allow_list(child.text)
        for role in ("ReadOnly", "Admin"):
            key = KEY._replace(role_name=role)
            if read_again.allows(key, "payments-dev"):
                assert parent.allows(key, "payments-dev")


def test_a_comma_in_a_roles_name_separates_no_patterns_and_an_unknown_name_matches_none():
    made = allow_list.AllowList((("corp:111111111111/Read,*",),))
    assert allow_list.parse_allow_list(made.text) == made
    assert allows(made.text, KEY._replace(role_name="Read,Only"))
    assert not allows(made.text, KEY._replace(role_name="Read"))
    assert not allows("payments-dev/*", name="")
    assert allows("1111*/*", name="")


@pytest.mark.parametrize("glob", ["[", "[!", "[]", "a[b", "[z-a]/x", "\\", "?" * 40, "(", "a{2}"])
def test_unusual_globs_match_no_other_role(glob):
    assert not allows(glob)
    assert not allows(f"{glob}/ReadOnly")


def test_many_stars_take_no_longer_than_one():
    """A pattern of a hostile program takes no exponential time."""
    name = "a" * 50
    for glob in ("*" * 10_000 + "/" + "*a" * 500 + "b", "*" * 10_000 + "b"):
        assert not allows(glob, KEY._replace(role_name=name))


@pytest.mark.parametrize(
    ("pattern", "name", "is_allowed", "is_guarded"),
    [
        ("prod: eu/ReadOnly", "prod: eu", False, True),
        ("corp:prod: eu/ReadOnly", "prod: eu", True, True),
        ("prod? eu/ReadOnly", "prod: eu", True, True),
        ("a/b", "a/b", False, True),
        ("a/b/ReadOnly", "a/b", True, True),
        ("payments-dev", "payments-dev", False, True),
        ("/ReadOnly", "payments-dev", False, True),
        ("payments-dev/ReadOnly", "", False, True),  # the account's name is unknown
    ],
)
def test_what_may_be_meant_otherwise_is_guarded_and_not_allowed(
    pattern, name, is_allowed, is_guarded
):
    assert allows(pattern, name=name) is is_allowed
    account = Account(KEY.account_id, name, "")
    found = find_guarding_rule([pattern], "corp", account, KEY.role_name, is_strict=True)
    assert (found is not None) is is_guarded
