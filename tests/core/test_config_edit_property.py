"""Generated configs: our reader agrees with botocore, and edits change no other byte."""

import os
import re
import tempfile
from collections import Counter
from typing import Any

import botocore.configloader
import botocore.exceptions
import pytest

from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection, unified_diff
from ssohelper.core.config_file import ConfigFile
from ssohelper.errors import ConfigInvalid
from tests.core.config_generator import CONSTRUCTS
from tests.core.config_generator import config as config_of
from tests.long_rows import long_after

_IDENTITY = ("sso_session", "sso_account_id", "sso_role_name")
_NEW = AddSection("profile new.Role", (("credential_process", "/x y"), ("region", "eu-west-1")))
_CONVERT = EditSection(
    "profile ours",
    (("sso_session", "corp"), ("sso_account_id", "001234567890"), ("ssohelper_managed", "true")),
    ("credential_process",),
)


def botocore_reads(data: bytes) -> dict[str, Any] | None:
    """Return botocore's parse; None when it refuses the file."""
    descriptor, path = tempfile.mkstemp()
    try:
        os.write(descriptor, data)
        os.close(descriptor)
        parsed: dict[str, Any] = botocore.configloader.load_config(path)
    except botocore.exceptions.ConfigParseError:
        return None
    finally:
        os.unlink(path)
    return parsed


def our_profiles(config: ConfigFile) -> dict[str, dict[str, Any]]:
    """Return what our reader found, nested blocks read as botocore reads them."""
    return {
        entry.name: {key: _nested(value) for key, value in entry.keys.items()}
        for entry in config.profiles()
    }


def _nested(value: str) -> Any:
    if not value.startswith("\n"):
        return value
    pairs = [line.strip().split("=", 1) for line in value.splitlines() if line.strip()]
    return {key.strip(): rest.strip() for key, rest in pairs}


def foreign_lines(data: bytes, ours: tuple[str, ...]) -> list[bytes]:
    """Return the lines that no edit may change, in order, with their line endings."""
    config = ConfigFile.parse(data, "c")
    lines = data.split(b"\n")
    section = config.text.sections.get("profile ours")
    mine: set[int] = set()
    for name in ours:
        if section is not None:
            mine.update(section.lines_of_keys(config.text.lines).get(name, ()))
    return [line for number, line in enumerate(lines) if number not in mine]


def check_changes(text: str, changes: list[Change]) -> None:
    before = text.encode()
    config = ConfigFile.parse(before, "c")
    after = config.with_changes(changes)
    read, ours = botocore_reads(after), ConfigFile.parse(after, "c")
    assert read is not None
    assert our_profiles(ours) == read["profiles"]
    own_keys = (*_IDENTITY, "credential_process", "ssohelper_managed")
    kept = foreign_lines(before, own_keys)
    left = foreign_lines(after, own_keys)
    added = [change for change in changes if isinstance(change, AddSection)]
    if added:
        # A last line without a newline gets one. A blank line and the new section follow.
        end = "\r\n" if "\r\n" in text else "\n"
        shape = [f"[{_NEW.header}]", *(f"{key} = {value}" for key, value in _NEW.keys)]
        tail = end.join([*([""] if text else []), *shape, ""])
        assert after.endswith(tail.encode())
        stripped = after.removesuffix(tail.encode())
        left = foreign_lines(stripped, own_keys)
    complete = not text or text.endswith("\n")
    assert left == kept if complete else _without_end(left) == _without_end(kept)
    assert applied(text, list(unified_diff(config.text, changes, "c"))) == after.decode()


def _without_end(lines: list[bytes]) -> list[bytes]:
    """Remove the newline at the end, since the edit adds one to a file without it."""
    return b"\n".join(lines).rstrip(b"\r\n").split(b"\n")


def applied(text: str, diff: list[str]) -> str:
    """Apply a unified diff as `patch` does, check each context line, and restore CRLF."""
    end = "\r" if "\r\n" in text else ""
    old = text.split("\n")
    new: list[str] = []
    at = 0
    gets_newline, previous = False, ""
    for line in diff[2:]:
        if line.startswith("@@"):
            first, count = (int(part) for part in line.split()[1][1:].split(","))
            start = first - 1 if count else first
            new += old[at:start]
            at = start
        elif line.startswith("\\"):
            gets_newline = previous[0] == "-"
        elif line[0] == "+":
            new.append(line[1:] + end)
        else:
            assert old[at].rstrip("\r") == line[1:].rstrip("\r")
            if line[0] == " ":
                new.append(old[at])
            at += 1
        previous = line
    rest = [""] if gets_newline else old[at:]
    return "\n".join(new + rest)


@pytest.mark.parametrize("legal", long_after(1, [200, 500]))
def test_no_other_byte_changes_and_botocore_reads_the_intended_values(legal):
    seen: Counter[str] = Counter()
    counts = Counter[str]()
    for seed in range(4 * legal):
        text = config_of(seed)
        try:
            check_config(text, counts, seen)
        except Exception as error:
            error.add_note(f"the config of seed {seed}: {text!r}")
            raise
        if counts["legal"] == legal:
            break
    assert counts["legal"] == legal
    assert counts["refused"] > 20
    assert counts["edited"] > 50
    assert [name for name in CONSTRUCTS if not seen[name]] == []


def check_config(text: str, counts: Counter[str], seen: Counter[str]) -> None:
    """Check that we read this config, or refuse it, as botocore does, and that edits are right."""
    read = botocore_reads(text.encode())
    if read is None:
        counts["refused"] += 1
        with pytest.raises(ConfigInvalid, match=r"^c:\d+: "):
            ConfigFile.parse(text.encode(), "c")
        return
    config = ConfigFile.parse(text.encode(), "c")
    assert our_profiles(config) == read["profiles"]
    assert set(config.session_names()) == set(read["sso_sessions"])
    if config.text.defaults.values() and not config.text.sections:
        # Legal only as long as no section inherits the invalid nested block.
        return
    counts["legal"] += 1
    seen.update(name for name, shows in CONSTRUCTS.items() if shows(text))
    changes: list[Change] = [_NEW]
    if "profile ours" in config.text.sections:
        counts["edited"] += 1
        check_changes(text, [_CONVERT])
        changes.insert(0, _CONVERT)
        check_removal(config)
    check_changes(text, changes)
    check_addition_goes_away(text)


def check_removal(config: ConfigFile) -> None:
    """Removing a section keeps all other sections and all comments."""
    try:
        after = config.with_changes([RemoveSection("profile ours")])
    except ConfigInvalid:
        # Refused, because an indented header that follows would become part of the value before it.
        assert re.search(r"^[ \t]+\[", config.text.text, re.MULTILINE)
        return
    read = botocore_reads(after)
    assert read is not None
    before = our_profiles(config)
    before.pop("ours")
    assert read["profiles"] == before
    comments = [line for line in config.text.lines if line.strip().startswith(("#", ";"))]
    left = after.decode().split("\n")
    assert [line for line in left if line.strip().startswith(("#", ";"))] == comments


def check_addition_goes_away(text: str) -> None:
    """Adding a section and removing it again restores the bytes, apart from a last newline."""
    added = ConfigFile.parse(text.encode(), "c").with_changes([_NEW])
    back = ConfigFile.parse(added, "c").with_changes([RemoveSection(_NEW.header)])
    end = "" if not text or text.endswith("\n") else "\r\n" if "\r\n" in text else "\n"
    assert back.decode() == text + end
