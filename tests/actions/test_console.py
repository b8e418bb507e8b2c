"""The console in a browser whose command fails, and the pages that were opened last."""

from types import SimpleNamespace

import pytest

from ssohelper.actions import console
from ssohelper.core.model import PageChoice, Profile
from tests.actions.world import ROLE, SESSION, WorldApp

READER = Profile("ro", SESSION, ROLE, None)
ADMIN = Profile("admin", SESSION, ROLE._replace(name="Admin"), None)


@pytest.fixture
def app(tmp_path) -> WorldApp:
    return WorldApp(tmp_path)


@pytest.mark.parametrize("outcome", ["served", "refused", None])
def test_a_browser_whose_command_fails_may_still_open_the_address_a_little_later(app, outcome):
    answers = [None, outcome]
    redirect = SimpleNamespace(wait_for_visit=lambda _seconds: answers.pop(0))
    found = console._wait_for_browser_request(app, redirect, lambda: True)  # type: ignore[arg-type]
    assert (found, answers) == (outcome, [])


def test_opened_pages_are_remembered_for_their_role_the_last_one_first(app: WorldApp):
    pages = [PageChoice("s3", "eu-west-1"), PageChoice("ec2", "us-east-1")]
    for page in pages:
        console.record_opened_console_page(app, READER.key, page)
    assert console.load_opened_console_pages(app, READER.key) == pages[::-1]
    assert console.load_opened_console_pages(app, ADMIN.key) == []
    assert app.warnings == []
