"""Undoing a write in a config that was edited since."""

import pytest

from ssohelper.core.config_edit import edited_config
from ssohelper.core.config_text import ConfigText
from ssohelper.core.config_undo import changes_that_undo_write


def config(text: str) -> ConfigText:
    return ConfigText(text.encode(), "config")


@pytest.mark.parametrize(
    ("before", "after", "current", "expected"),
    [
        # removes what was added, keeps what was added since
        (
            "[a]\nx = 1\n",
            "[a]\nx = 1\n\n[profile b]\ny = 1\n",
            "[a]\nx = 2\n\n[profile b]\ny = 1\n\n[profile c]\nz = 1\n",
            "[a]\nx = 2\n\n[profile c]\nz = 1\n",
        ),
        (
            "",
            "[profile b]\nregion = x\nssohelper_managed = true\n",
            "[profile b]\nregion = x\nssohelper_managed = true\noutput = json\n",
            "[profile b]\noutput = json\n",
        ),
        # restores what was changed, unless it was edited since
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[a]\nx = 2\ny = 3\n", "[a]\nx = 1\ny = 3\n"),
        ("[a]\nx = 1\n", "[a]\nx = 2\n", "[a]\nx = 9\n", "[a]\nx = 9\n"),
        (
            "[a]\nx = 1\nz = 3\n",
            "[a]\nx = 1\n",
            "# new\n[a]\nx = 1\n",
            "# new\n[a]\nx = 1\nz = 3\n",
        ),
        # adds what was removed, with its original lines
        (
            "[profile b]\ns3 =\n  a = b\ny = 1\n",
            "",
            "[c]\nz = 1\n",
            "[c]\nz = 1\n\n[profile b]\ns3 =\n  a = b\ny = 1\n",
        ),
        # restores the name of a renamed profile, and keeps the keys that were added since
        (
            "[profile old]\nx = 1\n",
            "[profile new]\nx = 1\n",
            "[profile new]\nx = 1\ny = 2\n",
            "[profile old]\nx = 1\ny = 2\n",
        ),
    ],
)
def test_an_undo_keeps_later_edits(before: str, after: str, current: str, expected: str) -> None:
    changes = changes_that_undo_write(config(before), config(after), config(current))
    assert edited_config(config(current), changes).decode() == expected


BLOCK = "# BEGIN_AWS_SSO_CLI\n{}[profile a]\nx = 1\n{}# END_AWS_SSO_CLI\n"


@pytest.mark.parametrize("inside", ["", "# theirs\n", "\n", "# theirs\n\n# more\n"])
def test_markers_that_a_write_removed_come_back_where_they_were(inside: str) -> None:
    before = "[profile z]\ny = 1\n# mine\n" + BLOCK.format(inside, inside) + "[profile d]\nx = 2\n"
    after = "".join(line for line in before.splitlines(True) if "AWS_SSO_CLI" not in line)
    changes = changes_that_undo_write(config(before), config(after), config(after + "[c]\nz = 1\n"))
    undone = edited_config(config(after + "[c]\nz = 1\n"), changes).decode()
    assert undone == before + "[c]\nz = 1\n"
