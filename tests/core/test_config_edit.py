"""Editing a config: what is written, what is refused, and that the result is checked."""

import difflib

import pytest

from ssohelper.core import config_edit
from ssohelper.core.config_edit import (
    AddSection,
    Change,
    EditSection,
    RemoveSection,
    edited_config,
    lines_of_changed_sections,
    unified_diff,
)
from ssohelper.core.config_text import ConfigText
from ssohelper.errors import ConfigInvalid

TEXT = "[profile a]\nregion = eu-west-1\n\n[profile b]\noutput = json\n"
EDIT = EditSection("profile a", (("region", "us-east-1"),))
EDITED = TEXT.replace("eu-west-1", "us-east-1")


def config(text: str = TEXT) -> ConfigText:
    return ConfigText(text.encode(), "config")


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (TEXT, "would alter"),  # an edit that changes nothing
        (TEXT.replace("eu-west-1", "us-east-2"), "would alter"),
        (EDITED.replace("json", "text"), "would alter"),
        (EDITED + "[profile c]\n", "would alter"),
        (EDITED + "x = y\n", "would alter"),
        (EDITED.replace("[profile b]\n", ""), "would alter"),
        (EDITED.replace("output = json\n", ""), "would alter"),
        ("", "would alter"),
        (TEXT + "[profile a]\n", "exists twice"),  # cannot be read
    ],
)
def test_a_changed_config_with_other_sections_or_keys_is_refused(monkeypatch, after, why):
    monkeypatch.setattr(config_edit.Edits, "text", lambda _edits: after)
    with pytest.raises(ConfigInvalid, match=why):
        edited_config(config(), [EDIT])


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
        (AddSection("profile c", (("region", "x\ny = z"),)), "cannot be written"),
    ],
)
def test_an_invalid_change_is_refused(change, why):
    with pytest.raises(ConfigInvalid, match=why):
        edited_config(config(), [change])


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
def test_a_valid_change_is_written(changes, after, end):
    written = edited_config(config(TEXT.replace("\n", end)), changes)
    assert written == after.replace("\n", end).encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("a", text) for text in ("a\nb", "a\rb", "a\x85b", "a\u2028b", " a", "", "a\x00b")),
        *(("a", text) for text in ("\ud800", "a\u202eb")),
        *((text, "1") for text in ("a]b", "a b", "a\n[profile b", "", "-a", '"a"', "ä")),
    ],
)
def test_a_value_or_name_that_tools_could_read_differently_is_refused(name, value):
    with pytest.raises(ConfigInvalid, match="cannot be written"):
        edited_config(config("[default]\n"), [AddSection(f"profile {name}", (("x", value),))])


@pytest.mark.parametrize("usual", ["\n", "\r\n"])
def test_in_a_file_with_mixed_line_ends_each_new_line_ends_like_its_neighbours(usual):
    other = "\n" if usual == "\r\n" else "\r\n"
    text = config(f"[profile a]{usual}x = 1{other}y = 1{other}[profile b]{usual}z = 1{usual}")
    changes = [
        EditSection("profile a", (("x", "2"), ("new", "1")), new_header="profile c"),
        EditSection("profile b", (("new", "1"),)),
        AddSection("profile d", (("k", "v"),)),
    ]
    assert edited_config(text, changes).decode() == (
        f"[profile c]{usual}x = 2{other}y = 1{other}new = 1{other}[profile b]{usual}z = 1{usual}"
        f"new = 1{usual}{usual}[profile d]{usual}k = v{usual}"
    )


def test_the_diff_of_a_new_section_removes_no_line_and_does_not_show_a_secret():
    text = config("[default]\naws_secret_access_key = wJalrXUtnFEMI\nregion = x\n")
    added = AddSection("profile a", (("region", "x"),))
    lines = [*unified_diff(text, [added], "config")][2:]
    assert "aws_secret_access_key" in "\n".join(lines)
    assert "wJalr" not in "\n".join(lines)
    assert lines[-3:] == ["+", "+[profile a]", "+region = x"]
    assert not any(line.startswith("-") for line in lines)


