"""Makes the QR code of a URL, for `login --qr`. Imported only when needed: it loads segno."""

import io

import segno


def qr_text(url: str, encoding: str) -> str:
    """Return the URL's QR code as text for a terminal.

    Each half-block character shows two dots of the code. If the encoding lacks these characters,
    the text is ASCII, twice as wide and twice as high.
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
