"""Token files of profiles without an sso-session, and the cache of `aws login`."""

import hashlib
import json
from pathlib import Path

import pytest

from ssohelper.stores.legacy_tokens import LegacyTokens
from tests.stores.test_token_cache import NOON, token

URL = "https://d-0000000000.awsapps.com/start"


@pytest.fixture
def store(tmp_path: Path) -> LegacyTokens:
    return LegacyTokens(tmp_path / "cache", tmp_path)


def path_of(tmp_path: Path, url: str) -> Path:
    return tmp_path / "cache" / f"{hashlib.sha1(url.encode()).hexdigest()}.json"


def write(tmp_path: Path, url: str, content: str | None = None, **more: str) -> Path:
    path = path_of(tmp_path, url)
    path.parent.mkdir(exist_ok=True)
    document = {"accessToken": "a", "expiresAt": "2026-01-01T12:00:00Z", **more}
    path.write_text(json.dumps(document) if content is None else content)
    return path


def test_each_spelling_of_a_url_has_a_file_of_its_own(store: LegacyTokens, tmp_path: Path) -> None:
    write(tmp_path, URL)
    assert [store.has_valid_token(url, 0) for url in (URL, f"{URL}/")] == [True, False]
    assert [store.has_valid_token(URL, now) for now in (NOON - 1, NOON)] == [True, False]
    write(tmp_path, "")
    assert not store.has_valid_token("", 0)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"accessToken": "a"}'])
def test_a_file_that_cannot_be_read_has_no_token(store, tmp_path, content):
    write(tmp_path, URL, content)
    path_of(tmp_path, f"{URL}/").symlink_to("nowhere")
    assert not any(store.has_valid_token(url, 0) for url in (URL, f"{URL}/"))


def test_only_files_with_a_token_of_these_ids_and_without_a_refresh_token_are_removed(
    store: LegacyTokens, tmp_path: Path
) -> None:
    ours = [write(tmp_path, name) for name in ("ours", "spelling of before")]
    own, folder = write(tmp_path, "own"), tmp_path / "cache"
    write(tmp_path, "another token", accessToken="b")
    for name in ("a-name-of-ours.json", f"{'0' * 40}.json.bak"):
        (folder / name).write_bytes(own.read_bytes())
    write(tmp_path, "renewed elsewhere", refreshToken="r", clientId="c", clientSecret="s")
    write(tmp_path, "damaged", "{")
    path_of(tmp_path, "link").symlink_to(own)
    before = set(folder.iterdir())
    store.remove_files_with_tokens([token("a").id], str(own))
    assert before - set(folder.iterdir()) == set(ours)


def test_without_a_folder_there_is_nothing_to_remove(store: LegacyTokens) -> None:
    store.remove_files_with_tokens(["x"], "")
    assert not store.has_valid_token(URL, 0)


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
def test_the_end_of_an_aws_login_is_read_as_botocore_writes_it(store, tmp_path, document, ends):
    path = tmp_path / f"{hashlib.sha256(LOGIN.encode()).hexdigest()}.json"
    path.write_text(json.dumps(document))
    path.chmod(0o644)
    assert store.load_credentials_expiry(f" {LOGIN}\n") == ends
    assert store.load_credentials_expiry(f"{LOGIN}2") is None
    assert path.stat().st_mode & 0o777 == 0o644  # another tool's file keeps its mode
    path.unlink()
    path.symlink_to("elsewhere")
    assert store.load_credentials_expiry(LOGIN) is None
