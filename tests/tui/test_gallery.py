"""`make pictures` draws each screen into .cache/pictures, with a page to look at them."""

import re
from pathlib import Path

import pytest

from tests import gallery
from tests.tui import tour
from tests.tui.cells import PALETTES


@pytest.mark.long
def test_the_page_shows_each_picture(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    count = gallery.draw(folder, PALETTES[:1], tour.SIZES[:1])
    pictures = {path.name for path in folder.glob("*.svg")}
    assert len(pictures) == count > 20
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'src="([^"]+)"', page)) == pictures
