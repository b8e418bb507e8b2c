"""What a prompt shows, and that nobody's name can change what it means."""

import re

import pytest

from ssohelper.core import prompt_text
from ssohelper.core.sign_in_clock import PromptClock
from tests.shell.hostile import names

NOW = 1_800_000_000
NAME = "payments-prod.ReadOnlyAccess"


def clock(kind: str, left: int) -> PromptClock:
    return PromptClock(NOW + left, kind)  # type: ignore[arg-type]


# The shells show the same: tests/shell/test_prompt.py holds them beside this table.
TABLE = [
    ("known", 3 * 86400 + 4 * 3600, "3d4h", "fine"),
    ("known", 86400, "1d0h", "fine"),
    ("known", 86399, "23h59m", "fine"),
    ("known", 7 * 3600 + 12 * 60 + 59, "7h12m", "fine"),
    ("known", 3600, "1h00m", "fine"),
    ("known", 3599, "59m", "fine"),
    ("known", 1800, "30m", "fine"),
    ("known", 1799, "=29m=", "soon"),
    ("known", 300, "=5m=", "soon"),
    ("known", 299, "==4m==", "late"),
    ("known", 59, "==59s==", "late"),
    ("known", 0, "==signed out==", "late"),
    ("known", -86400, "==signed out==", "late"),
    ("assumed", 7 * 3600 + 12 * 60, "7h12m?", "fine"),
    ("assumed", 1799, "=29m?=", "soon"),
    ("assumed", 299, "==4m?==", "late"),
    ("assumed", 0, "=?=", "soon"),
    ("assumed", -86400, "=?=", "soon"),
    ("open", 0, "ok", "fine"),
    ("ended", -60, "==signed out==", "late"),
    ("ended", 600, "==signed out==", "late"),
]


@pytest.mark.parametrize(("kind", "left", "text", "level"), TABLE)
def test_time_left(kind, left, text, level):
    assert prompt_text.time_text(clock(kind, left), NOW) == text
    assert prompt_text.level(clock(kind, left), NOW) == level


def test_an_assumed_end_never_says_signed_out():
    for left in range(-100_000, 100_000, 977):
        text = prompt_text.time_text(clock("assumed", left), NOW)
        assert "out" not in text
        assert "?" in text


def test_fixed_keys_expire():
    assert prompt_text.time_text(clock("known", 0), NOW, over="expired") == "==expired=="


def test_no_level_is_told_by_colour_alone():
    for kind, left, text, level in TABLE:
        assert (level != "fine") == text.startswith("="), (kind, left)


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("time", ["", "7h12m", "==signed out=="])
@pytest.mark.parametrize("length", [1, 20, 28, 34, 40, 41, 200])
def test_a_line_has_at_most_40_characters(guarded, time, length):
    label = prompt_text.safe(("abcdefghij" * 20)[: length - 1] + "Z")
    line = prompt_text.line(label, guarded, time)
    assert len(line) <= 40
    assert line.startswith("@@" if guarded else "a" if length > 1 else "Z")
    assert line.endswith(time or "Z")
    assert "Z" in line  # both ends of a name are seen


@pytest.mark.parametrize(
    "name", [*names(200), "$(touch x)", "`x`", "%F{red}", "\\[", "a\nb", "!!", "é"]
)
def test_a_hostile_name_is_harmless(name):
    label = prompt_text.safe(name)
    assert re.fullmatch(r"[A-Za-z0-9 ._:@/+=,?-]{0,40}", label)


@pytest.mark.parametrize(
    ("session", "role", "shown"),
    [
        (("known", 7200), None, ("known", 7200)),
        (("known", 7200), 600, ("known", 600)),
        (("known", 300), 600, ("known", 300)),
        (("assumed", 300), 600, ("assumed", 300)),
        (("assumed", -300), 600, ("known", 600)),
        (("known", -300), 600, ("known", 600)),
        (("ended", -5), 600, ("known", 600)),
        (("open", 0), 600, ("known", 600)),
        (("ended", -5), -1, ("ended", -5)),
        (("known", 7200), -1, ("known", 7200)),
    ],
)
def test_the_clock_that_matters(session, role, shown):
    failed = None if role is None else clock("known", role)
    assert prompt_text.nearest(clock(*session), failed, NOW) == clock(*shown)
