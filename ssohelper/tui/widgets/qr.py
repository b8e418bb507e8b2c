"""A QR code, which a phone can read from the screen in every theme."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

# The white margin, in modules (the small squares of a QR code). The standard asks for four modules;
# the dialog's padding gives the other two.
_BORDER = 2
_BLACK_ON_WHITE = Style(color="#000000", bgcolor="#ffffff")
_HALVES = {(0, 0): " ", (0, 1): "▄", (1, 0): "▀", (1, 1): "█"}


class QrCode(Widget):
    """Shows a QR code, black on white. A terminal cell has two squares of the code."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[str] = []
        self.show_text("")

    def show_text(self, text: str) -> None:
        self._rows = half_block_rows(text) if text else []
        self.styles.width = len(self._rows[0]) if self._rows else 0
        self.styles.height = len(self._rows)
        self.refresh(layout=True)

    @property
    def cells_needed(self) -> tuple[int, int]:
        return (len(self._rows[0]), len(self._rows)) if self._rows else (0, 0)

    def render_line(self, y: int) -> Strip:
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        return Strip([Segment(self._rows[y], _BLACK_ON_WHITE)])


def half_block_rows(text: str) -> list[str]:
    """Return the lines of a QR code, drawn with half blocks, and with a white margin."""
    # segno loads an HTTP client and OpenSSL: 10 MB. Most screens import this module and draw no code.
    import segno

    modules = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(
        border=_BORDER
    )]  # fmt: skip
    modules.append([0] * len(modules[0]))  # a QR code has an odd number of lines
    return [
        "".join(_HALVES[(int(upper), int(lower))] for upper, lower in zip(*pair, strict=True))
        for pair in zip(modules[::2], modules[1::2], strict=True)
    ]
