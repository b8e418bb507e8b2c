"""The pictures in the docs show the screens as they are now."""

import re

from tests import pictures


def test_the_pictures_are_what_make_pictures_draws() -> None:
    there = {path.stem: path.read_text(encoding="utf-8") for path in pictures.FOLDER.glob("*.svg")}
    drawn = pictures.draw_all()
    assert set(there) == set(drawn), "run: make generated"
    stale = sorted(name for name, svg in drawn.items() if there[name] != svg)
    assert stale == [], "run: make generated"


def test_the_pictures_load_nothing_from_other_hosts() -> None:
    for path in pictures.FOLDER.glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "@font-face" not in text
        asked = re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#)([^\"')\s]+)", text)
        assert asked == [], path.name
