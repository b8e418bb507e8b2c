"""doctor names each broken home, and no healthy one; `--fix` changes what is safe, no other byte."""

import os
import stat
from functools import partial
from pathlib import Path

import pytest

from ssohelper.actions import doctor, doctor_profiles
from ssohelper.actions.doctor_facts import Setup
from ssohelper.app import App
from ssohelper.core.findings import Finding, finding
from tests.actions.broken_homes import BROKEN, HEALTHY, make_healthy
from tests.actions.world import WorldApp
from tests.conftest import Home

# What a repair leaves in our folders: the journal's line, the version for undo, locks.
_OF_A_WRITE = ("audit.", "config-versions", "xdg-run/ssohelper")


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


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_the_defect_of_a_home_alone_is_named_and_fix_changes_no_other_byte(healthy, broken):
    broken.break_it(healthy)
    app = App(healthy.env)
    found = tuple(doctor.run_checks(Setup(app)))
    assert {one.id for one in found} == broken.found
    assert all(one.message and one.fix and one.subject for one in found)
    assert "CNRY" not in repr(found)
    before = take_picture(healthy.path)
    after_fix = doctor.repair(app, doctor.Report(found)).findings
    assert any(one.is_fixed for one in after_fix) is bool(broken.repaired)
    after = take_picture(healthy.path)
    changed = {
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and not any(w in path for w in _OF_A_WRITE)
    }
    assert changed == ({broken.repaired} if broken.repaired else set())
    if broken.repaired:
        assert {one.id for one in find(healthy)} & broken.found == set()


@pytest.mark.parametrize("make", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_named_in_a_healthy_home_and_no_byte_changes(healthy, make):
    make(healthy)
    before = take_picture(healthy.path)
    assert find(healthy) == []
    assert take_picture(healthy.path) == before


def test_a_file_mode_that_is_right_by_now_counts_as_repaired(healthy):
    [path] = healthy.token_folder.glob("*.json")  # reading our own token sets its mode
    path.chmod(0o644)
    [found] = find(healthy)
    assert (found.id, found.is_fixed) == ("readable-by-others", True)
    BROKEN["readable-by-others: a token"].break_it(healthy)
    [found] = find(healthy)
    assert (found.id, found.is_fixed) == ("readable-by-others", False)


def test_a_repair_that_fails_is_a_warning_and_the_finding_stays(tmp_path):
    app = WorldApp(tmp_path)
    path = tmp_path / "token"
    path.symlink_to("elsewhere")
    remove = partial(app.make_examined_files().remove_access_of_others, str(path))
    found = finding("readable-by-others", "files", "others may read it", repair=remove)
    assert doctor.repair(app, doctor.Report((found,))).findings == (found,)
    [warning] = app.warnings
    assert warning.startswith(f'not repaired: "{path}" cannot be written: ')


@pytest.mark.parametrize(("in_use", "ids"), [("pay.Read", ["half-a-key"]), ("pay.Admin", [])])
def test_half_a_key_overrides_a_profile_only_if_the_shell_uses_it(healthy, in_use, ids):
    app = App({**healthy.env, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": in_use})
    found = doctor_profiles.find_overriding(app, "pay.Read", is_named=False)
    assert [one.id for one in found] == ids
