"""`App` starts the user's `notify` command."""

from ssohelper.app import App
from ssohelper.core.clock_text import Notice
from ssohelper.fastpath import folders
from tests.collaborators.test_stores import write_settings

NOTICE = Notice("corp", 4_000_000_000, "the sign-in ends soon", "ssohelper login corp")


def test_in_the_home_of_another_user_no_command_of_its_settings_is_run(home, monkeypatch):
    """With `sudo -E`, root must not run a command that another user's settings name."""
    marker = home.path / "ran"
    write_settings(home, f"theme = 'dark'\nnotify = ['touch', '{marker}']\n")
    monkeypatch.setattr(folders, "find_other_home_owner", lambda _path, _environ: "ana")
    app = App(home.env)
    assert app.settings.get("theme") == "dark"
    assert not app.settings.get("notify")
    app.start_notice(NOTICE)
    assert not app.warnings
    assert not marker.exists()


def test_a_notify_command_that_is_gone_is_a_warning(home):
    write_settings(home, "notify = ['no-such-program', 'x']\n")
    app = App(home.env)
    app.start_notice(NOTICE)
    app.start_notice(NOTICE)
    [warning] = app.warnings
    assert "no-such-program" in warning
