"""A URL as a QR code of characters, for `login --qr`. Imported only then: it loads segno."""

import io

import segno


def qr_text(url: str, encoding: str) -> str:
    """Return the QR code as text: half-block characters, two dots of the code in each.

    An encoding without half blocks gets ASCII, which is twice as wide and high.
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
