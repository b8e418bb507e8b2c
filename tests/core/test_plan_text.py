"""The texts about a plan: what changes by kind, the summary of a big one, and the notes."""

import re

import pytest

from ssohelper.core import plan_text
from ssohelper.core.choices import Choices
from ssohelper.core.config_edit import RemoveSection
from ssohelper.core.listing import ListedAccount
from ssohelper.core.model import Account, Role
from ssohelper.core.profile_keys import ProfileChange, Skipped
from ssohelper.core.profile_plan import Plan
from tests.core.test_profile_plan import (
    DEV,
    OLD,
    PAY,
    SESSION,
    listed,
    listing_of,
    process,
    request,
)
from tests.core.test_profile_plan import plan as planned

ROLE = "--session corp --account-id 001234567890 --role-name Read"
COMMAND, NATIVE = {"credential_process": f"{OLD} {ROLE}"}, {"sso_session": "corp"}
CHANGE = ProfileChange("a", {}, {})


def plan(**fields: object) -> Plan:
    return Plan(request(), (), (), (), (), (), (), b"")._replace(**fields)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (COMMAND, {"credential_process": f"/new {ROLE}"}, "program path"),
        (COMMAND, NATIVE, "form"),
        (NATIVE, COMMAND, "form"),
        ({"sso_start_url": "x"}, {}, "how it gets credentials"),
        ({"region": "a", "name": "x"}, {"region": "b", "name": "y"}, "region, name"),
    ],
)
def test_each_change_is_named_by_what_changes(before, after, kind):
    assert plan_text.kind_of_change(plan(), ProfileChange("p", before, after)) == kind


def changes_of(*keys: tuple[str, ...]) -> tuple[ProfileChange, ...]:
    return tuple(
        ProfileChange("", dict.fromkeys(one, "a"), dict.fromkeys(one, "b")) for one in keys
    )


def test_each_kind_of_change_is_counted_and_rare_ones_together():
    changes = changes_of(("region",), *[("credential_process",)] * 599)
    found = plan(add=("new",), change=changes, remove=("gone",))
    line = "1 to add, 599 to change: program path, 1 to change: region, 1 to remove"
    assert plan_text.plan_counts_text(found, noun="") == line
    groups = plan_text.group_changes(found)
    assert [group.sign for group in groups] == ["+", "~", "~", "-"]
    assert sum(len(group.names) for group in groups) == 602
    command = ("credential_process",)
    changes = changes_of(("region",), ("region",), command, ("name",), ("region", "name"), ())
    assert plan_text.plan_counts_text(plan(change=changes)) == (
        "2 profiles to change: region, 1 to change: program path, 1 to change: name, "
        "2 to change otherwise"
    )
    found = plan(change=(CHANGE,), adopt=("a",))
    assert plan_text.plan_counts_text(found) == "1 profile to adopt"
    assert plan_text.plan_counts_text(found, done=True) == "1 profile adopted"


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"add": ("a",)}, "1 profile to add", "1 profile added"),
        (
            {"add": ("a", "b"), "change": (CHANGE,), "remove": ("c",)},
            "2 profiles to add, 1 to change: how it gets credentials, 1 to remove",
            "2 profiles added, 1 changed, 1 removed",
        ),
        ({"remove": ("a", "b")}, "2 profiles to remove", "2 profiles removed"),
        (
            {"changes": (RemoveSection("x"),)},
            "section [sso-session corp] to write",
            "section [sso-session corp] written",
        ),
        ({}, "nothing to change", "nothing to change"),
    ],
)
def test_the_summary_counts_what_will_be_done_or_was_done(fields, before, after):
    assert plan_text.plan_counts_text(plan(**fields)) == before
    assert plan_text.plan_counts_text(plan(**fields), done=True) == after


@pytest.mark.parametrize(
    ("given", "is_dry_run", "lines"),
    [
        ({"template"}, False, ["remembered: --name-template '{role_name}'"]),
        ({"template"}, True, ["would be remembered: --name-template '{role_name}'"]),
        (set(), False, []),
    ],
)
def test_only_options_that_are_given_now_are_said_to_be_remembered(given, is_dry_run, lines):
    choices = Choices(template="{role_name}", given=frozenset(given))
    found = plan(request=request(choices=choices))
    assert list(plan_text.lines_after_sync(found, is_dry_run=is_dry_run)) == lines


def test_skipped_lines_have_a_limit_and_no_control_characters():
    skipped = tuple(Skipped(f"{number}\x1b[31m", "taken") for number in range(12))
    lines = list(plan_text.skipped_lines(plan(skipped=skipped)))
    assert lines[0] == 'skipped "0\\x1b[31m": taken'
    more = "and 2 more skipped: list them with: ssohelper profile sync --dry-run --json"
    assert lines[10:] == [more]
    assert len(list(plan_text.skipped_lines(plan(skipped=skipped[:10])))) == 10
    # The stale profiles that stay are counted.
    left = "2 profiles left whose role is gone; remove with: ssohelper profile sync --prune"
    assert [*plan_text.skipped_lines(plan(stale=("a", "b", "c"), remove=("a",)))] == [left]


