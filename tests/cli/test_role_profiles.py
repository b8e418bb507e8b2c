"""With which profile `use` gives a shell a role, and what it calls the role."""

import pytest

from ssohelper.cli import role_profiles
from ssohelper.core.model import Profile
from tests.actions.world import CONFIG, ROLE, SESSION, WorldApp
from tests.published import date_back


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ro", "ro"),
        # The name `admin` belongs to another role's profile.
        ("admin", "corp:000000000001/ReadOnlyAccess"),
        ("removed meanwhile", "removed meanwhile"),
    ],
)
def test_a_role_whose_name_another_role_has_by_now_is_told_by_its_key(tmp_path, name, text):
    app = WorldApp(tmp_path)
    app.locations.aws_config_file.write_text(
        CONFIG
        + "".join(
            f"[profile {profile}]\nsso_session = corp\nsso_account_id = {ROLE.account_id}\n"
            f"sso_role_name = {role}\n"
            for profile, role in (("ro", ROLE.name), ("admin", "Admin"))
        )
    )
    date_back(app.locations.aws_config_file)
    assert role_profiles.text_of_role(app, Profile(name, SESSION, ROLE, None)) == text
