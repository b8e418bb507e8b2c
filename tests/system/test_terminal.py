"""What was typed before a question is dropped, on a terminal only."""

import os
import pty

from ssohelper.system.terminal import discard_typed_input


def test_a_terminal_loses_what_was_typed_before_and_keeps_what_comes_after():
    ours, terminal = pty.openpty()
    try:
        os.write(ours, b"before\n")
        discard_typed_input(terminal)
        os.write(ours, b"after\n")
        assert os.read(terminal, 100) == b"after\n"
    finally:
        os.close(ours)
        os.close(terminal)


def test_a_pipe_keeps_its_answers():
    reading, writing = os.pipe()
    os.write(writing, b"y\n")
    discard_typed_input(reading)
    assert os.read(reading, 100) == b"y\n"
    os.close(reading)
    os.close(writing)
