"""The record of given notices: one small file; a damaged one counts as missing."""

from pathlib import Path

import pytest

from ssohelper.core.sign_in_notices import GivenNotices
from ssohelper.stores.notice_record import NoticeRecord

GIVEN = GivenNotices(4_000_000_000, frozenset({"3600", "900"}))


def test_a_saved_record_is_loaded(tmp_path: Path) -> None:
    record = NoticeRecord(tmp_path / "state")
    assert record.load("corp") == GivenNotices()
    record.save("corp", GIVEN)
    assert record.load("corp") == GIVEN
    assert record.load("other") == GivenNotices()
    record.save("corp", GivenNotices(None, frozenset({"over"})))
    assert record.load("corp") == GivenNotices(None, frozenset({"over"}))
    record.forget("corp")
    assert record.load("corp") == GivenNotices()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"end": "soon", "marks": []}',
        '{"end": true, "marks": ["0"]}',
        '{"end": 1, "marks": "0"}',
        '{"end": 1, "marks": [0]}',
        '{"end": 1}',
    ],
)
def test_a_damaged_file_counts_as_missing(tmp_path: Path, content: str) -> None:
    record = NoticeRecord(tmp_path / "state")
    record.save("corp", GIVEN)
    (tmp_path / "state/notices/corp.json").write_text(content)
    assert record.load("corp") == GivenNotices()
