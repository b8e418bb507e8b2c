"""A row of a list stands for the profile that it was made from, and for no other."""

import pytest

from ssohelper.actions import foreign_profiles
from ssohelper.core.role_rows import foreign_profile_rows
from ssohelper.errors import UsageProblem
from tests.actions.world import WorldApp

TOOL = "[profile tool]\ncredential_process = /bin/cat\n"


@pytest.fixture
def app(tmp_path) -> WorldApp:
    made = WorldApp(tmp_path)
    with made.locations.aws_config_file.open("a") as file:
        file.write(TOOL)
    return made


def test_a_rows_profile_is_found_while_its_provider_is_the_same(app: WorldApp):
    shown = foreign_profiles.find_foreign_profile(app, "tool")
    assert shown is not None
    [row] = foreign_profile_rows([("tool", shown.what)])
    assert foreign_profiles.find_foreign_row(app, row) == shown
    path = app.locations.aws_config_file
    path.write_text(path.read_text().replace("/bin/cat", "/bin/echo"))
    with pytest.raises(UsageProblem, match="has been edited since"):
        foreign_profiles.find_foreign_row(app, row)