@pytest.mark.parametrize(
    ("choices", "warning"),
    [
        (Choices(), None),
        (Choices(accounts=("pay",), roles=("Admin",)), None),
        (Choices(accounts=("dev",), roles=("Admin",)), "--account dev --role Admin"),
        (Choices(accounts=("!*",)), "--account '!*'"),
    ],
)
def test_warns_when_no_listed_role_matches_the_filters(choices, warning):
    found = plan_text.filters_warning(planned(SESSION, request(choices=choices)))
    end = " (to match all: --account '*' --role '*')"
    assert found == (warning and f"no role matches {warning}{end}")


def test_warns_for_an_account_named_like_another_ones_id_and_not_without_roles():
    asked = request(listing_of(), choices=Choices(roles=("x",)))
    assert plan_text.filters_warning(planned(SESSION, asked)) is None
    asked = request(listing_of(listed(DEV, PAY, "Read")), choices=Choices(accounts=(PAY,)))
    assert plan_text.filters_warning(planned(SESSION, asked)) is not None


FOUR = ("Admin", "Billing", "Developer", "ReadOnlyAccess")


def big_plan(accounts: int, *more: ListedAccount) -> Plan:
    usual = [listed(f"{number:012}", f"team-{number:03}", *FOUR) for number in range(accounts)]
    return planned(SESSION, request(listing_of(*usual, *more)))


def test_300_accounts_fit_on_one_screen_and_the_worst_plan_has_22_lines():
    lines = plan_text.summary_lines(big_plan(300), 79)
    assert lines[:4] == [
        "to add: 1200 profiles in 300 accounts",
        "  by role:",
        "    Admin 300, Billing 300, Developer 300, ReadOnlyAccess 300",
        "  300 accounts with Admin, Billing, Developer, ReadOnlyAccess",
    ]
    assert lines[4].startswith("    team-000, team-001, ")
    assert lines[4].endswith(" …")
    assert max(map(len, lines)) <= 79
    other = [listed(f"9{number:011}", f"x{number}", *FOUR, f"R{number}") for number in range(50)]
    found = big_plan(300, *other)
    keys = [("region",), ("name",), ("region", "name"), ("credential_process",), ()]
    found = found._replace(change=changes_of(*keys), remove=("a", "b"))
    lines = plan_text.summary_lines(found, 79)
    assert len(lines) == 22
    assert "  46 accounts with other roles" in lines
    assert "  and 2 others" in lines
    assert lines[-2:] == ["to remove: 2 profiles", "  a, b"]


def test_changes_are_counted_by_what_they_do():
    text = SESSION + process("old", PAY, "Read", OLD)
    text += process("dev.Read", "111122223333", "Read").replace("eu-west-1", "us-east-1")
    choices = Choices(default_region="eu-north-1")
    asked = request(choices=choices, old_region="us-east-1", rename=True)
    lines = plan_text.summary_lines(planned(text, asked), 79)
    assert lines[-3:] == ["to change: 2 profiles", "  1 region", "  1 program path, name"]


def test_names_from_aws_are_shown_harmless_and_cut():
    account = ListedAccount(Account("1" * 12, "x\x1b[31m\u202e" + "y" * 200, ""), ("R",))
    found = planned(SESSION, request(listing_of(account)))
    lines = plan_text.summary_lines(found, 60)
    assert lines[4].startswith("    x\\x1b[31m\\u202ey")
    assert max(map(len, lines)) == 60


def test_a_plan_is_big_from_41_changes_on():
    assert not plan_text.is_big_plan(big_plan(10))
    assert plan_text.is_big_plan(big_plan(10, listed("9" * 12, "x", "R")))
    assert big_plan(1).add_roles[0] == Role("0" * 12, "Admin")


@pytest.mark.parametrize("columns", [1, 20, 40, 80, 200])
@pytest.mark.parametrize("roles", [1, 9, 30, 500])
def test_no_count_of_a_role_is_lost_at_any_width(columns, roles):
    names = [f"{'Role' * (number % 9)}{number}" for number in range(roles)]
    accounts = [listed(f"{number:012}", f"a{number}", *names[number % 3 :]) for number in range(3)]
    found = planned(SESSION, request(listing_of(*accounts)))
    lines = plan_text.summary_lines(found, columns - 1)
    assert max(map(len, lines)) <= max(20, columns - 1)
    assert len(lines) <= 22
    start = next(n for n, line in enumerate(lines) if line.startswith("  by role:"))
    end = next((n for n, line in enumerate(lines) if re.match(r"  \d+ account", line)), len(lines))
    text = " ".join(lines[start:end]).removeprefix("  by role:")
    counts = [int(item.split()[-1]) for item in text.split(",")]
    assert sum(counts) == len(found.add)
    assert len(counts) == len({role.name for role in found.add_roles}) or "others" in text


def test_80_columns_hold_the_counts_of_30_roles():
    names = [f"PowerUserAccess{number:02}" for number in range(30)]
    account = listed("1" * 12, "one", *names)
    found = planned(SESSION, request(listing_of(account)))
    text = "\n".join(plan_text.summary_lines(found, 79))
    assert all(f"{name} 1" in text for name in names)
