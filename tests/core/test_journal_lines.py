"""The chain of the journal's lines: what a changed, removed or damaged one does."""

import pytest

from ssohelper.core import journal_lines
from ssohelper.core.journal_lines import LastLine
from tests.core.test_journal import entry, made


def chain(count: int) -> list[bytes]:
    lines, prev = list[bytes](), journal_lines.NO_LINE
    for seq in range(1, count + 1):
        lines.append(made(entry(others=seq), seq, prev).rstrip())
        prev = journal_lines.hash_of_line(lines[-1])
    return lines


def last_of(lines: list[bytes]) -> LastLine:
    return LastLine(len(lines), journal_lines.hash_of_line(lines[-1]))


def check(lines: list[bytes], **more: object) -> journal_lines.Verdict:
    return journal_lines.verify_hash_chain([("a", lines)], may_be_rotated=False, **more)  # type: ignore[arg-type]


class TestChain:
    def test_a_hash_chain_over_several_files_is_found_whole(self) -> None:
        lines = chain(6)
        files = [("c", lines[:2]), ("b", lines[2:3]), ("a", lines[3:])]
        found = journal_lines.verify_hash_chain(files, may_be_rotated=False, last=last_of(lines))
        assert found == journal_lines.Verdict(6, True, None, 0)

    @pytest.mark.parametrize("at", range(5))
    def test_a_changed_line_is_found_wherever_it_is(self, at: int) -> None:
        lines = chain(5)
        last = last_of(lines)
        lines[at] = lines[at].replace(b'"parent":"aws"', b'"parent":"awk"')
        found = check(lines, last=last)
        # The line after the changed one no longer fits to it; after the last one there is none.
        assert found.fault is not None
        assert (found.fault.line, found.faults) == (min(at + 2, 5), 1)
        assert "changed" in found.fault.why

    @pytest.mark.parametrize("at", range(5))
    def test_a_removed_line_is_found_wherever_it_was(self, at: int) -> None:
        lines = chain(5)
        last = last_of(lines)
        del lines[at]
        found = check(lines, last=last)
        assert found.fault is not None
        assert (found.fault.line, found.faults) == (min(at + 1, 4), 1)
        assert "removed" in found.fault.why

    def test_without_the_last_lines_hash_a_removed_end_is_not_found(self) -> None:
        assert check(chain(5)[:3]).fault is None

    def test_an_older_hash_is_that_of_a_line_in_between(self) -> None:
        lines = chain(5)
        assert check(lines, last=last_of(lines[:4])).fault is None
        assert check(lines, last=LastLine(4, "a" * 64)).fault is not None

    def test_an_empty_journal_without_its_lines_is_found(self) -> None:
        assert check([]).fault is None
        found = check([], last=last_of(chain(3)))
        assert found.fault is not None
        assert "3 lines" in found.fault.why
        found = journal_lines.verify_hash_chain([], may_be_rotated=False, last=last_of(chain(3)))
        assert found.fault is not None
        assert (found.fault.file, found.fault.line) == ("", 0)

    def test_in_an_empty_file_no_line_is_named(self) -> None:
        found = journal_lines.verify_hash_chain(
            [("b", chain(2)), ("a", [])], may_be_rotated=False, last=last_of(chain(3))
        )
        assert found.fault is not None
        assert (found.fault.file, found.fault.line) == ("a", 0)

    def test_swapped_and_repeated_lines_are_found(self) -> None:
        lines = chain(4)
        assert check([lines[0], lines[2], lines[1], lines[3]]).faults > 0
        assert check([lines[0], lines[1], lines[1], lines[2], lines[3]]).faults > 0

    def test_a_renumbered_line_is_found(self) -> None:
        lines = chain(2)
        skipped = made(entry(), 5, journal_lines.hash_of_line(lines[1])).rstrip()
        assert check([*lines, skipped]).faults == 1

    def test_after_a_damaged_line_the_check_goes_on(self) -> None:
        lines = chain(2)
        torn = b'{"v":1,"at'
        after = made(entry(), 4, journal_lines.hash_of_line(torn)).rstrip()
        later = made(entry(), 5, journal_lines.hash_of_line(after)).rstrip()
        found = check([*lines, torn, after, later])
        assert found == journal_lines.Verdict(5, True, journal_lines.Fault("a", 3, "is damaged"), 1)

    def test_a_line_after_a_damaged_one_must_have_its_hash(self) -> None:
        after = made(entry(), 2, "b" * 64).rstrip()
        assert check([b"x", after]).faults == 2

    def test_removed_first_lines_are_found_unless_rotation_may_have_removed_them(self) -> None:
        lines = chain(5)[2:]
        assert check(lines).fault is not None
        found = journal_lines.verify_hash_chain([("a", lines)], may_be_rotated=True)
        assert found == journal_lines.Verdict(3, False, None, 0)
