"""The record of console visits: which other role a browser may still be signed in as."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ssohelper.actions import console
from ssohelper.core.model import PageChoice, Profile
from ssohelper.errors import LocalState
from tests.actions.world import HOUR, NOW, ROLE, SESSION, WorldApp

READER = Profile("ro", SESSION, ROLE, None)
ADMIN = Profile("admin", SESSION, ROLE._replace(name="Admin"), None)


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    return WorldApp(tmp_path)


def visit(app: WorldApp, profile: Profile, browser: str = "firefox") -> str | None:
    other = console.record_console_visit_and_find_other_role(app, browser, profile, app.at + HOUR)
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
    app.at = NOW + HOUR
    assert visit(app, ADMIN) is None
    app.at += HOUR - 1
    assert visit(app, READER) == ADMIN.role.name


def test_a_visit_that_cannot_be_recorded_is_a_warning(
    app: WorldApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **_more: object) -> None:
        raise LocalState("disk full")

    assert visit(app, READER) is None
    monkeypatch.setattr(app.console_visits, "save_visit", fail)
    assert visit(app, ADMIN) is None
    assert app.warnings == ["this console visit could not be recorded: disk full"]


@pytest.mark.parametrize("outcome", ["served", "refused", None])
def test_a_browser_whose_command_fails_may_still_open_the_address_a_little_later(
    app: WorldApp, outcome: str | None
) -> None:
    answers = [None, outcome]
    redirect = SimpleNamespace(wait_for_visit=lambda _seconds: answers.pop(0))
    found = console._wait_for_browser_request(app, redirect, lambda: True)  # type: ignore[arg-type]
    assert (found, answers) == (outcome, [])


def test_opened_pages_are_remembered_for_their_role_the_last_one_first(app: WorldApp) -> None:
    pages = [PageChoice("s3", "eu-west-1"), PageChoice("ec2", "us-east-1")]
    for page in pages:
        console.record_opened_console_page(app, READER.key, page)
    assert console.load_opened_console_pages(app, READER.key) == pages[::-1]
    assert console.load_opened_console_pages(app, ADMIN.key) == []
    assert app.warnings == []
