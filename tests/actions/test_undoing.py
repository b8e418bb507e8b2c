"""What an undo of a config write says in the journal."""

from ssohelper.actions import config_writing, undoing
from ssohelper.core.config_edit import AddSection
from tests.actions.world import WorldApp


def test_an_undo_is_a_line_in_the_journal(tmp_path):
    app = WorldApp(tmp_path)
    before = app.config.read_data()
    add = AddSection("profile new", (("region", "eu-west-1"),))
    config_writing.write_changes(app, "setup", before, [add])
    undoing.undo_config_write(app, undoing.plan_undo(app))
    assert app.config.read_data() == before
    [*_, noted] = app.journal.read().lines
    assert (noted.fields["command"], noted.fields["removed"]) == ("profile undo", 1)
