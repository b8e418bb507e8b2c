"""The user name of a sign-in: confirmed by STS, saved, and kept apart from other facts."""

from typing import Any

import pytest

from ssohelper.actions import credentials, identity
from ssohelper.app import App
from ssohelper.core.listing import Listing
from ssohelper.core.model import AccessToken, Profile, Role, Secret, SignInFacts, SsoSession
from ssohelper.errors import BadAnswer, LocalState
from ssohelper.wire.sts import Identity

NOW = 4_000_000_000
SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())
ROLE = Role("000000000001", "Admin")
PROFILE = Profile("a", SESSION, ROLE, None)
ARN = f"arn:aws:sts::{ROLE.account_id}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ana"


@pytest.fixture
def app(tmp_path, monkeypatch) -> App:
    """A signed-in App; STS answers that the user is ana."""
    monkeypatch.setattr(credentials, "release_credentials", lambda *_: None)
    made = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}, clock=lambda: NOW)
    says(made)
    sign_in(made, NOW + 3600)
    return made


def says(app: App, **more: Any) -> None:
    said = {"account_id": ROLE.account_id, "arn": ARN, "role_session": "ana", **more}
    arn = f"{said['arn'].rpartition('/')[0]}/{said['role_session']}"
    identity_said = Identity(arn, said["account_id"])
    app.aws.get_caller_identity = lambda *_: identity_said  # type: ignore[method-assign, assignment]


def sign_in(app: App, expires_at: int) -> None:
    app.tokens.save(SESSION, AccessToken(Secret("t"), expires_at, None, None))


def confirm(app: App) -> identity.ConfirmedIdentity:
    return identity.confirm_identity(app, identity.look_up_identity(app, PROFILE))


def test_a_confirmed_user_is_known_afterwards(app):
    assert identity.look_up_identity(app, PROFILE).user is None
    assert confirm(app) == ("ana", ARN)
    assert identity.look_up_identity(app, PROFILE).user == "ana"


def test_after_another_tools_sign_in_the_user_is_unknown(app):
    facts = SignInFacts(user="ana", ended_at=NOW, token_expires_at=NOW + 3600)
    app.tokens.save_facts("corp", facts)
    assert identity.look_up_identity(app, PROFILE).user == "ana"
    sign_in(app, NOW + 7200)
    assert identity.look_up_identity(app, PROFILE).user is None


@pytest.mark.parametrize(("before", "keeps_the_list"), [("ana", True), ("ben", False)])
def test_the_user_of_another_tools_sign_in_is_known_once_confirmed(app, before, keeps_the_list):
    facts = SignInFacts(user=before, ended_at=NOW - 10, token_expires_at=NOW + 3600)
    app.tokens.save_facts("corp", facts)
    app.directory.save("corp", Listing(SESSION.start_url, SESSION.region, NOW - 60, ()))
    sign_in(app, NOW + 7200)
    confirm(app)
    assert identity.look_up_identity(app, PROFILE).user == "ana"
    assert (app.directory.load("corp") is not None) == keeps_the_list


def test_a_renewal_at_the_same_time_loses_no_fact(app):
    really_lock = app.tokens.lock_state

    def lock(*words: Any):
        app.tokens.save_facts("corp", SignInFacts(refreshed_at=NOW))
        return really_lock(*words)

    app.tokens.lock_state = lock  # type: ignore[method-assign]
    confirm(app)
    assert app.tokens.load_facts("corp") == SignInFacts(refreshed_at=NOW, user="ana")


def test_a_user_name_that_cannot_be_saved_is_a_warning(app, monkeypatch):
    def refuse(*_: object) -> None:
        raise LocalState("disk full")

    monkeypatch.setattr(app.tokens, "save_facts", refuse)
    assert confirm(app).user == "ana"
    assert app.warnings == ["the user name could not be saved: disk full"]


@pytest.mark.parametrize(
    "more", [{"account_id": "000000000002"}, {"arn": ARN.replace("_Admin_", "_Other_")}]
)
def test_another_account_or_role_is_a_bad_answer(app, more):
    says(app, **more)
    with pytest.raises(BadAnswer, match="STS says that these credentials are"):
        confirm(app)
    assert identity.look_up_identity(app, PROFILE).user is None


@pytest.mark.parametrize(("region", "asked"), [("eu-west-1", "eu-west-1"), (None, "us-east-1")])
def test_sts_is_asked_in_the_profiles_region_else_in_the_sessions(app: App, region, asked):
    regions: list[str] = []
    identify = app.aws.get_caller_identity

    def get_caller_identity(keys: Any, region: str, variant: Any) -> Any:
        regions.append(region)
        return identify(keys, region, variant)

    app.aws.get_caller_identity = get_caller_identity  # type: ignore[method-assign, assignment]
    identity.confirm_identity(app, identity.look_up_identity(app, PROFILE._replace(region=region)))
    assert regions == [asked]
