"""Each session has a complete and an unfinished listing, separate from those of other sessions."""

import json
import time
from pathlib import Path

import pytest

from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.errors import ConfigInvalid
from ssohelper.stores.directory_cache import DirectoryCache

HOSTILE = "a\x1b[31m\u202e\ud800[/]{x}\n"
LISTING = Listing(
    "https://d-0000000000.awsapps.com/start",
    "eu-west-1",
    1_767_268_800,
    (
        ListedAccount(Account("001234567890", "prod", "p@x"), ("Admin", "Read"), False, True),
        ListedAccount(Account("001234567891", HOSTILE, ""), (), True, True),
        ListedAccount(Account("001234567892", "dev", "d@x"), (), False, False),
    ),
)
LATER = LISTING._replace(listed_at=LISTING.listed_at + 60)


@pytest.fixture
def cache(tmp_path) -> DirectoryCache:
    return DirectoryCache(tmp_path / "state")


def test_a_listing_is_returned_as_saved_and_an_unfinished_one_is_separate(cache, tmp_path):
    assert cache.load("corp") is None
    cache.save("corp", LISTING)
    assert DirectoryCache(tmp_path / "state").load("corp") == LISTING
    cache.save_unfinished_listing("corp", LATER)
    assert (cache.load("corp"), cache.load_unfinished_listing("corp")) == (LISTING, LATER)
    cache.save("corp", LATER)
    assert (cache.load("corp"), cache.load_unfinished_listing("corp")) == (LATER, None)


def test_sessions_never_mix(cache):
    cache.save_unfinished_listing("corp", LISTING)
    cache.save("corp.unfinished", LATER)
    assert cache.load("corp") is None
    assert cache.load_unfinished_listing("corp.unfinished") is None
    assert cache.list_session_names() == ["corp", "corp.unfinished"]
    assert cache.forget("corp") == 1
    assert cache.load("corp.unfinished") == LATER


def test_a_file_cut_at_any_byte_counts_as_missing(cache):
    cache.save("corp", LISTING)
    path = Path(cache.listing_path("corp"))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert cache.load("corp") is None


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"listed_at": "noon"}, {"start_url": None}, {"accounts": [{"id": 1234}]}],
)
def test_a_file_of_another_shape_counts_as_missing(cache, change):
    cache.save("corp", LISTING)
    path = Path(cache.listing_path("corp"))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert cache.load("corp") is None
    with pytest.raises(ConfigInvalid):
        cache.save("../corp", LISTING)


def test_a_hundred_thousand_roles_are_saved_and_read(cache):
    roles = tuple(f"Role{number}" for number in range(20))
    accounts = tuple(
        ListedAccount(Account(f"{number:012}", f"account {number}", ""), roles, False, True)
        for number in range(5000)
    )
    began = time.process_time()
    cache.save("corp", LISTING._replace(accounts=accounts))
    found = cache.load("corp")
    assert found
    assert found.accounts == accounts
    # 0.15 s of CPU when written; a quadratic slip would take minutes.
    assert time.process_time() - began < 10
