"""Undo gives the bytes that the same edits make in the old file, or restores nothing."""

import time
from collections.abc import Callable
from random import Random

import pytest

from ssohelper.core.config_edit import (
    Change,
    EditSection,
    RemoveLines,
    RemoveSection,
    edited_config,
)
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import ConfigText
from ssohelper.core.config_undo import config_without_write
from ssohelper.core.profile_origin import MARKERS
from ssohelper.core.profile_plan import plan_sync
from tests.core.test_profile_origin import GRANTED, LEGACY, SSO
from tests.core.test_profile_plan import PAY, request, synced
from tests.long_rows import long_after

_BEGIN, _END = MARKERS
_ARN = f"arn:aws:iam::{PAY}:role/"
_ADOPTABLE = (
    GRANTED,
    LEGACY,
    f"# mine\n{SSO}region = eu-west-1",
    f"; note\ncredential_process = aws-sso -S A process --arn {_ARN}Admin\ns3 =\n  a = b",
    f"credential_process = aws-sso\n   process --arn {_ARN}Read\nx = 1",
)
_FOREIGN = ("region = x\n; c\n", "aws_access_key_id=A\n\ncli_pager :\n", "s3 =\n  a = b\n\n")


def generate(chance: Random) -> str:
    """Return a config with profiles of other tools, written in unusual ways, among foreign ones."""
    sections = [
        _write_section(chance, f"profile t{n}", chance.choice(_ADOPTABLE))
        for n in range(chance.randint(1, 4))
    ]
    sections += [
        _write_section(chance, f"profile other{n}", chance.choice(_FOREIGN))
        for n in range(chance.randint(1, 3))
    ]
    chance.shuffle(sections)
    head = chance.choice(["", "# head\n\n", "\n"])
    whole = head + "".join(sections)
    whole = whole.rstrip("\n") if chance.random() < 0.2 else whole
    if chance.random() < 0.3:
        return whole.replace("\n", "\r\n")
    if chance.random() < 0.3:  # a file with both \n and \r\n
        return "".join(f"{one}{chance.choice(('', chr(13)))}\n" for one in whole.split("\n"))
    return whole


def _write_section(chance: Random, header: str, body: str) -> str:
    lines = []
    for line in body.strip("\n").split("\n"):
        name, found, value = line.partition("=")
        if found and line[:1] not in " #;" and "=" not in value:
            delimiter = chance.choice([" = ", "=", " : ", "      = ", "=\t"])
            line = f"{name.strip()}{delimiter}{value.strip()}{chance.choice(['', '', '  '])}"
        lines.append(line)
        if chance.random() < 0.2:
            lines.append(chance.choice(["", "# between", "; between"]))
    return f"[{header}]\n" + "\n".join(lines) + "\n" * chance.choice([1, 1, 2, 3])


def _add_at_top(config: str) -> str:
    return f"# mine, at the top\n{config}"


def _add_section(config: str) -> str:
    config = config if config.endswith("\n") else f"{config}\n"
    return f"{config}\n[profile mine]\nregion = y\n"


def _change_foreign(config: str) -> str:
    return config.replace("region = x", "region   = z # mine").replace(
        "cli_pager", "output:t\ncli_pager"
    )


def _add_key_to_foreign(config: str) -> str:
    return config.replace("[profile other0]", "[profile other0]\nmine =1\n# mine", 1)


def _comment_above_adopted(config: str) -> str:
    return config.replace("[profile t0]", "# above\n[profile t0]", 1)


def _section_before_adopted(config: str) -> str:
    return config.replace("[profile t0]", "[profile new]\nx=1\n\n[profile t0]", 1)


_EDITS: tuple[Callable[[str], str], ...] = (
    _add_at_top,
    _add_section,
    _change_foreign,
    _add_key_to_foreign,
    _comment_above_adopted,
    _section_before_adopted,
)


@pytest.mark.parametrize("first", long_after(10, range(0, 600, 20)))
def test_undo_brings_back_the_bytes_and_keeps_edits_elsewhere(first: int) -> None:
    for seed in range(first, first + 20):
        _check_undo_after_edits(seed)


