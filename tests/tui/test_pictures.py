"""The pictures in the docs are those of today's screens."""

import re

from tests import pictures


def test_they_are_what_make_pictures_draws_now() -> None:
    there = {path.stem: path.read_text(encoding="utf-8") for path in pictures.FOLDER.glob("*.svg")}
    drawn = pictures.draw_all()
    assert set(there) == set(drawn), "draw them anew: make pictures"
    stale = sorted(name for name, svg in drawn.items() if there[name] != svg)
    assert stale == [], "draw them anew: make pictures"


def test_they_ask_no_other_host_for_anything() -> None:
    for path in pictures.FOLDER.glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "@font-face" not in text
        asked = re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#)([^\"')\s]+)", text)
        assert asked == [], path.name
