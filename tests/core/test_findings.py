"""Counts, exit codes and subjects of findings."""

from pathlib import Path

import pytest

from ssohelper.core import findings
from ssohelper.core.findings import KINDS, Finding

PROBLEM = Finding("a", "problem", "s", "m", "f", repair=lambda: None)
SIGN_IN, NOTE = Finding("b", "sign-in", "s", "m", "f"), Finding("c", "note", "s", "m", "f")


@pytest.mark.parametrize(
    ("found", "code", "line"),
    [
        ([], 0, "nothing wrong"),
        ([NOTE, NOTE], 0, "2 notes"),
        ([SIGN_IN, NOTE], 4, "1 missing sign-in, 1 note"),
        (
            [PROBLEM, SIGN_IN],
            3,
            "1 problem, 1 missing sign-in; 1 can be repaired with: ssohelper doctor --fix",
        ),
        ([PROBLEM._replace(is_fixed=True)], 0, "nothing wrong; 1 repaired"),
        ([PROBLEM._replace(is_fixed=True), SIGN_IN], 4, "1 missing sign-in; 1 repaired"),
    ],
)
def test_exit_code_and_last_line(found, code, line):
    assert (findings.exit_code(found), findings.summary(found)) == (code, line)


def test_problems_come_first_and_nothing_twice():
    assert findings.join_findings([NOTE, SIGN_IN, PROBLEM, NOTE], lambda _: "") == [
        PROBLEM,
        SIGN_IN,
        NOTE,
    ]


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        (["a"], 'profile "a"'),
        (["a", "b"], 'profiles "a" and "b"'),
        (["a", "b", "c", "d", "e"], 'profiles "a", "b", "c" and 2 more'),
        (["a\x1b[31m"], 'profile "a\\x1b[31m"'),
    ],
)
def test_a_subject_names_three_profiles(names, subject):
    assert findings.profiles_text(names) == subject


def test_each_id_is_documented():
    page = Path(__file__).parents[2] / "docs" / "how-to" / "doctor.md"
    text = page.read_text()
    assert [id for id in KINDS if f"`{id}`" not in text] == []
