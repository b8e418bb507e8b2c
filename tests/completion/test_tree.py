"""The command tree of TAB completion is that of the commands."""

from tests import completion_tree


def test_the_generated_tree_is_up_to_date():
    made = completion_tree.tree_text()
    assert completion_tree.PLACE.read_text() == made, "run: make generated"
