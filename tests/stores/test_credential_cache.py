"""Role credentials are separate by session, account and role; a damaged file is a miss."""

import json
import os
import random
import shutil
import time
from pathlib import Path

import pytest

from ssohelper.core.model import CachedCredentials, RoleCredentials, RoleKey, Secret, SsoSession
from ssohelper.errors import ConfigInvalid
from ssohelper.fastpath import folders
from ssohelper.stores.credential_cache import CredentialCache
from ssohelper.stores.credential_writer import CredentialWriter
from tests.published import permit_publishing

NOON = 1_767_268_800
CORP = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "eu-west-1", ())
KEY = RoleKey("corp", "001234567890", "ReadOnlyAccess")
DOCUMENT = b'{"Version":1,"AccessKeyId":"A"}\n'


def cached(name: str = "A") -> CachedCredentials:
    secret, session_token = Secret(f"{name}-secret"), Secret(f"{name}-token")
    return CachedCredentials(RoleCredentials(name, secret, session_token, NOON + 3600), NOON)


@pytest.fixture
def runtime(tmp_path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def cache(runtime) -> CredentialWriter:
    return CredentialWriter(runtime)


def test_another_process_loads_the_cached_credentials_and_writes_nothing(cache, runtime):
    assert cache.load(KEY, CORP) is None
    cache.save(KEY, CORP, cached("CNRY"))
    before = sorted((str(p), p.stat().st_mtime_ns) for p in runtime.rglob("*"))
    assert CredentialCache(runtime).load(KEY, CORP) == cached("CNRY")
    assert sorted((str(p), p.stat().st_mtime_ns) for p in runtime.rglob("*")) == before
    assert "CNRY-" not in repr(cache.list_cached_credentials())


def test_roles_accounts_and_sessions_never_mix(cache):
    keys = [
        KEY,
        KEY._replace(role_name="Admin"),
        KEY._replace(account_id="001234567891"),
        KEY._replace(session_name="other"),
    ]
    for number, key in enumerate(keys):
        cache.save(key, CORP._replace(name=key.session_name), cached(str(number)))
    for number, key in enumerate(keys):
        assert cache.load(key, CORP._replace(name=key.session_name)) == cached(str(number))
    assert [key for key, _ in cache.list_cached_credentials()] == sorted(keys)


@pytest.mark.parametrize("changed", [{"start_url": "https://x"}, {"region": "us-east-1"}])
def test_a_changed_portal_is_a_miss(cache, changed):
    cache.save(KEY, CORP, cached())
    assert cache.load(KEY, CORP._replace(**changed)) is None


def test_a_file_under_another_roles_name_or_cut_at_any_byte_is_a_miss(cache):
    cache.save(KEY, CORP, cached())
    path = Path(cache.cached_credentials_path(KEY))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert cache.load(KEY, CORP) is None
        assert cache.list_cached_credentials() == []
    cache.save(KEY, CORP, cached())
    admin = KEY._replace(role_name="Admin")
    Path(cache.cached_credentials_path(admin)).parent.mkdir()
    shutil.copy2(cache.cached_credentials_path(KEY), cache.cached_credentials_path(admin))
    assert cache.load(admin, CORP) is None
    assert [key for key, _ in cache.list_cached_credentials()] == [KEY]


def test_flipped_bits_never_return_another_role(cache):
    chance = random.Random(2)
    cache.save(KEY, CORP, cached())
    path = Path(cache.cached_credentials_path(KEY))
    whole = path.read_bytes()
    for _ in range(500):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        found = cache.load(KEY, CORP)
        if found:
            content = json.loads(damaged)
            assert RoleKey(*(content.get(name, "") for name in KEY._fields)) == KEY


def test_a_value_of_the_wrong_type_is_a_miss_that_the_log_names(cache, caplog):
    cache.save(KEY, CORP, cached())
    path = Path(cache.cached_credentials_path(KEY))
    path.write_text(json.dumps({**json.loads(path.read_text()), "session_token": 3}))
    with caplog.at_level("INFO"):
        assert cache.load(KEY, CORP) is None
    assert f'"{path}" is damaged (no valid "session_token")' in caplog.text


def test_forgetting_a_role_removes_its_folder_and_no_other(cache, runtime):
    other = KEY._replace(role_name="Admin")
    for key in (KEY, other):
        cache.save(key, CORP, cached())
        cache.publish(permit_publishing(key), DOCUMENT, NOON)
    cache.delete_response(KEY)
    assert cache.load(KEY, CORP) == cached()
    cache.remove_role(KEY)
    assert cache.load(KEY, CORP) is None
    assert not [path for path in runtime.rglob("*") if KEY.role_name in str(path)]
    assert cache.load(other, CORP) == cached()
    assert os.path.exists(folders.response_path(str(runtime), *other[:3]))


def test_withdrawing_a_session_follows_no_link_out_of_its_folder(cache, runtime, tmp_path):
    """The session's folder has a link to the folder of AWS's tokens."""
    precious = tmp_path / "aws" / "role" / "response"
    precious.parent.mkdir(parents=True)
    precious.write_text("precious")
    cache.publish(permit_publishing(KEY), DOCUMENT, NOON)
    (runtime / "credentials" / "corp" / "tokens").symlink_to(tmp_path / "aws")
    cache.delete_session_responses("corp")
    assert not os.path.exists(folders.response_path(str(runtime), *KEY[:3]))
    assert cache.list_cached_credentials() == []
    cache.remove_session("corp")
    assert precious.read_text() == "precious"
    assert not (runtime / "credentials" / "corp").exists()


def test_forgetting_a_session_removes_its_folder_and_no_other(cache, runtime):
    other = KEY._replace(session_name="corp.two")
    for key in (KEY, other):
        cache.save(key, CORP._replace(name=key.session_name), cached())
        cache.publish(permit_publishing(key), DOCUMENT, NOON)
    assert cache.list_session_names() == ["corp", "corp.two"]
    assert cache.remove_session("corp") == 2
    assert cache.load(KEY, CORP) is None
    assert not os.path.exists(folders.response_path(str(runtime), *KEY[:3]))
    assert os.path.exists(folders.response_path(str(runtime), *other[:3]))
    assert [key for key, _ in cache.list_cached_credentials()] == [other]


def test_a_removed_runtime_folder_is_a_miss_and_is_made_again(cache, runtime):
    cache.save(KEY, CORP, cached())
    shutil.rmtree(runtime)
    assert cache.load(KEY, CORP) is None
    assert cache.list_cached_credentials() == []
    assert cache.remove_session("corp") == 0
    cache.save(KEY, CORP, cached())
    assert cache.load(KEY, CORP) == cached()


@pytest.mark.parametrize(
    "key",
    [
        KEY._replace(session_name="../x"),
        KEY._replace(account_id="1"),
        KEY._replace(account_id="00123456789０"),
        KEY._replace(role_name=".."),
        KEY._replace(role_name="a/b"),
        KEY._replace(role_name="a\n"),
    ],
)
def test_a_name_that_is_a_path_is_refused(cache, key):
    with pytest.raises(ConfigInvalid):
        cache.load(key, CORP)
    with pytest.raises(ConfigInvalid):
        cache.publish(permit_publishing(key), DOCUMENT, NOON)


@pytest.mark.parametrize("found", [None, 7, ["a"]])
def test_credentials_have_the_id_of_the_token_of_their_request(cache, runtime, found):
    cache.save(KEY, CORP, cached()._replace(token_id="0123456789abcdef"))
    assert cache.load(KEY, CORP).token_id == "0123456789abcdef"
    path = Path(cache.cached_credentials_path(KEY))
    path.write_text(json.dumps({**json.loads(path.read_text()), "token_id": found}))
    assert cache.load(KEY, CORP).token_id == ""


def test_a_malformed_or_huge_response_ends_at_0(cache):
    assert cache.load_response_expiry(KEY) == 0
    until = int(time.time()) + 600
    cache.publish(permit_publishing(KEY), DOCUMENT, until)
    assert cache.load_response_expiry(KEY) == until
    path = cache._response_file(KEY)
    for content in (b"", b"{}", b"x" * (1 << 21)):
        path.write_bytes(content)
        os.utime(path, (until, until))
        assert cache.load_response_expiry(KEY) == 0


def test_a_published_response_is_where_a_hit_reads_it_with_both_its_ends(cache, runtime):
    cache.publish(permit_publishing(KEY), DOCUMENT, NOON + 1800, NOON)
    path = Path(folders.response_path(str(runtime), *KEY[:3]))
    assert (path.stat().st_mtime, path.stat().st_mode & 0o777) == (NOON + 1800, 0o600)
    assert {folder.stat().st_mode & 0o777 for folder in path.parents[:4]} == {0o700}
    content = path.read_bytes()
    assert content.startswith(DOCUMENT)
    published_at, ends_at = map(int, content.removeprefix(DOCUMENT).split())
    assert ends_at - published_at == 1800, "in uptime"
    for _ in range(2):
        cache.delete_response(KEY)
        assert not path.exists()
