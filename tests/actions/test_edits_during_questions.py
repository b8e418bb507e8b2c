"""What the user writes to ~/.aws/config while a command asks its question is never removed."""

import os
from collections.abc import Callable

import pytest

from ssohelper.actions import login, profile_edit, selection, session_edit
from ssohelper.app import App
from ssohelper.core.model import SsoSession
from ssohelper.errors import ConfigInvalid, LocalState
from tests.saved_listing import PAY

MANAGED = (
    "[profile pay.Read]\ncredential_process = /x/ssohelper-credentials --session corp "
    f"--account-id {PAY} --role-name Read\nssohelper_managed = true\n\n"
)


def plan_removal_of_profile(app: App) -> Callable[[], None]:
    found = profile_edit.read_managed_profiles(app, ["pay.Read"])
    return lambda: profile_edit.remove_profiles(app, found)


def plan_removal_of_session(app: App) -> Callable[[], None]:
    plan = session_edit.plan_session_removal(app, selection.require_session(app, "corp"))
    return lambda: session_edit.apply_session_plan(app, plan)


@pytest.fixture
def app(home, monkeypatch) -> App:
    home.add_session()
    home.write_config(
        f"{home.config_file.read_text()}{MANAGED}[profile last]\nregion = eu-west-1\n"
    )
    monkeypatch.setattr(os, "environ", home.env)
    return App(home.env)


def edit(app: App, old: str, new: str) -> bytes:
    path = app.locations.aws_config_file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("plan", "header"),
    [
        (plan_removal_of_profile, "[profile pay.Read]\n"),
        (plan_removal_of_session, "[profile pay.Read]\n"),
        (plan_removal_of_session, "[sso-session corp]\n"),
    ],
)
def test_an_edit_of_a_section_that_changes_is_refused(app: App, plan, header):
    apply = plan(app)
    edited = edit(app, header, f"{header}s3 =\n    endpoint_url = http://precious\n")
    with pytest.raises(LocalState, match="has changed since the diff was shown"):
        apply()
    assert app.locations.aws_config_file.read_bytes() == edited


@pytest.mark.parametrize("plan", [plan_removal_of_profile, plan_removal_of_session])
def test_an_edit_elsewhere_stays(app: App, plan):
    apply = plan(app)
    edit(app, "[profile last]\n", "[profile last]\n# mine\noutput = json\n")
    apply()
    left = app.locations.aws_config_file.read_text()
    assert left.endswith("[profile last]\n# mine\noutput = json\nregion = eu-west-1\n")
    assert "pay.Read" not in left


def test_a_profile_with_another_name_by_now_is_not_removed(app: App):
    apply = plan_removal_of_profile(app)
    edited = edit(app, "[profile pay.Read]", "[profile mine]")
    with pytest.raises(LocalState, match="has changed since the diff was shown"):
        apply()
    assert app.locations.aws_config_file.read_bytes() == edited
    assert not app.choices.load("corp").removed


_PLANS = pytest.mark.parametrize(
    "make_plan",
    [
        session_edit.plan_session_removal,
        lambda app, session: session_edit.plan_session_move(
            app, session, session._replace(start_url="https://corp.awsapps.com/start")
        ),
    ],
)


@_PLANS
@pytest.mark.parametrize("field", ["start_url", "region"])
def test_a_plan_is_made_for_the_very_session(app: App, make_plan, field):
    session = selection.require_session(app, "corp")
    other = {"start_url": "https://d-2222222222.awsapps.com/start", "region": "eu-north-1"}
    with pytest.raises(ConfigInvalid, match="was removed, renamed or changed"):
        make_plan(app, session._replace(**{field: other[field]}))


@_PLANS
def test_the_session_is_compared_once_more_under_the_lock(app: App, make_plan, monkeypatch):
    plan = make_plan(app, selection.require_session(app, "corp"))
    url, edited = plan.session.start_url, list[bytes]()

    def edit_meanwhile(_app: App, _session: SsoSession) -> bool:
        edited.append(edit(app, url, "https://d-2222222222.awsapps.com/start"))
        return True

    monkeypatch.setattr(login, "log_out", edit_meanwhile)
    with pytest.raises(LocalState, match="has changed since the diff was shown"):
        session_edit.apply_session_plan(app, plan)
    assert [app.locations.aws_config_file.read_bytes()] == edited
