"""The texts about a plan, which the CLI and the full screen print."""

import pytest

from ssohelper.core import plan_text
from ssohelper.core.choices import Choices
from ssohelper.core.profile_keys import ProfileChange, Skipped
from ssohelper.core.profile_plan import Plan
from tests.core.test_profile_plan import DEV, LISTING, PAY, listed, request

CHANGE = ProfileChange("a", {}, {})


def plan(**fields: object) -> Plan:
    return Plan(request(), (), (), (), (), (), (), b"")._replace(**fields)


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"add": ("a",)}, "1 profile to add", "1 profile added"),
        (
            {"add": ("a", "b"), "change": (CHANGE,), "remove": ("c",)},
            "2 profiles to add, 1 to change, 1 to remove",
            "2 profiles added, 1 changed, 1 removed",
        ),
        ({"remove": ("a", "b")}, "2 profiles to remove", "2 profiles removed"),
        ({}, "section [sso-session corp] to write", "section [sso-session corp] written"),
    ],
)
def test_the_summary_counts_what_will_be_done_or_was_done(
    fields: dict[str, object], before: str, after: str
) -> None:
    assert plan_text.plan_summary_text(plan(**fields)) == before
    assert plan_text.plan_summary_text(plan(**fields), done=True) == after


def test_only_options_that_are_given_now_are_said_to_be_remembered() -> None:
    choices = Choices(template="{role_name}", given=frozenset({"template"}))
    given = plan(request=request(choices=choices))
    earlier = plan(request=request(choices=choices._replace(given=frozenset())))
    for found, is_dry_run, line in (
        (given, False, "remembered: --name-template '{role_name}'"),
        (given, True, "would be remembered: --name-template '{role_name}'"),
        (earlier, False, None),
        (earlier, True, None),
    ):
        assert plan_text.remembered_options_line(found, is_dry_run=is_dry_run) == line


def test_skipped_lines_have_a_limit_and_no_control_characters() -> None:
    skipped = tuple(Skipped(f"{number}\x1b[31m", "taken") for number in range(12))
    lines = list(plan_text.lines_about_skipped_profiles(plan(skipped=skipped)))
    assert lines[0] == 'skipped "0\\x1b[31m": taken'
    assert lines[10:] == [
        "and 2 more skipped: list them with: ssohelper profile sync --dry-run --json"
    ]
    assert len(list(plan_text.lines_about_skipped_profiles(plan(skipped=skipped[:10])))) == 10


def test_skipped_lines_count_the_stale_profiles_that_stay() -> None:
    [line] = plan_text.lines_about_skipped_profiles(plan(stale=("a", "b", "c"), remove=("a",)))
    assert line == (
        "2 profiles left whose role is gone; remove with: ssohelper profile sync --prune"
    )


@pytest.mark.parametrize(
    ("choices", "warning"),
    [
        (Choices(), None),
        (Choices(accounts=("pay",), roles=("Admin",)), None),
        (
            Choices(accounts=("dev",), roles=("Admin",)),
            "no role matches --account dev --role Admin",
        ),
        (Choices(accounts=("!*",)), "no role matches --account '!*'"),
    ],
)
def test_warns_when_no_listed_role_matches_the_filters(
    choices: Choices, warning: str | None
) -> None:
    found = plan_text.warning_if_filters_match_no_role(LISTING, choices)
    assert found == (warning and f"{warning} (to match all: --account '*' --role '*')")


def test_does_not_warn_when_no_role_is_listed() -> None:
    assert (
        plan_text.warning_if_filters_match_no_role(
            LISTING._replace(accounts=()), Choices(roles=("x",))
        )
        is None
    )


def test_an_account_named_like_another_ones_id_does_not_match_that_id() -> None:
    listing = LISTING._replace(accounts=(listed(DEV, PAY, "Read"),))
    assert plan_text.warning_if_filters_match_no_role(listing, Choices(accounts=(PAY,))) is not None
