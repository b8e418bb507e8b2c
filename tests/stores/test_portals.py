"""The portal to which a company's start URL led, kept for each session."""

import json
from pathlib import Path

import pytest

from ssohelper.core.portal_address import PortalAddress
from ssohelper.errors import ConfigInvalid
from ssohelper.stores.portals import PortalAddresses

ADDRESS = PortalAddress(
    "https://sso.example.com/start",
    "https://d-0000000000.awsapps.com/start",
    "eu-west-1",
    "us-east-1",
)


def test_an_address_is_that_of_its_session(tmp_path: Path) -> None:
    store = PortalAddresses(tmp_path / "state")
    assert store.load("corp") is None
    with pytest.raises(ConfigInvalid):
        store.save("../corp", ADDRESS)
    store.save("corp", ADDRESS)
    assert PortalAddresses(tmp_path / "state").load("corp") == ADDRESS
    assert store.load("cor") is None
    store.save("corp", ADDRESS._replace(region=None))
    assert store.load("corp") == ADDRESS._replace(region=None)
    [path] = (tmp_path / "state" / "portals").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"portal_url": "https://evil.example/start"},
        {"portal_url": None},
        {"start_url": "http://sso.example.com/start"},
        {"configured_region": "us-east-1.evil.example"},
        {"region": 7},
    ],
)
def test_a_damaged_address_counts_as_missing(tmp_path: Path, change: dict[str, object]) -> None:
    store = PortalAddresses(tmp_path)
    store.save("corp", ADDRESS)
    [path] = tmp_path.rglob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert store.load("corp") is None
