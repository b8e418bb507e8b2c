"""The widgets, each alone."""

import pytest

from ssohelper.actions.clocks import SessionClock
from ssohelper.core.model import SsoSession
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.tui.widgets.clock_lines import sign_in_line, time_left_bar, token_line
from ssohelper.tui.widgets.lines import Line, diff_lines, text_lines, wrapped

CORP = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())


def text(line: Line) -> str:
    return "".join(piece for piece, _ in line)


def clock(**known: object) -> SessionClock:
    ahead = Outlook(3600, "observed", 1000)
    usual = SessionClock(
        CORP,
        ahead,
        "valid",
        token_expires_at=1000,
        signed_in_at=0,
        sign_in_ends_at=3600,
        sign_in_ends_source="observed",
    )
    return usual._replace(**known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "whole", "thick"), [(10, 10, 8), (5, 10, 4), (0, 10, 0), (-5, 10, 0), (99, 10, 8)]
)
def test_a_bar_has_the_same_width_whatever_time_is_left(left: int, whole: int, thick: int) -> None:
    assert text(time_left_bar(left, whole, 8, "good")) == "━" * thick + "╌" * (8 - thick)


@pytest.mark.parametrize(
    ("left", "look"), [(4000, "good"), (3600, "warn"), (900, "bad"), (0, "bad")]
)
def test_little_time_left_has_a_warning_colour(left: int, look: str) -> None:
    line = sign_in_line(
        clock(outlook=Outlook(10_000, "observed"), signed_in_at=0), 10_000 - left, 8
    )
    assert look in {name for _, name in line}


def test_an_assumed_end_has_no_warning_colour_and_says_so() -> None:
    line = sign_in_line(clock(outlook=Outlook(3600, "assumed")), 3599, 8)
    assert "(assumed: AWS default 8 h)" in text(line)
    assert {name for _, name in line} == {"dim"}


def test_an_unknown_end_has_no_bar() -> None:
    assert "━" not in text(sign_in_line(clock(outlook=Outlook(None, "unknown")), 0, 8))
    assert text(token_line(clock(), 0, 8)).strip() == "access token  16m left"


@pytest.mark.parametrize(
    ("whole", "lines"),
    [
        ("one two three four five", ["one two three four five"]),
        ("one two three four five six", ["one two three four five", "  six"]),
        ("  one two three four five six", ["  one two three four five", "    six"]),
        ("+one  two " + "x" * 31, ["+one  two", "  " + "x" * 23, "  xxxxxxxx"]),
        ("x" * 30, ["x" * 25, "  xxxxx"]),
        ("a\nb", ["a\\x0ab"]),
    ],
)
def test_a_long_line_goes_on_below_its_first_word(whole: str, lines: list[str]) -> None:
    assert [text(line) for line in wrapped(text_lines([whole]), 25)] == lines


def test_lines_of_a_diff_have_styles_and_file_names_are_left_out() -> None:
    lines = diff_lines(
        ["--- a", "+++ a", "@@ -1 +1 @@", "-x", "+\x1b[31my", " z", "--- not a name", "\\ No"]
    )
    assert [(text(line), line[0][1]) for line in lines] == [
        ("@@ -1 +1 @@", "accent"),
        ("-x", "bad"),
        ("+\\x1b[31my", "good"),
        (" z", ""),
        ("--- not a name", "bad"),
        ("\\ No", "dim"),
    ]