def _check_undo_after_edits(seed: int) -> None:
    chance = Random(seed)
    before = generate(chance)
    config = ConfigFile.parse(before.encode(), "config")
    adopt = frozenset(entry.name for entry in config.profiles())
    planned = plan_sync(config, request(adopt=adopt))
    assert planned.adopt
    after = config.with_changes(planned.changes).decode()
    edits = chance.sample(_EDITS, chance.randint(1, 3))
    current, expected = after, before
    for edit in edits:
        current, expected = edit(current), edit(expected)
    found = config_without_write(before, after, current)
    assert found is not None, seed
    if before.endswith("\n") or _add_section not in edits:
        assert found == expected, seed
    else:  # the edit had to end the last line, and no rule says how
        assert found.replace("\r", "") == expected.replace("\r", ""), seed


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_removed_section_comes_back_where_it_was(first: int) -> None:
    for seed in range(first, first + 20):
        _check_undo_of_removals(seed)


def _check_undo_of_removals(seed: int) -> None:
    chance = Random(seed)
    before = synced(generate(chance)).replace("ssohelper_managed =", "# kept\nssohelper_managed  :")
    config = ConfigFile.parse(before.encode(), "config")
    managed = [entry.header for entry in config.profiles() if entry.managed]
    gone = chance.sample(managed, chance.randint(1, len(managed)))
    after = config.with_changes([RemoveSection(header) for header in gone]).decode()
    found = config_without_write(before, after, _add_at_top(after))
    assert found == _add_at_top(before), seed


@pytest.mark.parametrize(
    ("before", "after", "current", "expected"),
    [
        # What was added goes, what was changed or removed comes back, what was edited elsewhere stays.
        (
            "[a]\nx = 1\n",
            "[a]\nx = 1\n\n[profile b]\ny = 1\n",
            "[a]\nx = 2\n\n[profile b]\ny = 1\n\n[profile c]\nz = 1\n",
            "[a]\nx = 2\n\n[profile c]\nz = 1\n",
        ),
        ("[a]\n# c\nx: 1\n", "[a]\nx = 2\n", "[a]\nx = 2\n[b]\n", "[a]\n# c\nx: 1\n[b]\n"),
        ("[a]\nx = 1\nz = 3\n", "[a]\nx = 1\n", "# n\n[a]\nx = 1\n", "# n\n[a]\nx = 1\nz = 3\n"),
        (
            "[profile b]\ns3 =\n  a = b\ny = 1\n",
            "",
            "[c]\nz = 1\n",
            "[profile b]\ns3 =\n  a = b\ny = 1\n[c]\nz = 1\n",
        ),
        ("[old]\nx = 1\n", "[new]\nx = 1\n", "[new]\nx = 1\n# c\n", "[old]\nx = 1\n# c\n"),
        ("[a]\nx = 1", "[a]\nx = 1\n[b]\n", "[a]\nx = 1\n[b]\n[c]\n", "[a]\nx = 1\n[c]\n"),
        # A section of the write was edited, renamed, removed, or written again: nothing is restored.
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[a]\nx = 9\n", None),
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[a]\nx = 2\ny = 3\n", None),
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[b]\nx = 2\n", None),
        ("", "[a]\nx = 1\n", "[b]\n", None),
        ("[a]\nx = 1\n", "", "[a]\nx = 2\n", None),
        ("", "[a]\nx = 1\ny = 1\n", "[a]\nx = 1\n# mine\ny = 1\n", None),
        # The user's lines would be in the block that aws-sso-cli rewrites.
        (
            "[z]\ny = 1\n# BEGIN_AWS_SSO_CLI\n[a]\nx = 1\n# END_AWS_SSO_CLI\n",
            "[z]\ny = 2\n[a]\nx = 2\n",
            "[z]\ny = 2\n[mine]\n[a]\nx = 2\n",
            None,
        ),
    ],
)
def test_an_undo_keeps_edits_elsewhere_or_restores_nothing(
    before: str, after: str, current: str, expected: str | None
) -> None:
    assert config_without_write(before, after, current) == expected


