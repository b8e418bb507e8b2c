"""The view of the list of roles: what is folded is remembered, and no error ends the program."""

import json
import os
import threading
from pathlib import Path

import pytest

from ssohelper.actions import list_view
from ssohelper.app import App
from ssohelper.core.role_tree import DEFAULT_VIEW, MOST_EXCEPTIONS, AccountKey, RoleListView

PROD = AccountKey("corp", "001234567890")


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)})


def fold(view: RoleListView) -> RoleListView:
    return view.with_fold(PROD, folded=True)


def only_corp(view: RoleListView) -> RoleListView:
    return view._replace(only_session="corp")


def test_a_view_is_read_as_it_was_saved(app: App, tmp_path: Path) -> None:
    assert app.list_view.load() == DEFAULT_VIEW
    list_view.save_view_changes(app, [fold, RoleListView.with_next_sort, only_corp])
    assert app.list_view.load() == RoleListView(
        sort="name", exceptions=frozenset({PROD}), only_session="corp"
    )
    assert os.stat(tmp_path / "state" / "list-view.json").st_mode & 0o777 == 0o600


def test_two_programs_do_not_undo_each_others_folds(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}

    def save(number: int) -> None:
        account = AccountKey("corp", f"{number:012d}")
        list_view.save_view_changes(
            App(environ), [lambda view: view.with_fold(account, folded=True)]
        )

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(App(environ).list_view.load().exceptions) == 8


def record(**changes: object) -> bytes:
    whole = {
        "version": 1,
        "flat": True,
        "sort": "use",
        "all_folded": True,
        "exceptions": [],
        "only_session": "corp",
        "only_favourites": True,
    }
    return json.dumps(whole | changes).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        record(version=2),
        record(flat=1),
        record(sort="size"),
        record(sort=["use"]),
        record(exceptions=[["a"]]),
        record(exceptions=[["../a", 1]]),
        record(only_session=1),
        record(only_session="a\x1b"),
        record(only_favourites=None),
    ],
)
def test_a_damaged_file_means_unfolded_and_is_replaced(
    app: App, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "state" / "list-view.json"
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(content)
    path.chmod(0o600)
    assert app.list_view.load() == DEFAULT_VIEW
    list_view.save_view_changes(app, [fold])
    assert json.loads(path.read_text())["exceptions"] == [list(PROD)]


def test_a_file_that_is_not_ours_means_unfolded_and_stays(app: App, tmp_path: Path) -> None:
    path = tmp_path / "state" / "list-view.json"
    path.parent.mkdir(parents=True, mode=0o700)
    other = tmp_path / "other"
    other.write_text("{}")
    path.symlink_to(other)
    assert app.list_view.load() == DEFAULT_VIEW
    list_view.save_view_changes(app, [fold])
    assert other.read_text() == "{}"
    assert len(app.warnings) == 1


def test_a_folder_that_takes_no_file_is_a_warning(app: App, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    list_view.save_view_changes(app, [fold])
    assert "could not be saved" in " ".join(app.warnings)


def test_a_view_names_a_limited_number_of_accounts() -> None:
    view = RoleListView(
        exceptions=frozenset(AccountKey("c", f"{n:012d}") for n in range(MOST_EXCEPTIONS))
    )
    assert view.with_fold(PROD, folded=True) == view
