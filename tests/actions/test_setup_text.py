"""What a set-up says at its end."""

import pytest

from ssohelper.actions import setup_text
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.actions.doctor import Report
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.findings import Finding
from ssohelper.core.profile_origin import Origin
from tests.actions.world import ROLE


@pytest.mark.parametrize(("count", "has_more"), [(0, False), (3, False), (4, True)])
def test_three_problems_are_shown_and_more_are_mentioned(count, has_more):
    findings = tuple(
        Finding(f"id-{n}", "problem", "it", f"wrong {n}", f"fix {n}") for n in range(count)
    )
    lines = list(setup_text.setup_result_lines(Report(findings), "corp", has_aws=True))
    assert sum(line.startswith("problem: ") for line in lines) == min(count, 3)
    assert ("for the other problems: ssohelper doctor" in lines) == has_more
    assert "for all your roles: ssohelper list --session corp" in lines


@pytest.mark.parametrize("is_there", [True, False])
def test_the_command_to_try_and_the_next_one_are_those_that_this_machine_lacks(is_there):
    report = Report((), proven=("my dev",), has_shell_lines=is_there)
    lines = list(setup_text.setup_result_lines(report, "corp", has_aws=is_there))
    aws, ours = "aws sts get-caller-identity --profile 'my dev'", "ssohelper whoami 'my dev'"
    assert f"try it: {aws if is_there else ours}" in lines
    assert any("ssohelper install" in line for line in lines) is not is_there


def test_the_command_for_guard_rules_is_safe_to_paste():
    line = setup_text.guard_rules_command(["*/Admin", "pay"])
    assert line == "ssohelper config set guard.rules '*/Admin' pay"


@pytest.mark.parametrize(
    ("needing", "names"),
    [
        (["b", "a"], "a, b"),
        (["d", "c", "b", "a"], "a, b, c and 1 more"),
        (["x" * 50], "x" * 39 + "…"),
    ],
)
def test_the_question_names_the_profiles_to_adopt(needing, names):
    assert f"({names})" in setup_text.adopted_profiles_text(needing)


@pytest.mark.parametrize(
    ("roles", "count"),
    [([None, ROLE, None], "1 of 3 profiles"), ([ROLE, ROLE], "2 profiles"), ([ROLE], "1 profile")],
)
def test_the_question_counts_the_profiles_that_can_be_adopted(roles, count):
    found = [
        ProfileOfOtherTool(AdoptionCandidate(Origin(f"p{at}", "a tool", None), role), "", False)
        for at, role in enumerate(roles)
    ]
    assert setup_text.adoptable_count_text(found) == f"{count} of other tools"
