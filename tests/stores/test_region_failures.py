"""The record of failures of a session's regions."""

import json
from pathlib import Path

import pytest

from ssohelper.core.region_order import RegionFailure
from ssohelper.stores.region_failures import RegionFailures


def test_failures_are_kept_by_region(tmp_path: Path):
    store = RegionFailures(tmp_path / "run")
    assert store.load("corp") == {}
    store.save("corp", {"eu-west-1": RegionFailure(2, 1_800_000_000)})
    assert store.load("corp") == {"eu-west-1": RegionFailure(2, 1_800_000_000)}
    assert store.load("other") == {}
    store.save("corp", {})
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("content", ["", "[]", '{"eu-west-1": 3}', '{"eu-west-1": ["a", 1]}'])
def test_a_damaged_record_counts_as_none(tmp_path: Path, content: str):
    store = RegionFailures(tmp_path)
    store.save("corp", {"eu-west-1": RegionFailure(1, 1)})
    [path] = tmp_path.rglob("*.json")
    path.write_text(content)
    assert store.load("corp") == {}
    assert json.dumps(store.load("corp")) == "{}"
