"""No screen at any size, on any kind of terminal, hides, cuts or darkens what it shows.

The rules are those of tests/tui/looks.py. `make pictures` draws the same frames.
"""

import pytest

from tests.tui import looks, tour
from tests.tui.cells import PALETTES, Frame, Palette


def findings_of(frames: list[Frame]) -> list[str]:
    whole = {frame.name: frame for frame in frames if (frame.width, frame.height) == tour.WHOLE}
    return [
        f"{found.frame} {found.size} {found.palette}: {found.rule}: {found.what}"
        for frame in frames
        for found in looks.check(frame, whole.get(frame.name))
    ]


def test_each_screen_once_at_a_size_and_in_a_palette() -> None:
    frames = tour.take_samples()
    assert {(frame.width, frame.height) for frame in frames} == set(tour.SIZES)
    assert findings_of(frames) == []


@pytest.mark.long
@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_each_screen_at_every_size(palette: Palette) -> None:
    frames = tour.take_tour(palette)
    names = {frame.name for frame in frames}
    assert len(frames) == len(names) * len(tour.SIZES)
    assert findings_of(frames) == []
