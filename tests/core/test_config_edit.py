"""The net below the editor: nothing is written that does not say what was meant."""

import pytest

from ssohelper.core import config_edit
from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection, edited
from ssohelper.core.config_text import ConfigText
from ssohelper.errors import ConfigInvalid

TEXT = "[profile a]\nregion = eu-west-1\n\n[profile b]\noutput = json\n"
EDIT = EditSection("profile a", (("region", "us-east-1"),))


def config(text: str = TEXT) -> ConfigText:
    return ConfigText(text.encode(), "config")


@pytest.mark.parametrize(
    "after",
    [
        TEXT,  # nothing was changed
        TEXT.replace("eu-west-1", "us-east-2"),
        TEXT.replace("eu-west-1", "us-east-1").replace("json", "text"),
        TEXT.replace("eu-west-1", "us-east-1") + "[profile c]\n",
        TEXT.replace("eu-west-1", "us-east-1") + "x = y\n",
        TEXT.replace("eu-west-1", "us-east-1").replace("[profile b]\n", ""),
        TEXT.replace("eu-west-1", "us-east-1").replace("output = json\n", ""),
        "",
    ],
)
def test_a_text_that_says_something_else_is_not_written(monkeypatch, after):
    monkeypatch.setattr(config_edit.Edits, "text", lambda _edits: after)
    with pytest.raises(ConfigInvalid, match="would alter other sections or keys"):
        edited(config(), [EDIT])


def test_one_that_nobody_could_read_is_not_written_either(monkeypatch):
    monkeypatch.setattr(config_edit.Edits, "text", lambda _edits: TEXT + "[profile a]\n")
    with pytest.raises(ConfigInvalid, match="exists twice"):
        edited(config(), [EDIT])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (EditSection("profile none", (("region", "x"),)), r"no section \[profile none\]"),
        (RemoveSection("profile none"), r"no section \[profile none\]"),
        (EditSection("profile a", new_header="profile b"), "exists twice"),
        (EditSection("profile a", new_header="profile a b"), "cannot be written as a section"),
        (EditSection("profile a", new_header="x]\n[profile c"), "cannot be written as a section"),
        (AddSection("profile a", ()), "exists twice"),
        (AddSection("default", ()), "cannot be written as a section"),
        (AddSection("profile c", (("Region", "x"),)), "cannot be written"),
        (AddSection("profile c", (("a b", "x"),)), "cannot be written"),
        (AddSection("profile c", (("region", ""),)), "cannot be written"),
        (AddSection("profile c", (("region", " x"),)), "cannot be written"),
        (AddSection("profile c", (("region", "x\ny = z"),)), "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused(change: Change, why: str):
    with pytest.raises(ConfigInvalid, match=why):
        edited(config(), [change])


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ([], TEXT),
        ([EDIT], TEXT.replace("eu-west-1", "us-east-1")),
        ([EditSection("profile a", drop=("region", "none"))], TEXT.replace("region = eu-west-1\n", "")),
        ([RemoveSection("profile a")], "\n[profile b]\noutput = json\n"),
        ([RemoveSection("profile b")], "[profile a]\nregion = eu-west-1\n"),
        (
            [
                EditSection("profile a", new_header="profile b"),
                EditSection("profile b", new_header="profile a"),
            ],
            TEXT.replace("profile a", "x").replace("profile b", "profile a").replace("x", "profile b"),
        ),
        (
            [RemoveSection("profile b"), AddSection("profile b", (("region", "x"),))],
            "[profile a]\nregion = eu-west-1\n\n[profile b]\nregion = x\n",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_can_be_is_written(changes: list[Change], after: str, end: str):
    written = edited(config(TEXT.replace("\n", end)), changes)
    assert written == after.replace("\n", end).encode()
