"""Facts of sign-ins and the records of whose they are: damaged and misnamed ones."""

import json
from pathlib import Path

import pytest

from ssohelper.core.model import SignInFacts
from ssohelper.errors import LockNotObtained
from ssohelper.stores.token_cache import TokenFiles
from tests.stores.test_token_cache import CORP, NOON, OTHER, make_files, soon, token


@pytest.fixture
def store(tmp_path: Path) -> TokenFiles:
    return make_files(tmp_path)


def test_what_is_damaged_is_named_in_the_log_and_the_other_facts_stay(store, tmp_path, caplog):
    store.save_facts("corp", SignInFacts(signed_in_at=NOON, user="ana"))
    [path] = (tmp_path / "state").rglob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "signed_in_at": "noon"}))
    with caplog.at_level("INFO"):
        assert store.load_facts("corp") == SignInFacts(user="ana")
    assert f'"{path}" is damaged' in caplog.text


def test_facts_are_read_though_another_process_holds_the_lock_for_long(store, monkeypatch):
    monkeypatch.setattr("ssohelper.stores.token_cache.Deadline", lambda *_: soon(0))
    store.save_facts("corp", SignInFacts(signed_in_at=NOON))
    with store.lock_state("corp", soon()):
        assert store.load_settled_facts("corp") == SignInFacts(signed_in_at=NOON)
    assert store.load_settled_facts("corp") == SignInFacts(signed_in_at=NOON)


def test_a_sign_in_and_a_change_of_facts_have_locks_of_their_own_for_each_session(store):
    with store.lock_sign_in("corp", soon(0)):
        with store.lock_state("corp", soon(0)), store.lock_sign_in("other", soon(0)):
            pass
        with pytest.raises(LockNotObtained), store.lock_sign_in("corp", soon(0)):
            pass


def test_each_recorded_session_is_found_until_its_record_is_removed(store):
    assert store.load_sessions() == []
    store.save_session(CORP)
    store.save_session(OTHER)
    assert sorted(store.load_sessions()) == sorted([CORP, OTHER])
    store.remove_session_record("other")
    assert store.load_sessions() == [CORP]


def test_a_record_of_another_session_or_a_file_as_the_folder_is_none_of_ours(store, tmp_path):
    store.save_session(CORP)
    store.save_session(OTHER)
    folder = tmp_path / "state" / "signed-in"
    (folder / "corp.json").replace(folder / "lab.json")
    (folder / "damaged.json").write_text("{")
    assert store.load_sessions() == [OTHER]
    assert store.list_damaged_records() == [str(folder / "damaged.json")]
    folder.rename(tmp_path / "elsewhere")
    (tmp_path / "state" / "signed-in").write_text("")
    assert store.load_sessions() == []
    assert store.list_damaged_records() == [str(tmp_path / "state" / "signed-in")]


def test_a_session_is_signed_in_while_any_region_has_a_token(store):
    store.save_session(CORP)
    found = [store.find_unlisted_sessions([], has_sign_in=has) for has in (True, False)]
    assert found == [[], [CORP]]
    store.save(CORP._replace(region="eu-central-1", is_further=True), token("further"))
    found = [store.find_unlisted_sessions([], has_sign_in=has) for has in (True, False)]
    assert found == [[CORP], []]
