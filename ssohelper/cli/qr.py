"""An address as a QR code of characters, for `login --qr`. Fetched late: segno is asked for once."""

import io

import segno


def drawn(url: str) -> str:
    """Return the lines of the code, two modules to a character cell."""
    lines = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(out=lines, compact=True)
    return lines.getvalue()
