"""Number and hash of the journal's last line: a failure to read or write them is no error."""

from pathlib import Path

import pytest

from ssohelper.core.journal_lines import LastLine
from ssohelper.stores.last_line_file import LastLineFile

LAST = LastLine(12, "ab" * 32)


def test_a_saved_line_replaces_the_one_before_without_a_moment_in_between(tmp_path: Path) -> None:
    saved = LastLineFile(tmp_path / "run", tmp_path / "state")
    assert saved.load() is None
    sizes = set()
    for seq in (1, 12, 10**16 - 1):
        saved.save(LAST._replace(seq=seq))
        assert saved.load() == LAST._replace(seq=seq)
        [path] = (tmp_path / "run").iterdir()
        sizes.add(path.stat().st_size)
    assert len(sizes) == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_state_folders_with_one_runtime_folder_have_each_their_own(tmp_path: Path) -> None:
    one, other = (LastLineFile(tmp_path / "run", tmp_path / name) for name in ("a", "b"))
    one.save(LAST)
    assert other.load() is None
    assert LastLineFile(tmp_path / "run", tmp_path / "b" / ".." / "a").load() == LAST


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"12 " + b"ab" * 32 + b"\n",
        b"%016d " % 12 + b"AB" * 32 + b"\n",
        b"%016d " % 12 + b"ab" * 32,
        b"%016d " % 12 + b"ab" * 32 + b"\n\n",
        b"x" * 300,
    ],
)
def test_a_damaged_file_counts_as_missing(tmp_path: Path, content: bytes) -> None:
    saved = LastLineFile(tmp_path / "run", tmp_path / "state")
    saved.save(LAST)
    [path] = (tmp_path / "run").iterdir()
    path.write_bytes(content)
    assert saved.load() is None


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    saved = LastLineFile(tmp_path / "run", tmp_path / "state")
    saved.save(LAST)
    [path] = (tmp_path / "run").iterdir()
    precious = tmp_path / "precious"
    path.rename(precious)
    content = precious.read_bytes()
    path.symlink_to(precious)
    assert saved.load() is None
    saved.save(LAST._replace(seq=13))
    assert precious.read_bytes() == content


def test_where_nothing_can_be_written_saving_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    saved = LastLineFile(tmp_path / "run", tmp_path / "state")
    saved.save(LAST)
    assert saved.load() is None
