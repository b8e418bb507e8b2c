"""Undoing an adoption from aws-sso-cli after edits: comments stay on their side of the marks."""

import random

import pytest

from ssohelper.core.config_edit import Change, EditSection, RemoveLines, edited_config
from ssohelper.core.config_text import ConfigText
from ssohelper.core.config_undo_merge import config_without_write
from ssohelper.core.profile_origin import MARKERS
from tests.long_rows import long_after

BEGIN, END = MARKERS


def config(text: str) -> ConfigText:
    return ConfigText(text.encode(), "config")


def test_a_line_added_below_a_line_that_comes_back_stays_below_it() -> None:
    before, after = "[a]\nx = 1\ny = 1\n", "[a]\nx = 2\ny = 2\n"
    edited = after + "# mine\nz = 1\n"
    assert (
        config_without_write(config(before), config(after), config(edited))
        == (before + "# mine\nz = 1\n").encode()
    )


def make_home(rng: random.Random) -> str:
    """Return a config with a part of aws-sso-cli's, and comments and blanks at random places."""
    numbers = iter(range(1000))

    def noise() -> list[str]:
        return [
            rng.choice(["", "# note", f"; note {next(numbers)}"])
            for _ in range(rng.choice((0, 0, 1, 3)))
        ]

    def section(name: str, key: str) -> list[str]:
        return [f"[profile {name}]", f"{key} = 1", *noise(), "region = x"]

    lines = [*noise(), *section("before", "output"), *noise(), BEGIN, *noise()]
    for number in range(rng.randint(1, 3)):
        lines += [*section(f"in-{number}", "credential_process"), *noise()]
    lines += [END, *noise()]
    if rng.random() < 0.7:
        lines += [*section("after", "output"), *noise()]
    return "\n".join(lines) + "\n"


def adopt(before: ConfigText) -> list[Change]:
    marks = tuple(n for n, line in enumerate(before.lines) if line in MARKERS)
    new = (("credential_process", "2"), ("ssohelper_managed", "true"))
    names = [name for name in before.sections if name.startswith("profile in-")]
    return [RemoveLines(marks), *(EditSection(name, new) for name in names)]


def edit_as_a_person(rng: random.Random, text: str) -> str:
    """Return the text with a section at the end, a line at the top, and keys in some sections."""
    lines = text.splitlines()
    headers = [line for line in lines if line.startswith("[")]
    for header in headers:
        if rng.random() < 0.4:
            lines.insert(lines.index(header) + 1, "cli_pager = less")
    if rng.random() < 0.5:
        lines.insert(0, "# mine, at the top")
    lines += ["[profile mine]", "region = y"]
    return "\n".join(lines) + "\n"


def shape_of(text: str) -> list[str]:
    """Return headers, comments and markers in their order, and no key: keys may change places."""
    return [line for line in text.splitlines() if line[:1] in ("[", "#", ";")]


@pytest.mark.parametrize("first", long_after(5, range(0, 300, 20)))
def test_comments_stay_on_their_side_of_the_marks(first: int) -> None:
    for seed in range(first, first + 20):
        text = make_home(random.Random(seed))
        before = config(text)
        after = config(edited_config(before, adopt(before)).decode())
        current = config(edit_as_a_person(random.Random(seed), after.text))
        restored = config_without_write(before, after, current).decode()
        assert shape_of(restored) == shape_of(edit_as_a_person(random.Random(seed), text)), seed
