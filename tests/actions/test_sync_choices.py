"""The options of a sync as texts that a person edits, and the region that is proposed."""

import pytest

from ssohelper.actions import sync_choices
from ssohelper.app import App
from ssohelper.core.choices import Choices
from tests.conftest import Home
from tests.saved_listing import PAY, add_listed_session


@pytest.fixture
def app(home: Home) -> App:
    add_listed_session(home)
    return App(home.env)


@pytest.fixture
def session(app):
    return app.config.read().sso_session("corp")


def test_unchanged_texts_are_no_choices(app, session):
    texts = sync_choices.option_texts(app, session)
    assert sync_choices.parse_option_texts(app, session, texts) == (Choices(), {})


def test_each_text_is_parsed_as_what_it_is(app, session):
    texts = {
        sync_choices.ACCOUNTS: "pay* 'a b'",
        sync_choices.ROLES: "",
        sync_choices.TEMPLATE: "{role_name}",
        sync_choices.FORM: "sso",
        sync_choices.REGION: " us-west-2 ",
    }
    given, problems = sync_choices.parse_option_texts(app, session, texts)
    assert problems == {}
    assert (given.accounts, given.template, given.form, given.default_region) == (
        ("pay*", "a b"), "{role_name}", "sso", "us-west-2"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        (sync_choices.ACCOUNTS, "'open", "a quote is not closed"),
        (sync_choices.TEMPLATE, "{nothing}", "nothing"),
        (sync_choices.FORM, "eu-west-1", "the form is"),
        (sync_choices.REGION, "no region!", "no region!"),
    ],
)
def test_a_wrong_text_is_a_problem_of_its_field(app, session, field, text, said):
    given, problems = sync_choices.parse_option_texts(app, session, {field: text})
    assert given == Choices()
    assert list(problems) == [field]
    assert said in problems[field]


def test_the_region_shown_is_the_one_that_the_first_profiles_get(home):
    add_listed_session(home)
    app = App({**home.env, "AWS_REGION": "eu-north-1"})
    shown = sync_choices.option_texts(app, app.config.read().sso_session("corp"))
    assert shown[sync_choices.REGION] == "eu-north-1"


@pytest.mark.parametrize(
    ("saved", "setting", "has_profile", "proposed"),
    [
        (None, "", False, "sa-east-1"),
        ("eu-north-1", "", False, None),
        (None, "eu-north-1", False, None),
        (None, "", True, None),
    ],
    ids=["nothing chosen", "saved option", "setting", "managed profile"],
)
def test_a_region_is_proposed_until_one_was_chosen(home, saved, setting, has_profile, proposed):
    add_listed_session(home)
    if has_profile:
        home.write_config(
            f"{home.config_file.read_text()}[profile pay]\nsso_session = corp\n"
            f"sso_account_id = {PAY}\nsso_role_name = Read\nssohelper_managed = true\n"
        )
    app = App({**home.env, "AWS_REGION": "sa-east-1"})
    if setting:
        app.environ["SSOHELPER_DEFAULT_REGION"] = setting
    app.choices.save("corp", Choices(default_region=saved))
    session = app.config.read().sso_session("corp")
    assert sync_choices.propose_default_region(app, session) == proposed