@pytest.mark.parametrize("count", long_after(1, [2_000, 10_000]))
def test_an_undo_among_ten_thousand_edited_profiles_takes_no_minute(count: int) -> None:
    before = "".join(f"[profile p{n}]\nregion=x\noutput = {n}\n\n" for n in range(count))
    after = before.replace("region=x", "region = y") + "[profile last]\nk = v\n"
    current = after.replace("[profile p77]", "# mine\n[profile p77]")
    began = time.process_time()
    found = config_without_write(before, after, current)
    assert time.process_time() - began < count / 500
    assert found == before.replace("[profile p77]", "# mine\n[profile p77]")


_CLI = "[profile {}]\ncredential_process = aws-sso -S A process --arn " + _ARN + "{}\n\n"
_FIRST, _SECOND = _CLI.format("a", "Admin"), _CLI.format("b", "Read")


@pytest.mark.parametrize(
    "block",
    [
        f"# BEGIN_AWS_SSO_CLI\n{_FIRST}{_SECOND}# END_AWS_SSO_CLI\n",
        f"# BEGIN_AWS_SSO_CLI\n{_FIRST}# BEGIN_AWS_SSO_CLI\n{_SECOND}# END_AWS_SSO_CLI\n",
    ],
    ids=["one begin", "two begins"],
)
def test_a_note_above_the_block_of_aws_sso_cli_stays_above_it(block: str) -> None:
    after = synced(block, request(adopt=frozenset({"a", "b"})))
    assert after.count("ssohelper_managed") >= 2
    note = "# my own note\n"
    assert config_without_write(block, after, note + after) == note + block


def make_home(rng: Random) -> str:
    """Return a config with a part of aws-sso-cli's, and comments and blanks at random places."""
    numbers = iter(range(1000))

    def noise() -> list[str]:
        return [
            rng.choice(["", "# note", f"; note {next(numbers)}"])
            for _ in range(rng.choice((0, 0, 1, 3)))
        ]

    def section(name: str, key: str) -> list[str]:
        return [f"[profile {name}]", f"{key} = 1", *noise(), "region = x"]

    lines = [*noise(), *section("before", "output"), *noise(), _BEGIN, *noise()]
    for number in range(rng.randint(1, 3)):
        lines += [*section(f"in-{number}", "credential_process"), *noise()]
    lines += [_END, *noise()]
    if rng.random() < 0.7:
        lines += [*section("after", "output"), *noise()]
    return "\n".join(lines) + "\n"


def adopt(before: ConfigText) -> list[Change]:
    marks = tuple(n for n, line in enumerate(before.lines) if line in MARKERS)
    new = (("credential_process", "2"), ("ssohelper_managed", "true"))
    names = [name for name in before.sections if name.startswith("profile in-")]
    return [RemoveLines(marks), *(EditSection(name, new) for name in names)]


def edit_as_a_person(rng: Random, text: str) -> str:
    """Return the text with a section at the end, a line at the top, and keys in some sections."""
    lines = text.splitlines()
    headers = [line for line in lines if line.startswith("[")]
    for header in headers:
        if "in-" not in header and rng.random() < 0.4:
            lines.insert(lines.index(header) + 1, "cli_pager = less")
    if rng.random() < 0.5:
        lines.insert(0, "# mine, at the top")
    lines += ["[profile mine]", "region = y"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("first", long_after(5, range(0, 300, 20)))
def test_comments_stay_on_their_side_of_the_marks(first: int) -> None:
    for seed in range(first, first + 20):
        before = make_home(Random(seed))
        text = ConfigText(before.encode(), "config")
        after = edited_config(text, adopt(text)).decode()
        current = edit_as_a_person(Random(seed), after)
        restored = config_without_write(before, after, current)
        assert restored == edit_as_a_person(Random(seed), before), seed
