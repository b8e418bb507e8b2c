"""The diff that `undo` shows is the diff of what it writes, over generated configs and edits."""

import re
import time
from collections.abc import Callable, Iterable
from random import Random

import pytest

from ssohelper.actions import undoing
from ssohelper.app import App
from ssohelper.core.config_diff import diff_texts
from ssohelper.core.config_edit import Change, EditSection, RemoveSection
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.profile_plan import plan_sync
from ssohelper.errors import ConfigInvalid
from tests.core.config_generator import config as config_of
from tests.core.test_profile_plan import request
from tests.long_rows import long_after

_HUNK = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@")


def patched(text: str, diff: Iterable[str]) -> str:
    """Return the text after a strict `patch`: every context line and number must fit."""
    *lines, last = text.split("\n")
    old = [f"{line}\n" for line in lines] + [last] * bool(last)
    new: list[str] = []
    at, expected, was = 0, [0, 0], ""
    for line in [*diff][2:]:
        hunk = _HUNK.fullmatch(line)
        if hunk:
            assert expected == [0, 0]
            first, removed, new_first, added = map(int, hunk.groups())
            start = first - 1 if removed else first
            new += old[at:start]
            at, expected = start, [removed, added]
            assert len(new) == (new_first - 1 if added else new_first)
        elif line.startswith("\\"):
            new[-1:] = [new[-1].removesuffix("\n")] if was != "-" else new[-1:]
        else:
            was = line[0]
            if was in " -":
                assert old[at].removesuffix("\n") == line[1:]
                at, expected[0] = at + 1, expected[0] - 1
            if was in " +":
                new.append(f"{line[1:]}\n")
                expected[1] -= 1
    assert expected == [0, 0]
    return "".join([*new, *old[at:]])


def changes_of(chance: Random, config: ConfigFile) -> list[Change]:
    """Return what `sync` would write, and edits and removals of some profiles."""
    changes: list[Change] = list(plan_sync(config, request()).changes)
    taken = {getattr(change, "header", "") for change in changes}
    for entry in config.profiles():
        kind = chance.randrange(4)
        if entry.header in taken or kind > 1:
            continue
        edit = EditSection(entry.header, (("output", "text"),), tuple(entry.keys)[:1])
        changes.append(RemoveSection(entry.header) if kind else edit)
    return changes


def _always(changes: list[Change]) -> Callable[[ConfigFile], list[Change]]:
    return lambda _config: changes


@pytest.mark.parametrize(
    ("edits_after", "cases"), long_after(1, [(True, 80), (True, 200), (False, 200)])
)
def test_the_diff_of_an_undo_makes_what_the_undo_writes(tmp_path, edits_after, cases):
    app = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)})
    path = app.locations.aws_config_file
    path.parent.mkdir(parents=True, exist_ok=True)
    done = seed = 0
    while done < cases:
        seed += 1
        chance = Random(seed)
        text = config_of(seed).replace("\r\n", "\n")
        try:
            config = ConfigFile.parse(text.encode(), "config")
            changes = changes_of(chance, config)
            config.with_changes(changes)
        except ConfigInvalid:
            continue
        path.write_text(text)
        if not app.config.write(_always(changes), app.clock.deadline()):
            continue
        if edits_after:
            path.write_text(path.read_text() + "\n[profile later]\nregion = x\n")
        now = path.read_text()
        undo = undoing.plan_undo(app)
        shown = list(undoing.diff_undo(app, undo))
        undoing.undo_files(app, undo)
        assert patched(now, shown) == path.read_text(), seed
        assert edits_after or path.read_text() == text, seed
        done += 1


def test_a_diff_of_ten_thousand_profiles_takes_no_minute():
    old = "".join(
        f"[profile p{n}]\nregion = x\ncredential_process = a {n}\n\n" for n in range(10_000)
    )
    new = old.replace("region = x", "region = y").replace("[profile p77]", "[profile other]")
    began = time.process_time()
    shown = list(diff_texts(old, new, "config"))
    assert time.process_time() - began < 10  # line by line it is 33 s
    assert patched(old, shown) == new


def test_a_change_has_three_lines_around_it_and_equal_sections_are_paired_by_name():
    lines = [f"key{number} = 1\n" for number in range(12)]
    before = "[a]\n" + "".join(lines)
    diff = list(diff_texts(before, before.replace("key6 = 1", "key6 = 2"), "config"))
    context = [f" key{number} = 1" for number in (3, 4, 5, 7, 8, 9)]
    assert diff[2:] == [
        "@@ -5,7 +5,7 @@", *context[:3], "-key6 = 1", "+key6 = 2", *context[3:]
    ]  # fmt: skip
    moved = list(diff_texts("[a]\nx = 1\n[b]\ny = 1\n", "[b]\ny = 1\n[c]\nz = 1\n", "config"))
    assert moved[3:] == ["-[a]", "-x = 1", " [b]", " y = 1", "+[c]", "+z = 1"]


@pytest.mark.parametrize("gap", range(5, 9))
def test_two_changes_share_a_hunk_only_while_their_contexts_touch(gap):
    before = "[a]\nx = 1\n" + "# note\n" * gap + "y = 1\n"
    diff = list(diff_texts(before, before.replace("= 1", "= 2"), "config"))
    assert sum(line.startswith("@@") for line in diff) == (1 if gap < 6 else 2)
    assert patched(before, diff) == before.replace("= 1", "= 2")


def test_sections_below_a_removed_one_are_compared_with_their_own_old_lines():
    before = "[gone]\nv = 1\n[a]\nw = 1\nx = 1\n[b]\ny = 1\nz = 1\n[c]\n"
    after = "[a]\nw = 2\nx = 1\n[b]\ny = 2\nz = 1\n[d]\n"
    diff = list(diff_texts(before, after, "config"))
    assert diff[3:] == [
        "-[gone]", "-v = 1", " [a]", "-w = 1", "+w = 2", " x = 1",
        " [b]", "-y = 1", "+y = 2", " z = 1", "-[c]", "+[d]",
    ]  # fmt: skip
