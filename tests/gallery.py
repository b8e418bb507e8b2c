"""Draws every screen at five sizes on every kind of terminal into .cache/pictures.

The pictures are too many for the repository. tests/tui/test_looks.py checks the same frames.
"""

import html
import shutil
from pathlib import Path

from tests.tui import looks, tour
from tests.tui.cells import PALETTES, to_svg

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "pictures"
_STYLE = "body { background: #888; font: 14px sans-serif; } img { max-width: 100%; margin: 4px; }"


def draw(folder: Path = FOLDER, palettes=PALETTES, sizes=tour.SIZES) -> int:
    """Draw the screens into the folder, with an index.html; return how many pictures there are."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    drawn: dict[str, list[str]] = {}
    count = 0
    for palette in palettes:
        frames = tour.take_tour(palette, sizes)
        for frame in frames:
            name = f"{frame.name}-{palette.name}-{frame.width}x{frame.height}.svg"
            (folder / name).write_text(to_svg(frame), encoding="utf-8")
            found = [
                f"<li>{html.escape(f'{one.rule}: {one.what}')}</li>" for one in looks.check(frame)
            ]
            faults = f"<ul>{''.join(found)}</ul>" if found else ""
            figure = f'<p>{name}{faults}<br><img loading="lazy" src="{name}" alt="{name}"></p>'
            drawn.setdefault(frame.name, []).append(figure)
        count += len(frames)
    (folder / "index.html").write_text(_index(drawn), encoding="utf-8")
    return count


def _index(drawn: dict[str, list[str]]) -> str:
    links = " · ".join(f'<a href="#{name}">{name}</a>' for name in drawn)
    parts = [f'<h2 id="{name}">{name}</h2>{"".join(figures)}' for name, figures in drawn.items()]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>ssohelper</title>'
        f"<style>{_STYLE}</style></head><body><p>{links}</p>\n{chr(10).join(parts)}</body></html>\n"
    )
