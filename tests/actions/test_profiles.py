"""Applying a plan to a config that another program may have changed since the user saw the diff."""

import pytest

from ssohelper.actions import profiles
from ssohelper.app import App
from ssohelper.core.choices import Choices
from ssohelper.core.model import Role
from ssohelper.core.profile_plan import Plan
from ssohelper.errors import LocalState
from tests.conftest import Home
from tests.saved_listing import PAY, add_listed_session

FILTERED = Choices(roles=("Admin",))


@pytest.fixture
def app(home: Home) -> App:
    add_listed_session(home)
    return App(home.env)


def plan_admin(app: App) -> Plan:
    """Return the plan that adds the profile pay.Admin."""
    session = app.config.read().sso_session("corp")
    listing = app.directory.load("corp")
    assert session is not None
    assert listing is not None
    choices = profiles.merge_choices(app, session, FILTERED)
    plan = profiles.plan_sync(app, session, listing, choices)
    assert plan.add == ("pay.Admin",)
    return plan


def append(home: Home, text: str) -> str:
    changed = home.config_file.read_text() + text
    home.config_file.write_text(changed)
    return changed


@pytest.mark.parametrize(
    "edit",
    [
        "[profile pay.Admin]\nregion = eu-west-1\n",
        f"[profile own]\nsso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Admin\n",
    ],
    ids=["the name is taken now", "the role has a profile now"],
)
def test_writes_nothing_when_an_edit_has_changed_the_plan(app: App, home: Home, edit: str) -> None:
    plan = plan_admin(app)
    changed = append(home, edit)
    with pytest.raises(LocalState, match="has changed since the diff was shown"):
        profiles.apply(app, plan)
    assert home.config_file.read_text() == changed
    assert app.choices.load("corp") == Choices()


def test_keeps_an_edit_that_does_not_change_the_plan(app: App, home: Home) -> None:
    plan = plan_admin(app)
    changed = append(home, "# mine\n[profile other]\nregion = eu-west-1\n")
    profiles.apply(app, plan)
    assert home.config_file.read_text().startswith(changed)
    assert app.config.read().profile("pay.Admin") is not None
    assert app.choices.load("corp") == FILTERED._replace(written_region="eu-west-1")


def test_options_that_another_sync_saved_meanwhile_stay(app: App, home: Home) -> None:
    app.choices.save("corp", Choices(default_region="us-east-1"))
    plan = plan_admin(app)  # with the region that is remembered now
    removed = frozenset({Role(PAY, "Read")})
    app.choices.save("corp", Choices(default_region="eu-north-1", form="sso", removed=removed))
    profiles.apply(app, plan)
    assert app.choices.load("corp") == Choices(
        roles=("Admin",),
        default_region="eu-north-1",
        form="sso",
        removed=removed,
        written_region="us-east-1",
    )


def test_add_ends_the_record_that_the_user_removed_the_profile(app: App, home: Home) -> None:
    admin, read = Role(PAY, "Admin"), Role(PAY, "Read")
    removed = Choices(roles=("Read",), removed=frozenset({admin, read}))
    app.choices.save("corp", removed)
    session, listing = app.config.read().sso_session("corp"), app.directory.load("corp")
    assert session is not None
    assert listing is not None
    given = Choices(form="sso")
    choices = profiles.merge_choices(app, session, given)
    profiles.apply(app, profiles.plan_add(app, session, listing, choices, admin, None))
    left = removed._replace(removed=frozenset({read}), written_region="eu-west-1")
    assert app.choices.load("corp") == left
