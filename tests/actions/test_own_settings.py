"""A session's settings go with its name; moving sign-ins says what needs a sign-in of its own."""

import pytest

from ssohelper.actions import own_settings
from ssohelper.collaborators.stores import Storage
from ssohelper.errors import Refused
from ssohelper.stores.protections import Protections, UsedStorage
from tests.actions.world import WorldApp
from tests.published import date_back

SETTINGS = "[sessions.corp]\nsession_hours = 8\n"
ROLE = "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = Read\n"
OWN = f"[profile own]\n{ROLE}"
OURS = f"[profile ours]\n{ROLE}ssohelper_managed = true\n"
OTHER_FORMS = (
    "[profile runs-us]\ncredential_process = /bin/ssohelper-credentials --session corp "
    "--account-id 000000000001 --role-name Read\nssohelper_managed = true\n"
    "[profile no-role]\nregion = eu-west-1\n"
)
NATIVE = "1 managed profiles of the form sso need AWS's own sign-in"
FOREIGN = "1 profiles that ssohelper did not write need their own sign-in: aws sso login"
ON_DISK = "the runtime folder is not in memory"


@pytest.fixture
def app(tmp_path) -> WorldApp:
    made = WorldApp(tmp_path)
    path = made.locations.settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SETTINGS)
    date_back(path)
    return made


def test_removed_settings_count_at_once(app):
    hours = [app.settings.get("session_hours", session=name) for name in ("corp", "acme")]
    own_settings.remove_session_settings(app, "corp")
    assert hours == [8, None]
    assert app.settings.get("session_hours", session="corp") is None


def test_below_an_allow_list_they_stay(app):
    app.environ["SSOHELPER_ALLOW"] = "*/*"
    with pytest.raises(Refused, match="change settings"):
        own_settings.remove_session_settings(app, "corp")
    assert app.locations.settings_file.read_text() == SETTINGS


@pytest.mark.parametrize(
    ("profiles", "may_publish", "said"),
    [
        (OTHER_FORMS, True, []),
        (OURS + OTHER_FORMS, True, [NATIVE]),
        (OWN, True, [FOREIGN]),
        (OWN + OURS, False, [ON_DISK, NATIVE, FOREIGN]),
    ],
)
@pytest.mark.parametrize(("before", "after"), [("file", "keyring"), ("keyring", "file")])
def test_a_move_names_what_needs_a_sign_in_of_its_own(
    tmp_path, monkeypatch, profiles, may_publish, said, before, after
):
    """The other forms work with each storage: they run ssohelper, or use no sign-in."""
    app = WorldApp(tmp_path)
    app.locations.aws_config_file.write_text(app.locations.aws_config_file.read_text() + profiles)
    monkeypatch.setattr(Protections, "load_storage", lambda _self: UsedStorage(before))
    monkeypatch.setattr(Storage, "move_sign_ins", lambda _self, _to, **_: ["corp"])
    monkeypatch.setattr(Storage, "may_publish", may_publish)
    lines = own_settings.move_sign_ins(app, after)
    assert app.warnings == [
        'the sign-in to "corp" could not be read; sign in with: ssohelper login corp'
    ]
    if after == "file":
        assert lines == [own_settings._IN_FILES]
        [line] = app.journal.read().lines
        assert (line.event, line.fields["before"]) == ("loosened", "keyring")
        return
    assert lines[0] == own_settings._IN_KEYRING
    assert [one for one in (ON_DISK, NATIVE, FOREIGN) if one in "".join(lines)] == said
    assert app.journal.read().lines == []


def test_a_move_to_where_the_sign_ins_are_says_nothing(tmp_path):
    app = WorldApp(tmp_path)
    assert own_settings.find_loosening(app, "file") is None
    assert own_settings.move_sign_ins(app, "file") == []
    assert app.journal.read().lines == []
