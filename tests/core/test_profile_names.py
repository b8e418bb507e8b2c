"""Names of profiles: the mapping to safe characters, clashes, and that order does not matter."""

import hashlib
import itertools

import pytest

from ssohelper.core.model import Account, Role
from ssohelper.core.profile_names import (
    PROFILE_NAME,
    Namer,
    NameTemplate,
    UnnamedRole,
    WrittenName,
    checked_name_template,
    checked_profile_name,
)
from ssohelper.errors import UsageProblem

TEMPLATE = "{account_name}.{role_name}"


def wanted(name: str, role: str = "Admin", account_id: str = "001234567890") -> UnnamedRole:
    return UnnamedRole(Account(account_id, name, ""), Role(account_id, role))


@pytest.mark.parametrize(
    ("account", "role", "name"),
    [
        ("payments-prod", "ReadOnlyAccess", "payments-prod.ReadOnlyAccess"),
        ("Payments Prod", "a=b,c@d", "Payments-Prod.a-b-c-d"),
        ("  lead", "R", "lead.R"),
        ("日本", "R", "001234567890.R"),
        ("", "R", "001234567890.R"),
        ("🚀 Rocket", "R", "Rocket.R"),
        ("x\r[profile pwn]\rcredential_process=touch", "R", None),
        ("a\u202eb", "R", "a-b.R"),
        ("../..", "R", "001234567890.R"),
        ("y" * 10_000, "R", None),
        ("$(touch P)", "R", "touch-P-.R"),
        ("111122223333", "R", "001234567890.R"),
        (" 111122223333 ", "R", "001234567890.R"),
        ("-111122223333.", "R", "001234567890.R"),
        ("001234567890", "R", "001234567890.R"),
        ("111122223333-prod", "R", "111122223333-prod.R"),
    ],
)
def test_every_name_from_aws_is_mapped_to_a_safe_one(account, role, name):
    found = NameTemplate(TEMPLATE, "corp").name(wanted(account, role))
    assert PROFILE_NAME.fullmatch(found)
    assert name is None or found == name


@pytest.mark.parametrize("template", ["...{account_name}", "-{account_email}", "._-{role_name}"])
@pytest.mark.parametrize("name", ["", "...", "é"])
def test_a_name_always_begins_with_a_letter_or_digit(template, name):
    item = UnnamedRole(Account("001234567890", name, name), Role("001234567890", name))
    assert NameTemplate(template, "corp").name(item) == "001234567890"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{nothing}", 'the template has no field "nothing"'),
        ("{account_name}.{}", 'the template has no field ""'),
        ("x", '"x" is not a valid name template'),
        ("", '"" is not a valid name template'),
        ("{account_name} {role_name}", "is not a valid name template"),
        ("{a]b}", "is not a valid name template"),
        ("{role_name}" + "x" * 190, "is not a valid name template"),
    ],
)
def test_an_invalid_template_is_a_usage_problem(template, why):
    with pytest.raises(UsageProblem) as refused:
        checked_name_template(template)
    assert why in refused.value.message


def test_a_valid_template_or_name_is_returned_unchanged_and_an_invalid_name_refused():
    account = "aws-{account_id}_{account_email}"
    for template in (TEMPLATE, "{session}", account, "{role_name}" + "x" * 189):
        assert checked_name_template(template) == template
    for name in ("a", "9", "payments-prod.Read_Only", "x" * 256):
        assert checked_profile_name(name) == name
    for name in ("", "-x", "--help", "a\nb", "a b", "é", "x" * 257, "../x", "a/b", "a\n"):
        with pytest.raises(UsageProblem):
            checked_profile_name(name)


def named(roles: list[UnnamedRole], *taken: str) -> list[str | None]:
    namer = Namer(roles, NameTemplate(TEMPLATE, "corp"), written=map(WrittenName, taken))
    found = namer.choose_names()
    return [found.get(item.role) for item in roles]


def test_only_a_taken_or_shared_name_gets_the_session_in_front_then_the_id_then_a_hash():
    assert named([wanted("a"), wanted("a", "Read")]) == ["a.Admin", "a.Read"]
    for taken in ("a.Admin", "A.ADMIN"):
        assert named([wanted("a")], taken) == ["corp.a.Admin"]
    roles = [wanted("a", account_id="1" * 12), wanted("A", account_id="2" * 12)]
    assert named(roles) == ["corp.a.Admin.111111111111", "corp.A.Admin.222222222222"]
    names = ("x=y", "x,y", "X-Y")
    hashes = [hashlib.sha256(name.encode()).hexdigest()[:6] for name in names]
    assert named([wanted("a", name) for name in names]) == [
        f"corp.a.{name}.001234567890.{end}"
        for name, end in zip(("x-y", "x-y", "X-Y"), hashes, strict=True)
    ]


def test_a_role_for_which_no_name_is_free_is_left_out():
    digits = hashlib.sha256(b"Admin").hexdigest()[:6]
    attempts = ["a.Admin", "corp.a.Admin"]
    attempts += [f"corp.a.Admin.001234567890{end}" for end in ("", f".{digits}")]
    roles = [wanted("a"), wanted("b", account_id="2" * 12)]
    assert named(roles, *attempts) == [None, "b.Admin"]
    assert named([wanted("a")], *attempts[:3]) == attempts[3:]


def test_default_is_never_a_name():
    found = Namer([wanted("Default")], NameTemplate("{account_name}", "corp")).choose_names()
    assert list(found.values()) == ["corp.Default"]


def test_the_order_of_the_roles_does_not_matter():
    roles = [
        wanted("a", account_id="1" * 12),
        wanted("A", account_id="2" * 12),
        wanted("corp.a", account_id="3" * 12),
        wanted("b", "x=y", "4" * 12),
        wanted("b", "x,y", "4" * 12),
    ]
    results = [
        Namer(order, NameTemplate(TEMPLATE, "corp"), written=[WrittenName("B.x-y")]).choose_names()
        for order in itertools.permutations(roles)
    ]
    assert all(result == results[0] for result in results)
    assert len({name.lower() for name in results[0].values()}) == len(roles)
