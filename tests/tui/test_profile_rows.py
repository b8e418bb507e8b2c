"""How much of the Profiles screen stays in memory for each profile, counted in objects."""

from collections.abc import Callable
from typing import NamedTuple

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
