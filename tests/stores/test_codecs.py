"""Documents in clear, the codec of the storage in use, and the record of which one that is."""

from pathlib import Path
from typing import Any

import pytest

from ssohelper.errors import LocalState, LockNotObtained
from ssohelper.stores.codecs import (
    FILE,
    KEYRING,
    SEALED_MARK,
    ChangingCodec,
    Codec,
    PlainCodec,
    StorageRecord,
    Unreadable,
    UsedStorage,
)
from ssohelper.stores.sealed_codec import SealedCodec
from tests.stores.disk import soon
from tests.stores.test_sealed_codec import FakeKeyring


def test_a_document_in_clear_is_left_as_it_is_and_an_encrypted_one_is_refused() -> None:
    codec, document = PlainCodec(), {"accessToken": "a"}
    assert codec.decode(codec.encode(document, "token corp"), "token lab") == document
    with pytest.raises(Unreadable, match="encrypted"):
        codec.decode({SEALED_MARK: 1, "box": ""}, "token corp")


def test_the_codec_is_chosen_at_each_use_since_another_process_may_move_the_sign_ins() -> None:
    keyring, plain = FakeKeyring(None), PlainCodec()
    sealed = SealedCodec(keyring)
    in_use: list[Codec] = [plain]
    codec, document = ChangingCodec(lambda: in_use[0]), {"accessToken": "a"}
    assert (codec.suffix, codec.encode(document, "c")) == (plain.suffix, document)
    in_use[0] = sealed
    codec.ensure_key()
    written = codec.encode(document, "c")
    assert (codec.suffix, SEALED_MARK in written) == (sealed.suffix, True)
    assert codec.decode(written, "c") == document
    in_use[0] = plain
    with pytest.raises(Unreadable):
        codec.decode(written, "c")


@pytest.mark.parametrize(
    "record", [UsedStorage(KEYRING), UsedStorage(FILE, KEYRING), UsedStorage(KEYRING, FILE)]
)
def test_the_record_of_the_storage_is_loaded_as_saved(tmp_path: Path, record: UsedStorage) -> None:
    StorageRecord(tmp_path / "state").save(record)
    assert StorageRecord(tmp_path / "state").load() == record
    assert (tmp_path / "state" / "storage.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "record"),
    [
        ("", UsedStorage()),
        ("[]", UsedStorage()),
        ('{"storage": "cloud", "leftover": "cloud"}', UsedStorage()),
        ('{"storage": ["file"], "leftover": 7}', UsedStorage()),
        ('{"storage": "keyring"}', UsedStorage(KEYRING)),
    ],
)
def test_a_damaged_record_means_plain_files(
    tmp_path: Path, content: str, record: UsedStorage
) -> None:
    (tmp_path / "storage.json").write_text(content)
    assert StorageRecord(tmp_path).load() == record


def test_a_link_in_place_of_the_record_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "storage.json").symlink_to("elsewhere")
    with pytest.raises(LocalState):
        StorageRecord(tmp_path).load()


def test_one_process_moves_the_sign_ins_at_a_time(tmp_path: Path) -> None:
    def lock() -> Any:
        return StorageRecord(tmp_path).lock(soon(0))

    with lock(), pytest.raises(LockNotObtained), lock():
        pass
    with lock():
        pass
