"""An address as a QR code of characters, for `login --qr`. Fetched late: segno is asked for once."""

import io

import segno


def qr_text(url: str, encoding: str) -> str:
    """Return the lines of the code: two modules to a character cell, or in plain ASCII.

    ASCII, of twice the width and height, is for an encoding that has no half blocks.
    """
    code = segno.make(url, error="l", micro=False)
    lines = io.StringIO()
    code.terminal(out=lines, compact=True)
    try:
        lines.getvalue().encode(encoding)
    except UnicodeEncodeError:
        rows = code.matrix_iter(border=4)
        return "\n".join("".join("  " if dark else "##" for dark in row) for row in rows) + "\n"
    return lines.getvalue()
