"""Writing the changes whose diff the user saw."""

import pytest

from ssohelper.actions import config_writing
from ssohelper.core.config_edit import AddSection
from ssohelper.errors import LocalState
from tests.actions.world import CONFIG, WorldApp

CHANGES = (AddSection("profile new", (("region", "eu-west-1"),)),)


def test_a_write_is_a_line_in_the_journal_and_no_write_is_none(tmp_path):
    app = WorldApp(tmp_path)
    config_writing.write_changes(app, "adopt", CONFIG.encode(), ())
    assert app.journal.read().lines == []
    config_writing.write_changes(app, "adopt", CONFIG.encode(), CHANGES)
    [line] = app.journal.read().lines
    assert (line.fields["command"], line.fields["added"]) == ("adopt", 1)
    with pytest.raises(LocalState, match="has changed since the diff was shown"):
        config_writing.write_changes(app, "adopt", CONFIG.encode(), CHANGES)
