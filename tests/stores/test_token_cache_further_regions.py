"""Tokens of further regions: in files of ours, in both storages."""

import pytest

from ssohelper.errors import LoginRequired
from ssohelper.stores.token_cache import TokenFiles
from tests.stores.test_sealed_codec import make_store
from tests.stores.test_token_cache import CLIENT, make_files, token
from tests.stores.test_token_cache import CORP as OWN

URL = "https://ssoins-1234abcd.eu-central-1.portal.amazonaws.com"
FURTHER = OWN._replace(start_url=URL, region="eu-central-1", is_further=True)


@pytest.fixture(params=[make_files, make_store])
def store(request, tmp_path) -> TokenFiles:
    return request.param(tmp_path)


def test_each_region_has_a_token_of_its_own(store, tmp_path):
    store.save(OWN, token("own"))
    store.save(FURTHER, token("further"))
    store.save_registration(FURTHER, CLIENT)
    assert store.load(OWN) == token("own")
    assert store.load(FURTHER) == token("further")
    assert store.list_further_portal_sessions(OWN) == [FURTHER]
    assert store.list_further_portal_sessions(OWN._replace(name="cor")) == []
    [folder] = {path.parent for path in tmp_path.rglob("corp@*")}
    assert folder == tmp_path / "state" / "regions"
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600, 0o600]
    assert folder.stat().st_mode & 0o777 == 0o700
    store.forget(FURTHER)
    assert list(folder.iterdir()) == []
    assert store.load(OWN) == token("own")


def test_one_whose_token_is_damaged_can_still_be_forgotten(store, tmp_path):
    store.save(FURTHER, token("further"))
    [path] = tmp_path.rglob("corp@*")
    path.write_text("{")
    [found] = store.list_further_portal_sessions(OWN)
    assert found == FURTHER._replace(start_url=OWN.start_url)
    with pytest.raises(LoginRequired):
        store.load(found)
    store.forget(found)
    assert not path.exists()


def test_a_sealed_token_of_one_region_does_not_open_as_another_ones(tmp_path):
    store = make_store(tmp_path)
    store.save(FURTHER, token("further"))
    [path] = tmp_path.rglob("corp@*")
    path.rename(path.with_name(path.name.replace("eu-central-1", "us-east-1")))
    with pytest.raises(LoginRequired):
        store.load(FURTHER._replace(region="us-east-1"))
