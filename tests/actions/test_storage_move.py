"""What a move of the sign-ins to another storage says, and what it asks before."""

import pytest

from ssohelper.actions import storage_move
from ssohelper.collaborators.stores import Storage
from ssohelper.stores.protections import Protections, UsedStorage
from tests.actions.world import WorldApp

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
    lines = storage_move.move_sign_ins(app, after)
    assert app.warnings == [
        'the sign-in to "corp" could not be read; sign in with: ssohelper login corp'
    ]
    if after == "file":
        assert lines == [storage_move._IN_FILES]
        [line] = app.journal.read().lines
        assert (line.event, line.fields["before"]) == ("loosened", "keyring")
        return
    assert lines[0] == storage_move._IN_KEYRING
    assert [one for one in (ON_DISK, NATIVE, FOREIGN) if one in "".join(lines)] == said
    assert app.journal.read().lines == []


def test_a_move_to_where_the_sign_ins_are_says_nothing(tmp_path):
    app = WorldApp(tmp_path)
    assert storage_move.find_loosening(app, "file") is None
    assert storage_move.move_sign_ins(app, "file") == []
    assert app.journal.read().lines == []
