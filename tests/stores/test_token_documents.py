"""Token files in the AWS CLI's format: names, content, and the times that they are given."""

from pathlib import Path

import pytest

from ssohelper.core.model import AccessToken, Secret
from ssohelper.stores.token_cache import is_token_of, token_document_of
from tests.stores.test_token_cache import CLIENT, CORP, NOON, make_files, token

FURTHER = CORP._replace(region="eu-central-1", is_further=True)


@pytest.mark.parametrize(
    ("found", "is_its"),
    [
        ({}, True),
        ({"startUrl": CORP.start_url, "region": CORP.region}, True),
        *(({"startUrl": f"{CORP.start_url}{end}"}, True) for end in ("/", "/#", "/#/")),
        ({"startUrl": "https://d-1111111111.awsapps.com/start"}, False),
        ({"startUrl": CORP.start_url, "region": "xx-west-9"}, False),
        ({"startUrl": 7}, False),
    ],
)
def test_a_token_is_of_the_session_unless_its_file_names_another_portal_or_region(found, is_its):
    assert is_token_of(found, CORP) is is_its


def test_the_keys_of_other_tools_stay_and_ours_are_replaced() -> None:
    present = {"theirs": 1, "accessToken": "old", "refreshToken": "old"}
    bare = AccessToken(Secret("new"), NOON, None, None)
    assert token_document_of(present, CORP, bare) == {
        "theirs": 1,
        "startUrl": CORP.start_url,
        "region": CORP.region,
        "accessToken": "new",
        "expiresAt": "2026-01-01T12:00:00Z",
        "refreshToken": "old",
    }
    whole = token_document_of({}, CORP, token("new"))
    assert {"clientId", "clientSecret", "registrationExpiresAt", "refreshToken"} <= set(whole)


def test_files_of_other_portals_regions_and_kinds_have_other_names(tmp_path: Path) -> None:
    store = make_files(tmp_path)
    for session in (CORP, FURTHER, CORP._replace(name="lab")):
        store.save(session, token("a"))
        store.save_registration(session, CLIENT)
    regions = tmp_path / "state" / "regions"
    names = ["corp@eu-central-1+client.json", "corp@eu-central-1.json"]
    assert sorted(one.name for one in regions.iterdir()) == names
    assert len(list((tmp_path / "cache").iterdir())) == 4
    for name in ("corp2@us-east-2.json", "corp@nowhere.json", "corp@us-west-2.sealed", "corp.json"):
        (regions / name).touch()
    (regions / "corp@us-east-1+client.json").touch()
    found = store.list_further_portal_sessions(CORP)
    assert [one.region for one in found] == ["eu-central-1", "us-east-1"]
