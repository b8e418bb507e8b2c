"""Which sessions have a sign-in, by the records and token files."""

from pathlib import Path

from ssohelper.stores.codecs import PlainCodec
from ssohelper.stores.recorded_sign_ins import RecordedSignIns
from tests.stores.test_token_cache_further_regions import FURTHER, OWN, token


def test_a_session_is_signed_in_while_any_region_has_a_token(tmp_path: Path):
    store = RecordedSignIns(
        tmp_path / "cache", state=tmp_path / "state", runtime=tmp_path / "run", codec=PlainCodec()
    )
    store.save_session(OWN)
    found = store.find_unlisted_sessions([]), store.find_stale_sessions([])
    assert found == ([], [OWN])
    store.save(FURTHER, token("further"))
    found = store.find_unlisted_sessions([]), store.find_stale_sessions([])
    assert found == ([OWN], [])
