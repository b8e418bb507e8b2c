"""`doctor --fix` changes what is safe, and no other byte."""

from functools import partial

import pytest

from ssohelper.actions import doctor
from ssohelper.actions.doctor_facts import Setup
from ssohelper.app import App
from ssohelper.core.findings import finding
from tests.actions.broken_homes import BROKEN, make_healthy
from tests.actions.test_doctor import find, take_picture
from tests.actions.world import WorldApp
from tests.conftest import Home

# What a repair leaves in our state folder: the journal's line, the version for undo.
_OF_A_WRITE = ("audit.", "config-versions")


@pytest.fixture
def healthy(home) -> Home:
    make_healthy(home)
    return home


def _folders_of_locks(changed: set[str]) -> set[str]:
    return {path for path in changed if path.startswith("xdg-run/ssohelper")}


def test_a_file_mode_that_is_right_by_now_counts_as_repaired(healthy):
    [path] = healthy.token_folder.glob("*.json")  # reading our own token sets its mode
    path.chmod(0o644)
    [found] = doctor.run_checks(Setup(App(healthy.env)))
    assert (found.id, found.is_fixed) == ("readable-by-others", True)
    BROKEN["a token that others may read"].break_it(healthy)
    [found] = doctor.run_checks(Setup(App(healthy.env)))
    assert (found.id, found.is_fixed) == ("readable-by-others", False)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_fix_changes_the_safe_ones_and_no_other_byte(healthy, broken):
    broken.break_it(healthy)
    app = App(healthy.env)
    found = tuple(doctor.run_checks(Setup(app)))
    before = take_picture(healthy.path)
    after_fix = doctor.repair(app, doctor.Report(found)).findings
    assert any(one.is_fixed for one in after_fix) is bool(broken.repaired)
    after = take_picture(healthy.path)
    changed = {
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and not any(w in path for w in _OF_A_WRITE)
    }
    assert changed - _folders_of_locks(changed) == set(broken.repaired)
    if broken.repaired:
        assert {one.id for one in find(healthy)} & broken.found == set()


def test_a_repair_that_fails_is_a_warning_and_the_finding_stays(tmp_path):
    app = WorldApp(tmp_path)
    path = tmp_path / "token"
    path.symlink_to("elsewhere")
    remove = partial(app.make_examined_files().remove_access_of_others, str(path))
    found = finding("readable-by-others", "files", "others may read it", repair=remove)
    assert doctor.repair(app, doctor.Report((found,))).findings == (found,)
    [warning] = app.warnings
    assert warning.startswith(f'not repaired: "{path}" cannot be written: ')
