"""The broker's Work: no local error ends the broker."""

import pytest

from ssohelper.actions import broker_work
from ssohelper.broker.requests import AskedBy
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    LocalState,
    Refused,
    RoleNotAssigned,
    SsoHelperError,
)
from tests.actions.world import HOUR, KEY, WorldApp, token


@pytest.fixture
def app(tmp_path) -> WorldApp:
    app = WorldApp(tmp_path)
    app.sign_in()
    return app


@pytest.fixture
def work(app: WorldApp) -> broker_work.Work:
    return broker_work.Work(lambda: app)


def test_a_call_returns_a_document_with_its_warnings(app, work):
    app.while_asked = lambda: app.warn("careful")
    reply = work.get_role_credentials(KEY, AskedBy())
    assert reply.document.startswith(b'{"Version":1,"AccessKeyId":"fresh-1"')
    assert reply.warnings == ("careful",)
    app.answer = RoleNotAssigned("no")
    with pytest.raises(RoleNotAssigned):
        work.get_role_credentials(KEY, AskedBy())


def test_a_guarded_role_is_found_only_for_a_caller_that_has_checked_its_grant(app, work):
    settings = app.locations.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[guard]\nrules = ["*/{KEY.role_name}"]\n')
    # A broker makes an App for each call, so that it has read no earlier settings.
    app.__dict__.pop("settings", None)
    app.keep(HOUR)
    with pytest.raises(Refused, match="guards"):
        work.find_credentials(KEY, 0.0, is_permitted=False)
    assert b'"AccessKeyId":"old"' in work.find_credentials(KEY, 0.0, is_permitted=True).document


def test_a_lack_of_memory_names_the_limit(app, work):
    app.answer = MemoryError()
    with pytest.raises(LocalState, match="not enough memory") as found:
        work.get_role_credentials(KEY, AskedBy())
    assert "ulimit -v" in str(found.value.hint)


@pytest.mark.parametrize("in_renewal", [False, True])
def test_a_bug_is_an_internal_error_with_a_log(app, work, in_renewal):
    app.answer = app.renewal = ZeroDivisionError("secret words")
    app.sign_in(0 if in_renewal else HOUR)
    call, words = work.get_role_credentials, (KEY, AskedBy())
    if in_renewal:
        call, words = work.renew_token, ("corp", token("first").id)
    with pytest.raises(SsoHelperError) as found:
        call(*words)
    assert found.value.exit_code == 1
    assert "ZeroDivisionError" in found.value.message
    assert "secret words" not in found.value.message


def test_a_renewal_raises_its_error(app, work):
    app.sign_in(0)
    app.renewal = AwsUnreachable("down")
    with pytest.raises(AwsUnreachable):
        work.renew_token("corp", token("first").id)
    app.renewal = None
    work.renew_token("corp", token("first").id)
    assert app.stands() == "renewed-2"


def test_a_token_has_an_id_that_does_not_reveal_it_and_an_unknown_session_is_an_error(app, work):
    found = work.load_token("corp")
    assert found.id == token("first").id
    assert "first" not in str(found)
    with pytest.raises(ConfigInvalid, match=r"there is no \[sso-session other\]"):
        work.find_credentials(KEY._replace(session_name="other"), 0.0, is_permitted=True)


def test_the_fingerprint_changes_with_the_token_file_and_never_raises(app, work):
    first = work.read_token_file_fingerprint("corp")
    app.sign_in(HOUR, "second")
    assert work.read_token_file_fingerprint("corp") != first
    app.locations.aws_config_file.write_text("[sso-session corp\n")
    fresh = broker_work.Work(lambda: WorldApp(app.locations.aws_config_file.parent.parent))
    assert fresh.read_token_file_fingerprint("corp") == ""
    with pytest.raises(ConfigInvalid):
        fresh.find_credentials(KEY, 0.0, is_permitted=True)
