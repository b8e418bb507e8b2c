"""How much of the Profiles screen stays in memory for each profile, counted in objects."""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_profiles import ConfigProfile, make_config_profiles
from ssohelper.core.listing import Listing
from ssohelper.core.profile_plan import Plan, plan_sync
from ssohelper.tui.profile_rows import ProfileRows, build_profile_rows
from tests.core.test_profile_plan import COMMAND, SESSION, URL, listed, request

_ROLES = 10


class _Shown(NamedTuple):
    """The values that the Profiles screen keeps in memory."""

    profiles: list[ConfigProfile]
    plan: Plan
    rows: ProfileRows


class _Kept(NamedTuple):
    """What a call kept in memory and needed at most, for each profile."""

    objects: float
    most_bytes: float


def _make_screen(accounts: int) -> Callable[[], _Shown]:
    """Return a function that reads and plans as the screen does, with a profile for each role."""
    names = [f"Role{number}" for number in range(_ROLES)]
    numbers = range(accounts)
    listing = Listing(
        URL, "eu-west-1", 0, tuple(listed(f"{n:012d}", f"acc-{n:05d}", *names) for n in numbers)
    )
    text = SESSION + "".join(
        f"[profile acc-{n:05d}.{name}]\n"
        f"credential_process = {COMMAND} --session corp --account-id {n:012d} --role-name {name}\n"
        "region = eu-west-1\nssohelper_managed = true\n\n"
        for n in numbers
        for name in names
    )
    config = ConfigFile.parse(text.encode(), "config")

    def show() -> _Shown:
        profiles = make_config_profiles(config, config.profiles())
        plan = plan_sync(config, request(listing))
        return _Shown(profiles, plan, build_profile_rows(profiles, plan))

    return show


def _measure(accounts: int) -> _Kept:
    show, count = _make_screen(accounts), accounts * _ROLES
    show()  # fills the caches that all calls share
    gc.collect()
    before = sys.getallocatedblocks()
    shown = show()
    gc.collect()
    objects = sys.getallocatedblocks() - before
    assert len(shown.rows) == count
    assert not shown.plan.changes
    del shown
    tracemalloc.start()
    try:
        show()
        return _Kept(objects / count, tracemalloc.get_traced_memory()[1] / count)
    finally:
        tracemalloc.stop()


@pytest.mark.long
def test_a_profile_is_kept_as_few_objects_and_planned_in_little_memory() -> None:
    """Each object is 50 to 100 bytes: with 20,000 profiles two of them are 3 MB."""
    found = _measure(400)
    # The profile, and its name in lower case for the search.
    assert found.objects < 2.8
    assert found.most_bytes < 550


def test_a_row_is_made_when_it_is_asked_for() -> None:
    shown = _make_screen(3)()
    row = shown.rows[17]
    assert (row.name, row.role, row.sign) == ("acc-00001.Role7", "Role7", "◆")
    assert row.item is shown.profiles[17]
    assert shown.rows[17] == row
    assert shown.rows[17] is not row
    assert [one.name for one in shown.rows] == [item.entry.name for item in shown.profiles]
