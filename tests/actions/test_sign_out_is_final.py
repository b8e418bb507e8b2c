"""Cached and published credentials of a sign-in, after each way in which it can end."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ssohelper.actions import credentials, login, renewal
from ssohelper.core.model import IssuedToken
from ssohelper.core.policy import Way
from ssohelper.errors import AwsUnreachable, LoginRequired
from ssohelper.fastpath import folders
from tests.actions.world import CONFIG, HOUR, KEY, ROLE, SESSION, WorldApp, token
from tests.published import date_back

OTHER_URL = "https://d-9999999999.awsapps.com/start"


@pytest.fixture
def app(tmp_path) -> WorldApp:
    """Signed in, with cached credentials that are published."""
    made = WorldApp(tmp_path)
    made.sign_in(value="first")
    assert made.release() == "fresh-1"
    assert is_served(made)
    return made


def file_of(app: WorldApp, name: str) -> Path:
    return Path(folders.session_folder(str(app.locations.runtime_folder), "corp"), name)


def is_served(app: WorldApp) -> bool:
    """Return whether a hit would print the published response."""
    names = (folders.CONFIG_LINK, folders.CONFIG_STAMP, folders.TOKEN_LINK, folders.TOKEN_STAMP)
    try:
        config, config_seen, token, token_seen = (
            file_of(app, name).stat().st_mtime_ns for name in names
        )
    except OSError:
        return False
    return config == config_seen and token == token_seen and app.served_for() > 0


def edit(app: WorldApp, change: Callable[[str], str]) -> None:
    path = Path(app.locations.aws_config_file)
    path.write_text(change(path.read_text()))
    date_back(path)


def cached(app: WorldApp, **more: bool) -> str | None:
    found = credentials.find_cached_credentials(app, SESSION, ROLE, Way.CREDENTIAL_PROCESS, **more)
    return found and found.access_key_id


def test_after_a_sign_out_by_another_tool_nothing_is_handed_out(app):
    os.unlink(app.tokens.token_file(SESSION))
    assert not is_served(app)
    for more in ({}, {"allow_due": True}, {"allow_due": True, "allow_doubtful": True}):
        assert cached(app, **more) is None
    with pytest.raises(LoginRequired):
        app.release()
    app.answer = AwsUnreachable("down")
    with pytest.raises(LoginRequired):
        app.release()
    with pytest.raises(AwsUnreachable):
        app.release(seconds=0)


def test_after_another_tool_wrote_the_token_aws_is_asked_first(app):
    app.sign_in(value="another")
    assert not is_served(app)
    assert cached(app) is None
    assert cached(app, allow_due=True) is None
    assert app.release() == "fresh-2"
    assert app.asked == ["first", "another"]
    assert is_served(app)
    assert cached(app) == "fresh-2"


def test_doubtful_credentials_are_served_with_a_warning_when_aws_cannot_be_reached(
    app: WorldApp, monkeypatch
):
    monkeypatch.setattr("ssohelper.broker.core.PATIENCE_SECONDS", 0.0)
    app.sign_in(value="another")
    app.answer = AwsUnreachable("down")
    assert app.release() == "fresh-1"
    assert "another tool changed the sign-in" in " ".join(app.warnings)
    app.warnings.clear()
    assert cached(app, allow_due=True, allow_doubtful=True) == "fresh-1"
    assert "another tool changed the sign-in" in " ".join(app.warnings)
    assert not is_served(app)


def test_after_our_own_renewal_published_responses_stay_valid(app):
    app.at += HOUR // 4
    before = app.tokens.read_token_file_fingerprint(SESSION)
    renewal.renew_token(app, SESSION, token("first").id)
    assert app.tokens.read_token_file_fingerprint(SESSION) != before
    assert is_served(app)
    assert app.asked == ["first"]


def test_a_renewal_after_another_tools_write_does_not_revalidate_older_responses(app):
    app.sign_in(value="another")
    renewal.renew_token(app, SESSION, token("another").id)
    assert not is_served(app)
    assert cached(app) is None


def test_an_edited_config_causes_one_miss_and_no_request(app):
    edit(app, lambda text: f"{text}# edited\n")
    assert not is_served(app)
    assert app.release() == "fresh-1"
    assert is_served(app)
    assert app.asked == ["first"]


@pytest.mark.parametrize("key", ["sso_start_url", "sso_region"])
def test_another_portal_removes_cached_credentials_even_if_it_is_changed_back(app, key):
    old = SESSION.start_url if key == "sso_start_url" else SESSION.region
    new = OTHER_URL if key == "sso_start_url" else "eu-west-3"
    edit(app, lambda text: text.replace(old, new))
    assert not is_served(app)
    with pytest.raises(LoginRequired):
        app.release()
    edit(app, lambda text: text.replace(new, old))
    assert app.is_kept() is None
    assert app.release() == "fresh-2"


def test_nothing_is_cached_when_the_portal_changes_during_the_request(app):
    app.credentials.remove_role(KEY)
    app.while_asked = lambda: edit(app, lambda text: text.replace(SESSION.start_url, OTHER_URL))
    with pytest.raises(LoginRequired):
        app.release()
    assert app.is_kept() is None
    assert not is_served(app)


def test_our_own_sign_in_removes_credentials_before_it_saves_the_token(app, monkeypatch):
    """When killed between the two steps, no earlier credentials stay beside the new token."""

    def killed(*_: object) -> None:
        assert app.is_kept() is None
        assert not is_served(app)
        raise KeyboardInterrupt

    monkeypatch.setattr(app.tokens, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        login._save_sign_in(app, SESSION, IssuedToken(token("second", app.at + HOUR), HOUR), None)


def test_a_command_with_a_copy_of_the_config_publishes_for_the_users_own(app):
    """The copy is removed with the command of `exec --server`."""
    copy = app.locations.state_folder / "serve" / "x" / "config"
    copy.parent.mkdir(parents=True)
    copy.write_text(CONFIG)
    date_back(copy)
    before = file_of(app, folders.CONFIG_LINK).readlink()
    other = WorldApp(Path(app.environ["HOME"]))
    other.environ |= folders.config_copy_variables(str(copy.parent), *app.locations.aws_files)
    other.at = app.at
    assert other.release() == "fresh-1"
    assert file_of(app, folders.CONFIG_LINK).readlink() == before
    assert is_served(app)
