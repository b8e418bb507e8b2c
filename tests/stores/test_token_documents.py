"""Token files in the AWS CLI's format: names, content, and the times that they are given."""

import os
import time
from pathlib import Path

import pytest

from ssohelper.core.model import AccessToken, Secret
from ssohelper.stores import token_documents
from ssohelper.stores.token_documents import (
    is_token_of,
    list_further_regions,
    mtime_for_token_file,
    registration_file_stem,
    token_document_of,
    token_file_stem,
)
from tests.stores.test_token_cache import CORP, NOON, token

FURTHER = CORP._replace(region="eu-central-1", is_further=True)


@pytest.mark.parametrize(
    ("found", "is_its"),
    [
        ({}, True),
        ({"startUrl": CORP.start_url, "region": CORP.region}, True),
        ({"startUrl": f"{CORP.start_url}/#/"}, True),
        ({"startUrl": "https://d-1111111111.awsapps.com/start"}, False),
        ({"startUrl": CORP.start_url, "region": "xx-west-9"}, False),
        ({"startUrl": 7}, False),
    ],
)
def test_a_token_is_of_the_session_unless_its_file_names_another_portal_or_region(
    found: dict[str, object], is_its: bool
) -> None:
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


def test_a_further_portal_has_files_whose_names_say_session_and_region() -> None:
    assert token_file_stem(FURTHER) == "corp@eu-central-1"
    assert registration_file_stem(FURTHER) == "corp@eu-central-1+client"
    names = {token_file_stem(CORP), token_file_stem(CORP._replace(name="lab"))}
    assert len(names | {registration_file_stem(CORP)}) == 3


def test_a_text_that_binds_an_encrypted_document_is_of_one_session_region_and_kind() -> None:
    texts = [
        context(session)
        for session in (CORP, FURTHER, CORP._replace(name="lab"))
        for context in (
            token_documents.encryption_context_of_token,
            token_documents.encryption_context_of_registration,
        )
    ]
    assert len(set(texts)) == 6


def test_the_regions_of_a_sessions_further_portals_are_in_the_names_of_their_files(
    tmp_path: Path,
) -> None:
    for name in (
        *("corp@us-east-1.json", "corp@eu-west-1+client.json"),
        *("corp2@us-east-2.json", "corp@nowhere.json", "corp@us-west-2.sealed", "corp.json"),
    ):
        (tmp_path / name).touch()
    assert list_further_regions(tmp_path, "corp", ".json") == ["eu-west-1", "us-east-1"]
    assert list_further_regions(tmp_path / "none", "corp", ".json") == []


def test_a_file_that_is_written_again_gets_another_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOON + 0.9)
    path = tmp_path / "token"
    assert mtime_for_token_file(path) == NOON - 2
    path.touch()
    for present, given in ((NOON - 2.0, NOON - 1), (NOON - 1.5, NOON - 1), (NOON - 3.0, NOON - 2)):
        os.utime(path, (present, present))
        assert mtime_for_token_file(path) == given
