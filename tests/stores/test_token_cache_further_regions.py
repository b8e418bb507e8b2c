"""Tokens of further regions: in files of ours, in both storages."""

from pathlib import Path

import pytest

from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SsoSession
from ssohelper.errors import LoginRequired
from ssohelper.stores.codecs import Codec, PlainCodec
from ssohelper.stores.sealed_codec import SealedCodec
from ssohelper.stores.token_cache import TokenFiles
from tests.stores.test_sealed_codec import FakeKeyring

OWN = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "eu-west-1", ())
URL = "https://ssoins-1234abcd.eu-central-1.portal.amazonaws.com"
FURTHER = OWN._replace(start_url=URL, region="eu-central-1", is_further=True)
CLIENT = ClientRegistration("id", Secret("CNRY-client"), 2_000_000_000)


def token(value: str) -> AccessToken:
    return AccessToken(Secret(f"CNRY-{value}"), 1_900_000_000, Secret("CNRY-refresh"), CLIENT)


@pytest.fixture(params=["file", "keyring"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TokenFiles:
    codec: Codec = PlainCodec() if request.param == "file" else SealedCodec(FakeKeyring())
    return TokenFiles(
        tmp_path / "cache", state=tmp_path / "state", runtime=tmp_path / "run", codec=codec
    )


def test_each_region_has_a_token_of_its_own(store: TokenFiles, tmp_path: Path):
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


def test_one_whose_token_is_damaged_can_still_be_forgotten(store: TokenFiles, tmp_path: Path):
    store.save(FURTHER, token("further"))
    [path] = tmp_path.rglob("corp@*")
    path.write_text("{")
    [found] = store.list_further_portal_sessions(OWN)
    assert (found.region, found.start_url, found.is_further) == (
        "eu-central-1",
        OWN.start_url,
        True,
    )
    with pytest.raises(LoginRequired):
        store.load(found)
    store.forget(found)
    assert not path.exists()


def test_a_sealed_token_of_one_region_does_not_open_as_another_ones(tmp_path: Path):
    store = TokenFiles(
        tmp_path / "cache",
        state=tmp_path / "state",
        runtime=tmp_path / "run",
        codec=SealedCodec(FakeKeyring()),
    )
    store.save(FURTHER, token("further"))
    [path] = tmp_path.rglob("corp@*")
    path.rename(path.with_name(path.name.replace("eu-central-1", "us-east-1")))
    with pytest.raises(LoginRequired):
        store.load(FURTHER._replace(region="us-east-1"))
