"""Undo gives the text that the same edits make in the old file, or restores nothing."""

import time
from collections.abc import Callable
from random import Random

import pytest

from ssohelper.core.config_diff import config_without_write
from ssohelper.core.config_edit import RemoveSection
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.profile_plan import plan_sync
from tests.core.test_profile_origin import GRANTED, LEGACY, SSO
from tests.core.test_profile_plan import PAY, request, synced
from tests.long_rows import long_after

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
        _write_section(chance, f"profile {name}{n}", chance.choice(bodies))
        for name, bodies, most in (("t", _ADOPTABLE, 4), ("other", _FOREIGN, 3))
        for n in range(chance.randint(1, most))
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
    changed = config.replace("region = x", "region   = z # mine")
    return changed.replace("cli_pager", "output:t\ncli_pager")


_EDITS: tuple[Callable[[str], str], ...] = (
    _add_at_top,
    _add_section,
    _change_foreign,
    # A key in a foreign section, then a comment and a section before an adopted one.
    lambda text: text.replace("[profile other0]", "[profile other0]\nmine =1\n# mine", 1),
    lambda text: text.replace("[profile t0]", "# above\n[profile t0]", 1),
    lambda text: text.replace("[profile t0]", "[profile new]\nx=1\n\n[profile t0]", 1),
)


@pytest.mark.parametrize("first", long_after(10, range(0, 600, 20)))
def test_undo_brings_back_the_bytes_and_keeps_edits_elsewhere(first):
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
    # Undo ends the last line.
    assert found.replace("\r", "").rstrip() == expected.replace("\r", "").rstrip(), seed


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_removed_section_comes_back_where_it_was(first):
    for seed in range(first, first + 20):
        _check_undo_of_removals(seed)


def _check_undo_of_removals(seed: int) -> None:
    chance = Random(seed)
    before = synced(generate(chance))
    config = ConfigFile.parse(before.encode(), "config")
    managed = [entry.header for entry in config.profiles() if entry.managed]
    gone = chance.sample(managed, chance.randint(1, len(managed)))
    after = config.with_changes([RemoveSection(header) for header in gone]).decode()
    assert config_without_write(before, after, _add_at_top(after)) == _add_at_top(before), seed


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
        (
            "[a]\n\n[b]\nx = 1\n\n[c]\n",
            "[a]\n\n[c]\n",
            "[a]\ny = 1\n\n[c]\n",
            "[a]\ny = 1\n\n[b]\nx = 1\n\n[c]\n",
        ),
        ("# n\n[a]\n[b]\n", "# n\n[b]\n", "# n\n[b]\nx = 1\n", "# n\n[a]\n[b]\nx = 1\n"),
        # A section of the write was edited, renamed, removed, or written again: nothing is restored.
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[a]\nx = 9\n", None),
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[a]\nx = 2\ny = 3\n", None),
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[b]\nx = 2\n", None),
        ("", "[a]\nx = 1\n", "[b]\n", None),
        ("[a]\nx = 1\n", "", "[a]\nx = 2\n", None),
        ("", "[a]\nx = 1\ny = 1\n", "[a]\nx = 1\n# mine\ny = 1\n", None),
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[a]\n# mine\nx = 2\n", None),
        (
            "# BEGIN_AWS_SSO_CLI\n[a]\nx = 1\n# END_AWS_SSO_CLI\n",
            "[a]\nx = 2\n",
            "# n\n[a]\nx = 2\n\n[mine]\n",
            "# BEGIN_AWS_SSO_CLI\n# n\n[a]\nx = 1\n# END_AWS_SSO_CLI\n\n[mine]\n",
        ),
        # The user's section would be in the block that aws-sso-cli rewrites.
        (
            "# BEGIN_AWS_SSO_CLI\n[a]\nx = 1\n[b]\n# END_AWS_SSO_CLI\n",
            "[a]\nx = 2\n[b]\n",
            "[a]\nx = 2\n[mine]\n[b]\n",
            None,
        ),
    ],
)
def test_an_undo_keeps_edits_elsewhere_or_restores_nothing(before, after, current, expected):
    assert config_without_write(before, after, current) == expected


@pytest.mark.parametrize("count", long_after(1, [2_000, 10_000]))
def test_an_undo_among_ten_thousand_edited_profiles_takes_no_minute(count):
    before = "".join(f"[profile p{n}]\nregion=x\noutput = {n}\n\n" for n in range(count))
    after = before.replace("region=x", "region = y") + "[profile last]\nk = v\n"
    current = after.replace("[profile p77]", "# mine\n[profile p77]")
    began = time.process_time()
    found = config_without_write(before, after, current)
    assert time.process_time() - began < count / 500
    assert found == before.replace("[profile p77]", "# mine\n[profile p77]")
