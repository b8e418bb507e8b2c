"""Which command line opens an editor at a line."""

import pytest

from ssohelper.core.editor_command import chosen_editor, editor_command


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        ("vi", ["vi", "+7", "f"]),
        ("/usr/bin/nvim -u NONE", ["/usr/bin/nvim", "-u", "NONE", "+7", "f"]),
        ("emacsclient -t", ["emacsclient", "-t", "+7", "f"]),
        ("nano", ["nano", "+7", "f"]),
        ("micro", ["micro", "+7", "f"]),
        ("code --wait", ["code", "--wait", "--goto", "f:7"]),
        ("hx", ["hx", "f:7"]),
        ("'/opt/my editor/ed' -x", ["/opt/my editor/ed", "-x", "f"]),
    ],
)
def test_the_line_is_told_as_the_editor_takes_it(editor, words):
    assert editor_command(editor, "f", 7) == words


def test_visual_comes_before_editor_and_blanks_do_not_count():
    assert chosen_editor({"VISUAL": "a", "EDITOR": "b"}) == "a"
    assert chosen_editor({"VISUAL": " ", "EDITOR": "b"}) == "b"
    assert chosen_editor({}) is None
    with pytest.raises(ValueError, match="quot"):  # a quote that is not closed
        editor_command("vim 'x", "f", 1)
