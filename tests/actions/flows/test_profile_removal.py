"""A removal of profiles asks the same question, with the same result, in each front end."""

import pytest

from ssohelper.actions import profile_edit
from ssohelper.actions.flows import profile_removal
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.app import App
from tests.actions.flows.front_ends import run_in_each
from tests.long_rows import long_after

PROFILE = """
[profile pay.Admin]
credential_process = ssohelper-credentials --session corp --account-id 001234567890 --role-name Admin
ssohelper_managed = true
"""


def remove(app: App, dialogue: Dialogue) -> bool:
    found = profile_edit.read_managed_profiles(app, ["pay.Admin"])
    return profile_removal.remove_profiles(app, dialogue, found)


@pytest.mark.parametrize(
    ("answer", "result", "said"),
    long_after(
        1,
        [
            ("y", "True", ["removed 1 profile; undo with: ssohelper undo"]),
            ("n", "False", ["nothing was changed"]),
        ],
    ),
)
def test_a_removal_is_the_same_in_each_front_end(home, answer, result, said):
    home.add_session("corp")
    before = home.config_file.read_text() + PROFILE
    home.write_config(before)

    def check_and_restore() -> None:
        assert ("pay.Admin" in home.config_file.read_text()) is (answer == "n")
        home.write_config(before)

    found, script = run_in_each(home.env, remove, [answer], check_and_restore)
    assert (found, script.said) == (result, said)
