"""The record of console visits: which other role a browser may still be signed in as."""

from pathlib import Path

import pytest

from ssohelper.actions import console
from ssohelper.core.model import Profile
from ssohelper.errors import LocalState
from tests.actions.world import HOUR, NOW, ROLE, SESSION, WorldApp

READER = Profile("ro", SESSION, ROLE, None)
ADMIN = Profile("admin", SESSION, ROLE._replace(name="Admin"), None)


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    return WorldApp(tmp_path)


def visit(app: WorldApp, profile: Profile, browser: str = "firefox") -> str | None:
    other = console.record_visit_and_find_other_role(app, browser, profile, app.at + HOUR)
    return other and other.role_name


def test_another_role_in_the_same_browser_is_named_once(app: WorldApp) -> None:
    assert visit(app, READER) is None
    assert visit(app, READER) is None
    assert visit(app, ADMIN, "chromium") is None
    assert visit(app, ADMIN) == READER.role.name
    assert visit(app, READER) is None
    assert visit(app, ADMIN) is None


def test_a_visit_that_is_over_is_not_named(app: WorldApp) -> None:
    assert visit(app, READER) is None
    app.at = NOW + HOUR - 1
    assert visit(app, ADMIN) == READER.role.name
    app.at += HOUR
    assert visit(app, READER) is None


def test_a_visit_that_cannot_be_recorded_is_a_warning(
    app: WorldApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **_more: object) -> None:
        raise LocalState("disk full")

    assert visit(app, READER) is None
    monkeypatch.setattr(app.console_visits, "save_visit", fail)
    assert visit(app, ADMIN) is None
    assert app.warnings == ["this console visit could not be recorded: disk full"]
