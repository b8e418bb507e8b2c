"""Published responses: where a hit reads them, and with which dates."""

from pathlib import Path

import pytest

from ssohelper.fastpath import folders
from ssohelper.stores.credential_writer import CredentialWriter
from tests.published import permit_publishing
from tests.stores.test_credential_cache import DOCUMENT, KEY, NOON


@pytest.fixture
def runtime(tmp_path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def cache(runtime) -> CredentialWriter:
    return CredentialWriter(runtime)


def test_a_published_response_is_where_a_hit_reads_it_dated_when_it_ends(cache, runtime):
    cache.publish(permit_publishing(KEY), DOCUMENT, NOON + 1800)
    path = Path(folders.response_path(str(runtime), *KEY[:3]))
    assert path.read_bytes().startswith(DOCUMENT)
    assert path.stat().st_mtime == NOON + 1800
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent, runtime):
        assert folder.stat().st_mode & 0o777 == 0o700
    cache.delete_response(KEY)
    assert not path.exists()
    cache.delete_response(KEY)


def test_a_response_says_in_uptime_when_it_ends(cache, runtime):
    cache.publish(permit_publishing(KEY), DOCUMENT, NOON + 1800, NOON)
    path = Path(folders.response_path(str(runtime), *KEY[:3]))
    published_at, ends_at = map(int, path.read_bytes().removeprefix(DOCUMENT).split())
    assert ends_at - published_at == 1800
