"""The remembered order of the list of roles: no file keeps the list from being shown."""

import json
from pathlib import Path

import pytest

from ssohelper.core.role_tree import AccountKey, RoleListView
from ssohelper.stores.usage_files import UsageStore

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
