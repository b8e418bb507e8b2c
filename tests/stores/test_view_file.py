"""How the full screen's list was shown last: kept over an exit, and harmless when damaged."""

import os
from pathlib import Path

import pytest

from ssohelper.core.schema.view import View
from ssohelper.stores.view_file import ViewFile


def test_a_view_is_kept_for_its_user_alone(tmp_path: Path) -> None:
    stored = ViewFile(tmp_path / "state")
    assert stored.load() == View()
    for view in (View("corp", True, True), View(None, False, True)):
        stored.save(view)
        assert ViewFile(tmp_path / "state").load() == view
    assert os.stat(tmp_path / "state" / "view.json").st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"only_session": 1, "only_favourites": false, "by_account": false}',
        '{"only_session": "a\\u001b", "only_favourites": false, "by_account": false}',
        '{"only_session": null, "only_favourites": 1, "by_account": false}',
        '{"only_session": null, "only_favourites": false}',
        " " * 5000,
    ],
)
def test_a_damaged_file_counts_as_missing_and_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "view.json"
    path.write_text(content)
    path.chmod(0o600)
    stored = ViewFile(tmp_path)
    assert stored.load() == View()
    stored.save(View(by_account=True))
    assert stored.load() == View(by_account=True)
