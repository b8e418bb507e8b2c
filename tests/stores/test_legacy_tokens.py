"""Token files of profiles without an sso-session, and the cache of `aws login`."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ssohelper.core.model import AccessToken, Secret
from ssohelper.errors import LocalState
from ssohelper.stores.legacy_tokens import LegacyTokens, LoginCache
from tests.stores.test_token_cache import NOON, token

URL = "https://d-0000000000.awsapps.com/start"


@pytest.fixture
def store(tmp_path: Path) -> LegacyTokens:
    return LegacyTokens(tmp_path / "cache")


def path_of(tmp_path: Path, url: str) -> Path:
    return tmp_path / "cache" / f"{hashlib.sha1(url.encode()).hexdigest()}.json"


def test_each_spelling_of_a_url_has_a_file_of_its_own(store: LegacyTokens, tmp_path: Path) -> None:
    store.save(URL, "eu-west-1", token("a"))
    store.save(f"{URL}/", "eu-west-1", token("b"))
    assert [store.has_token_file(url) for url in (URL, f"{URL}/", f"{URL}#/")] == [
        True,
        True,
        False,
    ]
    found = [store.load(url) for url in (URL, f"{URL}/", f"{URL}#/")]
    assert [one and one.value for one in found] == [Secret("a"), Secret("b"), None]
    assert path_of(tmp_path, f"{URL}/").exists()


def test_the_refresh_token_and_its_client_are_not_written(
    store: LegacyTokens, tmp_path: Path
) -> None:
    """AWS accepts a refresh token once, and the session's own file has it."""
    given = token("a")
    assert given.refresh_token is not None
    store.save(URL, "eu-west-1", given)
    assert store.load(URL) == AccessToken(given.value, given.expires_at, None, None)
    document = json.loads(path_of(tmp_path, URL).read_text())
    assert set(document) == {"startUrl", "region", "accessToken", "expiresAt"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"accessToken": "a"}'])
def test_a_damaged_file_has_no_token_and_is_there(
    store: LegacyTokens, tmp_path: Path, content: str
) -> None:
    store.save(URL, "eu-west-1", token("a"))
    path_of(tmp_path, URL).write_text(content)
    assert store.load(URL) is None
    assert store.has_token_file(URL)


def test_a_link_is_refused_and_counts_as_a_file(store: LegacyTokens, tmp_path: Path) -> None:
    store.save(URL, "eu-west-1", token("a"))
    path_of(tmp_path, "other").symlink_to("nowhere")
    assert store.has_token_file("other")
    with pytest.raises(LocalState):
        store.load("other")


def test_only_files_with_a_token_of_these_ids_and_without_a_refresh_token_are_removed(
    store: LegacyTokens, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    for name, value in (("ours", "a"), ("spelling of before", "a"), ("another token", "b")):
        store.save(name, "eu-west-1", token(value))
    own = path_of(tmp_path, "own")
    for path in (own, folder / "a-name-of-ours.json", folder / f"{'0' * 40}.json.bak"):
        path.write_bytes(path_of(tmp_path, "ours").read_bytes())
    refreshed = {"refreshToken": "r", "clientId": "c", "clientSecret": "s"}
    whole = json.loads(own.read_text()) | refreshed
    path_of(tmp_path, "renewed elsewhere").write_text(json.dumps(whole))
    path_of(tmp_path, "damaged").write_text("{")
    path_of(tmp_path, "link").symlink_to(own)
    before = set(folder.iterdir())
    removed = {path_of(tmp_path, "ours"), path_of(tmp_path, "spelling of before")}
    ids = [token("a").id]
    assert set(store.list_files_with_tokens(ids, str(own))) == set(map(str, removed))
    store.remove_files_with_tokens(ids, str(own))
    assert before - set(folder.iterdir()) == removed


def test_without_a_folder_there_is_nothing_to_remove(store: LegacyTokens) -> None:
    assert list(store.list_files_with_tokens(["x"], "")) == []
    assert store.load(URL) is None


LOGIN = "arn:aws:iam::001234567890:user/ana"


@pytest.mark.parametrize(
    ("document", "ends"),
    [
        ({"accessToken": {"expiresAt": "2026-01-01T12:00:00Z"}}, NOON),
        ({"accessToken": {"expiresAt": "soon"}}, None),
        ({"accessToken": {"expiresAt": 7}}, None),
        ({"accessToken": "text"}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_end_of_an_aws_login_is_read_as_botocore_writes_it(
    tmp_path: Path, document: Any, ends: int | None
) -> None:
    path = tmp_path / f"{hashlib.sha256(LOGIN.encode()).hexdigest()}.json"
    path.write_text(json.dumps(document))
    path.chmod(0o644)
    assert LoginCache(tmp_path).load_credentials_expiry(f" {LOGIN}\n") == ends
    assert LoginCache(tmp_path).load_credentials_expiry(f"{LOGIN}2") is None
    assert path.stat().st_mode & 0o777 == 0o644  # another tool's file keeps its mode


def test_a_login_that_cannot_be_read_has_no_known_end(tmp_path: Path) -> None:
    path = tmp_path / f"{hashlib.sha256(LOGIN.encode()).hexdigest()}.json"
    path.symlink_to("elsewhere")
    assert LoginCache(tmp_path).load_credentials_expiry(LOGIN) is None
