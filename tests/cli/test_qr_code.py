"""The QR code of `login --qr`: half blocks, and ASCII where the terminal has none."""

import segno

from ssohelper.cli.qr_code import qr_text

URL = "https://device.sso.us-east-1.amazonaws.com/?user_code=PQRS-TVWX"
BORDER = 4


def modules() -> list[list[bool]]:
    code = segno.make(URL, error="l", micro=False)
    return [[bool(dark) for dark in row] for row in code.matrix_iter(border=BORDER)]


def test_half_blocks_take_half_the_height_and_without_them_a_module_is_two_signs():
    text = qr_text(URL, "utf-8")
    assert not text.isascii()
    assert len(text.splitlines()) <= (len(modules()) + 1) // 2 + 1
    lines = qr_text(URL, "ascii").splitlines()
    pairs = [[line[at : at + 2] for at in range(0, len(line), 2)] for line in lines]
    assert [[{"  ": True, "##": False}[pair] for pair in row] for row in pairs] == modules()
    assert qr_text(URL, "latin-1") == qr_text(URL, "ascii")
