"""Makes the QR code of a URL, for `login --qr`. Imported only when needed: it loads segno."""

import io

import segno


def qr_text(url: str, encoding: str) -> str:
    """Return the QR code in half blocks, in ASCII if the encoding lacks these characters."""
    code = segno.make(url, error="l", micro=False)
    lines = io.StringIO()
    code.terminal(out=lines, compact=True)
    try:
        lines.getvalue().encode(encoding)
    except UnicodeEncodeError:
        rows = code.matrix_iter(border=4)
        return "\n".join("".join("  " if dark else "##" for dark in row) for row in rows) + "\n"
    return lines.getvalue()
