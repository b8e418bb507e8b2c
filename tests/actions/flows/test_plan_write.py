"""A plan of profiles asks the same question, with the same result, in each front end."""

import pytest

from ssohelper.actions import profile_edit, sync_choices
from ssohelper.actions.flows import plan_write
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.actions.flows.front_ends import run_in_each
from tests.actions.world import SESSION
from tests.long_rows import long_after


def _write(app: App, dialogue: Dialogue, accounts: int) -> int | None:
    """Return how many profiles were added, None if the user said no."""
    listed = tuple(
        ListedAccount(Account(f"{number:012d}", f"pay-{number}", ""), ("Read",))
        for number in range(accounts)
    )
    listing = Listing(SESSION.start_url, SESSION.region, 0, listed)
    choices = sync_choices.merge_choices(app, SESSION)
    plan = profile_edit.plan_sync(app, SESSION, listing, choices, choices)
    written = plan_write.write_plan(app, dialogue, plan, "ssohelper profile sync")
    return None if written is None else len(written.add)


def write_one(app: App, dialogue: Dialogue) -> int | None:
    return _write(app, dialogue, 1)


def write_many(app: App, dialogue: Dialogue) -> int | None:
    """The question has a summary in place of a long diff."""
    return _write(app, dialogue, 50)


@pytest.mark.parametrize(
    ("flow", "answer", "result"),
    long_after(
        2,
        [
            (write_one, "n", None),
            (write_many, "y", 50),
            (write_one, "y", 1),
            (write_many, "n", None),
        ],
    ),
)
def test_a_plan_is_written_the_same_in_each_front_end(home, flow, answer, result):
    home.add_session(SESSION.name, SESSION.start_url)
    before = home.config_file.read_text()

    def check_and_restore() -> None:
        added = home.config_file.read_text().count("[profile ")
        assert added == (result if answer == "y" else 0)
        home.write_config(before)

    found, _script = run_in_each(home.env, flow, [answer], check_and_restore)
    assert found == repr(result)