def test_a_new_key_takes_the_place_of_a_removed_one_or_the_indentation_of_the_last():
    text = config("[profile a]\r\n# mine\r\ncredential_process = x\r\nregion: y\r\n")
    edit = EditSection("profile a", (("sso_session", "s"),), ("credential_process",))
    after = b"[profile a]\r\n# mine\r\nsso_session = s\r\nregion: y\r\n"
    assert edited_config(text, [edit]) == after
    edit = EditSection("profile a", (("new", "1"),))
    for text, new in (
        ("[profile a]\n  x = 1\ny = 1\n", "new = 1\n"),
        ("[profile a]\n   x = 1\n  y = 1\n", "  new = 1\n"),
    ):
        assert edited_config(config(text), [edit]).decode() == text + new


# With five comments the hunks touch: difflib joins them, which `patch` does not need.
@pytest.mark.parametrize("gap", [0, 1, 2, 3, 4, 6, 7])
@pytest.mark.parametrize("end", ["", "\n"])
def test_the_diff_is_that_of_difflib_with_its_line_numbers(gap, end):
    before = "\n".join(
        f"[profile p{number}]\nregion = r{number}" + "\n# a comment" * gap for number in range(5)
    )
    changes: list[Change] = [
        EditSection("profile p0", (("output", "json"), ("sso_session", "corp"))),
        EditSection("profile p2", (("region", "x"),)),
        EditSection("profile p3", drop=("region",)),
    ]
    after = edited_config(config(before + end), changes).decode()
    assert after.endswith("\n") == bool(end)
    wanted = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "config", "config", lineterm=""
    )
    found = list(unified_diff(config(before + end), changes, "config"))
    assert [line for line in found if not line.startswith("\\")] == list(wanted)
    if end:
        assert not any(line.startswith("\\") for line in found)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_last_line_without_a_newline_gets_the_one_of_the_file(end):
    text = f"[profile a]{end}region = x"
    added = edited_config(config(text), [AddSection("profile b", (("region", "y"),))])
    assert added == f"{text}{end}{end}[profile b]{end}region = y{end}".encode()
    key = edited_config(config(text), [EditSection("profile a", (("output", "json"),))])
    assert key == f"{text}{end}output = json{end}".encode()


def test_a_removed_section_takes_the_blank_line_before_it_and_leaves_its_comments():
    text = config("\n[profile a]\nx = 1\n[profile b]\n")
    assert edited_config(text, [RemoveSection("profile a")]) == b"[profile b]\n"
    assert edited_config(text, [RemoveSection("profile b")]) == b"\n[profile a]\nx = 1\n"
    text = config("[a]\nx = 1\n\n# about b\n[profile b]\n# why\ny = 1\n\n# about c\n[c]\n")
    after = edited_config(text, [RemoveSection("profile b")])
    assert after == b"[a]\nx = 1\n\n# about b\n# why\n\n# about c\n[c]\n"


def test_the_diff_marks_a_last_line_without_a_newline():
    start, old, new = "[profile a]\nregion = x", "-region = x", "+region = us-east-1"
    mark = "\\ No newline at end of file"
    head = ["--- c", "+++ c", "@@ -1,2 +1,2 @@", " [profile a]"]
    assert [*unified_diff(config(start), [EDIT], "c")] == [*head, old, mark, new]
    assert [*unified_diff(config(start + "\n"), [EDIT], "c")] == [*head, old, new]


@pytest.mark.parametrize("change", [EDIT, RemoveSection("profile a")])
def test_only_edits_within_a_changed_section_change_its_lines(change):
    other = config(TEXT.replace("\n\n", "\n# mine\n\n").replace("json", "text"))
    inside = config(TEXT.replace("region =", "region  ="))
    lines = lines_of_changed_sections(config(), [change])
    assert lines_of_changed_sections(other, [change]) == lines
    assert lines_of_changed_sections(inside, [change]) != lines
