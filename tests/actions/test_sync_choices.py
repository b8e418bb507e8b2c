"""The region that is proposed for a session's first profiles."""

import pytest

from ssohelper.actions import sync_choices
from ssohelper.app import App
from ssohelper.core.choices import Choices
from tests.saved_listing import PAY, add_listed_session


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
