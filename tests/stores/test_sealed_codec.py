"""Sealed documents: tokens, registrations and role credentials of `storage = "keyring"`."""

import base64
import os

import pytest

from ssohelper.core.model import CachedCredentials, Secret
from ssohelper.errors import KeyMissing, KeyringUnavailable, LoginRequired
from ssohelper.stores.codecs import SEALED_MARK, Codec, Unreadable
from ssohelper.stores.credential_cache import CredentialCache
from ssohelper.stores.credential_writer import CredentialWriter
from ssohelper.stores.sealed_codec import SealedCodec
from ssohelper.stores.token_cache import TokenFiles
from tests.stores.test_credential_cache import CORP, KEY, NOON, cached
from tests.stores.test_token_cache import CLIENT, TokenStoreContract, token

KEYS = cached().credentials


def new_key() -> Secret:
    return Secret(base64.b64encode(os.urandom(32)).decode())


FIRST, SECOND = new_key(), new_key()


class FakeKeyring:
    """A keyring that has a key, has none (None), or is not available."""

    def __init__(self, key: Secret | None = FIRST) -> None:
        self.key = key
        self.is_available = True
        self.asked = self.made = 0

    def find(self, *, again: bool = False) -> Secret | None:
        self.asked += 1
        if not self.is_available:
            raise KeyringUnavailable("the keyring is locked")
        return self.key

    def create(self) -> Secret:
        if self.find() is None:
            self.key, self.made = SECOND, self.made + 1
        assert self.key is not None
        return self.key


def make_store(folder, keyring=None) -> TokenFiles:
    return TokenFiles(
        folder / "cache",
        state=folder / "state",
        runtime=folder / "run",
        codec=SealedCodec(keyring or FakeKeyring()),
    )


class TestSealedTokens(TokenStoreContract):
    def make(self, folder):
        return make_store(folder)

    @pytest.fixture
    def keyring(self) -> FakeKeyring:
        return FakeKeyring()

    @pytest.fixture
    def signed_in(self, tmp_path, keyring) -> TokenFiles:
        store = make_store(tmp_path, keyring)
        store.save(CORP, token("a"))
        return store

    def test_no_secret_and_no_plain_file_is_in_the_folder(self, tmp_path):
        store = make_store(tmp_path)
        store.save(CORP, token("CNRY-AT-1", refresh="CNRY-RT-1"))
        store.save_registration(CORP, CLIENT._replace(client_secret=Secret("CNRY-CS-1")))
        files = list((tmp_path / "cache").iterdir())
        assert sorted(path.suffix for path in files) == [".sealed", ".sealed"]
        assert not [path for path in files if b"CNRY-" in path.read_bytes()]

    def test_a_keyring_that_does_not_answer_is_not_a_sign_out(self, signed_in, keyring):
        keyring.is_available = False
        with pytest.raises(KeyringUnavailable):
            signed_in.load(CORP)
        with pytest.raises(KeyringUnavailable):
            signed_in.save(CORP, token("b"))
        keyring.is_available = True
        assert signed_in.load(CORP) == token("a")

    def test_without_a_sign_in_the_keyring_is_not_asked(self, tmp_path, keyring):
        keyring.is_available = False
        assert make_store(tmp_path, keyring).load(CORP) is None
        assert keyring.asked == 0

    @pytest.mark.parametrize(
        ("key", "error", "hint"),
        [
            (SECOND, LoginRequired, "sign in again with: ssohelper login corp"),
            (None, KeyMissing, "make one with: ssohelper login"),
        ],
    )
    def test_with_another_key_or_none_the_reason_and_the_next_command_are_said(
        self, signed_in, keyring, key, error, hint
    ):
        keyring.key = key
        with pytest.raises(error, match="key") as caught:
            signed_in.load(CORP)
        assert caught.value.hint == hint

    def test_only_a_sign_in_makes_a_new_key(self, tmp_path):
        keyring = FakeKeyring(None)
        store = make_store(tmp_path, keyring)
        with pytest.raises(KeyringUnavailable):
            store.save(CORP, token("a"))
        assert keyring.made == 0
        store.prepare_sign_in(CORP)
        store.save(CORP, token("a"))
        assert (keyring.made, store.load(CORP)) == (1, token("a"))

    def test_a_token_in_clear_is_not_taken_for_a_sealed_one(self, signed_in, tmp_path):
        [path] = (tmp_path / "cache").glob("*.sealed")
        path.write_text('{"accessToken": "b", "expiresAt": "2030-01-01T00:00:00Z"}')
        with pytest.raises(LoginRequired, match="not encrypted"):
            signed_in.load(CORP)

    def test_the_token_of_another_session_does_not_open_in_its_place(self, tmp_path):
        store = make_store(tmp_path)
        other = CORP._replace(name="other")
        store.save(other, token("b"))
        [path] = (tmp_path / "cache").glob("*.sealed")
        path.rename(store.token_file(CORP))
        with pytest.raises(LoginRequired, match="damaged"):
            store.load(CORP)


class TestSealedCredentials:
    def test_the_cache_has_no_secret_in_clear(self, tmp_path):
        keys = KEYS._replace(secret_access_key=Secret("CNRYSAK1"), session_token=Secret("CNRY-ST"))
        writer = CredentialWriter(tmp_path, get_codec=lambda: SealedCodec(FakeKeyring()))
        writer.save(KEY, CORP, CachedCredentials(keys, NOON))
        reader = CredentialCache(tmp_path, get_codec=lambda: SealedCodec(FakeKeyring()))
        assert reader.load(KEY, CORP) == CachedCredentials(keys, NOON)
        assert [key for key, _ in reader.list_cached_credentials()] == [KEY]
        written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert len(written) == 1
        assert b"CNRY-" not in written[0]

    def test_those_of_another_storage_or_key_count_as_missing(self, tmp_path):
        CredentialWriter(tmp_path).save(KEY, CORP, CachedCredentials(KEYS, NOON))
        sealed = SealedCodec(FakeKeyring())
        assert CredentialCache(tmp_path, get_codec=lambda: sealed).load(KEY, CORP) is None
        writer = CredentialWriter(tmp_path, get_codec=lambda: sealed)
        writer.save(KEY, CORP, CachedCredentials(KEYS, NOON))
        assert CredentialCache(tmp_path, get_codec=lambda: Codec()).load(KEY, CORP) is None
        other = SealedCodec(FakeKeyring(SECOND))
        assert CredentialCache(tmp_path, get_codec=lambda: other).load(KEY, CORP) is None

    def test_a_keyring_that_does_not_answer_is_not_an_empty_cache(self, tmp_path):
        keyring = FakeKeyring()
        cache = CredentialWriter(tmp_path, get_codec=lambda: SealedCodec(keyring))
        cache.save(KEY, CORP, CachedCredentials(KEYS, NOON))
        keyring.is_available = False
        with pytest.raises(KeyringUnavailable):
            cache.load(KEY, CORP)
        with pytest.raises(KeyringUnavailable):
            cache.list_cached_credentials()


def test_a_document_in_clear_is_left_as_it_is_and_an_encrypted_one_is_refused():
    codec, document = Codec(), {"accessToken": "a"}
    assert codec.decode(codec.encode(document, "token corp"), "token lab") == document
    with pytest.raises(Unreadable, match="encrypted"):
        codec.decode({SEALED_MARK: 1, "box": ""}, "token corp")
