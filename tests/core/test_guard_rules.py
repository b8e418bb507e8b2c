"""Which roles a rule of `guard.rules` guards."""

import pytest

from ssohelper.core.guard_rules import (
    find_guarding_rule,
    find_undefined_tag,
    for_portals,
    is_guarded,
)
from ssohelper.core.model import Account, SsoSession

PROD = Account("001234567890", "payments-prod", "p@example.com")


GUARDING = [
    *("payments-prod/Admin", "payments-prod", "001234567890/Admin", "001234567890"),
    *("*prod*/*Admin*", "PAYMENTS-*/ADMIN", "payments-pro[cd]/A?min", "/Admin"),
    *("corp:*/Admin", "CORP:payments-prod", "c*p:*prod", "*:*/Admin", "corp:/Admin"),
]
OTHERS = [
    *("other:*/Admin", "other:payments-prod", "payments-prod/ReadOnly", "payments-dev/Admin"),
    *("payments", "Admin", "1234567890/Admin", "["),
]


@pytest.mark.parametrize("rule", [*GUARDING, *OTHERS])
def test_a_rule_matches_by_session_account_and_role(rule):
    assert is_guarded([rule], "corp", PROD, "Admin") is (rule in GUARDING)
    assert is_guarded(("x/y", rule), "corp", PROD, "Admin") is (rule in GUARDING)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        *(("prod: eu", rule) for rule in ("prod: eu/Admin", "corp:prod: eu/Admin")),
        *(("a/b", rule) for rule in ("a/b/Admin", "a/b", "corp:a/b")),
    ],
)
def test_a_rule_guards_an_account_with_a_colon_or_a_slash_in_its_name(name, rule):
    assert is_guarded([rule], "corp", PROD._replace(name=name), "Admin")


def test_an_account_with_an_unknown_name_matches_by_its_id():
    unknown = PROD._replace(name="")
    assert is_guarded(["001234567890/*"], "corp", unknown, "Admin")
    assert not is_guarded(["payments-prod/*"], "corp", unknown, "Admin")


@pytest.mark.parametrize(
    ("rule", "guards"),
    [
        ("payments-prod/Admin", True),
        ("other/Admin", True),
        ("corp:other/Admin", True),
        ("other", True),
        ("lab:other/Admin", False),
        ("other/ReadOnly", False),
    ],
)
def test_strictly_an_account_with_an_unknown_name_matches_each_name(rule, guards):
    unknown = PROD._replace(name="")
    assert find_guarding_rule([rule], "corp", unknown, "Admin", is_strict=True) == (
        rule if guards else None
    )
    assert find_guarding_rule([rule], "corp", unknown, "Admin", is_strict=False) is None
    known = find_guarding_rule([rule], "corp", PROD, "Admin", is_strict=True)
    assert known == (rule if rule.startswith("payments-prod") else None)


def test_the_first_rule_that_matches_is_found():
    rules = ["other/*", "*/Admin", "payments-prod"]
    assert find_guarding_rule(rules, "corp", PROD, "Admin", is_strict=True) == "*/Admin"
    assert not is_guarded((), "corp", PROD, "Admin")


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ([], None),
        (["*/Admin", "a"], None),
        (["#a", "*/Admin", "#b"], None),
        (["*/Admin", "#a", "#c", "#d"], "c"),
        (["#A"], "A"),
    ],
)
def test_a_tag_that_a_rule_names_and_that_is_not_there_is_found(rules, missing):
    assert find_undefined_tag(rules, {"a": ["*/x"], "b": []}) == missing


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("corp:*-prod/*", ("two:*-prod/*", "vanity:*-prod/*")),
        ("TWO:x", ("corp:x", "vanity:x")),
        ("vanity:x/y", ("corp:x/y", "two:x/y")),
        ("c*:", ("two:", "vanity:")),
        ("*:x/y", ()),
        ("lab:x/y", ()),
        ("gone:x/y", ()),
        ("corp/x", ()),
        (":x/y", ()),
    ],
)
def test_a_rule_for_a_session_is_for_each_session_of_its_portal(rule, more):
    url = "https://d-1.awsapps.com/start"
    sessions = [
        SsoSession("corp", url, "eu-west-1", ()),
        SsoSession("two", f"{url.upper()}/#/", "us-east-1", ()),
        SsoSession("vanity", "https://sso.example.com", "eu-west-1", (), portal_url=url),
        SsoSession("lab", "https://d-2.awsapps.com/start", "eu-west-1", ()),
    ]
    assert for_portals(["a/b", rule], sessions) == ("a/b", rule, *more)
