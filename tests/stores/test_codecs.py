"""Documents in clear, and the codec of the storage in use."""

import pytest

from ssohelper.stores.codecs import SEALED_MARK, ChangingCodec, Codec, PlainCodec, Unreadable
from ssohelper.stores.sealed_codec import SealedCodec
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
