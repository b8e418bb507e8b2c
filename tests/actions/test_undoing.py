"""What an undo of a config write reports: signed-in sessions that the config lost, and the journal."""

from ssohelper.actions import config_writing, undoing
from ssohelper.core.config_edit import AddSection
from tests.actions.world import SESSION, WorldApp, token

LOST = SESSION._replace(name="lost")
NEW = SESSION._replace(name="new")


def test_an_undo_names_the_signed_in_sessions_that_it_removes_and_no_other(tmp_path):
    app = WorldApp(tmp_path)
    keys = (("sso_start_url", NEW.start_url), ("sso_region", NEW.region))
    before = app.config.read_data()
    add = AddSection("sso-session new", keys)
    config_writing.write_changes(app, "setup", before, [add])
    for session in (SESSION, NEW, LOST):
        app.tokens.save_session(session)
        app.tokens.save(session, token(session.name))
    removed = undoing.undo_config_write(app, undoing.plan_undo(app))
    assert [session.name for session in removed] == ["new"]
    assert app.config.read_data() == before
    [*_, noted] = app.journal.read().lines
    assert (noted.fields["command"], noted.fields["removed"]) == ("profile undo", 1)
