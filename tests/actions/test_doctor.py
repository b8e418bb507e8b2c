"""doctor: homes broken in many ways are each named, healthy ones not, and looking changes none."""

import os
import stat
from pathlib import Path

import pytest

from ssohelper.actions import doctor, doctor_profiles
from ssohelper.actions.doctor_facts import Setup
from ssohelper.app import App
from ssohelper.core.findings import Finding
from tests.actions.broken_homes import BROKEN, HEALTHY, make_healthy
from tests.conftest import Home


@pytest.fixture
def healthy(home) -> Home:
    make_healthy(home)
    return home


def find(home: Home) -> list[Finding]:
    return doctor.run_checks(Setup(App(home.env)))


def take_picture(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return mode and content of every file below the folder, by its path."""
    picture = {}
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        if path.is_symlink():
            content = os.fsencode(path.readlink())
        else:
            content = path.read_bytes() if path.is_file() else b""
        picture[str(path.relative_to(folder))] = (stat.S_IMODE(found.st_mode), content)
    return picture


def test_there_are_more_than_forty_ways():
    assert len(BROKEN) >= 40


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
class TestBrokenHome:
    def test_doctor_names_the_defect_of_a_home_and_nothing_else(self, healthy, broken):
        broken.break_it(healthy)
        found = find(healthy)
        assert {one.id for one in found} == broken.found
        assert all(one.message and one.fix and one.subject for one in found)
        assert "CNRY" not in repr(found)


@pytest.mark.parametrize("make", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_named_in_a_healthy_home(healthy, make):
    make(healthy)
    assert find(healthy) == []


@pytest.mark.parametrize("make", HEALTHY.values(), ids=HEALTHY)
def test_looking_changes_no_byte(healthy, make):
    make(healthy)
    before = take_picture(healthy.path)
    find(healthy)
    assert take_picture(healthy.path) == before


@pytest.mark.parametrize(("in_use", "ids"), [("pay.Read", ["half-a-key"]), ("pay.Admin", [])])
def test_half_a_key_overrides_a_profile_only_if_the_shell_uses_it(healthy, in_use, ids):
    app = App({**healthy.env, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": in_use})
    found = doctor_profiles.find_overriding(app, "pay.Read", is_named=False)
    assert [one.id for one in found] == ids
