"""The QR code as it is drawn: a phone must read it from the screen."""

import segno

from ssohelper.tui.screens.sign_in import half_block_rows


def test_the_half_blocks_are_the_modules_of_the_qr_code() -> None:
    url = "https://device.sso.us-east-1.amazonaws.com/?user_code=PQRS-TVWX"
    modules = [list(row) for row in segno.make(url, error="l", micro=False).matrix_iter(border=2)]
    halves = {" ": (0, 0), "▄": (0, 1), "▀": (1, 0), "█": (1, 1)}
    drawn: list[list[int]] = []
    for row in half_block_rows(url):
        drawn += [[halves[cell][0] for cell in row], [halves[cell][1] for cell in row]]
    assert [[int(module) for module in row] for row in modules] == drawn[: len(modules)]
    assert len(half_block_rows(url)) + 2 <= 24


def test_below_the_last_module_is_white() -> None:
    """A code has an odd number of lines: half of the last row of cells is below it."""
    for text in ("a", "https://device.sso.us-east-1.amazonaws.com/", "x" * 300):
        *_, last = half_block_rows(text)
        assert set(last) == {" "}
