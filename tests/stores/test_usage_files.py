"""Last use, number of uses and favourites: counted under a lock; an error fails no command."""

import json
import threading
from pathlib import Path

import pytest

from ssohelper.actions import favourites
from ssohelper.app import App
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import Profile, Role, RoleKey, SsoSession, Usage
from ssohelper.core.role_rows import usage_sort_key
from ssohelper.core.role_tree import AccountKey, RoleListView
from ssohelper.stores.usage_files import UsageStore

NOON = 1_767_268_800
KEY = RoleKey("corp", "001234567890", "Admin")
PROFILE = Profile("prod", SsoSession("corp", "", "", ()), Role("001234567890", "Admin"), None)


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}, clock=lambda: NOON)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"version": 2, "roles": [["corp", "001234567890", "Admin", 1, 1, true]]}',
        b'{"version": 1, "roles": {"corp": 1}}',
        b'{"version": 1, "roles": [["corp", "001234567890", "../Admin", 1, 1, true]]}',
        b'{"version": 1, "roles": [null, 1, "x", []]}',
    ],
)
def test_a_malformed_file_counts_as_missing(app: App, tmp_path: Path, content: bytes):
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "usage.json").write_bytes(content)
    assert app.usage.load_all() == {}
    assert app.warnings == []
    for _ in range(2):
        favourites.record_use_of_role(app, PROFILE)
    assert app.usage.load_all() == {KEY: Usage(NOON, 2)}
    assert (tmp_path / "state" / "usage.json.damaged").read_bytes() == content
    [warning] = app.warnings
    assert warning.endswith('that file is kept as "usage.json.damaged"')


def test_a_malformed_line_alone_counts_as_missing(app: App, tmp_path: Path):
    favourites.record_use_of_role(app, PROFILE)
    path = tmp_path / "state" / "usage.json"
    assert path.stat().st_mode & 0o777 == 0o600
    found = json.loads(path.read_text())
    found["roles"].append(["corp", "x", "Admin", 1, 1, True])
    path.write_text(json.dumps(found))
    assert list(app.usage.load_all()) == [KEY]
    app.usage.forget_usage_of_session("corp", app.clock.deadline())
    assert json.loads(path.with_name("usage.json.damaged").read_text()) == found
    assert app.usage.load_all() == {}


def test_no_count_is_lost_between_eight_writers(tmp_path: Path):
    app = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)})

    def use_it() -> None:
        store = UsageStore(tmp_path / "state", runtime=tmp_path / "run")
        for _ in range(5):
            # Bound of a broken lock; each change takes a few ms.
            ends = Deadline(60, app.clock.monotonic)
            store.update(KEY, lambda before: before._replace(uses=before.uses + 1), ends)

    threads = [threading.Thread(target=use_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert app.usage.load_all()[KEY].uses == 40


def test_favourites_come_first_then_the_last_used_then_the_most_used():
    ranked = sorted(
        [Usage(5, 9), Usage(9, 1), Usage(9, 2), Usage(None, 0, True), Usage()], key=usage_sort_key
    )
    assert ranked == [Usage(None, 0, True), Usage(9, 2), Usage(9, 1), Usage(5, 9), Usage()]


ORDER = RoleListView(is_flat=True, sort="name")


def test_only_the_order_is_kept_and_written_only_if_it_changes(tmp_path: Path) -> None:
    store, path = UsageStore(tmp_path, tmp_path), tmp_path / "list-view.json"
    store.save_list_view(RoleListView(only_session="corp"))
    assert not path.exists()
    folded = frozenset({AccountKey("corp", "001234567890")})
    store.save_list_view(
        ORDER._replace(exceptions=folded, only_session="corp", only_favourites=True)
    )
    assert store.load_list_view() == ORDER
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        # An earlier version's file: its folds and filters are ignored.
        ({"exceptions": [["a", 1]], "all_folded": True, "only_session": "corp"}, ORDER),
        ({"version": 2}, RoleListView()),
        ({"flat": 1}, RoleListView()),
        ({"sort": "size"}, RoleListView()),
        ({"sort": ["use"]}, RoleListView()),
        (b"\xff", RoleListView()),
        (b"[]", RoleListView()),
    ],
)
def test_what_cannot_be_read_means_the_default(tmp_path, changes, wanted):
    path = tmp_path / "list-view.json"
    record = {"version": 1, "flat": True, "sort": "name"}
    is_raw = isinstance(changes, bytes)
    path.write_bytes(changes if is_raw else json.dumps(record | changes).encode())
    path.chmod(0o600)
    assert UsageStore(tmp_path, tmp_path).load_list_view() == wanted
    UsageStore(tmp_path, tmp_path).save_list_view(ORDER)
    assert UsageStore(tmp_path, tmp_path).load_list_view() == ORDER
