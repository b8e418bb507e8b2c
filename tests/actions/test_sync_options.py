"""The options of a sync as texts that a person edits."""

import pytest

from ssohelper.actions import sync_options
from ssohelper.app import App
from ssohelper.core.choices import Choices
from ssohelper.core.model import SsoSession
from tests.saved_listing import add_listed_session


@pytest.fixture
def app(home) -> App:
    add_listed_session(home)
    return App(home.env)


@pytest.fixture
def session(app: App) -> SsoSession:
    found = app.config.read().sso_session("corp")
    assert found is not None
    return found


def test_unchanged_texts_are_no_choices(app: App, session):
    texts = sync_options.load_sync_option_texts(app, session)
    assert sync_options.parse_sync_options(app, session, texts) == (Choices(), {})


def test_each_text_is_parsed_as_what_it_is(app: App, session):
    texts = {
        sync_options.ACCOUNTS: "pay* 'a b'",
        sync_options.ROLES: "",
        sync_options.TEMPLATE: "{role_name}",
        sync_options.FORM: "sso",
        sync_options.REGION: " us-west-2 ",
    }
    given, problems = sync_options.parse_sync_options(app, session, texts)
    assert problems == {}
    assert (given.accounts, given.template, given.form, given.default_region) == (
        ("pay*", "a b"), "{role_name}", "sso", "us-west-2"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        (sync_options.ACCOUNTS, "'open", "a quote is not closed"),
        (sync_options.TEMPLATE, "{nothing}", "nothing"),
        (sync_options.FORM, "eu-west-1", "the form is"),
        (sync_options.REGION, "no region!", "no region!"),
    ],
)
def test_a_wrong_text_is_a_problem_of_its_field(app: App, session, field, text, said):
    given, problems = sync_options.parse_sync_options(app, session, {field: text})
    assert given == Choices()
    assert list(problems) == [field]
    assert said in problems[field]


def test_the_region_shown_is_the_one_that_the_first_profiles_get(home):
    add_listed_session(home)
    app = App({**home.env, "AWS_REGION": "eu-north-1"})
    session = app.config.read().sso_session("corp")
    assert session is not None
    shown = sync_options.load_sync_option_texts(app, session)
    assert shown[sync_options.REGION] == "eu-north-1"
