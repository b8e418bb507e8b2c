"""What a set-up says at its end."""

import pytest

from ssohelper.actions import setup_text
from ssohelper.actions.doctor import Report
from ssohelper.core.doctor.findings import problem


@pytest.mark.parametrize(("count", "has_more"), [(0, False), (3, False), (4, True)])
def test_three_problems_are_shown_and_more_are_mentioned(count: int, has_more: bool) -> None:
    findings = tuple(problem(f"id-{n}", "it", f"wrong {n}", f"fix {n}") for n in range(count))
    lines = list(setup_text.setup_result_lines(Report(findings), "corp", has_aws=True))
    assert sum(line.startswith("problem: ") for line in lines) == min(count, 3)
    assert ("for the other problems: ssohelper doctor" in lines) == has_more
    assert "for all your roles: ssohelper list --session corp" in lines
